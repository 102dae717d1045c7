//! The rows a request is found by, kept in step with it: put when it is submitted, ended when it closes, deleted when it
//! is shredded.
//!
//! Guarantees: they move in the transaction that moves the request, so that no crash leaves one behind. A word of a
//! name finds a request until it is shredded. An e-mail address finds it until `RequestRetention` after it closed: TTL
//! deletes the row, and whoever lists asks [`Facts::found_until`] meanwhile. The request itself keeps no hash longer
//! than a later commit needs it. The subject's id needs no row: the history by subject finds it.

use jiff::Timestamp;

use crate::domain::ids::Ref;
use crate::domain::request::Facts;
use crate::ports::Companion;

/// What a commit from `before` (none: it is submitted) to `next` does to the rows; `next` forgets what it no longer
/// needs to know.
pub(super) fn follow(before: Option<&Facts>, next: &mut Facts) -> Vec<Companion> {
    let Some(before) = before else {
        let hashes = next.found_by.words.iter().chain(&next.found_by.emails);
        return hashes.map(|hash| find(hash.clone(), None)).collect();
    };
    let mut companions = vec![];
    if before.closed_at.is_none() && next.closed_at.is_some() {
        let until = next.found_until();
        let emails = std::mem::take(&mut next.found_by.emails);
        companions.extend(emails.into_iter().map(|hash| find(hash, until)));
    }
    if !before.shredded && next.shredded {
        let words = std::mem::take(&mut next.found_by.words);
        companions.extend(words.into_iter().map(|hash| Companion::Unfind { hash }));
    }
    companions
}

fn find(hash: Ref, until: Option<Timestamp>) -> Companion {
    Companion::Find { hash, until }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::RefKey;
    use crate::domain::search::FoundBy;

    fn hash(word: &str) -> Ref {
        Ref::new(&RefKey::new(vec![1; 32]), "find.word", word)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn facts() -> Facts {
        let someone = hash("someone");
        let facts = serde_json::json!({
            "v": 1, "id": "dsr_01HF7YAT00000000000000001A", "tenant": "acme", "kind": "deletion",
            "status": "Pending", "version": 1, "subject_ref": someone, "requester_ref": someone,
            "on_behalf": false, "scope": ["messages"], "descriptions": {}, "submitted_at": at("2026-11-21T12:00:00Z"),
            "received_at": at("2026-11-21T12:00:00Z"), "due_at": at("2026-12-21T12:00:00Z"), "misses_due": false,
            "grace_over_told": false, "datasets": [], "account": {}, "shredded": false,
        });
        let facts: Facts = serde_json::from_value(facts).expect("facts of before the search");
        assert_eq!(facts.found_by, FoundBy::default());
        let found_by = FoundBy {
            words: vec![hash("ada"), hash("king")],
            emails: vec![hash("mail")],
        };
        Facts { found_by, ..facts }
    }

    #[test]
    fn rows_come_with_the_request_end_with_its_closing_and_go_with_its_key() {
        let mut submitted = facts();
        assert_eq!(follow(None, &mut submitted).len(), 3);
        assert_eq!(submitted.found_by, facts().found_by);

        let mut approved = submitted.clone();
        assert!(follow(Some(&submitted), &mut approved).is_empty());

        let mut closed = approved.clone();
        (closed.closed_at, closed.shred_at) = (Some(at("2026-11-22T00:00:00Z")), Some(at("2028-11-22T00:00:00Z")));
        let ended = follow(Some(&approved), &mut closed);
        let [Companion::Find { hash: of, until }] = &ended[..] else {
            panic!("one address: {ended:?}");
        };
        assert_eq!((of, *until), (&hash("mail"), closed.shred_at));
        assert!(closed.found_by.emails.is_empty() && closed.found_by.words.len() == 2);

        let mut told = closed.clone();
        assert!(
            follow(Some(&closed), &mut told).is_empty(),
            "a closed request is not closed again"
        );

        let mut shredded = told.clone();
        shredded.shredded = true;
        let gone = follow(Some(&told), &mut shredded);
        assert!(
            matches!(&gone[..], [Companion::Unfind { hash: one }, Companion::Unfind { hash: two }]
            if *one == hash("ada") && *two == hash("king"))
        );
        assert_eq!(shredded.found_by, FoundBy::default());
    }

    #[test]
    fn a_request_that_closes_and_is_shredded_at_once_leaves_nothing_without_an_end() {
        let before = facts();
        let mut after = facts();
        (after.closed_at, after.shred_at, after.shredded) = (Some(after.due_at), Some(after.due_at), true);
        let all = follow(Some(&before), &mut after);
        assert_eq!(all.len(), 3);
        assert!(
            all.iter()
                .all(|one| !matches!(one, Companion::Find { until: None, .. }))
        );
    }
}
