//! Legal holds in the middle of a deletion: nothing held is hidden any more or destroyed, and nothing is forgotten.

use jiff::SignedDuration;

use super::desk::{Desk, play};
use super::people::{ada, held_head};
use crate::domain::chunk::{ChunkState, Op};
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::outcome::Code;
use crate::domain::request::{Completion, Status};

fn hold(desk: &Desk, categories: &[&str]) {
    let ada = ada();
    let head = held_head(1, categories);
    desk.records.store.put_holds(&ada.tenant, &ada.subject_ref, head);
}

fn expiring(desk: &Desk) -> usize {
    let items = desk.sources.items("messages");
    items.iter().filter(|item| item.contains_key("expires_at")).count()
}

async fn swept(desk: &Desk, records: u32) -> RequestKey {
    desk.write("messages", 0..records);
    desk.write("profiles", 0..records);
    let key = desk.executed_for(&["conversations", "profile"]).await;
    desk.toil().await;
    key
}

#[test]
fn what_is_held_before_it_is_hidden_is_kept_as_exempt() {
    play(async |desk| {
        desk.write("messages", 0..8);
        let key = desk.executed().await;
        desk.plan().await;
        desk.work_one().await;
        hold(&desk, &["conversations"]);
        desk.work().await;
        let counts: Vec<_> = desk
            .chunks(&key)
            .iter()
            .map(|c| (c.counts.of(Code::Swept), c.counts.of(Code::Exempt)))
            .collect();
        assert_eq!(counts, [(2, 0), (0, 2), (0, 2), (0, 2)], "also what was not sent yet");
        let hidden = desk
            .sources
            .items("messages")
            .iter()
            .filter(|i| i.contains_key("erasure_id"))
            .count();
        assert_eq!(hidden, 2);
    });
}

#[test]
fn what_is_held_while_it_is_hidden_loses_its_expiry_and_waits() {
    play(async |desk| {
        let key = swept(&desk, 2).await;
        assert_eq!(expiring(&desk), 2);
        hold(&desk, &["conversations"]);
        desk.tend(&key).await;
        desk.work().await;
        assert_eq!(expiring(&desk), 0, "TTL would destroy them");
        let strips: Vec<_> = desk
            .chunks(&key)
            .iter()
            .map(|c| (c.op, c.state, c.counts.of(Code::Swept)))
            .collect();
        assert_eq!(
            strips,
            [(Op::Strip, ChunkState::Done, 2), (Op::Sweep, ChunkState::Done, 2)],
            "they stay hidden; what is not held keeps its purge"
        );
        let until = desk.facts(&key).completes_by.expect("approved") + SignedDuration::from_hours(24);
        desk.pass(&key, until).await;
        assert_eq!(desk.sources.items("messages").len(), 2);
        assert!(desk.sources.items("profiles").is_empty());
        assert_eq!(
            (desk.facts(&key).status, desk.phase(&key)),
            (Status::InProgress, Phase::Purging)
        );
        hold(&desk, &[]);
        desk.pass(&key, until + SignedDuration::from_hours(3)).await;
        let facts = desk.facts(&key);
        assert_eq!(
            (facts.status, facts.result),
            (Status::Completed, Some(Completion::Full))
        );
        assert!(desk.sources.items("messages").is_empty());
    });
}

#[test]
fn a_purge_that_was_sent_before_the_hold_is_given_back() {
    play(async |desk| {
        let key = swept(&desk, 2).await;
        let until = desk.facts(&key).completes_by.expect("approved") + SignedDuration::from_hours(1);
        loop {
            desk.post().await;
            let at = desk.row(&key).wake_at.expect("it waits");
            if at > until || !desk.waiting().is_empty() {
                break;
            }
            desk.world.advance_to(at);
            desk.tend(&key).await;
        }
        assert!(!desk.waiting().is_empty(), "a purge is sent");
        hold(&desk, &["conversations", "profile"]);
        desk.work().await;
        assert_eq!(
            desk.sources.items("messages").len() + desk.sources.items("profiles").len(),
            4
        );
        desk.pass(&key, until + SignedDuration::from_hours(72)).await;
        assert_eq!(
            desk.sources.items("messages").len() + desk.sources.items("profiles").len(),
            4
        );
        hold(&desk, &[]);
        desk.pass(&key, until + SignedDuration::from_hours(72 + 25)).await;
        assert_eq!(desk.facts(&key).status, Status::Completed);
    });
}
