//! What calls cost, noted inside the client: reads by table, rows that queries looked at, keys opened.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::interceptors::{
    AfterDeserializationInterceptorContextRef as After, BeforeSerializationInterceptorContextRef as Before,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::scan::ScanInput;
use aws_sdk_kms::operation::decrypt::DecryptInput;

/// What was done since the last look.
#[derive(Clone, Debug, Default)]
pub(super) struct Cost {
    /// Rows that each query looked at.
    pub(super) queries: Vec<u32>,
    /// Single reads, by table.
    pub(super) reads: BTreeMap<String, usize>,
    /// Keys that KMS opened.
    pub(super) decrypts: usize,
    /// Whole tables read.
    pub(super) scans: usize,
}

/// Counts the calls of the clients it is given to.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter(Arc<Mutex<Cost>>);

impl Meter {
    /// What was done since the last look.
    pub(super) fn take(&self) -> Cost {
        std::mem::take(&mut self.0.lock().expect("nothing panics in here"))
    }
}

impl Intercept for Meter {
    fn name(&self) -> &'static str {
        "meter"
    }

    fn read_before_serialization(
        &self,
        context: &Before<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut cost = self.0.lock().expect("nothing panics in here");
        let input = context.input();
        if let Some(get) = input.downcast_ref::<GetItemInput>() {
            *cost
                .reads
                .entry(get.table_name.clone().unwrap_or_default())
                .or_default() += 1;
        }
        cost.decrypts += usize::from(input.downcast_ref::<DecryptInput>().is_some());
        cost.scans += usize::from(input.downcast_ref::<ScanInput>().is_some());
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &After<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Ok(output) = context.output_or_error()
            && let Some(answer) = output.downcast_ref::<QueryOutput>()
        {
            let rows = u32::try_from(answer.scanned_count())?;
            self.0.lock().expect("nothing panics in here").queries.push(rows);
        }
        Ok(())
    }
}
