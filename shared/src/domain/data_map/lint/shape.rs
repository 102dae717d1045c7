//! From the file to what it says, field by field: a mistake in one place hides none in another.
//!
//! Guarantees: a dataset is in the [`Draft`] only if it is one; nothing of the others is left out silently, each has a
//! mistake. Where next: `sense` says what cannot be meant by datasets that are written well.

use super::code::Code;
use super::fields::{self, form, listed};
use super::node::{At, Node, Value};
use super::typed::{Misfit, read};
use super::{Draft, Mistake};
use crate::domain::data_map::{
    Dataset, Exclusion, KeyTemplate, MarkerMode, Retain, SoftDelete, TenantBinding, WrittenAt,
};
use crate::domain::ids::{Category, DatasetId};

/// Takes the file apart.
pub(super) fn draft(root: Node) -> Draft {
    let mut draft = Draft::default();
    let found = &mut draft.mistakes;
    if root.entries().is_none() {
        found.push(wrong(None, root.at, "the file is no map", "write v: 1 and datasets:"));
    } else {
        unknown(&root, None, &[fields::FILE], found);
        missing(&root, None, &["v", "datasets"], found);
    }
    draft.version = field(&root, None, "v", found).flatten();
    draft.application = field(&root, None, "application", found).unwrap_or_default();
    let excluded = list(&root, "excluded", found).iter().enumerate();
    for (n, node) in excluded {
        match read::<Exclusion>(node) {
            Ok(exclusion) => draft.excluded.push((n, exclusion)),
            Err(misfit) => found.push(unfit(None, "excluded", misfit)),
        }
    }
    for (n, node) in list(&root, "datasets", found).iter().enumerate() {
        draft.datasets.extend(dataset(node, found).map(|dataset| (n, dataset)));
    }
    draft.listed = root.get("datasets").and_then(Node::items).map_or(0, <[Node]>::len);
    draft.root = Some(root);
    draft
}

/// The items of a list that may be left out.
fn list<'a>(root: &'a Node, name: &str, found: &mut Vec<Mistake>) -> &'a [Node] {
    let Some(node) = root.get(name) else { return &[] };
    match &node.value {
        Value::List(items) => items,
        Value::Null => &[],
        Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => {
            found.push(wrong(
                None,
                node.at,
                format!("{name}: is no list"),
                format!("write {}", form(name)),
            ));
            &[]
        }
    }
}

fn dataset(node: &Node, found: &mut Vec<Mistake>) -> Option<Dataset> {
    let before = found.len();
    let id = node.get("id").and_then(text);
    if node.entries().is_none() {
        found.push(wrong(
            None,
            node.at,
            "a dataset is no map",
            "write id, category, description, source, ...",
        ));
        return None;
    }
    let (own, required): (&[&[&str]], _) = match node.get("source").and_then(text) {
        Some("dynamodb") => (&[fields::COMMON, fields::DYNAMODB], fields::REQUIRED_DYNAMODB),
        Some("s3") => (&[fields::COMMON, fields::S3], fields::REQUIRED_S3),
        // Which fields belong here cannot be said before the source is known.
        _ => {
            source(node, id, found);
            (&[fields::COMMON, fields::DYNAMODB, fields::S3], &[][..])
        }
    };
    unknown(node, id, own, found);
    missing(node, id, fields::REQUIRED, found);
    missing(node, id, required, found);
    if node.get("tenant").is_none() {
        let remedy = format!("write tenant: {}", form("tenant"));
        let what = "nothing ties a record to its tenant: equal ids of two tenants would be one person";
        found.push(Mistake::new(Code::TenantMissing, node.at, id, what, remedy));
    }
    values(node, id, found);
    if found.len() > before {
        return None;
    }
    read(node)
        .map_err(|misfit| found.push(unfit(id, "dataset", misfit)))
        .ok()
}

fn source(node: &Node, id: Option<&str>, found: &mut Vec<Mistake>) {
    match node.get("source") {
        None => missing(node, id, &["source"], found),
        Some(source) => {
            let what = "source: is not a kind of system that Lethe knows";
            found.push(wrong(id, source.at, what, "write source: dynamodb or source: s3"));
        }
    }
}

