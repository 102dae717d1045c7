//! The records of a request: each with what became of it, page by page, as long as its keys are kept.

use jiff::SignedDuration;
use serde_json::json;

use super::desk::{Desk, play};
use super::people::vera;
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::outcome::Code;
use crate::domain::request::Status;
use crate::sim::sources::journal::RecordId;
use crate::workflow::record_list::{Filter, RecordPage, list_records};

/// At most so many of all.
fn first(limit: u32) -> Filter {
    Filter {
        dataset: None,
        outcome: None,
        limit,
        after: None,
    }
}

async fn page(desk: &Desk, key: &RequestKey, filter: &Filter) -> RecordPage {
    let page = list_records(&desk.records, &desk.manifests, &vera(), key.id, filter).await;
    page.expect("Vera may")
}

fn refs(page: &RecordPage) -> Vec<String> {
    page.items.iter().map(|shown| shown.record.clone()).collect()
}

/// Every page until none follows.
async fn pages(desk: &Desk, key: &RequestKey, filter: Filter) -> Vec<Vec<String>> {
    let (mut filter, mut seen) = (filter, vec![]);
    loop {
        let page = page(desk, key, &filter).await;
        seen.push(refs(&page));
        filter.after = page.next;
        if filter.after.is_none() {
            return seen;
        }
    }
}

/// Three messages of which one was deleted before it could be hidden, and two profiles.
async fn swept(desk: &Desk) -> RequestKey {
    desk.write("messages", 0..3);
    desk.write("profiles", 0..2);
    let key = desk.executed_for(&["conversations", "profile"]).await;
    desk.plan().await;
    let gone = RecordId {
        container: "messages".to_owned(),
        key: "pk=TENANT#acme#CUSTOMER#ada sk=001".to_owned(),
    };
    assert!(desk.sources.delete_item(&gone));
    desk.work().await;
    key
}

#[test]
fn every_record_is_named_with_its_key_and_what_became_of_it() {
    play(async |desk| {
        let key = swept(&desk).await;
        let all = page(&desk, &key, &first(100)).await;
        assert!(all.next.is_none() && !all.erased);
        let outcomes: Vec<_> = all
            .items
            .iter()
            .map(|shown| (shown.record.as_str(), shown.outcome))
            .collect();
        assert_eq!(
            outcomes,
            [
                ("messages.0.0.0", "swept"),
                ("messages.0.0.1", "already_absent"),
                ("messages.0.1.0", "swept"),
                ("profiles.0.0.0", "swept"),
                ("profiles.0.0.1", "swept"),
            ]
        );
        assert_eq!(all.items[2].key, json!({"pk": "TENANT#acme#CUSTOMER#ada", "sk": "002"}));
        let until: Vec<_> = all.items.iter().map(|shown| shown.recover_until).collect();
        let facts = desk.facts(&key);
        assert_eq!((until[1], until[4]), (None, facts.recover_until));
        let absent = Filter {
            outcome: Some(Code::AlreadyAbsent),
            ..first(100)
        };
        assert_eq!(pages(&desk, &key, absent).await, [["messages.0.0.1"]]);
        let profiles = Filter {
            dataset: Some("profiles".parse().expect("a slug")),
            ..first(100)
        };
        assert_eq!(
            refs(&page(&desk, &key, &profiles).await),
            ["profiles.0.0.0", "profiles.0.0.1"]
        );
    });
}

#[test]
fn a_page_begins_with_the_first_record_that_the_last_one_did_not_show() {
    play(async |desk| {
        let key = swept(&desk).await;
        let whole = pages(&desk, &key, first(5)).await;
        assert_eq!(whole.len(), 1, "a full page that is the last leads nowhere");
        for limit in 1..5 {
            let parts = pages(&desk, &key, first(limit)).await;
            let (last, full) = parts.split_last().expect("a page");
            assert!(full.iter().all(|part| part.len() == limit as usize), "{parts:?}");
            assert!(!last.is_empty() && parts.concat() == whole[0], "{parts:?}");
        }
        let swept = Filter {
            outcome: Some(Code::Swept),
            ..first(1)
        };
        assert_eq!(pages(&desk, &key, swept).await.concat().len(), 4);
    });
}

#[test]
fn a_page_opens_eight_chunks() {
    play(async |desk| {
        let key = desk.planned(128).await;
        let opened: Vec<_> = pages(&desk, &key, first(500)).await.iter().map(Vec::len).collect();
        assert_eq!(opened, [16; 8], "64 chunks of two");
    });
}

#[test]
fn a_page_looks_at_64_chunks_and_leads_on_even_if_it_shows_nothing() {
    play(async |desk| {
        let key = desk.planned(130).await;
        let absent = Filter {
            outcome: Some(Code::AlreadyAbsent),
            ..first(500)
        };
        assert_eq!(pages(&desk, &key, absent.clone()).await, [[""; 0]; 2]);
        let last = RecordId {
            container: "messages".to_owned(),
            key: "pk=TENANT#acme#CUSTOMER#ada sk=129".to_owned(),
        };
        assert!(desk.sources.delete_item(&last));
        desk.work().await;
        assert_eq!(pages(&desk, &key, absent).await, [vec![], vec!["messages.0.64.1"]]);
    });
}

#[test]
fn nothing_is_shown_once_the_keys_of_the_records_are_to_go() {
    play(async |desk| {
        let key = swept(&desk).await;
        let until = desk.facts(&key).completes_by.expect("approved");
        while desk.phase(&key) != Phase::Closing {
            desk.pass(&key, desk.row(&key).wake_at.expect("it waits")).await;
        }
        assert_eq!(desk.facts(&key).status, Status::InProgress);
        let closing = page(&desk, &key, &first(100)).await;
        assert!(closing.erased && closing.items.is_empty());
        desk.pass(&key, until + SignedDuration::from_hours(1)).await;
        assert!(page(&desk, &key, &first(100)).await.erased);
    });
}

#[test]
fn what_was_cancelled_is_shown_until_nothing_hidden_is_left() {
    play(async |desk| {
        let key = desk.planned(4).await;
        desk.work_one().await;
        let until = desk
            .cancel(&key)
            .await
            .expect("Otto may")
            .recover_until
            .expect("two are hidden");
        let cancelled = page(&desk, &key, &first(100)).await;
        let outcomes: Vec<_> = cancelled.items.iter().map(|shown| shown.outcome).collect();
        assert_eq!(outcomes, ["swept", "swept", "untouched", "untouched"]);
        desk.pass(&key, until + SignedDuration::from_hours(24 * 4)).await;
        assert!(desk.facts(&key).shred_at.is_some());
        assert!(page(&desk, &key, &first(100)).await.erased);
    });
}

#[test]
fn a_request_that_was_never_executed_has_no_records_to_erase() {
    play(async |desk| {
        let key = desk.submitted().await;
        let page = page(&desk, &key, &first(100)).await;
        assert!(page.items.is_empty() && page.next.is_none() && !page.erased);
    });
}
