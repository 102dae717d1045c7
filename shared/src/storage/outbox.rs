//! The outbox: e-mails owed, put by the commit that owes them.
//!
//! Guarantees: every change is a compare-and-set on `rev`, made by an update, because the function that sends may
//! update rows and neither put nor delete them; an insert, and only an insert, wakes that function by the table's
//! stream. Where next: `domain::outbox` for a mail's life.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::AttributeValue;

use super::Storage;
use super::calls::settled;
use super::condition::Condition;
use super::error::fault;
use super::item::{Item, Reader, Row, key_item};
use super::keys;
use super::transaction::{Guard, Sent, Transaction, Why};
use super::work::word;
use crate::domain::ids::RequestKey;
use crate::domain::outbox::Mail;
use crate::ports::{Fault, Outbox};

impl Outbox for Storage {
    async fn mails(&self, key: &RequestKey) -> Result<Vec<Mail>, Fault> {
        const OPERATION: &str = "read mails";
        let rows = self.rows(keys::request_partition(key), keys::MAILS, OPERATION).await?;
        let mails = rows.iter().map(|row| Reader::new(row, OPERATION)?.json("doc"));
        let mut mails = mails.collect::<Result<Vec<Mail>, Fault>>()?;
        mails.sort_by_key(|mail| mail.n);
        Ok(mails)
    }

    async fn mail(&self, key: &RequestKey, n: u32) -> Result<Option<Mail>, Fault> {
        const OPERATION: &str = "read mail";
        let item = self
            .get(&self.tables.requests, key_item(keys::mail(key, n)), OPERATION)
            .await?;
        item.map(|item| Reader::new(&item, OPERATION)?.json("doc")).transpose()
    }

    async fn swap_mail(&self, key: &RequestKey, before_rev: u64, after: &Mail) -> Result<bool, Fault> {
        let update = self.update_mail(key, before_rev, after).await;
        settled(update, async {
            Ok(self.mail(key, after.n).await?.as_ref() == Some(after))
        })
        .await
    }

    async fn reinsert_mail(&self, key: &RequestKey, old: &Mail, new: &Mail) -> Result<bool, Fault> {
        const OPERATION: &str = "reinsert mail";
        let requests = &self.tables.requests;
        let mut transaction = Transaction::new(OPERATION);
        let was = Condition::number_is("rev", old.rev);
        transaction.delete(Guard::Mail, requests, key_item(keys::mail(key, old.n)), Some(&was))?;
        transaction.put(Guard::Mail, requests, to_item(key, new), &Condition::absent())?;
        let answer = self.transact(transaction).await.and_then(|sent| match sent {
            Sent::Written => Ok(true),
            Sent::Repeated => Ok(false),
            Sent::Refused(refused) if refused.iter().any(|(_, why)| *why == Why::Condition) => Ok(false),
            Sent::Refused(_) => Err(Fault::transient(OPERATION, "another transaction has the mail in hand")),
        });
        settled(answer, async {
            let gone = self.mail(key, old.n).await?.is_none();
            Ok(gone && self.mail(key, new.n).await?.as_ref() == Some(new))
        })
        .await
    }
}

impl Storage {
    async fn update_mail(&self, key: &RequestKey, before_rev: u64, after: &Mail) -> Result<bool, Fault> {
        let doc = serde_json::to_string(after).expect("a mail is plain JSON");
        let on = Condition::number_is("rev", before_rev);
        let update = self.client.update_item().table_name(&self.tables.requests);
        let update = update
            .set_key(Some(key_item(keys::mail(key, after.n))))
            .update_expression("SET #rev = :rev, #state = :state, #doc = :doc")
            .condition_expression(on.expression)
            .set_expression_attribute_names(Some(on.names()))
            .set_expression_attribute_values(on.values())
            .expression_attribute_names("#rev", "rev")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#doc", "doc")
            .expression_attribute_values(":rev", AttributeValue::N(after.rev.to_string()))
            .expression_attribute_values(":state", AttributeValue::S(word(&after.state)))
            .expression_attribute_values(":doc", AttributeValue::S(doc));
        match update.send().await {
            Ok(_) => Ok(true),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(false),
                _ => Err(fault("write mail", error)),
            },
        }
    }
}

/// A mail as an item.
pub(super) fn to_item(key: &RequestKey, mail: &Mail) -> Item {
    Row::new(keys::mail(key, mail.n))
        .number("rev", mail.rev)
        .text("occasion", mail.occasion.as_str())
        .text("state", word(&mail.state))
        .json("doc", mail)
        .into_item()
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;
    use crate::domain::outbox::Occasion;

    #[test]
    fn a_mail_survives_storage() {
        let facts = samples::facts();
        let mail = Mail::owed(3, Occasion::GraceOver, facts.submitted_at);
        let item = to_item(&facts.key(), &mail);
        let back: Mail = Reader::new(&item, "test").expect("v1").json("doc").expect("a mail");
        assert_eq!(back, mail);
        assert_eq!(item["occasion"].as_s().expect("text"), "grace_over");
        assert_eq!(item["state"].as_s().expect("text"), "pending");
        assert_eq!(item["sk"].as_s().expect("text"), "OUTBOX#3");
    }
}
