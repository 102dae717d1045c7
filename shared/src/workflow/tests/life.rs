//! A deletion from its submission to the shredding of its key.

use jiff::SignedDuration;

use super::desk::{Desk, play};
use super::people::{ada, eve, olga, refusal};
use crate::audit::verify;
use crate::domain::chunk::ChunkState;
use crate::domain::ids::RequestKey;
use crate::domain::job::Phase;
use crate::domain::outbox::MailState;
use crate::domain::outcome::Code;
use crate::domain::personal::Erasable;
use crate::domain::request::{Completion, Notice, Status};
use crate::ports::KeyName;
use crate::state_machine::refusal::Refusal;
use crate::workflow::access::{View, load_for_staff, load_visible};

fn years() -> SignedDuration {
    SignedDuration::from_hours(24 * 365 * 4)
}

async fn completed(desk: &Desk) -> RequestKey {
    desk.write("messages", 0..5);
    desk.write("profiles", 0..3);
    let key = desk.executed_for(&["conversations", "profile"]).await;
    desk.toil().await;
    let chunks = desk.chunks(&key);
    assert_eq!(chunks.iter().map(|chunk| chunk.lines).sum::<u32>(), 8);
    assert!(chunks.iter().all(|c| c.counts.of(Code::Swept) == u64::from(c.lines)));
    assert_eq!(desk.phase(&key), Phase::Recovering);
    let until = desk.facts(&key).recover_until.expect("something is hidden");
    assert_eq!(
        Some(until),
        chunks
            .iter()
            .map(|c| desk
                .facts(&key)
                .policy
                .expect("fixed")
                .recovery_window
                .after(c.swept_at.expect("swept")))
            .max()
    );
    desk.pass(&key, until + SignedDuration::from_hours(24 * 30)).await;
    key
}

#[test]
fn every_record_is_destroyed_and_every_step_is_in_the_trail() {
    play(async |desk| {
        let key = completed(&desk).await;
        let row = desk.row(&key);
        assert_eq!(
            (row.facts.status, row.facts.result, row.facts.notice),
            (Status::Completed, Some(Completion::Full), Some(Notice::Sent))
        );
        for table in ["messages", "profiles"] {
            assert!(desk.sources.items(table).is_empty(), "{table}");
        }
        assert!(desk.chunks(&key).iter().all(|c| c.state == ChunkState::Done));
        let entries = desk.entries(&key);
        verify(&entries, &row.head).expect("an unbroken chain");
        let actions: Vec<_> = entries.iter().map(|entry| entry.body.action.as_str()).collect();
        assert_eq!(
            actions,
            [
                "submit",
                "verify",
                "approve",
                "execute",
                "start",
                "planned",
                "swept",
                "due_soon",
                "overdue",
                "purge",
                "window_ended",
                "verify_absence",
                "verified_absent",
                "complete",
                "shred"
            ]
        );
    });
}

#[test]
fn mails_are_numbered_through_and_each_is_sent_once() {
    play(async |desk| {
        let key = completed(&desk).await;
        let mails = desk.mails(&key);
        let numbered: Vec<_> = mails.iter().map(|mail| (mail.n, mail.occasion.as_str())).collect();
        assert_eq!(
            numbered,
            [
                (1, "received"),
                (2, "approved"),
                (3, "due_soon"),
                (4, "overdue"),
                (5, "window_ended"),
                (6, "completed")
            ]
        );
        assert!(
            mails
                .iter()
                .all(|mail| (mail.state, mail.attempts) == (MailState::Sent, 1))
        );
        assert_eq!(desk.row(&key).mails, 6);
        let sent = desk.mailer.delivered().len();
        desk.tend(&key).await;
        desk.post().await;
        assert_eq!(desk.mailer.delivered().len(), sent);
    });
}

#[test]
fn nothing_that_can_be_read_is_left_of_a_person() {
    play(async |desk| {
        let key = completed(&desk).await;
        let facts = desk.facts(&key);
        assert!(facts.shredded && facts.found_by.words.is_empty() && facts.found_by.emails.is_empty());
        assert!(desk.manifests.objects().is_empty());
        let (tables, name) = (
            desk.records.store.snapshot(),
            KeyName::Person(key.tenant.clone(), key.id),
        );
        assert!(!tables.keys.contains_key(&name.text()) && tables.scopes.is_empty());
        let loaded = desk.records.load(&key).await.expect("read").expect("it is there");
        assert_eq!(loaded.request.person, Erasable::Erased);
        assert!(loaded.request.staff.known().is_some(), "the staff key is the tenant's");
        assert_eq!(desk.row(&key).wake_at, None, "nothing is owed any more");
        desk.wait(years());
        assert_eq!(desk.tend(&key).await, 0);
    });
}

#[test]
fn only_its_owner_and_the_tenants_staff_see_it() {
    play(async |desk| {
        let key = desk.submitted().await;
        let (records, id) = (&desk.records, key.id);
        let view = async |by| load_visible(records, &by, id).await.map(|(_, view)| view);
        assert_eq!(view(ada()).await.expect("her own"), View::Owner);
        assert_eq!(view(olga()).await.expect("staff"), View::Staff);
        assert!(matches!(refusal(view(eve()).await), Refusal::NotFound));
        let of_another_tenant = crate::domain::actor::Caller {
            tenant: "globex".parse().expect("a slug"),
            ..olga()
        };
        assert!(matches!(refusal(view(of_another_tenant).await), Refusal::NotFound));
        let by_owner = load_for_staff(records, &ada(), id).await;
        assert!(matches!(refusal(by_owner), Refusal::OperatorOnly));
    });
}
