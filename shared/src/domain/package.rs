//! The package of an export: what its request shows of it, and the row by which it is written part after part.
//!
//! Guarantees: a part is written from its first byte in one lease, under a name of that lease's own, so that nobody
//! overwrites what somebody else has finished; what names a part is the row, and the row is a compare-and-set.
//! Where next: `state_machine::export` for the package's life, `workflow::package` for who writes it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a package stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PackageState {
    /// Being gathered and written.
    Building,
    /// There, for whoever may redeem it.
    Available,
    /// Its time is over.
    Expired,
    /// An operator took it back.
    Revoked,
    /// Nothing of it is stored any more.
    Purged,
}

impl PackageState {
    /// The word in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Building => "building",
            Self::Available => "available",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Purged => "purged",
        }
    }
}

/// What a request shows of its package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Where it stands.
    pub state: PackageState,
    /// How many parts it has, once written.
    pub parts: u32,
    /// Their bytes together.
    pub bytes: u64,
    /// When it became available.
    pub available_at: Option<Timestamp>,
    /// Until when it may be redeemed.
    pub expires_at: Option<Timestamp>,
    /// Links handed out.
    pub accesses: u64,
    /// Whether the subject was told that it expires soon.
    pub expiring_told: bool,
}

impl Package {
    /// A package just ordered.
    pub fn building() -> Self {
        Self {
            state: PackageState::Building,
            parts: 0,
            bytes: 0,
            available_at: None,
            expires_at: None,
            accesses: 0,
            expiring_told: false,
        }
    }
}

/// A part that is written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// From 1.
    pub number: u32,
    /// Its object in the bucket `exports`.
    pub object: String,
    /// Bytes of the archive.
    pub bytes: u64,
    /// Their SHA-256, hexadecimal.
    pub sha256: String,
    /// Files that were gone when they were to be read: the part tells of them.
    #[serde(default)]
    pub left_out: u64,
}

/// The row `EXPORT`: who writes the package, and how far that is. One part is written at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assembly {
    /// Format version, 1.
    pub v: u32,
    /// What each file of the package bears as its time: the same on every attempt, so that the bytes are the same.
    pub generated_at: Timestamp,
    /// How many parts there will be; none until that is planned.
    pub of: Option<u32>,
    /// The parts that are written, in order.
    pub parts: Vec<Part>,
    /// Number of the one message that is valid; 0 = never sent.
    pub send: u32,
    /// Rises with each lease; fences an earlier worker.
    pub epoch: u32,
    /// Leases since the last part was finished.
    pub attempts: u32,
    /// End of the current lease.
    pub lease_until: Option<Timestamp>,
    /// Who has the lease, by the invocation's id.
    pub holder: Option<String>,
    /// Why nobody goes on: a stable code. A person must look.
    pub trouble: Option<String>,
    /// The last retry of the job that concerned it.
    #[serde(default)]
    pub retried: u32,
    /// When the row last changed.
    pub touched_at: Timestamp,
    /// Rises with each write; the compare-and-set's witness.
    pub rev: u64,
}

impl Assembly {
    /// A package to be written.
    pub fn ordered(now: Timestamp) -> Self {
        Self {
            v: 1,
            generated_at: now,
            of: None,
            parts: vec![],
            send: 0,
            epoch: 0,
            attempts: 0,
            lease_until: None,
            holder: None,
            trouble: None,
            retried: 0,
            touched_at: now,
            rev: 0,
        }
    }

    /// Whether every part is written.
    pub fn is_whole(&self) -> bool {
        self.of.is_some_and(|of| self.parts.len() >= of as usize)
    }

    /// Whether somebody may be writing.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.lease_until.is_some_and(|end| now < end)
    }

    /// Files that no part holds although they were copied.
    pub fn left_out(&self) -> u64 {
        self.parts.iter().map(|part| part.left_out).sum()
    }

    /// Bytes of the parts that are written.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(number: u32) -> Part {
        Part {
            number,
            object: "p/x".to_owned(),
            bytes: 10,
            sha256: String::new(),
            left_out: 0,
        }
    }

    #[test]
    fn a_package_is_whole_once_each_planned_part_is_written() {
        let mut assembly = Assembly::ordered(Timestamp::UNIX_EPOCH);
        assert!(!assembly.is_whole(), "nobody has planned it");
        assembly.of = Some(2);
        assembly.parts.push(part(1));
        assert!(!assembly.is_whole());
        assembly.parts.push(part(2));
        assert!(assembly.is_whole());
        assert_eq!(assembly.bytes(), 20);
    }

    #[test]
    fn a_lease_ends_at_its_instant() {
        let at = |second| Timestamp::from_second(second).expect("in range");
        let mut assembly = Assembly::ordered(at(0));
        assert!(!assembly.is_leased(at(1)));
        assembly.lease_until = Some(at(10));
        assert!(assembly.is_leased(at(9)) && !assembly.is_leased(at(10)));
    }

    #[test]
    fn the_words_are_those_of_rows_and_answers() {
        use PackageState::{Available, Building, Expired, Purged, Revoked};
        for state in [Building, Available, Expired, Revoked, Purged] {
            assert_eq!(serde_json::to_value(state).expect("JSON"), state.as_str());
        }
    }
}
