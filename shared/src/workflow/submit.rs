//! Submit: a new request, once per idempotency key, never overlapping an open one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::commit::{Before, Circumstances};
use super::failure::Failure;
use super::note::audit_retention;
use super::records::{Loaded, OpenKeys, Records};
use crate::domain::actor::{Caller, Person, Role};
use crate::domain::ids::{Category, Ref, RequestId, RequestKey, SubjectId};
use crate::domain::period::Period;
use crate::domain::personal::Personal;
use crate::domain::request::Kind;
use crate::domain::search::FoundBy;
use crate::ports::{Committed, Companion, Config, Conflict, Fault, Idempotency, Keys, Notes, Requests, Sealer};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::submit::{Submission, submit as decide};
use crate::state_machine::transition::Record;

/// What the API received, parsed.
#[derive(Clone, Debug)]
pub struct NewRequest {
    /// What is asked for.
    pub kind: Kind,
    /// Categories as named by the caller.
    pub scope: Vec<String>,
    /// Why.
    pub reason: Personal,
    /// On whose behalf.
    pub subject: Option<(SubjectId, Option<Personal>, Option<Personal>)>,
    /// When the organisation received it.
    pub received_at: Option<Timestamp>,
    /// The export that must have ended before this deletion is executed.
    pub after_export: Option<RequestId>,
    /// Whether the subject is told; none: they are.
    pub notify_subject: Option<bool>,
    /// The caller's idempotency key.
    pub idempotency_key: Option<String>,
    /// The body as received, for telling a repeat from a reuse.
    pub body: Personal,
}

/// Submits. The answer is the same for a repeat with the same idempotency key. A rule that says no is in the tenant's
/// trail before the caller hears it: there is no request whose trail could tell of it.
pub async fn submit<S: Requests + Keys + Notes, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    caller: &Caller,
    input: NewRequest,
    id: RequestId,
    now: Timestamp,
) -> Result<Loaded, Failure> {
    let on_behalf = input.subject.is_some();
    let role = if on_behalf { caller.role() } else { Role::Subject };
    let record = Record::new(caller.actor(role), "submit")
        .detail("kind", input.kind.as_str())
        .detail("on_behalf", on_behalf);
    // Boxed: the future of a submission is large, and the refusal's stands beside it.
    let submitted = Box::pin(take(records, config, caller, input, id, now)).await;
    if let Err(Failure::Refusal(refusal)) = &submitted
        && refusal.is_recorded()
    {
        let retention = audit_retention(config, &caller.tenant).await?;
        records.note_refusal(caller, record, refusal, retention, now).await?;
    }
    submitted
}

async fn take<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    caller: &Caller,
    input: NewRequest,
    id: RequestId,
    now: Timestamp,
) -> Result<Loaded, Failure> {
    let idempotency = remember(records, caller, &input, id, now).await?;
    if let Some(earlier) = earlier(records, caller, idempotency.as_ref()).await? {
        return Ok(earlier);
    }
    let (submission, due_in) = interpret(records, config, caller, input).await?;
    let transition = decide(caller, id, submission, due_in, now)?;
    let key = RequestKey {
        tenant: caller.tenant.clone(),
        id,
    };
    let (name, person, wrapped) = records.mint_person_key(&key).await?;
    let keys = OpenKeys {
        person: Some(person),
        staff: records.staff_key(&key.tenant).await?,
    };
    let facts = &transition.next.facts;
    let mut companions = vec![Companion::PutKey(name, wrapped)];
    companions.extend(facts.scope.iter().map(|category| Companion::HoldScope {
        subject_ref: facts.subject_ref.clone(),
        kind: facts.kind,
        category: category.clone(),
    }));
    companions.extend(idempotency.clone().map(Companion::Remember));
    let circumstances = Circumstances {
        companions,
        ..Circumstances::default()
    };
    match records
        .commit(Before::New(&keys), &transition, circumstances, now)
        .await?
    {
        Committed::Done => reload(records, &key).await,
        Committed::Conflict(Conflict::ScopeTaken) => Err(Refusal::DuplicateRequest.into()),
        Committed::Conflict(Conflict::KeyUsed) => earlier(records, caller, idempotency.as_ref())
            .await?
            .ok_or_else(|| Refusal::Busy.into()),
        Committed::Conflict(Conflict::Moved | Conflict::HoldsChanged) => Err(Refusal::Busy.into()),
    }
}

async fn reload<S: Requests + Keys, K: Sealer>(records: &Records<S, K>, key: &RequestKey) -> Result<Loaded, Failure> {
    let missing = || Fault::corrupt("submit", "the request is not there after its commit");
    Ok(records.load(key).await?.ok_or_else(missing)?)
}

