//! Which attributes of a dataset matter: from the data map, and from the table's own description.
//!
//! Guarantees: key attribute names come from DescribeTable, not from guesses. [`Layout`] is the one place that says
//! what an item's marks, tenant, TTL and age are; planning, sweep and purge ask it instead of the item.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};

use aws_sdk_dynamodb::types::{AttributeValue, KeySchemaElement, KeyType, ScalarAttributeType, TableDescription};
use jiff::Timestamp;

use super::Tables;
use super::attribute::{self, Item, Key};
use crate::domain::data_map::{Dataset, DynamoPlace, Marks, TenantBinding};
use crate::domain::ids::{RequestId, Tenant};
use crate::domain::manifest::{Line, Scalar};
use crate::domain::written_at;
use crate::ports::Fault;
use crate::source::fault;

const DESCRIBE: &str = "describing a table";

/// Partition and sort key attributes of a table or an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Keys {
    pub(super) partition: String,
    pub(super) sort: Option<String>,
}

impl Keys {
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.partition.as_str()).chain(self.sort.as_deref())
    }
}

/// What DescribeTable says of keys.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) keys: Keys,
    pub(super) indexes: HashMap<String, Keys>,
    pub(super) types: HashMap<String, ScalarAttributeType>,
}

/// A dataset's place in its table.
pub(super) struct Layout<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) place: &'a DynamoPlace,
    pub(super) shape: Arc<Shape>,
}

/// Whose mark an item carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    Free,
    Mine,
    /// Another request's id, or marks that Lethe did not write.
    Other,
}

impl Tables {
    /// The dataset's layout; asks for the table's description once per process, and again where the dataset does not fit:
    /// an index may have been made since, or the whole table anew.
    pub(super) async fn layout<'a>(&self, dataset: &'a Dataset, place: &'a DynamoPlace) -> Result<Layout<'a>, Fault> {
        let known = self
            .shapes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&place.table)
            .filter(|shape| shape.misfit(place).is_none())
            .cloned();
        let shape = match known {
            Some(shape) => shape,
            None => self.describe(&place.table).await?,
        };
        Ok(Layout { dataset, place, shape })
    }

    /// The table as it is now.
    pub(super) async fn describe(&self, table: &str) -> Result<Arc<Shape>, Fault> {
        let answer = self.client.describe_table().table_name(table).send().await;
        let description = answer.map_err(|e| fault::of_sdk(DESCRIBE, e))?.table;
        let shape = description
            .as_ref()
            .and_then(Shape::read)
            .ok_or_else(|| Fault::permanent(DESCRIBE, "source_refused", "the description has no key schema"))?;
        let shape = Arc::new(shape);
        let mut shapes = self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        shapes.insert(table.to_owned(), Arc::clone(&shape));
        Ok(shape)
    }
}

impl Shape {
    fn read(table: &TableDescription) -> Option<Self> {
        let mut indexes = HashMap::new();
        for index in table.global_secondary_indexes() {
            indexes.insert(index.index_name()?.to_owned(), keys(index.key_schema())?);
        }
        for index in table.local_secondary_indexes() {
            indexes.insert(index.index_name()?.to_owned(), keys(index.key_schema())?);
        }
        let types = table.attribute_definitions().iter();
        Some(Self {
            keys: keys(table.key_schema())?,
            indexes,
            types: types
                .map(|d| (d.attribute_name().to_owned(), d.attribute_type().clone()))
                .collect(),
        })
    }
}

fn keys(schema: &[KeySchemaElement]) -> Option<Keys> {
    let named = |kind: &KeyType| {
        schema
            .iter()
            .find(|e| e.key_type() == kind)
            .map(|e| e.attribute_name().to_owned())
    };
    Some(Keys {
        partition: named(&KeyType::Hash)?,
        sort: named(&KeyType::Range),
    })
}

