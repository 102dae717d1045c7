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
