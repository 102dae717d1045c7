//! Notify: one owed e-mail, leased, written from the request as it is now, handed over.
//!
//! Guarantees: the row holds no personal data; a mail that was handed over is never sent again by us; one whose
//! hand-over is unclear may be (SES has no idempotency token: better twice than never).

use jiff::Timestamp;

use super::failure::Failure;
use super::records::{Loaded, Records};
use crate::domain::ids::RequestKey;
use crate::domain::outbox::{Mail, MailState};
use crate::domain::period::Period;
use crate::knobs::Guard;
use crate::ports::{Keys, Letter, MailFault, Mailer, Outbox, Requests, Sealer};

/// A hand-over takes at most this long; then supervision tries again.
const LEASE_SECONDS: i64 = 60;

/// What became of an owed mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// Handed over.
    Sent,
    /// Refused for good.
    Failed,
    /// Not taken now; supervision tries again.
    Later,
    /// Settled before, or somebody else is at it.
    Dropped,
}

/// Delivers mail `n`; `holder` is unique to the invocation. `write` makes the letter; `None`: nobody can be written to (shredded, or no address).
pub async fn deliver<S: Requests + Keys + Outbox, K: Sealer>(
    records: &Records<S, K>,
    mailer: &impl Mailer,
    (key, n, holder): (&RequestKey, u32, &str),
    write: impl Fn(&Mail, &Loaded) -> Option<Letter>,
    now: Timestamp,
) -> Result<Delivered, Failure> {
    let Some(mail) = records.store.mail(key, n).await? else {
        return Ok(Delivered::Dropped);
    };
    let free = mail.state == MailState::Pending || mail.lease_until.is_none_or(|end| end <= now);
    if mail.is_settled() || (!free && Guard::MailLease.stands()) {
        return Ok(Delivered::Dropped);
    }
    let mut leased = next(&mail, MailState::Sending, now);
    leased.attempts += 1;
    leased.holder = Some(holder.to_owned());
    leased.lease_until = Some(Period::seconds(LEASE_SECONDS).after(now));
    if !records.store.swap_mail(key, mail.rev, &leased).await? {
        return Ok(Delivered::Dropped);
    }
    let Some(loaded) = records.load(key).await? else {
        return Ok(Delivered::Dropped);
    };
    let (after, delivered) = match write(&leased, &loaded) {
        None => (refused(&leased, "no_address", now), Delivered::Failed),
        Some(letter) => match mailer.send(&letter).await {
            Ok(()) => (next(&leased, MailState::Sent, now), Delivered::Sent),
            Err(MailFault::Refused { code, .. }) => (refused(&leased, code, now), Delivered::Failed),
            Err(MailFault::Later(_)) => (next(&leased, MailState::Pending, now), Delivered::Later),
        },
    };
    records.store.swap_mail(key, leased.rev, &after).await?;
    Ok(delivered)
}

fn next(mail: &Mail, state: MailState, now: Timestamp) -> Mail {
    Mail {
        state,
        lease_until: None,
        holder: None,
        touched_at: now,
        rev: mail.rev + 1,
        ..mail.clone()
    }
}

fn refused(mail: &Mail, code: &str, now: Timestamp) -> Mail {
    Mail {
        error: Some(code.to_owned()),
        ..next(mail, MailState::Failed, now)
    }
}