impl Layout<'_> {
    /// The keys to query by: the index's, else the table's.
    pub(super) fn queried(&self) -> Result<&Keys, Fault> {
        match &self.place.index {
            None => Ok(&self.shape.keys),
            Some(index) => self
                .shape
                .indexes
                .get(index)
                .ok_or_else(|| Fault::permanent(DESCRIBE, "source_gone", "the table has no such index")),
        }
    }

    /// Whether a key attribute is binary.
    pub(super) fn is_binary(&self, attribute: &str) -> bool {
        self.shape.types.get(attribute) == Some(&ScalarAttributeType::B)
    }

    /// Whether an attribute is part of the table's primary key: it cannot change, and conditions on it stand already.
    pub(super) fn in_key(&self, attribute: &str) -> bool {
        self.shape.keys.names().any(|name| name == attribute)
    }

    pub(super) fn marks(&self) -> &Marks {
        &self.place.soft_delete.marks
    }

    pub(super) fn ttl(&self) -> Option<&str> {
        self.place.soft_delete.ttl_attribute.as_deref()
    }

    /// The TTL attribute, where a sweep sets it.
    pub(super) fn armed(&self) -> Option<&str> {
        self.ttl().filter(|_| self.dataset.waits_for_ttl())
    }

    pub(super) fn written(&self) -> Option<&str> {
        self.dataset.written_at.as_ref().map(|form| form.attribute.as_str())
    }

    /// The attribute that retention counts from.
    pub(super) fn dated(&self) -> Option<&str> {
        self.dataset.retain.as_ref().map(|retain| retain.from.as_str())
    }

    pub(super) fn tenant(&self) -> Option<&str> {
        match &self.dataset.tenant {
            TenantBinding::Attribute { attribute } => Some(attribute),
            TenantBinding::In { .. } | TenantBinding::Only { .. } => None,
        }
    }

    /// The attribute that locates items in the index, where the table's own key does not hold it: it may change.
    pub(super) fn owner(&self) -> Option<&str> {
        let by_index = self.place.index.is_some() && !self.in_key(&self.place.key.attribute);
        by_index.then_some(self.place.key.attribute.as_str())
    }

    /// What must be as it was seen when an item is written, whatever else is: marks, age, date, tenant and owner.
    pub(super) fn guarded(&self) -> BTreeSet<&str> {
        let marks = self.marks();
        let mut names = BTreeSet::from([marks.id.as_str(), marks.deleted_at.as_str()]);
        let others = [self.written(), self.dated(), self.tenant(), self.owner()];
        names.extend(others.into_iter().flatten());
        names
    }

    /// Every attribute a decision looks at; nothing else of an item is ever read.
    pub(super) fn watched(&self) -> BTreeSet<&str> {
        let mut names = self.guarded();
        names.extend(self.shape.keys.names());
        names.extend(self.ttl());
        names
    }

    pub(super) fn key_of(&self, item: &Item) -> Option<Key> {
        attribute::key(self.shape.keys.names(), item)
    }

    /// The item as a manifest has it; none without a key.
    pub(super) fn line_of(&self, item: &Item) -> Option<Line> {
        Some(Line::Item {
            key: self.key_of(item)?,
            ttl: self.scalar_of(self.ttl(), item),
            written: self.scalar_of(self.written(), item),
            dated: self.scalar_of(self.dated(), item),
            owner: self.scalar_of(self.owner(), item),
        })
    }

    /// An optional attribute in the manifest's form.
    pub(super) fn scalar_of(&self, attribute: Option<&str>, item: &Item) -> Option<Scalar> {
        item.get(attribute?).and_then(attribute::scalar)
    }

    pub(super) fn mark_of(&self, item: &Item, request: RequestId) -> Marked {
        match item.get(&self.marks().id) {
            Some(AttributeValue::S(id)) if *id == request.to_string() => Marked::Mine,
            Some(_) => Marked::Other,
            None if item.contains_key(&self.marks().deleted_at) => Marked::Other,
            None => Marked::Free,
        }
    }

    /// Whether the item is the tenant's, as far as an attribute says so.
    pub(super) fn is_of(&self, tenant: &Tenant, item: &Item) -> bool {
        let names_it = |v: &AttributeValue| matches!(v, AttributeValue::S(t) if t == tenant.as_str());
        self.tenant()
            .is_none_or(|attribute| item.get(attribute).is_some_and(names_it))
    }

    /// Whether the item says it was written after the cutoff.
    pub(super) fn is_later(&self, item: &Item, cutoff: Timestamp) -> bool {
        let form = self.dataset.written_at.as_ref();
        form.is_some_and(|form| written_at::is_later(form, self.scalar_of(self.written(), item).as_ref(), cutoff))
    }
}
