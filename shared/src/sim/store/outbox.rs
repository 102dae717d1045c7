//! The port [`Outbox`]: e-mails owed. An insert, and only an insert, goes to the stream.

use super::action::Action;
use super::transaction::{Sent, Why};
use super::{SimStore, settled};
use crate::domain::ids::RequestKey;
use crate::domain::outbox::Mail;
use crate::ports::{Fault, Outbox};

impl Outbox for SimStore {
    async fn mails(&self, key: &RequestKey) -> Result<Vec<Mail>, Fault> {
        self.of(key, "read mails", |of| of.mails.values().cloned().collect())
            .await
    }

    async fn mail(&self, key: &RequestKey, n: u32) -> Result<Option<Mail>, Fault> {
        self.of(key, "read mail", |of| of.mails.get(&n).cloned()).await
    }

    async fn swap_mail(&self, key: &RequestKey, before_rev: u64, after: &Mail) -> Result<bool, Fault> {
        let what = format!("{key} {} to {:?}", after.n, after.state);
        let swap = self.write("write mail", what, |tables| {
            let there = tables.of_mut(key).mails.get_mut(&after.n);
            let there = there.filter(|mail| mail.rev == before_rev);
            there.map(|mail| mail.clone_from(after)).is_some()
        });
        settled(swap.await, async {
            Ok(self.mail(key, after.n).await?.as_ref() == Some(after))
        })
        .await
    }

    async fn reinsert_mail(&self, key: &RequestKey, old: &Mail, new: &Mail) -> Result<bool, Fault> {
        const OP: &str = "reinsert mail";
        let delete = Action::DropMail { n: old.n, rev: old.rev };
        let sent = self.transact(OP, key, vec![delete, Action::Mail(new.clone())]).await;
        let answer = sent.and_then(|sent| match sent {
            Sent::Written => Ok(true),
            Sent::Refused(refused) if refused.iter().any(|(_, why)| *why == Why::Condition) => Ok(false),
            Sent::Refused(_) => Err(Fault::transient(OP, "another transaction has the mail in hand")),
        });
        settled(answer, async {
            let gone = self.mail(key, old.n).await?.is_none();
            Ok(gone && self.mail(key, new.n).await?.as_ref() == Some(new))
        })
        .await
    }
}
