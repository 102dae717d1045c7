//! Requests found by a hash of a word or an e-mail address.

use jiff::Timestamp;
use shared::domain::ids::Ref;
use shared::domain::request::Kind;
use shared::ports::{Companion, ListScope};

use super::ground::{Ground, done};
use super::lists::{ids, lists, query, submit};
use super::samples::{at, someone, step, submission};

fn find(word: &str, until: Option<Timestamp>) -> Companion {
    let hash = someone(word);
    Companion::Find { hash, until }
}

fn by(word: &str) -> ListScope {
    ListScope::Found(someone(word))
}

pub(super) async fn a_hash_finds_its_requests_newest_first_and_nobody_elses(ground: impl Ground) {
    for n in 1..=6 {
        submit(&ground, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n / 2));
            let word = if n == 3 { "byron" } else { "lovelace" };
            commit.companions = vec![find("ada", None), find(word, None)];
        })
        .await;
    }
    submit(&ground, 7, |commit| {
        commit.row.facts.tenant = "globex".parse().expect("slug");
        commit.companions = vec![find("lovelace", None)];
    })
    .await;
    for limit in [1, 2, 100] {
        lists(&ground, query(by("lovelace"), limit), ids([6, 5, 4, 2, 1])).await;
    }
    lists(&ground, query(by("byron"), 2), ids([3])).await;
    lists(&ground, query(by("nobody"), 2), vec![]).await;
    let mut between = query(by("ada"), 2);
    (between.from, between.to) = (Some(at(1)), Some(at(2)));
    lists(&ground, between, ids([5, 4, 3, 2])).await;
}

pub(super) async fn what_a_hash_finds_is_filtered_by_kind_and_subject(ground: impl Ground) {
    for n in 1..=8 {
        submit(&ground, n, |commit| {
            commit.row.facts.submitted_at = at(i64::from(n));
            commit.row.facts.kind = if n < 3 { Kind::Export } else { Kind::Deletion };
            commit.row.facts.subject_ref = someone(if n % 2 == 0 { "ada" } else { "bob" });
            commit.companions = vec![find("word", None)];
        })
        .await;
    }
    let mut found = query(by("word"), 2);
    found.subject = Some(someone("ada"));
    lists(&ground, found.clone(), ids([8, 6, 4, 2])).await;
    found.kind = Some(Kind::Export);
    lists(&ground, found.clone(), ids([2])).await;
    found.subject = None;
    lists(&ground, found, ids([2, 1])).await;
}

pub(super) async fn a_found_request_is_given_an_end_by_itself_alone(ground: impl Ground) {
    let mut base = submission(1);
    base.companions = vec![find("mail", None)];
    done(&ground, &base).await;
    let mut close = step(&base.row, "reject", at(10));
    close.companions = vec![find("mail", Some(at(2_592_000)))];
    done(&ground, &close).await;
    // Its end is far: until then it is found as before.
    lists(&ground, query(by("mail"), 2), ids([1])).await;
}

pub(super) async fn what_is_not_to_be_found_any_more_is_gone_with_the_commit(ground: impl Ground) {
    let unfind = |word: &str| {
        let hash: Ref = someone(word);
        Companion::Unfind { hash }
    };
    for n in [1, 2] {
        let mut base = submission(n);
        base.companions = vec![find("ada", None), find("mail", None)];
        done(&ground, &base).await;
    }
    let mut shred = step(&submission(1).row, "shred", at(10));
    shred.companions = vec![unfind("ada"), unfind("never kept")];
    done(&ground, &shred).await;
    lists(&ground, query(by("ada"), 5), ids([2])).await;
    lists(&ground, query(by("mail"), 5), ids([2, 1])).await;
}
