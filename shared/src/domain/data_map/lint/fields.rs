//! The fields of the format: which there are, which have to be there, and how each is written.
//!
//! Guarantees: a test holds the lists to the types, so a field that is new in [`super::super::Dataset`] and not here
//! breaks it.

/// Fields of the file.
pub(super) const FILE: &[&str] = &["v", "datasets", "application", "excluded"];
/// Fields of every dataset.
pub(super) const COMMON: &[&str] = &[
    "id",
    "category",
    "description",
    "source",
    "tenant",
    "written_at",
    "max_records_per_second",
    "retain",
];
/// Further fields of a dataset in DynamoDB.
pub(super) const DYNAMODB: &[&str] = &[
    "table",
    "index",
    "key",
    "sort_key_prefix",
    "soft_delete",
    "version_attribute",
];
/// Further fields of a dataset in S3.
pub(super) const S3: &[&str] = &["bucket", "prefix", "soft_delete"];

/// What has to be there.
pub(super) const REQUIRED: &[&str] = &["id", "category", "description"];
/// Likewise in DynamoDB.
pub(super) const REQUIRED_DYNAMODB: &[&str] = &["table", "key", "soft_delete"];
/// Likewise in S3.
pub(super) const REQUIRED_S3: &[&str] = &["bucket", "prefix"];

/// How a field is written, for the remedy.
pub(super) fn form(field: &str) -> &'static str {
    match field {
        "v" => "1, the format version",
        "datasets" => "a list with an entry for each place where personal data lives",
        "application" => "a list of how the names of the application's tables and buckets begin, such as [shop-]",
        "excluded" => "a list of {table: NAME, reason: \"...\"} and {bucket: NAME, reason: \"...\"}",
        "id" | "category" => "at most 40 small letters, digits and `-`",
        "description" => "a sentence in which the person will recognise the data",
        "source" => "dynamodb or s3",
        "tenant" => "{in: key}, {attribute: NAME} or {only: TENANT}",
        "written_at" => "{attribute: NAME, format: rfc3339 | epoch_seconds | epoch_millis}",
        "max_records_per_second" => "a whole number from 1",
        "retain" => "{for: P7Y, from: ATTRIBUTE, format: rfc3339, ground: \"the law that demands it\"}",
        "table" | "index" | "bucket" => "its name, in quotes if it is a number",
        "key" => "{attribute: NAME, template: \"...{subject}...\", type: S | N | B}",
        "sort_key_prefix" | "version_attribute" => "a text, in quotes if it is a number",
        "prefix" => "\"{tenant}/{subject}/\" or the like, ending in `/`",
        _ => {
            "{mode: tombstone, expiry: ttl | purge, ttl_attribute: NAME} or {mode: vault} for a table, {mode: marker} for a bucket"
        }
    }
}

/// Names in a row.
pub(super) fn listed<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<T> = names.into_iter().collect();
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}
