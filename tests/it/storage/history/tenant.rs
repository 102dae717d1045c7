//! The tenant: ten thousand requests, written by the store itself, the newest with keys that KMS made.

use aws_sdk_dynamodb::types::AttributeValue;
use futures::{StreamExt, TryStreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use shared::audit::Head;
use shared::domain::actor::{Caller, Person};
use shared::domain::ids::{Ref, RefKey, RequestId, SubjectId, Tenant};
use shared::domain::personal::Personal;
use shared::domain::request::{Facts, Kind, PersonFields, StaffFields, Status};
use shared::domain::search::FoundBy;
use shared::ports::{Commit, Committed, Companion, Expect, RequestRow, Requests, Sealed};
use shared::sealing::Kms;
use shared::storage::{Storage, keys};
use shared::workflow::records::{Records, row_aad};

use super::meter::{Cost, Meter};
use crate::conformance::store::samples;
use crate::storage::tables::{Scratch, config, endpoint, scratch};

/// How many requests there are.
pub(super) const BIG: u32 = 10_000;
/// How many of them, the newest, can be opened.
const OPENED: u32 = 220;
/// Written at a time.
const IN_FLIGHT: usize = 16;

type Sealing = Records<Storage, Kms>;

/// The tenant's requests, and what reading them costs.
pub(super) struct Crowd {
    /// As the API reads them.
    pub(super) records: Sealing,
    /// Of both clients.
    pub(super) meter: Meter,
    scratch: Scratch,
    row_bytes: usize,
}

/// When the test plays: long after the last submission.
pub(super) fn now() -> Timestamp {
    submitted_at(BIG + 1)
}

/// When a request was submitted: a minute apart.
pub(super) fn submitted_at(n: u32) -> Timestamp {
    samples::at(0) + SignedDuration::from_mins(i64::from(n))
}

/// Somebody who may look for people.
pub(super) async fn auditor(records: &Sealing) -> Caller {
    let tenant = samples::acme();
    let key = records.ref_key(&tenant).await.expect("a key");
    Caller {
        tenant,
        is_operator: false,
        is_auditor: true,
        sub: Personal::new("audrey"),
        subject_id: SubjectId::try_from("audrey".to_owned()).expect("an id"),
        name: None,
        email: None,
        ip: Personal::new("192.0.2.1"),
        signed_in_at: None,
        actor_ref: Ref::new(&key, "actor", "audrey"),
        subject_ref: Ref::new(&key, "subject", "audrey"),
    }
}

impl Crowd {
    /// Writes them all.
    pub(super) async fn gather() -> Self {
        let scratch = scratch().await;
        let meter = Meter::default();
        let metered = scratch.client.config().to_builder().interceptor(meter.clone()).build();
        let store = Storage::new(aws_sdk_dynamodb::Client::from_conf(metered), scratch.tables.clone());
        let records = Records {
            store,
            sealer: kms(&meter).await,
        };
        let tenant = samples::acme();
        let key = records.ref_key(&tenant).await.expect("a key");
        let staff = records.staff_key(&tenant).await.expect("a key");
        let empty = StaffFields::default();
        let one = async |n: u32| {
            let facts = facts(n, &key);
            let sealed = records.seal_json(&staff, &row_aad(&facts.key(), "staff"), &empty)?;
            records.store.commit(&commit(&records, facts, sealed, n).await?).await
        };
        let written = stream::iter(1..=BIG).map(one).buffer_unordered(IN_FLIGHT);
        let written: Vec<_> = written.try_collect().await.expect("all are answered");
        assert!(written.iter().all(|one| *one == Committed::Done), "all are written");
        let row_bytes = row_bytes(&scratch).await;
        meter.take();
        Self {
            records,
            meter,
            scratch,
            row_bytes,
        }
    }

    /// Read units of eventually consistent queries that looked at so many rows.
    pub(super) fn units(&self, queries: &[u32]) -> f64 {
        let of = |rows: &u32| (*rows as usize * self.row_bytes).div_ceil(4_096).max(1) as f64 / 2.0;
        queries.iter().map(of).sum()
    }

    /// Requests' rows that were read.
    pub(super) fn row_reads(&self, cost: &Cost) -> usize {
        cost.reads
            .get(&self.scratch.tables.requests)
            .copied()
            .unwrap_or_default()
    }

    /// Wrapped keys that were read.
    pub(super) fn key_reads(&self, cost: &Cost) -> usize {
        cost.reads.get(&self.scratch.tables.keys).copied().unwrap_or_default()
    }
}

/// A new pair of keys in KMS, on a client that is metered.
async fn kms(meter: &Meter) -> Kms {
    use aws_sdk_kms::types::{KeySpec, KeyUsageType};
    let config = config(&endpoint()).await;
    let config = aws_sdk_kms::config::Builder::from(&config)
        .interceptor(meter.clone())
        .build();
    let client = aws_sdk_kms::Client::from_conf(config);
    let data = client.create_key().send().await.expect("a key");
    let mac = client.create_key().key_spec(KeySpec::Hmac256);
    let mac = mac
        .key_usage(KeyUsageType::GenerateVerifyMac)
        .send()
        .await
        .expect("a MAC key");
    let arn = |made: Option<aws_sdk_kms::types::KeyMetadata>| made.and_then(|key| key.arn).expect("an arn");
    Kms::new(client, arn(data.key_metadata), arn(mac.key_metadata))
}

fn facts(n: u32, key: &RefKey) -> Facts {
    let person = person(n);
    let submitted_at = submitted_at(n);
    let millis = u64::try_from(submitted_at.as_millisecond()).expect("after 1970");
    Facts {
        id: RequestId::from_parts(millis, u128::from(n)),
        submitted_at,
        received_at: submitted_at,
        kind: if n.is_multiple_of(50) {
            Kind::Export
        } else {
            Kind::Deletion
        },
        status: Status::ALL[n as usize % 7],
        subject_ref: Ref::new(key, "subject", person.id.expose()),
        found_by: FoundBy::of(key, [&person]),
        ..samples::submission(n).row.facts
    }
}

/// Every request's subject is called Ada; ten of them share them all.
fn person(n: u32) -> Person {
    Person {
        id: Personal::new(format!("c-{}", n % 10)),
        name: Some(Personal::new("Áda")),
        email: Some(Personal::new("ada@example.com")),
    }
}

async fn commit(records: &Sealing, facts: Facts, staff: Sealed, n: u32) -> Result<Commit, shared::ports::Fault> {
    let mut companions: Vec<_> = facts.found_by.words.iter().cloned().map(find).collect();
    let mut person_sealed = Sealed(vec![0; 400]);
    if n > BIG - OPENED {
        let (name, key, wrapped) = records.mint_person_key(&facts.key()).await?;
        person_sealed = records.seal_json(&key, &row_aad(&facts.key(), "person"), &fields(n))?;
        companions.push(Companion::PutKey(name, wrapped));
    }
    let row = RequestRow {
        facts,
        person: person_sealed,
        staff,
        head: Head::default(),
        refusals: None,
        mails: 0,
        wake_at: None,
    };
    Ok(Commit {
        expect: Expect::New,
        row,
        entries: vec![],
        mails: vec![],
        companions,
    })
}

fn find(hash: Ref) -> Companion {
    Companion::Find { hash, until: None }
}

fn fields(n: u32) -> PersonFields {
    PersonFields {
        subject: person(n),
        requester: person(n),
        requester_ip: Personal::new("192.0.2.1"),
        reason: Personal::new("I am leaving"),
        verification_method: None,
        verification_note: None,
        decision_note: None,
        rejection_reason: None,
        withdrawal_reason: None,
        cancellation_reason: None,
        extension_reason: None,
    }
}

/// Bytes of a row in the history's index: names and values, as DynamoDB counts them.
async fn row_bytes(scratch: &Scratch) -> usize {
    let tenant: Tenant = samples::acme();
    let query = scratch
        .client
        .query()
        .table_name(&scratch.tables.requests)
        .index_name("by_tenant");
    let query = query.key_condition_expression("tenant_pk = :pk").limit(1);
    let query = query.expression_attribute_values(":pk", AttributeValue::S(keys::by_tenant(&tenant)));
    let answer = query.send().await.expect("a row of the index");
    let row = answer.items().first().expect("a row of the index");
    let text = |value: &AttributeValue| value.as_s().map_or(0, String::len);
    row.iter().map(|(name, value)| name.len() + text(value)).sum()
}