/// The idempotency row this submission would put.
async fn remember<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    input: &NewRequest,
    id: RequestId,
    now: Timestamp,
) -> Result<Option<Idempotency>, Failure> {
    let Some(key) = &input.idempotency_key else {
        return Ok(None);
    };
    if key.is_empty() || key.len() > 255 {
        let detail = "Idempotency-Key: 1 to 255 characters".to_owned();
        return Err(Refusal::InvalidInput {
            pointer: String::new(),
            detail,
        }
        .into());
    }
    let ref_key = records.ref_key(&caller.tenant).await?;
    Ok(Some(Idempotency {
        caller_ref: caller.actor_ref.clone(),
        key_hash: hex::encode(Sha256::digest(key.as_bytes())),
        body_ref: Ref::new(&ref_key, "body", input.body.expose()),
        request: id,
        expires_at: Period::seconds(86_400).after(now),
    }))
}

/// The request an earlier submission with this key made, if the body is the same.
async fn earlier<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    mine: Option<&Idempotency>,
) -> Result<Option<Loaded>, Failure> {
    let Some(mine) = mine else { return Ok(None) };
    let Some(theirs) = records
        .store
        .remembered(&caller.tenant, &mine.caller_ref, &mine.key_hash)
        .await?
    else {
        return Ok(None);
    };
    let now_ish = Period::seconds(86_400).before(mine.expires_at);
    if theirs.expires_at <= now_ish {
        return Ok(None);
    }
    if theirs.body_ref != mine.body_ref {
        return Err(Refusal::IdempotencyKeyReused.into());
    }
    let key = RequestKey {
        tenant: caller.tenant.clone(),
        id: theirs.request,
    };
    Ok(records.load(&key).await?)
}

/// Categories as a caller names them: each must be known, none comes twice.
pub(super) fn named_scope(known: &BTreeMap<Category, String>, names: &[String]) -> Result<Vec<Category>, Refusal> {
    let mut scope = Vec::new();
    for (i, name) in names.iter().enumerate() {
        let category = name.parse::<Category>().ok().filter(|c| known.contains_key(c));
        let category = category.ok_or_else(|| Refusal::InvalidInput {
            pointer: format!("/scope/{i}"),
            detail: "no such category; see GET /v1/data-map".to_owned(),
        })?;
        if !scope.contains(&category) {
            scope.push(category);
        }
    }
    Ok(scope)
}

/// Whether this is an export of the same subject. One of somebody else is not told from one that does not exist.
async fn precedes<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    (caller, whose): (&Caller, &Ref),
    export: RequestId,
) -> Result<(), Failure> {
    let key = RequestKey {
        tenant: caller.tenant.clone(),
        id: export,
    };
    let row = records.store.request(&key).await?;
    let fits = row.is_some_and(|row| row.facts.kind == Kind::Export && &row.facts.subject_ref == whose);
    if fits {
        return Ok(());
    }
    let detail = "the id of an export of the same subject".to_owned();
    let pointer = "/after_export".to_owned();
    Err(Refusal::InvalidInput { pointer, detail }.into())
}

/// The submission in the words of the data map, and the tenant's term.
async fn interpret<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    config: &impl Config,
    caller: &Caller,
    input: NewRequest,
) -> Result<(Submission, Period), Failure> {
    let map = config.data_map(None).await?.ok_or(Refusal::NoDataMap)?;
    let known: BTreeMap<Category, String> = map.value.categories().into_iter().collect();
    let scope = named_scope(&known, &input.scope)?;
    let descriptions = scope
        .iter()
        .filter_map(|c| known.get(c).map(|text| (c.clone(), text.clone())))
        .collect();
    let ref_key = records.ref_key(&caller.tenant).await?;
    let on_behalf_of = match input.subject {
        Some((subject, name, email)) => {
            let subject_ref = Ref::new(&ref_key, "subject", subject.expose());
            let person = Person {
                id: Personal::new(subject.expose()),
                name,
                email,
            };
            Some((subject, subject_ref, person))
        }
        None => None,
    };
    let whose = on_behalf_of.as_ref().map_or(&caller.subject_ref, |(_, whose, _)| whose);
    if let Some(export) = input.after_export {
        precedes(records, (caller, whose), export).await?;
    }
    let policy = config.policy().await?;
    let tenants = policy.and_then(|pinned| pinned.value.policy_of(&caller.tenant).ok());
    let month = || "P1M".parse().expect("a month is a period");
    let due_in = tenants.map_or_else(month, |policy| policy.due_in);
    let subject = on_behalf_of.iter().map(|(_, _, person)| person);
    let requester = caller.person();
    let found_by = FoundBy::of(&ref_key, subject.chain([&requester]));
    let submission = Submission {
        kind: input.kind,
        scope,
        descriptions,
        reason: input.reason,
        on_behalf_of,
        received_at: input.received_at,
        after_export: input.after_export,
        notify_subject: input.notify_subject,
        found_by,
    };
    Ok((submission, due_in))
}
