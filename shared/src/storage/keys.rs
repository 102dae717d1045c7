//! Every key string of the tables, as pure functions: the one file to read to know where a row is.
//!
//! Guarantees: only slugs, validated ids, keyed hashes and words of the domain enter a key, so no key names a person
//! and none can be forged by its parts; instants are of fixed width, so that they sort as text. Where next:
//! `storage::item` for what stands in a row, the design's table of keys for what each is for.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::chunk::ChunkId;
use crate::domain::finding::{About, Finding};
use crate::domain::gate::GateId;
use crate::domain::ids::{Category, DatasetId, HoldId, Ref, RequestId, RequestKey, Tenant};
use crate::domain::month::Month;
use crate::domain::pace::Bounded;
use crate::domain::request::{Kind, Status};

/// Partitions that share a request's chunk rows.
pub const CHUNK_SHARDS: u8 = 8;
/// Sort keys of plan rows begin so.
pub const PLANS: &str = "PLAN#";
/// Sort keys of chunk rows begin so.
pub const CHUNKS: &str = "CHUNK#";
/// Sort keys of mails begin so.
pub const MAILS: &str = "OUTBOX#";
/// Sort keys of findings begin so.
pub const FINDINGS: &str = "FINDING#";

/// Primary key of a row of table `requests`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowKey {
    /// Partition key.
    pub pk: String,
    /// Sort key.
    pub sk: String,
}

impl RowKey {
    fn new(pk: String, sk: impl Into<String>) -> Self {
        Self { pk, sk: sk.into() }
    }
}

/// The partition of a request's own rows.
pub fn request_partition(key: &RequestKey) -> String {
    format!("REQ#{}#{}", key.tenant, key.id)
}

/// The request itself.
pub fn request(key: &RequestKey) -> RowKey {
    RowKey::new(request_partition(key), "REQUEST")
}

/// Which request a partition key is of; none if it is not a request's own partition.
pub fn request_of(pk: &str) -> Option<RequestKey> {
    let (tenant, id) = pk.strip_prefix("REQ#")?.split_once('#')?;
    Some(RequestKey {
        tenant: tenant.parse().ok()?,
        id: id.parse().ok()?,
    })
}

/// One dataset's plan.
pub fn plan(key: &RequestKey, dataset: &DatasetId, generation: u8) -> RowKey {
    RowKey::new(request_partition(key), format!("{PLANS}{dataset}#{generation}"))
}

/// One of the partitions of a request's chunks.
pub fn chunk_partition(key: &RequestKey, shard: u8) -> String {
    format!("{}#C{shard}", request_partition(key))
}

/// One chunk.
pub fn chunk(key: &RequestKey, id: &ChunkId) -> RowKey {
    let sk = format!("{CHUNKS}{}#{}#{}", id.dataset, id.generation, id.n);
    RowKey::new(chunk_partition(key, id.shard()), sk)
}

/// The cached recount.
pub fn progress(key: &RequestKey) -> RowKey {
    RowKey::new(request_partition(key), "PROGRESS")
}

/// One mail.
pub fn mail(key: &RequestKey, n: u32) -> RowKey {
    RowKey::new(request_partition(key), format!("{MAILS}{n}"))
}

/// Which mail a row's key is of: the stream tells keys only.
pub fn mail_of(pk: &str, sk: &str) -> Option<(RequestKey, u32)> {
    Some((request_of(pk)?, sk.strip_prefix(MAILS)?.parse().ok()?))
}

/// One finding: a chunk, or a dataset as a whole, and a stable code.
pub fn finding(key: &RequestKey, finding: &Finding) -> RowKey {
    let Finding { chunk, code, .. } = finding;
    let which = match finding.about {
        About::Chunk => chunk.n.to_string(),
        About::Plan => "plan".to_owned(),
        About::Leftover => "all".to_owned(),
        About::Package => "package".to_owned(),
    };
    let sk = format!("{FINDINGS}{}#{}#{which}#{code}", chunk.dataset, chunk.generation);
    RowKey::new(request_partition(key), sk)
}

/// One restoration.
pub fn assembly(key: &RequestKey) -> RowKey {
    RowKey::new(request_partition(key), "EXPORT")
}

/// A restoration.
pub fn restore(key: &RequestKey, n: u32) -> RowKey {
    RowKey::new(request_partition(key), format!("RESTORE#{n}"))
}

/// A kept preview. `None` if the digest, which comes from a caller, is no digest: then no such row can exist.
pub fn preview(key: &RequestKey, digest: &str) -> Option<RowKey> {
    let is_hex = digest.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    (digest.len() == 64 && is_hex).then(|| RowKey::new(request_partition(key), format!("PREVIEW#{digest}")))
}

/// Held while a request of this kind for this subject's category is open.
pub fn open_scope(tenant: &Tenant, subject: &Ref, kind: Kind, category: &Category) -> RowKey {
    RowKey::new(format!("OPEN#{tenant}#{subject}#{}#{category}", kind.as_str()), "OPEN")
}

