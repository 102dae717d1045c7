//! Mails that stand still: put again for the stream to carry, given up after 72 hours.

use jiff::SignedDuration;

use super::desk::{Desk, MOMENT, PATIENCE, play};
use crate::domain::outbox::{Mail, MailState};
use crate::ports::Outbox;

#[test]
fn a_mail_that_stands_still_is_put_again_under_a_number_of_its_own() {
    play(async |desk| {
        let key = desk.approved_for(&["profile"]).await;
        let (first, last) = (desk.mails(&key)[0].touched_at, desk.mails(&key)[1].touched_at);
        assert_eq!(desk.tend_at(&key, first + PATIENCE - MOMENT).await, 0);
        let numbers = |desk: &Desk| desk.mails(&key).iter().map(|mail| mail.n).collect::<Vec<_>>();
        assert_eq!(numbers(&desk), [1, 2]);
        assert_eq!(desk.tend_at(&key, last + PATIENCE).await, 2);
        assert_eq!(numbers(&desk), [1_000_001, 1_000_002]);
        let put = desk.mails(&key);
        assert!(
            put.iter()
                .all(|mail| mail.state == MailState::Pending && mail.touched_at == last + PATIENCE)
        );
        assert_eq!(put.iter().map(|mail| mail.rev).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(desk.tend_at(&key, last + PATIENCE * 2).await, 2);
        assert_eq!(
            numbers(&desk),
            [1_000_003, 1_000_004],
            "each time anew, for the stream to carry"
        );
        desk.post().await;
        assert_eq!(desk.mailer.delivered().len(), 2);
        assert_eq!(desk.tend_at(&key, last + PATIENCE * 4).await, 0, "both are sent");
    });
}

#[test]
fn a_mail_whose_worker_died_is_put_again_when_its_lease_is_over() {
    play(async |desk| {
        let key = desk.submitted().await;
        let before = desk.mails(&key).remove(0);
        let until = desk.now() + PATIENCE * 3;
        let leased = Mail {
            state: MailState::Sending,
            lease_until: Some(until),
            rev: 1,
            ..before
        };
        assert!(desk.records.store.swap_mail(&key, 0, &leased).await.expect("written"));
        assert_eq!(desk.tend_at(&key, until - MOMENT).await, 0);
        assert_eq!(desk.tend_at(&key, until).await, 1);
        let put = desk.mails(&key).remove(0);
        assert_eq!((put.state, put.lease_until, put.rev), (MailState::Pending, None, 2));
    });
}

#[test]
fn a_mail_is_given_up_after_72_hours() {
    play(async |desk| {
        let key = desk.submitted().await;
        let owed_at = desk.mails(&key)[0].owed_at;
        let over = owed_at + SignedDuration::from_hours(72);
        assert_eq!(desk.tend_at(&key, over - MOMENT).await, 1);
        assert_eq!(desk.tend_at(&key, over + PATIENCE).await, 0);
        let failed = desk.mails(&key).remove(0);
        assert_eq!(failed.state, MailState::Failed);
        assert_eq!(failed.error.as_deref(), Some("undeliverable_for_72_hours"));
        assert_eq!(failed.touched_at, over + PATIENCE);
    });
}
