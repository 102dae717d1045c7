//! What an item of a dataset in vault mode says about itself: to be taken, or why not. Pure.
//!
//! The same as a mark's condition demands: it is its tenant's, no newer than the cutoff, carries nobody's mark, and no
//! retention keeps it. The deletion demands that all this is still so.

use crate::domain::data_map::{Dataset, DynamoPlace, Place, TenantBinding};
use crate::domain::ids::Tenant;
use crate::domain::manifest::{Line, Scalar};
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::retention;
use crate::domain::vault::{Attributes, CHANGED, Value};
use crate::domain::written_at;
use crate::ports::SweepOrder;

/// The outcome of an item that is not to be taken; none: take it.
pub(super) fn judge(order: &SweepOrder<'_>, line: &Line, item: &Attributes) -> Option<LineOutcome> {
    let dataset = order.dataset;
    let Place::Dynamodb(place) = &dataset.place else {
        return Some(LineOutcome::failed(CHANGED));
    };
    if is_marked(place, item) {
        return Some(LineOutcome::failed("marked_by_other"));
    }
    let form = dataset.written_at.as_ref();
    if form.is_some_and(|form| written_at::is_later(form, scalar(item, &form.attribute).as_ref(), order.cutoff)) {
        return Some(LineOutcome::plain(Code::ArrivedLater));
    }
    if !is_still_theirs((dataset, order.tenant), line, item) {
        return Some(LineOutcome::failed(CHANGED));
    }
    // Its date may be another one by now; what it says decides, as it would have at planning.
    retention::kept(dataset.retain.as_ref(), &dated(dataset, line, item), order.cutoff)
}

/// Nothing marks items of such a dataset, so it is another request's from before, or the application's own.
fn is_marked(place: &DynamoPlace, item: &Attributes) -> bool {
    let marks = &place.soft_delete.marks;
    [&marks.id, &marks.deleted_at]
        .into_iter()
        .any(|mark| item.contains_key(mark))
}

/// Whether the item is still this tenant's, and, where an index located it, still given to whom it was when it was
/// planned: somebody may have written another one under its key, or given it to somebody else.
pub(in crate::workflow) fn is_still_theirs(
    (dataset, tenant): (&Dataset, &Tenant),
    line: &Line,
    item: &Attributes,
) -> bool {
    let of_tenant = match &dataset.tenant {
        TenantBinding::Attribute { attribute } => item.get(attribute) == Some(&Value::S(tenant.to_string())),
        TenantBinding::In { .. } | TenantBinding::Only { .. } => true,
    };
    of_tenant
        && match (&dataset.place, line) {
            (Place::Dynamodb(place), Line::Item { owner: Some(owner), .. }) => {
                scalar(item, &place.key.attribute).as_ref() == Some(owner)
            }
            _ => true,
        }
}

/// The line, with the date that its item has now.
fn dated(dataset: &Dataset, line: &Line, item: &Attributes) -> Line {
    let now = dataset.retain.as_ref().and_then(|retain| scalar(item, &retain.from));
    match line {
        Line::Item {
            key,
            ttl,
            written,
            owner,
            ..
        } => Line::Item {
            key: key.clone(),
            ttl: ttl.clone(),
            written: written.clone(),
            dated: now,
            owner: owner.clone(),
        },
        Line::Object { .. } => line.clone(),
    }
}

fn scalar(item: &Attributes, attribute: &str) -> Option<Scalar> {
    item.get(attribute).and_then(Value::scalar)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::data_map::DataMap;

    const MAP: &str = r#"
v: 1
datasets:
  - id: tickets
    category: c
    description: d
    source: dynamodb
    table: tickets
    index: by_owner
    key: {attribute: owner, template: "{tenant}#{subject}"}
    tenant: {attribute: tenant}
    soft_delete: {mode: vault}
"#;

    #[test]
    fn what_was_given_to_somebody_else_is_not_theirs() {
        let map = DataMap::parse(MAP).expect("valid");
        let acme = "acme".parse().expect("a tenant");
        let whose = (&map.datasets[0], &acme);
        let planned = |owner: Option<&str>| Line::Item {
            key: [].into(),
            ttl: None,
            written: None,
            dated: None,
            owner: owner.map(|owner| Scalar::S(owner.to_owned())),
        };
        let item = |tenant: &str, owner: &str| {
            let fields = [("tenant", tenant), ("owner", owner)];
            fields
                .map(|(name, text)| (name.to_owned(), Value::S(text.to_owned())))
                .into()
        };
        let hers = planned(Some("acme#ada"));
        assert!(is_still_theirs(whose, &hers, &item("acme", "acme#ada")));
        assert!(!is_still_theirs(whose, &hers, &item("acme", "acme#bob")));
        assert!(!is_still_theirs(whose, &hers, &item("globex", "acme#ada")));
        assert!(!is_still_theirs(whose, &hers, &Attributes::new()));
        let of_before = planned(None);
        assert!(
            is_still_theirs(whose, &of_before, &item("acme", "acme#bob")),
            "of before owners were noted"
        );
        assert!(!is_still_theirs(whose, &of_before, &item("globex", "acme#bob")));
    }
}
