//! Lists: who finds what, page by page.

use jiff::SignedDuration;

use super::desk::{Desk, play, play_under};
use super::people::{ada, deletion, olga, refusal, vera, verification};
use crate::domain::actor::Caller;
use crate::domain::ids::{RequestId, RequestKey, SubjectId};
use crate::domain::personal::Personal;
use crate::domain::request::{Kind, Status};
use crate::state_machine::refusal::Refusal;
use crate::workflow::failure::Failure;
use crate::workflow::list::{Filter, History, list};
use crate::workflow::order::Wish;
use crate::workflow::submit::NewRequest;

fn all() -> Filter {
    Filter {
        statuses: vec![],
        kind: None,
        requester: None,
        subject: None,
        from: None,
        to: None,
        limit: 100,
        after: None,
    }
}

async fn page(desk: &Desk, by: &Caller, filter: Filter) -> Result<History, Failure> {
    // The indexes lag by a second.
    desk.wait(SignedDuration::from_secs(5));
    list(&desk.records, by, filter, desk.now()).await
}

async fn ids(desk: &Desk, by: &Caller, filter: Filter) -> Vec<RequestId> {
    let page = page(desk, by, filter).await.expect("they may");
    page.items.iter().map(|item| item.id).collect()
}

/// Olga asks for so many people, one after the other.
async fn crowd(desk: &Desk, people: usize) -> Vec<RequestKey> {
    let mut keys = vec![];
    for n in 0..people {
        let subject = SubjectId::try_from(format!("subject-{n:02}")).expect("an id");
        let input = NewRequest {
            subject: Some((subject, Some(Personal::new("Some Body")), None)),
            ..deletion(&["profile"])
        };
        keys.push(desk.submit(&olga(), input).await.expect("Olga may"));
        desk.wait(SignedDuration::from_secs(2));
    }
    keys
}

fn newest_first<'a>(keys: impl IntoIterator<Item = &'a RequestKey>) -> Vec<RequestId> {
    let mut ids: Vec<_> = keys.into_iter().map(|key| key.id).collect();
    ids.reverse();
    ids
}

#[test]
fn staff_see_all_and_a_subject_sees_their_own() {
    play(async |desk| {
        let others = crowd(&desk, 2).await;
        let own = desk.submitted().await;
        assert_eq!(ids(&desk, &ada(), all()).await, [own.id]);
        let mut everything = newest_first(&others);
        everything.insert(0, own.id);
        assert_eq!(ids(&desk, &olga(), all()).await, everything);
        assert_eq!(ids(&desk, &vera(), all()).await, everything);
        let of_export = Filter {
            kind: Some(Kind::Export),
            ..all()
        };
        assert!(ids(&desk, &olga(), of_export).await.is_empty());
    });
}

#[test]
fn people_are_looked_for_by_operators_and_auditors_alone() {
    play(async |desk| {
        let key = desk.submitted().await;
        let by_name = || Filter {
            requester: Some(Personal::new("ada")),
            ..all()
        };
        let by_id = || Filter {
            subject: Some(ada().subject_id),
            ..all()
        };
        for filter in [by_name(), by_id()] {
            assert!(matches!(
                refusal(page(&desk, &ada(), filter.clone()).await),
                Refusal::OperatorOnly
            ));
            assert_eq!(ids(&desk, &vera(), filter).await, [key.id]);
        }
        let nobody = Filter {
            requester: Some(Personal::new("zoe")),
            ..all()
        };
        assert!(ids(&desk, &olga(), nobody).await.is_empty());
        let nothing = Filter {
            requester: Some(Personal::new(" , ")),
            ..all()
        };
        assert!(matches!(
            refusal(page(&desk, &olga(), nothing).await),
            Refusal::InvalidInput { .. }
        ));
    });
}

#[test]
fn every_word_and_every_filter_must_fit() {
    play(async |desk| {
        let keys = crowd(&desk, 4).await;
        let named = |name: &str| Filter {
            requester: Some(Personal::new(name)),
            ..all()
        };
        assert_eq!(ids(&desk, &olga(), named("some body")).await, newest_first(&keys));
        assert!(ids(&desk, &olga(), named("some body else")).await.is_empty());
        for key in &keys[..2] {
            desk.order(&olga(), key, verification()).await.expect("Olga may");
        }
        let verified = Filter {
            statuses: vec![Status::Verified],
            ..named("body")
        };
        assert_eq!(ids(&desk, &olga(), verified).await, newest_first(&keys[..2]));
        let of_one = Filter {
            subject: Some(SubjectId::try_from("subject-03".to_owned()).expect("an id")),
            ..named("body")
        };
        assert_eq!(ids(&desk, &olga(), of_one).await, [keys[3].id]);
        let of_another = Filter {
            subject: Some(SubjectId::try_from("subject-03".to_owned()).expect("an id")),
            statuses: vec![Status::Verified],
            ..all()
        };
        assert!(ids(&desk, &olga(), of_another).await.is_empty());
    });
}

