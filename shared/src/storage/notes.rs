//! The tenant's trail: the chain of each month in table `audit`, its end in table `requests`, and all entries by day.
//!
//! Guarantees: an entry is put only if absent, with the move of the head it was decided on; one whose answer was lost is
//! recognised by reading it back.

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::civil::Date;

use super::Storage;
use super::calls::settled;
use super::condition::Condition;
use super::error::fault;
use super::item::{Item, Reader, Row, key_item};
use super::transaction::{Guard, Sent, Transaction};
use super::{keys, trail};
use crate::audit::{Entry, Head};
use crate::domain::ids::Tenant;
use crate::domain::month::Month;
use crate::ports::{DayPage, DayQuery, Fault, MonthHead, Note, Notes};

const APPEND: &str = "append a note";
const BY_DAY: &str = "read trail by day";

impl Notes for Storage {
    async fn month_head(&self, tenant: &Tenant, month: Month) -> Result<MonthHead, Fault> {
        const OPERATION: &str = "read month's head";
        let key = key_item(keys::month_head(tenant, month));
        let Some(item) = self.get(&self.tables.requests, key, OPERATION).await? else {
            return Ok(MonthHead::default());
        };
        let reader = Reader::new(&item, OPERATION)?;
        Ok(MonthHead {
            head: Head {
                seq: reader.number("audit_seq")?,
                hash: reader.text("audit_hash")?.to_owned(),
            },
            refusals: reader.maybe_json("refusals")?,
            rev: reader.number("rev")?,
        })
    }

    async fn append(&self, note: &Note) -> Result<bool, Fault> {
        let mut transaction = Transaction::new(APPEND);
        self.add_note(&mut transaction, note)?;
        let sent = self.transact(transaction).await;
        settled(sent.map(|sent| sent == Sent::Written), self.has_note(note)).await
    }

    async fn notes(&self, tenant: &Tenant, month: Month, after: u64, limit: u32) -> Result<Vec<Entry>, Fault> {
        self.read_chain(keys::month_trail(tenant, month), after, limit).await
    }

    async fn day(&self, query: &DayQuery) -> Result<DayPage, Fault> {
        let mut call = self
            .partition(&self.tables.audit, keys::by_day(&query.tenant, query.day))
            .index_name("by_day")
            .key_condition_expression("#pk = :pk AND #at BETWEEN :from AND :to")
            .expression_attribute_names("#at", "at")
            .limit(i32::try_from(query.limit).unwrap_or(i32::MAX));
        // The index calls its partition key otherwise than the table.
        call = call.expression_attribute_names("#pk", "day_pk");
        for (name, at) in [(":from", query.from), (":to", query.to)] {
            call = call.expression_attribute_values(name, AttributeValue::S(keys::instant(at)));
        }
        let start = query
            .after
            .as_deref()
            .map(|after| unpack(&query.tenant, query.day, after));
        let call = call.set_exclusive_start_key(start.transpose()?);
        let answer = call.send().await.map_err(|error| fault(BY_DAY, error))?;
        let entries = answer.items().iter().map(|item| Reader::new(item, BY_DAY)?.json("doc"));
        Ok(DayPage {
            entries: entries.collect::<Result<_, _>>()?,
            next: answer.last_evaluated_key().map(pack).transpose()?,
        })
    }
}

impl Storage {
    /// A note among the actions of a transaction.
    pub(super) fn add_note(&self, to: &mut Transaction, note: &Note) -> Result<(), Fault> {
        let on = match note.head.rev {
            1 => Condition::absent(),
            rev => Condition::number_is("rev", rev.saturating_sub(1)),
        };
        to.put(Guard::Month, &self.tables.requests, head_item(note), &on)?;
        if let Some(entry) = &note.entry {
            let item = trail::kept_until(entry, note.kept_until);
            to.put(Guard::Entry, &self.tables.audit, item, &Condition::absent())?;
        }
        Ok(())
    }

    /// Whether a note is there. Its entry stays where it is when others follow; a count that others moved on is lost.
    async fn has_note(&self, note: &Note) -> Result<bool, Fault> {
        let Some(entry) = &note.entry else {
            return Ok(self.month_head(&note.tenant, note.month).await? == note.head);
        };
        let there = self.notes(&note.tenant, note.month, entry.body.seq - 1, 1).await?;
        Ok(there.first() == Some(entry))
    }
}

fn head_item(note: &Note) -> Item {
    let head = &note.head;
    let item = Row::new(keys::month_head(&note.tenant, note.month))
        .number("audit_seq", head.head.seq)
        .text("audit_hash", &head.head.hash)
        .number("rev", head.rev);
    match &head.refusals {
        Some(tally) => item.json("refusals", tally).into_item(),
        None => item.into_item(),
    }
}

/// Where a day's page ended, as one text: instant, position and partition.
fn pack(key: &Item) -> Result<String, Fault> {
    let reader = Reader::projected(key, BY_DAY);
    let (at, sk): (&str, u64) = (reader.text("at")?, reader.number("sk")?);
    Ok(format!("{at} {sk} {}", reader.text("pk")?))
}

fn unpack(tenant: &Tenant, day: Date, packed: &str) -> Result<Item, Fault> {
    let mut parts = packed.splitn(3, ' ');
    let (Some(at), Some(sk), Some(pk)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(Fault::corrupt(BY_DAY, "a place in a day has three parts"));
    };
    let text = |text: &str| AttributeValue::S(text.to_owned());
    Ok(Item::from([
        ("day_pk".to_owned(), text(&keys::by_day(tenant, day))),
        ("at".to_owned(), text(at)),
        ("pk".to_owned(), text(pk)),
        ("sk".to_owned(), AttributeValue::N(sk.to_owned())),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_day_survives_being_packed() {
        let tenant = "acme".parse().expect("slug");
        let day = "2026-11-21".parse().expect("a day");
        let packed = "2026-11-21T12:00:00.000Z 7 AUDIT#acme#2026-11";
        let key = unpack(&tenant, day, packed).expect("three parts");
        assert_eq!(key["day_pk"].as_s().expect("text"), "acme#2026-11-21");
        assert_eq!(pack(&key).expect("packed"), packed);
        assert!(unpack(&tenant, day, "2026-11-21").is_err());
    }
}
