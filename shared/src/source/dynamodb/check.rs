//! Whether a table is as the data map has it: looked at before a dataset is planned, so that a person hears of a
//! difference before anything is hidden.
//!
//! Guarantees: the table is described anew each time, and what was known of its keys is replaced, since a table that was
//! made again may have other ones. A difference is a permanent fault with a code of its own. Where next: `lint` says the
//! same, and more, of a data map that is to be applied.

use aws_sdk_dynamodb::types::{ScalarAttributeType, TimeToLiveDescription, TimeToLiveStatus};

use super::Tables;
use super::layout::Shape;
use crate::domain::data_map::{DynamoPlace, KeyType};
use crate::ports::Fault;
use crate::source::fault;

const CHECK: &str = "looking at a table";

impl Tables {
    /// The table is there and has the key that locates a subject; with `expires` its TTL is on, too, for the attribute
    /// that a sweep sets.
    pub(in crate::source) async fn check(&self, place: &DynamoPlace, expires: bool) -> Result<(), Fault> {
        let shape = self.describe(&place.table).await?;
        if let Some((code, why)) = shape.misfit(place) {
            return Err(Fault::permanent(CHECK, code, why));
        }
        match &place.soft_delete.ttl_attribute {
            Some(attribute) if expires => self.check_ttl(&place.table, attribute).await,
            _ => Ok(()),
        }
    }

    async fn check_ttl(&self, table: &str, attribute: &str) -> Result<(), Fault> {
        let answer = self.client.describe_time_to_live().table_name(table).send().await;
        let ttl = answer.map_err(|e| fault::of_sdk(CHECK, e))?.time_to_live_description;
        if ttl.is_some_and(|ttl| is_on(&ttl, attribute)) {
            return Ok(());
        }
        Err(Fault::permanent(
            CHECK,
            "ttl_differs",
            "TTL is off, or on another attribute",
        ))
    }
}

/// Being switched on counts: it takes AWS up to an hour, and no window is shorter than a day there.
fn is_on(ttl: &TimeToLiveDescription, attribute: &str) -> bool {
    let on = [TimeToLiveStatus::Enabled, TimeToLiveStatus::Enabling];
    ttl.attribute_name() == Some(attribute) && ttl.time_to_live_status().is_some_and(|status| on.contains(status))
}

impl Shape {
    /// What keeps a subject from being located in this table: code and reason.
    pub(super) fn misfit(&self, place: &DynamoPlace) -> Option<(&'static str, &'static str)> {
        let queried = match &place.index {
            None => &self.keys,
            Some(index) => match self.indexes.get(index) {
                Some(keys) => keys,
                None => return Some(("source_gone", "the table has no such index")),
            },
        };
        let attribute = &place.key.attribute;
        if queried.partition != *attribute {
            return Some(("key_differs", "the partition key has another name"));
        }
        if self.types.get(attribute).is_some_and(|is| *is != wire(place.key.kind)) {
            return Some(("key_differs", "the partition key is of another type"));
        }
        (place.sort_key_prefix.is_some() && queried.sort.is_none())
            .then_some(("key_differs", "there is no sort key to match"))
    }
}

fn wire(kind: KeyType) -> ScalarAttributeType {
    match kind {
        KeyType::S => ScalarAttributeType::S,
        KeyType::N => ScalarAttributeType::N,
        KeyType::B => ScalarAttributeType::B,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ttl_is_on_for_its_attribute_from_the_moment_it_is_asked_for() {
        let described = |status: Option<TimeToLiveStatus>, attribute: Option<&str>| {
            TimeToLiveDescription::builder()
                .set_time_to_live_status(status)
                .set_attribute_name(attribute.map(str::to_owned))
                .build()
        };
        for (status, attribute, on) in [
            (Some(TimeToLiveStatus::Enabled), Some("expires_at"), true),
            (Some(TimeToLiveStatus::Enabling), Some("expires_at"), true),
            (Some(TimeToLiveStatus::Enabled), Some("other"), false),
            (Some(TimeToLiveStatus::Disabling), Some("expires_at"), false),
            (Some(TimeToLiveStatus::Disabled), None, false),
            (None, None, false),
        ] {
            let ttl = described(status.clone(), attribute);
            assert_eq!(is_on(&ttl, "expires_at"), on, "{status:?} {attribute:?}");
        }
    }
}
