//! One owed mail: handed over once, given up for good, or tried again.

use jiff::SignedDuration;

use super::desk::{Desk, play, play_with};
use super::people::ada;
use crate::domain::ids::RequestKey;
use crate::domain::outbox::{Mail, MailState};
use crate::ports::Outbox;
use crate::sim::{Call, Dice, Fate, Fates};
use crate::workflow::notify::Delivered;

fn mail(desk: &Desk, key: &RequestKey) -> Mail {
    desk.mails(key)
        .into_iter()
        .find(|mail| mail.n == 1)
        .expect("it is owed")
}

/// Somebody else has it in hand, for so long.
async fn in_hand(desk: &Desk, key: &RequestKey, time: SignedDuration) -> Mail {
    let before = mail(desk, key);
    let leased = Mail {
        state: MailState::Sending,
        lease_until: Some(desk.now() + time),
        holder: Some("another".to_owned()),
        rev: before.rev + 1,
        ..before.clone()
    };
    assert!(
        desk.records
            .store
            .swap_mail(key, before.rev, &leased)
            .await
            .expect("written")
    );
    leased
}

#[test]
fn a_mail_is_handed_over_once() {
    play(async |desk| {
        let key = desk.submitted().await;
        desk.wait(SignedDuration::from_secs(1));
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Sent);
        let sent = mail(&desk, &key);
        assert_eq!((sent.state, sent.attempts, sent.rev), (MailState::Sent, 1, 2));
        assert_eq!((sent.lease_until, sent.holder, sent.error), (None, None, None));
        assert!(sent.touched_at > sent.owed_at);
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Dropped);
        assert_eq!(desk.deliver(&key, 2).await, Delivered::Dropped, "there is no such mail");
        assert_eq!(desk.mailer.delivered().len(), 1);
    });
}

#[test]
fn a_mail_in_another_hand_is_left_until_its_lease_is_over() {
    play(async |desk| {
        let key = desk.submitted().await;
        let leased = in_hand(&desk, &key, SignedDuration::from_secs(60)).await;
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Dropped);
        assert_eq!(mail(&desk, &key), leased);
        desk.world.advance_to(leased.lease_until.expect("it is leased"));
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Sent);
    });
}

#[test]
fn an_address_that_is_refused_fails_for_good() {
    play(async |desk| {
        let key = desk.submitted().await;
        desk.mailer.refuse("ada@example.com");
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Failed);
        let failed = mail(&desk, &key);
        assert_eq!(
            (failed.state, failed.error.as_deref()),
            (MailState::Failed, Some("rejected"))
        );
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Dropped);
    });
}

#[test]
fn who_has_no_address_cannot_be_told() {
    play(async |desk| {
        let by = crate::domain::actor::Caller { email: None, ..ada() };
        let key = desk
            .submit(&by, super::people::deletion(&["profile"]))
            .await
            .expect("taken");
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Failed);
        assert_eq!(mail(&desk, &key).error.as_deref(), Some("no_address"));
    });
}

/// The mail service is away for the first call.
struct AwayOnce(bool);

impl Fates for AwayOnce {
    fn fate(&mut self, call: &Call<'_>, _: &mut Dice) -> Fate {
        if call.op == "send mail" && !std::mem::replace(&mut self.0, true) {
            return Fate::FailBefore;
        }
        Fate::Pass
    }
}

#[test]
fn a_mail_that_is_not_taken_now_is_owed_on() {
    play_with((1, ""), AwayOnce(false), async |desk| {
        let key = desk.submitted().await;
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Later);
        let owed = mail(&desk, &key);
        assert_eq!(
            (owed.state, owed.attempts, owed.lease_until),
            (MailState::Pending, 1, None)
        );
        assert_eq!(desk.deliver(&key, 1).await, Delivered::Sent);
        assert_eq!(mail(&desk, &key).attempts, 2);
    });
}
