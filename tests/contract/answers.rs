//! What is answered, field by field: values that have every field the code knows are what the schemas say, and have every
//! field the schemas know.

use std::collections::{BTreeMap, BTreeSet};

use harness::contract::{FILE, contract};
use jiff::Timestamp;
use serde_json::{Value, json};
use shared::audit::{ActorStamp, Entry, EntryBody, Outcome};
use shared::domain::actor::{Role, StaffMember};
use shared::domain::ids::{Ref, RefKey, RequestId};
use shared::domain::job::{JobStatus, Phase};
use shared::domain::package::PackageState;
use shared::domain::personal::Personal;
use shared::domain::policy::PolicyFile;
use shared::domain::request::{CancelStage, Completion, Kind, Notice, Status};
use shared::workflow::export_view::{ExportShown, PartShown};
use shared::workflow::preview::{DatasetShown, PreviewShown};
use shared::workflow::restore::{RestoreShown, Skipped};
use shared::workflow::trail::{ActorShown, EntryShown, FullEntry};
use shared::workflow::view::{
    AccountShown, DecisionShown, ExtensionShown, JobShown, PaceShown, PackageShown, PersonShown, ProgressShown,
    RequesterShown, Resource, VerificationShown,
};

const AT: Timestamp = Timestamp::UNIX_EPOCH;

fn text() -> Personal {
    Personal::new("Ada")
}

fn person() -> PersonShown {
    PersonShown {
        id: text(),
        name: Some(text()),
        email: Some(text()),
    }
}

fn policy() -> shared::domain::policy::Policy {
    let file = PolicyFile::parse(demo::stack::POLICY, true).expect("the sample policy");
    file.policy_of(&"globex".parse().expect("slug")).expect("its policy")
}

fn job() -> JobShown {
    JobShown {
        status: JobStatus::Running,
        phase: Phase::Sweeping,
        paused: true,
        cancel_requested: true,
        progress: ProgressShown::default(),
        rate_per_second: Some(0.5),
        eta: Some(AT),
        pace: Some(vec![PaceShown {
            dataset: "messages".parse().expect("slug"),
            rate: 250,
            limit: 500,
            throttled: 75,
            breaker: "half_open",
        }]),
        findings: Some(1),
        started_at: Some(AT),
        finished_at: Some(AT),
    }
}

/// A resource that has every field; a new one does not compile until it is here.
fn resource() -> Resource {
    Resource {
        id: RequestId::from_parts(1, 1),
        tenant: "acme".parse().expect("slug"),
        kind: Kind::Deletion,
        status: Status::Completed,
        result: Some(Completion::Partial),
        cancel_stage: Some(CancelStage::DuringExecution),
        subject: person(),
        requester: RequesterShown {
            person: person(),
            ip: Some(text()),
        },
        scope: vec!["profile".parse().expect("slug")],
        reason: text(),
        verification: Some(VerificationShown {
            method: text(),
            note: Some(text()),
            by: Some(person()),
            at: AT,
        }),
        decision: Some(DecisionShown {
            by: Some(person()),
            at: AT,
            note: Some(text()),
            reason: Some(text()),
        }),
        submitted_at: AT,
        received_at: AT,
        due_at: AT,
        extension: Some(ExtensionShown {
            by: Some(person()),
            at: AT,
            was_due_at: AT,
            reason: text(),
        }),
        overdue: true,
        completes_by: Some(AT),
        misses_due: true,
        grace_ends_at: Some(AT),
        executed_at: Some(AT),
        recover_until: Some(AT),
        completed_at: Some(AT),
        notice: Some(Notice::Sent),
        hidden: vec!["profile".parse().expect("slug")],
        policy: Some(policy()),
        version: 7,
        account: Some(AccountShown {
            purged: 1,
            recoverable: 1,
            untouched: 1,
            settled: true,
        }),
        job: Some(job()),
        export: Some(PackageShown {
            state: PackageState::Available,
            parts: 2,
            bytes: 20,
            expires_at: Some(AT),
            accesses: 1,
        }),
        after_export: Some(RequestId::from_parts(1, 1)),
        notify_subject: Some(false),
    }
}