#[test]
fn statuses_are_any_of_those_asked_for() {
    play(async |desk| {
        let keys = crowd(&desk, 3).await;
        desk.order(&olga(), &keys[0], verification()).await.expect("Olga may");
        desk.order(&olga(), &keys[1], verification()).await.expect("Olga may");
        let in_status = |statuses: &[Status]| Filter {
            statuses: statuses.to_vec(),
            ..all()
        };
        assert_eq!(ids(&desk, &olga(), in_status(&[Status::Pending])).await, [keys[2].id]);
        let both = in_status(&[Status::Verified, Status::Pending, Status::Verified]);
        assert_eq!(ids(&desk, &olga(), both).await, newest_first(&keys));
        assert_eq!(ids(&desk, &olga(), in_status(&Status::ALL)).await, newest_first(&keys));
        assert!(ids(&desk, &olga(), in_status(&[Status::Approved])).await.is_empty());
    });
}

#[test]
fn an_index_that_lags_shows_no_status_that_is_over() {
    play(async |desk| {
        let key = desk.submitted().await;
        desk.wait(SignedDuration::from_secs(5));
        desk.order(&olga(), &key, verification()).await.expect("Olga may");
        let pending = Filter {
            statuses: vec![Status::Pending],
            ..all()
        };
        let at_once = list(&desk.records, &olga(), pending, desk.now())
            .await
            .expect("Olga may");
        assert!(at_once.items.is_empty(), "the row alone decides");
    });
}

#[test]
fn pages_are_full_and_lead_on_until_all_is_seen() {
    play(async |desk| {
        let keys = crowd(&desk, 9).await;
        for key in keys.iter().step_by(2) {
            desk.order(&olga(), key, verification()).await.expect("Olga may");
        }
        for (filter, expected) in [
            (all(), newest_first(&keys)),
            (
                Filter {
                    requester: Some(Personal::new("body")),
                    statuses: vec![Status::Verified],
                    ..all()
                },
                newest_first(keys.iter().step_by(2)),
            ),
        ] {
            let (mut seen, mut after) = (vec![], None);
            loop {
                let filter = Filter {
                    limit: 2,
                    after,
                    ..filter.clone()
                };
                let page = page(&desk, &olga(), filter).await.expect("Olga may");
                seen.push(page.items.iter().map(|item| item.id).collect::<Vec<_>>());
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            assert!(seen.iter().rev().skip(1).all(|page| page.len() == 2), "{seen:?}");
            assert_eq!(seen.concat(), expected);
        }
    });
}

#[test]
fn a_page_reads_so_much_and_then_leads_on_even_if_it_shows_nothing() {
    play(async |desk| {
        let own = desk.submitted().await;
        let keys = crowd(&desk, 180).await;
        desk.order(&olga(), &keys[0], verification()).await.expect("Olga may");
        let filter = Filter {
            requester: Some(Personal::new("body")),
            statuses: vec![Status::Verified],
            limit: 100,
            ..all()
        };
        let first = page(&desk, &olga(), filter.clone()).await.expect("Olga may");
        assert!(first.items.is_empty());
        let after = first.next;
        assert!(after.is_some());
        let second = page(&desk, &olga(), Filter { after, ..filter })
            .await
            .expect("Olga may");
        assert_eq!(second.items.len(), 1);
        let hers = page(&desk, &ada(), all()).await.expect("her own");
        assert_eq!(hers.items.iter().map(|item| item.id).collect::<Vec<_>>(), [own.id]);
        assert_eq!(hers.next, None, "a cursor would tell of the others");
    });
}

#[test]
fn a_closed_request_is_found_by_people_as_long_as_the_policy_says() {
    play_under(", RequestRetention: P30D", async |desk| {
        let key = desk.approved_for(&["profile"]).await;
        let wish = Wish::Withdraw {
            reason: Some(Personal::new("she called")),
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        let until = desk.facts(&key).found_until().expect("closed");
        let by_id = || Filter {
            subject: Some(ada().subject_id),
            ..all()
        };
        desk.world.advance_to(until - SignedDuration::from_secs(10));
        assert_eq!(ids(&desk, &olga(), by_id()).await, [key.id]);
        desk.world.advance_to(until);
        assert!(ids(&desk, &olga(), by_id()).await.is_empty());
        assert_eq!(ids(&desk, &olga(), all()).await, [key.id], "nobody was looked for");
    });
}
