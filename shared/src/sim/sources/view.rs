//! What a dataset makes of an item: whose mark it carries, whose it is, how old it says it is.

use jiff::Timestamp;

use super::journal::text;
use super::table::{Item, Key};
use crate::domain::data_map::{Dataset, DynamoPlace, Marks, TenantBinding};
use crate::domain::ids::{RequestId, Tenant};
use crate::domain::manifest::{Line, Scalar};
use crate::domain::written_at;
use crate::knobs::Guard;

/// Whose mark an item carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marked {
    Free,
    Mine,
    /// Another request's, or marks that Lethe did not write.
    Other,
}

/// A dataset of a table.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) dataset: &'a Dataset,
    pub(super) place: &'a DynamoPlace,
}

impl<'a> View<'a> {
    pub(super) fn marks(self) -> &'a Marks {
        &self.place.soft_delete.marks
    }

    pub(super) fn ttl_name(self) -> Option<&'a str> {
        self.place.soft_delete.ttl_attribute.as_deref()
    }

    pub(super) fn ttl(self, item: &Item) -> Option<Scalar> {
        item.get(self.ttl_name()?).cloned()
    }

    pub(super) fn written(self, item: &Item) -> Option<Scalar> {
        item.get(&self.dataset.written_at.as_ref()?.attribute).cloned()
    }

    /// What its retention counts from.
    pub(super) fn dated(self, item: &Item) -> Option<Scalar> {
        item.get(&self.dataset.retain.as_ref()?.from).cloned()
    }

    /// Whose it is by the index that located it, where the table's own key does not say so.
    pub(super) fn owner(self, key: &Key, item: &Item) -> Option<Scalar> {
        let attribute = &self.place.key.attribute;
        let by_index = self.place.index.is_some() && !key.contains_key(attribute);
        item.get(attribute).filter(|_| by_index).cloned()
    }

    /// The item as a manifest has it.
    pub(super) fn line(self, key: Key, item: &Item) -> Line {
        Line::Item {
            owner: self.owner(&key, item),
            key,
            ttl: self.ttl(item),
            written: self.written(item),
            dated: self.dated(item),
        }
    }

    pub(super) fn mark_of(self, item: &Item, request: RequestId) -> Marked {
        match item.get(&self.marks().id) {
            Some(Scalar::S(id)) if *id == request.to_string() => Marked::Mine,
            Some(_) => Marked::Other,
            None if item.contains_key(&self.marks().deleted_at) => Marked::Other,
            None => Marked::Free,
        }
    }

    /// The mark's text, for the journal.
    pub(super) fn mark_text(self, item: &Item) -> Option<String> {
        item.get(&self.marks().id).map(|mark| text(mark).to_owned())
    }

    /// Whether another request's mark keeps this one's hands off.
    pub(super) fn is_anothers(self, item: &Item, request: RequestId) -> bool {
        Guard::ForeignMark.stands() && self.mark_of(item, request) == Marked::Other
    }

    pub(super) fn is_of(self, tenant: &Tenant, item: &Item) -> bool {
        match &self.dataset.tenant {
            TenantBinding::Attribute { attribute } => {
                item.get(attribute) == Some(&Scalar::S(tenant.as_str().to_owned()))
            }
            TenantBinding::In { .. } | TenantBinding::Only { .. } => true,
        }
    }

    pub(super) fn is_later(self, item: &Item, cutoff: Timestamp) -> bool {
        let form = self.dataset.written_at.as_ref();
        let later = form.is_some_and(|form| written_at::is_later(form, item.get(&form.attribute), cutoff));
        later && Guard::Cutoff.stands()
    }
}