fn export() -> ExportShown {
    ExportShown {
        state: PackageState::Available,
        parts: vec![PartShown {
            part: 1,
            bytes: 20,
            sha256: "0f".repeat(32),
        }],
        bytes: 20,
        available_at: Some(AT),
        expires_at: Some(AT),
        accesses: 1,
    }
}

fn preview() -> PreviewShown {
    PreviewShown {
        digest: "0f".repeat(32),
        expires_at: AT,
        total: 1,
        at_least: true,
        datasets: vec![DatasetShown {
            dataset: "messages".to_owned(),
            category: "conversations".parse().expect("slug"),
            description: "Messages".to_owned(),
            records: 1,
            at_least: true,
        }],
        holds: vec!["profile".parse().expect("slug")],
        exempt: vec!["invoices".to_owned()],
        recovery_window: policy().recovery_window.to_string(),
        policy: policy(),
        data_map: "0f".repeat(32),
    }
}

fn restoration() -> RestoreShown {
    RestoreShown {
        state: "done",
        restored: 1,
        skipped_total: 1,
        skipped: vec![Skipped {
            record: "messages.0.0.17".to_owned(),
            why: "purged".to_owned(),
        }],
    }
}

fn refused() -> Outcome {
    Outcome::Refused {
        code: "not_in_this_status".to_owned(),
    }
}

fn entry() -> FullEntry {
    FullEntry {
        seq: 1,
        at: AT,
        actor: ActorShown {
            role: Role::Operator,
            id: Some(text()),
            name: Some(text()),
            email: Some(text()),
            ip: Some(text()),
        },
        action: "execute".to_owned(),
        outcome: refused(),
        status: Some("Pending".to_owned()),
        details: BTreeMap::from([("kind".to_owned(), "deletion".into())]),
        personal: Some(BTreeMap::from([("reason".to_owned(), text())])),
        repeated: Some(3),
        hash: "0f".repeat(32),
        prev: "0f".repeat(32),
    }
}

/// An entry as it is stored and exported.
fn stored() -> Value {
    let body = EntryBody {
        v: 1,
        tenant: "acme".parse().expect("slug"),
        request: Some(RequestId::from_parts(1, 1)),
        seq: 1,
        at: AT,
        actor: ActorStamp {
            role: Role::Operator,
            actor_ref: Some(Ref::new(&RefKey::new(vec![1; 32]), "actor", "x")),
        },
        action: "execute".to_owned(),
        outcome: refused(),
        status: Some("Pending".to_owned()),
        details: BTreeMap::new(),
        sealed_person: Some("c2VhbGVk".to_owned()),
        sealed_staff: Some("c2VhbGVk".to_owned()),
        repeated: Some(3),
        prev: "0f".repeat(32),
    };
    let staff = StaffMember {
        sub: text(),
        name: Some(text()),
        email: Some(text()),
        ip: text(),
    };
    let entry = Entry {
        body,
        hash: "0f".repeat(32),
    };
    json!({ "entry": entry, "staff": staff, "personal": { "reason": "x" } })
}

/// Everything that is answered by a type, with the schema that speaks of it.
fn answered() -> Vec<(&'static str, Value)> {
    let json = |value: Result<Value, serde_json::Error>| value.expect("json");
    vec![
        ("Request", json(serde_json::to_value(resource()))),
        ("Export", json(serde_json::to_value(export()))),
        ("Preview", json(serde_json::to_value(preview()))),
        ("Restoration", json(serde_json::to_value(restoration()))),
        ("Entry", json(serde_json::to_value(EntryShown::Full(Box::new(entry()))))),
        ("TrailLine", stored()),
    ]
}