/// What an idempotency key stood for.
pub fn idempotency(tenant: &Tenant, caller: &Ref, key_hash: &str) -> RowKey {
    RowKey::new(format!("IDEM#{tenant}#{caller}#{key_hash}"), "IDEM")
}

/// The rows of requests found by a hash of a word or an e-mail address.
pub fn found_partition(tenant: &Tenant, hash: &Ref) -> String {
    format!("FIND#{tenant}#{hash}")
}

/// One of them: sorts as the histories do.
pub fn found(tenant: &Tenant, hash: &Ref, submitted_at: Timestamp, id: RequestId) -> RowKey {
    RowKey::new(found_partition(tenant, hash), submitted(submitted_at, id))
}

/// The head of a subject's legal holds.
pub fn hold_head(tenant: &Tenant, subject: &Ref) -> RowKey {
    RowKey::new(format!("HOLDS#{tenant}#{subject}"), "HOLDS")
}

/// What is hidden of a subject: the one row that applications read.
pub fn gate(tenant: &Tenant, id: &GateId) -> RowKey {
    RowKey::new(format!("GATE#{tenant}#{id}"), "GATE")
}

/// The partition of a tenant's holds.
pub fn hold_partition(tenant: &Tenant) -> String {
    format!("HOLD#{tenant}")
}

/// One of them: sorts by the instant at which it was placed.
pub fn hold(tenant: &Tenant, id: HoldId) -> RowKey {
    RowKey::new(hold_partition(tenant), id.to_string())
}

/// Which hold a row's key is of.
pub fn hold_of(pk: &str, sk: &str) -> Option<(Tenant, HoldId)> {
    Some((pk.strip_prefix("HOLD#")?.parse().ok()?, sk.parse().ok()?))
}

/// The limit of a dataset's pace, or of a table's or bucket's over all tenants: no tenant is called `*`.
pub fn limit(of: &Bounded) -> RowKey {
    RowKey::new(format!("LIMIT#{of}"), "LIMIT")
}

/// Index `active`: the partition of holds that are not settled.
pub const ACTIVE_HOLDS: &str = "A#holds";

/// The partition of a request's trail in table `audit`.
pub fn trail(key: &RequestKey) -> String {
    format!("AUDIT#{}#{}", key.tenant, key.id)
}

/// The partition of a tenant's entries of no request, of one month, in table `audit`.
pub fn month_trail(tenant: &Tenant, month: Month) -> String {
    format!("AUDIT#{tenant}#{month}")
}

/// The end of that chain, in table `requests`.
pub fn month_head(tenant: &Tenant, month: Month) -> RowKey {
    RowKey::new(format!("AUDITHEAD#{tenant}#{month}"), "HEAD")
}

/// Index `by_day` of table `audit`: a tenant's entries of one UTC day.
pub fn by_day(tenant: &Tenant, day: Date) -> String {
    format!("{tenant}#{day}")
}

/// Index `active`: one of eight partitions of requests that wait for an instant.
pub fn active(shard: u8) -> String {
    format!("A#{shard}")
}

/// Index `by_status`.
pub fn by_status(tenant: &Tenant, status: Status) -> String {
    format!("{tenant}#{status}")
}

/// Index `by_tenant`.
pub fn by_tenant(tenant: &Tenant) -> String {
    tenant.to_string()
}

/// Index `by_subject`.
pub fn by_subject(tenant: &Tenant, subject: &Ref) -> String {
    format!("{tenant}#{subject}")
}

/// Sort key of the three histories: the instant, then the id, so that it is unique and has one order.
pub fn submitted(at: Timestamp, id: RequestId) -> String {
    format!("{}#{id}", instant(at))
}

/// The greatest possible [`submitted`] of an instant.
pub fn submitted_last(at: Timestamp) -> String {
    format!("{}#~", instant(at))
}

/// An instant as fixed-width text, rounded down to the millisecond: `2026-11-21T23:55:58.123Z`.
pub fn instant(at: Timestamp) -> String {
    format!("{:.3}", on_millisecond(at.as_nanosecond().div_euclid(1_000_000)))
}

/// The same rounded up, for what must not happen early.
pub fn instant_up(at: Timestamp) -> String {
    format!(
        "{:.3}",
        on_millisecond(at.as_nanosecond().div_euclid(1_000_000) + i128::from(at.subsec_nanosecond() % 1_000_000 != 0))
    )
}

/// An instant as fixed-width text to the nanosecond: compares exactly as the domain does.
pub fn instant_exact(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// Whole seconds since 1970, rounded up: what DynamoDB's TTL reads, never early.
pub fn ttl(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond().div_euclid(1_000_000_000))
        .map_or(i64::MAX, |second| second + i64::from(at.subsec_nanosecond() != 0))
}

fn on_millisecond(ms: i128) -> Timestamp {
    let ms = i64::try_from(ms).unwrap_or(i64::MAX);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
#[path = "keys_tests.rs"]
mod tests;
