//! What cannot be meant by a dataset that is written well, whatever the tables look like.

use super::code::Code;
use super::notes::{Notes, OnDataset};
use crate::domain::data_map::{
    Dataset, DynamoPlace, Expiry, KeyType, LAST_MODIFIED, Place, Retain, TenantBinding, TimeFormat,
};

/// What is wrong with one dataset by itself.
pub(in crate::domain::data_map) fn dataset(n: usize, dataset: &Dataset, notes: &mut Notes) {
    let mut on = notes.on(n, dataset);
    if dataset.description.trim().is_empty() {
        on.add(
            Code::DescriptionBlank,
            "description",
            "description: is blank",
            "say in a sentence what the person will recognise",
        );
    }
    if dataset.max_records_per_second == Some(0) {
        on.add(
            Code::RateZero,
            "max_records_per_second",
            "max_records_per_second: 0 would never erase anything",
            "write a number from 1, or leave it out",
        );
    }
    template(&mut on);
    tenant(&mut on);
    match &dataset.place {
        Place::Dynamodb(place) => table(&mut on, place),
        Place::S3(place) if !place.prefix.ends_with('/') => on.add(
            Code::PrefixOpen,
            "prefix",
            "prefix: subject 12 would match subject 123",
            "end it in `/`",
        ),
        Place::S3(_) => {}
    }
    if let Some(retain) = &dataset.retain {
        kept(&mut on, retain);
    }
}

fn template(on: &mut OnDataset<'_>) {
    let field = match &on.dataset.place {
        Place::Dynamodb(_) => "key.template",
        Place::S3(_) => "prefix",
    };
    let template = on.dataset.template();
    if !template.contains("{subject}") {
        on.add(
            Code::SubjectMissing,
            field,
            "the key template has no {subject}: it would select every person's records",
            "put {subject} where the application's id of the person stands",
        );
    }
    if let Some(unknown) = placeholders(template).find(|name| !["tenant", "subject"].contains(name)) {
        on.add(
            Code::PlaceholderUnknown,
            field,
            format!("{{{unknown}}} is filled by nothing, so no record would be found"),
            "use {tenant} and {subject} only",
        );
    }
}

/// The words in curly brackets.
fn placeholders(template: &str) -> impl Iterator<Item = &str> {
    let opened = template.split('{').skip(1);
    opened
        .filter_map(|rest| rest.split_once('}'))
        .map(|(name, _)| name)
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)))
}

fn tenant(on: &mut OnDataset<'_>) {
    match (&on.dataset.tenant, &on.dataset.place) {
        (TenantBinding::In { .. }, _) if !on.dataset.template().contains("{tenant}") => on.add(
            Code::TenantNotInKey,
            "tenant",
            "tenant: {in: key} but the template has no {tenant}",
            "put {tenant} into the template, or write {attribute: NAME} or {only: TENANT}",
        ),
        (TenantBinding::Attribute { .. }, Place::S3(_)) => on.add(
            Code::TenantOfObject,
            "tenant",
            "tenant: an S3 object has no attributes",
            "write {in: key} or {only: TENANT}",
        ),
        (TenantBinding::In { .. } | TenantBinding::Attribute { .. } | TenantBinding::Only { .. }, _) => {}
    }
}

fn table(on: &mut OnDataset<'_>, place: &DynamoPlace) {
    let literal = place.key.template.replace("{tenant}", "").replace("{subject}", "");
    if place.key.kind == KeyType::N && !literal.chars().all(|c| c.is_ascii_digit()) {
        on.add(
            Code::KeyNotNumeric,
            "key.template",
            format!("key: {} is never a number, as type N wants it", place.key.template),
            "write template: \"{subject}\", or the type the key really has",
        );
    }
    let hiding = &place.soft_delete;
    match (&hiding.expiry, &hiding.ttl_attribute) {
        (Expiry::Ttl, None) => on.add(
            Code::TtlAttributeMissing,
            "soft_delete",
            "soft_delete: expiry is ttl but ttl_attribute is missing",
            "name the table's TTL attribute, or write expiry: purge",
        ),
        (Expiry::Purge, Some(name)) => on.add(
            Code::TtlAttributeUnused,
            "soft_delete.ttl_attribute",
            format!("soft_delete: with expiry: purge nothing writes {name}"),
            "leave ttl_attribute out, or write expiry: ttl",
        ),
        (Expiry::Ttl, Some(_)) | (Expiry::Purge, None) => {}
    }
    names(on, place);
}

/// What the sweep writes must have names of its own.
fn names(on: &mut OnDataset<'_>, place: &DynamoPlace) {
    let hiding = &place.soft_delete;
    let tenant = match &on.dataset.tenant {
        TenantBinding::Attribute { attribute } => Some(attribute.as_str()),
        TenantBinding::In { .. } | TenantBinding::Only { .. } => None,
    };
    let written = [
        ("marks.id", Some(hiding.marks.id.as_str())),
        ("marks.deleted_at", Some(hiding.marks.deleted_at.as_str())),
        ("marks.ttl_was", Some(hiding.marks.ttl_was.as_str())),
        ("ttl_attribute", hiding.ttl_attribute.as_deref()),
    ];
    let read = [
        ("key", Some(place.key.attribute.as_str())),
        ("tenant", tenant),
        (
            "written_at",
            on.dataset.written_at.as_ref().map(|at| at.attribute.as_str()),
        ),
    ];
    for (n, (field, name)) in written.iter().enumerate() {
        let others = written[n + 1..].iter().chain(&read);
        for (other, _) in others.filter(|(_, other)| other.is_some() && other == name) {
            on.add(
                Code::MarksClash,
                &format!("soft_delete.{field}"),
                format!(
                    "soft_delete: {field} and {other} are one attribute, {}",
                    name.unwrap_or_default()
                ),
                "give each a name of its own",
            );
        }
    }
}

fn kept(on: &mut OnDataset<'_>, retain: &Retain) {
    if retain.ground.trim().is_empty() {
        on.add(
            Code::RetainGroundBlank,
            "retain.ground",
            "retain: ground is blank",
            "state the law or contract that demands it",
        );
    }
    if retain.period.is_zero() {
        on.add(
            Code::RetainNoTime,
            "retain.for",
            "retain: for is no time at all",
            "write a period such as P7Y, or leave retain out",
        );
    }
    match &on.dataset.place {
        Place::S3(_) if retain.from != LAST_MODIFIED || retain.format != TimeFormat::default() => on.add(
            Code::RetainOfObject,
            "retain.from",
            "retain: an S3 object has no attributes",
            format!("write from: {LAST_MODIFIED}, without a format"),
        ),
        Place::Dynamodb(_) if retain.from.is_empty() => on.add(
            Code::RetainFromBlank,
            "retain.from",
            "retain: from is empty",
            "name the attribute the time counts from",
        ),
        Place::Dynamodb(place) if place.soft_delete.writes(&retain.from) => on.add(
            Code::RetainFromSwept,
            "retain.from",
            "retain: from names an attribute that the sweep itself writes",
            "name another one",
        ),
        Place::Dynamodb(_) | Place::S3(_) => {}
    }
}
