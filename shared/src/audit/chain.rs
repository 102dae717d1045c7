//! The chain: appending an entry, and checking that nobody changed one.

use sha2::{Digest, Sha256};

use super::entry::{Entry, EntryBody};

/// Keeps hashes of entries apart from every other hash.
const DOMAIN: &[u8] = b"lethe/audit/1\n";

/// The end of a chain, as the request's row or the month's holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Entries so far.
    pub seq: u64,
    /// Hash of the last; 64 zeros when there is none.
    pub hash: String,
}

impl Default for Head {
    fn default() -> Self {
        Self {
            seq: 0,
            hash: "0".repeat(64),
        }
    }
}

impl Head {
    /// The next entry and the new head. `body.seq` and `body.prev` are set here.
    pub fn append(&self, mut body: EntryBody) -> (Entry, Head) {
        body.seq = self.seq + 1;
        body.prev.clone_from(&self.hash);
        let hash = hash(&body);
        let head = Head {
            seq: body.seq,
            hash: hash.clone(),
        };
        (Entry { body, hash }, head)
    }
}

/// RFC 8785 canonical JSON, so that any language can recompute the hash.
fn hash(body: &EntryBody) -> String {
    let canonical = serde_json_canonicalizer::to_vec(body).expect("an entry is plain JSON");
    hex::encode(Sha256::new().chain_update(DOMAIN).chain_update(canonical).finalize())
}

/// Where a chain breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the trail breaks at entry {seq}: {why}")]
pub struct Break {
    /// Position, from 1.
    pub seq: u64,
    /// What does not hold.
    pub why: &'static str,
}

/// Checks a whole trail against the head its request holds.
pub fn verify(entries: &[Entry], head: &Head) -> Result<(), Break> {
    let mut at = Head::default();
    for entry in entries {
        let seq = at.seq + 1;
        if entry.body.seq != seq {
            return Err(Break {
                seq,
                why: "an entry is missing or out of order",
            });
        }
        if entry.body.prev != at.hash {
            return Err(Break {
                seq,
                why: "it does not follow the entry before",
            });
        }
        if entry.hash != hash(&entry.body) {
            return Err(Break {
                seq,
                why: "it was changed",
            });
        }
        at = Head {
            seq,
            hash: entry.hash.clone(),
        };
    }
    if &at == head {
        Ok(())
    } else {
        Err(Break {
            seq: at.seq,
            why: "the trail does not end where the request says",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::entry::{ActorStamp, Outcome};
    use super::*;
    use crate::domain::actor::Role;
    use crate::domain::ids::RequestId;

    fn trail(n: u64) -> (Vec<Entry>, Head) {
        let mut head = Head::default();
        let entries = (0..n)
            .map(|i| {
                let body = EntryBody {
                    v: 1,
                    tenant: "acme".parse().expect("slug"),
                    request: Some(RequestId::from_parts(1, 1)),
                    seq: 0,
                    at: jiff::Timestamp::from_second(1_700_000_000 + i as i64).expect("in range"),
                    actor: ActorStamp {
                        role: Role::System,
                        actor_ref: None,
                    },
                    action: "phase".into(),
                    outcome: Outcome::Done,
                    status: Some("InProgress".into()),
                    details: [("n".to_owned(), i.into())].into(),
                    sealed_person: Some("AAAA".into()),
                    sealed_staff: None,
                    repeated: None,
                    prev: String::new(),
                };
                let (entry, next) = head.append(body);
                head = next;
                entry
            })
            .collect();
        (entries, head)
    }

    #[test]
    fn an_untouched_trail_verifies_and_survives_storage() {
        let (entries, head) = trail(5);
        verify(&entries, &head).expect("whole");
        let text = serde_json::to_string(&entries).expect("json");
        verify(&serde_json::from_str::<Vec<Entry>>(&text).expect("back"), &head).expect("whole");
    }

    #[test]
    fn every_kind_of_tampering_is_found() {
        let (entries, head) = trail(5);
        let mut changed = entries.clone();
        changed[2].body.details.insert("n".into(), 99.into());
        assert_eq!(verify(&changed, &head).expect_err("changed").seq, 3);
        let mut ciphertext = entries.clone();
        ciphertext[2].body.sealed_person = Some("BBBB".into());
        assert_eq!(verify(&ciphertext, &head).expect_err("changed").seq, 3);
        let mut removed = entries.clone();
        removed.remove(1);
        assert_eq!(verify(&removed, &head).expect_err("removed").seq, 2);
        let mut swapped = entries.clone();
        swapped.swap(1, 2);
        assert!(verify(&swapped, &head).is_err());
        assert!(verify(&entries[..4], &head).is_err(), "a cut tail is found by the head");
        let mut rehashed = entries;
        rehashed[4].body.action = "x".into();
        rehashed[4].hash = hash(&rehashed[4].body);
        assert!(
            verify(&rehashed, &head).is_err(),
            "a forged last entry is found by the head"
        );
    }
}