#[test]
fn whatever_is_answered_is_documented() {
    for (name, value) in answered() {
        let wrong = contract().wrong_by(name, &value);
        assert!(
            wrong.is_empty(),
            "add to `components.schemas.{name}` of {FILE}: {wrong:#?}"
        );
    }
}

#[test]
fn whatever_is_documented_is_answered() {
    for (name, value) in answered() {
        let mut missing = vec![];
        unanswered(
            name,
            contract().at(&format!("/components/schemas/{name}")),
            &value,
            &mut missing,
        );
        assert!(
            missing.is_empty(),
            "nothing answers these fields; take them out of {FILE}: {missing:?}"
        );
    }
}

/// Fields of a schema that a value which has every field has not.
fn unanswered(place: &str, schema: &Value, value: &Value, missing: &mut Vec<String>) {
    let schema = contract().resolve(schema);
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        unanswered(place, choice, value, missing);
    }
    if let (Some(items), Some(first)) = (schema.get("items"), value.get(0)) {
        unanswered(place, items, first, missing);
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let place = format!("{place}.{name}");
        match value.get(name) {
            Some(value) => unanswered(&place, property, value, missing),
            None => missing.push(place),
        }
    }
}

/// What the code leaves out or says with `null` may be left out or null.
#[test]
fn what_can_be_missing_may_be_missing() {
    let mut bare = resource();
    (bare.result, bare.cancel_stage, bare.notice, bare.policy) = (None, None, None, None);
    (bare.verification, bare.decision, bare.extension) = (None, None, None);
    (bare.completes_by, bare.grace_ends_at, bare.executed_at) = (None, None, None);
    (bare.recover_until, bare.completed_at, bare.account, bare.job) = (None, None, None, None);
    (bare.export, bare.after_export, bare.notify_subject) = (None, None, None);
    (bare.subject.name, bare.subject.email, bare.requester.ip) = (None, None, None);
    let mut owners = resource();
    owners.decision = Some(DecisionShown {
        by: None,
        at: AT,
        note: None,
        reason: None,
    });
    owners.verification = Some(VerificationShown {
        method: text(),
        note: None,
        by: None,
        at: AT,
    });
    if let (Some(extension), Some(job)) = (&mut owners.extension, &mut owners.job) {
        extension.by = None;
        (job.rate_per_second, job.eta, job.findings, job.pace) = (None, None, None, None);
        (job.started_at, job.finished_at) = (None, None);
    }
    for resource in [bare, owners] {
        let value = serde_json::to_value(resource).expect("json");
        assert_eq!(contract().wrong_by("Request", &value), [""; 0]);
    }
}

/// The words of an enumeration are the code's.
#[test]
fn words_are_the_codes_words() {
    let documented = |pointer: &str| -> BTreeSet<String> {
        let words = contract().at(pointer).as_array().expect("an enumeration").iter();
        words.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let statuses: BTreeSet<_> = Status::ALL
        .into_iter()
        .map(|status| status.as_str().to_owned())
        .collect();
    assert_eq!(documented("/components/schemas/Status/enum"), statuses);
    let kinds = [Kind::Deletion, Kind::Export].map(|kind| kind.as_str().to_owned());
    assert_eq!(documented("/components/schemas/Kind/enum"), BTreeSet::from(kinds));
    use PackageState::{Available, Building, Expired, Purged, Revoked};
    let states = [Building, Available, Expired, Revoked, Purged].map(|state| state.as_str().to_owned());
    assert_eq!(
        documented("/components/schemas/StateOfPackage/enum"),
        BTreeSet::from(states)
    );
    let progress: BTreeSet<_> = shared::domain::outcome::Code::ALL
        .into_iter()
        .map(|code| code.as_str())
        .collect();
    let shown = contract().entries("/components/schemas/Progress/properties");
    // What was written after the execution is counted with what was written anew.
    let missing: Vec<_> = progress.into_iter().filter(|code| !shown.contains_key(*code)).collect();
    assert_eq!(missing, ["arrived_later"]);
}
