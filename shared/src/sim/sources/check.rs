//! Looking at a table or bucket before anything of it is planned.

use super::table::Table;
use super::{SimSources, State};
use crate::domain::data_map::{DynamoPlace, S3Place};
use crate::ports::Fault;

const DESCRIBE: &str = "describe table";
const VERSIONING: &str = "read versioning";

impl SimSources {
    pub(super) async fn check_table(&self, place: &DynamoPlace, expires: bool) -> Result<(), Fault> {
        let differs = |state: &mut State| difference(&state.tables[&place.table], place, expires);
        let found = self.ask(DESCRIBE, &place.table, differs).await?;
        found.map_or(Ok(()), |code| {
            Err(Fault::permanent(DESCRIBE, code, "the data map says otherwise"))
        })
    }

    pub(super) async fn check_bucket(&self, place: &S3Place) -> Result<(), Fault> {
        self.ask(VERSIONING, &place.bucket, |_| ()).await?;
        self.demand_versioning(VERSIONING, &place.bucket)
    }
}

fn difference(table: &Table, place: &DynamoPlace, expires: bool) -> Option<&'static str> {
    let keys = match &place.index {
        None => Some(&table.keys),
        Some(index) => table.indexes.get(index),
    };
    let Some(keys) = keys else { return Some("source_gone") };
    if (&keys.partition, keys.kind) != (&place.key.attribute, place.key.kind) {
        return Some("key_differs");
    }
    let wanted = place.soft_delete.ttl_attribute.as_ref().filter(|_| expires);
    (wanted.is_some() && table.ttl.as_ref() != wanted).then_some("ttl_differs")
}