/// Each value against the type of its field.
fn values(node: &Node, id: Option<&str>, found: &mut Vec<Mistake>) {
    field::<DatasetId>(node, id, "id", found);
    field::<Category>(node, id, "category", found);
    field::<String>(node, id, "description", found);
    field::<TenantBinding>(node, id, "tenant", found);
    field::<Option<WrittenAt>>(node, id, "written_at", found);
    field::<Option<u32>>(node, id, "max_records_per_second", found);
    field::<Option<Retain>>(node, id, "retain", found);
    field::<KeyTemplate>(node, id, "key", found);
    for name in [
        "table",
        "index",
        "bucket",
        "sort_key_prefix",
        "version_attribute",
        "prefix",
    ] {
        let value = node
            .get(name)
            .filter(|node| text(node).is_none() && !matches!(node.value, Value::Null));
        if let Some(value) = value {
            let remedy = format!("write {}", form(name));
            found.push(wrong(id, value.at, format!("{name}: is no text"), remedy));
        }
    }
    hiding(node, id, found);
}

/// The modes of one source mean nothing to the other.
fn hiding(node: &Node, id: Option<&str>, found: &mut Vec<Mistake>) {
    let Some(hiding) = node.get("soft_delete") else { return };
    let mode = hiding.get("mode").and_then(text);
    let what = match (node.get("source").and_then(text), mode) {
        (Some("s3"), Some("tombstone" | "vault")) => "an S3 object is hidden by a delete marker",
        (Some("dynamodb"), Some("marker")) => "a DynamoDB item has no delete marker",
        (Some("s3"), _) => {
            field::<MarkerMode>(node, id, "soft_delete", found);
            return;
        }
        (Some("dynamodb"), _) => {
            field::<SoftDelete>(node, id, "soft_delete", found);
            return;
        }
        _ => return,
    };
    let remedy = format!("write {}", form("soft_delete"));
    let at = hiding.get("mode").map_or(hiding.at, |mode| mode.at);
    found.push(Mistake::new(
        Code::HidingMismatch,
        at,
        id,
        format!("soft_delete: {what}"),
        remedy,
    ));
}

/// A field that is there, as its type; none if it is not there or does not fit, which is then written down.
fn field<T: for<'de> serde::Deserialize<'de>>(
    node: &Node,
    id: Option<&str>,
    name: &str,
    found: &mut Vec<Mistake>,
) -> Option<T> {
    let value = node.get(name)?;
    match read(value) {
        Ok(value) => Some(value),
        Err(misfit) => {
            found.push(unfit(id, name, misfit));
            None
        }
    }
}

fn unknown(node: &Node, id: Option<&str>, known: &[&[&str]], found: &mut Vec<Mistake>) {
    let known: Vec<&str> = known.concat();
    for (key, _) in node.entries().unwrap_or_default() {
        if !known.contains(&key.name.as_str()) {
            let what = format!("{}: is not a field here", key.name);
            let remedy = format!("use one of {}, or leave it out", listed(&known));
            found.push(Mistake::new(Code::FieldUnknown, key.at, id, what, remedy));
        }
    }
}

fn missing(node: &Node, id: Option<&str>, required: &[&str], found: &mut Vec<Mistake>) {
    for name in required.iter().filter(|name| node.get(name).is_none()) {
        let remedy = format!("add {name}: {}", form(name));
        found.push(Mistake::new(
            Code::FieldMissing,
            node.at,
            id,
            format!("{name}: is missing"),
            remedy,
        ));
    }
}

/// A value that does not fit. Inside a field, what is unknown or missing has its own code.
fn unfit(id: Option<&str>, name: &str, misfit: Misfit) -> Mistake {
    let code = if misfit.why.starts_with("unknown field") {
        Code::FieldUnknown
    } else if misfit.why.starts_with("missing field") {
        Code::FieldMissing
    } else {
        Code::FieldWrong
    };
    let at = misfit.at.unwrap_or(At::START);
    let why = match name {
        "tenant" => "is none of the three ways to bind a record to its tenant".to_owned(),
        _ => misfit.why,
    };
    Mistake::new(
        code,
        at,
        id,
        format!("{name}: {why}"),
        format!("write {name}: {}", form(name)),
    )
}

fn wrong(id: Option<&str>, at: At, what: impl Into<String>, remedy: impl Into<String>) -> Mistake {
    Mistake::new(Code::FieldWrong, at, id, what, remedy)
}

fn text(node: &Node) -> Option<&str> {
    match &node.value {
        Value::Text(text) => Some(text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => None,
    }
}
