//! Everything there is: ListTables and ListBuckets, page by page. Names only.

use std::collections::BTreeSet;

use crate::domain::data_map::description::Container;
use crate::ports::{Fault, Inventory};
use crate::source::fault;

const LIST_TABLES: &str = "listing the tables";
const LIST_BUCKETS: &str = "listing the buckets";
/// Buckets a call; asked for so that S3 says each one's Region.
const PER_CALL: i32 = 1000;

/// The tables and buckets of this AWS account and Region.
#[derive(Clone, Debug)]
pub struct AwsInventory {
    dynamodb: aws_sdk_dynamodb::Client,
    s3: aws_sdk_s3::Client,
}

impl AwsInventory {
    /// Takes the clients; calls nothing.
    pub fn new(dynamodb: aws_sdk_dynamodb::Client, s3: aws_sdk_s3::Client) -> Self {
        Self { dynamodb, s3 }
    }

    async fn tables(&self) -> Result<Vec<Container>, Fault> {
        let mut names = self.dynamodb.list_tables().into_paginator().items().send();
        let mut found = Vec::new();
        while let Some(name) = names.next().await {
            found.push(Container::Table(name.map_err(|e| fault::of_sdk(LIST_TABLES, e))?));
        }
        Ok(found)
    }

    /// S3 lists the buckets of every Region; those of another one have a Lethe of their own.
    async fn buckets(&self) -> Result<Vec<Container>, Fault> {
        let here = self.s3.config().region().map(ToString::to_string);
        let mut pages = self.s3.list_buckets().max_buckets(PER_CALL).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|e| fault::of_sdk(LIST_BUCKETS, e))?;
            let near = page.buckets.unwrap_or_default().into_iter();
            let near = near.filter(|one| one.bucket_region().is_none_or(|region| Some(region) == here.as_deref()));
            found.extend(near.filter_map(|one| one.name).map(Container::Bucket));
        }
        Ok(found)
    }
}

impl Inventory for AwsInventory {
    async fn there(&self) -> Result<BTreeSet<Container>, Fault> {
        let mut there: BTreeSet<Container> = self.tables().await?.into_iter().collect();
        there.extend(self.buckets().await?);
        Ok(there)
    }
}
