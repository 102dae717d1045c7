//! Who calls, and how a request is led to where a test begins.

use jiff::SignedDuration;

use super::desk::{Desk, dataset};
use crate::domain::actor::Caller;
use crate::domain::hold::HoldHead;
use crate::domain::ids::{HoldId, Ref, RequestId, RequestKey, SubjectId};
use crate::domain::personal::Personal;
use crate::domain::request::{Facts, Kind};
use crate::domain::restore::Wanted;
use crate::sim::sealer::reference_key;
use crate::sim::sources::journal::RecordId;
use crate::state_machine::command::{CONFIRMATION, VerificationInput};
use crate::state_machine::refusal::Refusal;
use crate::workflow::execute::{Typed, execute};
use crate::workflow::failure::Failure;
use crate::workflow::hold::{HoldShown, NewHold, place, release};
use crate::workflow::order::{Wish, order};
use crate::workflow::preview::preview;
use crate::workflow::restore::{Asked, restore};
use crate::workflow::run::{cancel, resume};
use crate::workflow::submit::{NewRequest, submit};

fn caller(name: &str, is_operator: bool, is_auditor: bool) -> Caller {
    let tenant = "acme".parse().expect("a slug");
    let key = reference_key(&tenant);
    Caller {
        tenant,
        is_operator,
        is_auditor,
        sub: Personal::new(format!("sub-{name}")),
        subject_id: SubjectId::try_from(name.to_owned()).expect("an id"),
        name: Some(Personal::new(name)),
        email: Some(Personal::new(format!("{name}@example.com"))),
        ip: Personal::new("192.0.2.7"),
        signed_in_at: None,
        actor_ref: Ref::new(&key, "actor", name),
        subject_ref: Ref::new(&key, "subject", name),
    }
}

/// The subject.
pub(super) fn ada() -> Caller {
    caller("ada", false, false)
}

/// Another subject.
pub(super) fn eve() -> Caller {
    caller("eve", false, false)
}

/// Verifies and approves.
pub(super) fn olga() -> Caller {
    caller("olga", true, false)
}

/// Executes.
pub(super) fn otto() -> Caller {
    caller("otto", true, false)
}

/// Reads everything and changes nothing.
pub(super) fn vera() -> Caller {
    caller("vera", false, true)
}

/// What a use case refused.
pub(super) fn refusal<T>(result: Result<T, Failure>) -> Refusal {
    match result {
        Err(Failure::Refusal(refusal)) => refusal,
        Err(Failure::Fault(fault)) => panic!("the outside failed: {fault}"),
        Ok(_) => panic!("nothing was refused"),
    }
}

/// A deletion of some categories.
pub(super) fn deletion(scope: &[&str]) -> NewRequest {
    NewRequest {
        kind: Kind::Deletion,
        scope: scope.iter().map(|category| (*category).to_owned()).collect(),
        reason: Personal::new("I am leaving"),
        subject: None,
        received_at: None,
        after_export: None,
        notify_subject: None,
        idempotency_key: None,
        body: Personal::new("the body"),
    }
}

/// A copy of some categories.
pub(super) fn export(scope: &[&str]) -> NewRequest {
    NewRequest {
        kind: Kind::Export,
        ..deletion(scope)
    }
}

/// On Ada's behalf.
pub(super) fn for_ada(input: NewRequest) -> NewRequest {
    NewRequest {
        subject: Some((ada().subject_id, None, None)),
        ..input
    }
}

pub(super) fn verification() -> Wish {
    Wish::Verify(passport())
}

pub(super) fn passport() -> VerificationInput {
    VerificationInput {
        method: Personal::new("passport"),
        note: None,
    }
}

pub(super) fn approval() -> Wish {
    Wish::Approve {
        note: None,
        verification: None,
    }
}

impl Desk {
    /// The application writes so many records of Ada's into one dataset, 200 days ago.
    pub(super) fn write(&self, id: &str, names: impl IntoIterator<Item = u32>) {
        let (dataset, ada) = (dataset(id), ada());
        let long_ago = self.now() - SignedDuration::from_hours(24 * 200);
        for name in names {
            let whose = (&ada.tenant, &ada.subject_id);
            self.sources
                .put_item(&dataset, whose, &format!("{name:03}"), "text", long_ago);
        }
    }

    /// Ada uploads a file.
    pub(super) fn upload(&self, name: &str) -> (RecordId, String) {
        let ada = ada();
        let whose = (&ada.tenant, &ada.subject_id);
        self.sources.put_object(&dataset("files"), whose, name, "content")
    }

    /// The application gives one of Ada's tickets to Bob.
    pub(super) fn give_away(&self, ticket: u32) {
        let bob = "bob".to_owned().try_into().expect("an id");
        let long_ago = self.now() - SignedDuration::from_hours(24 * 200);
        let whose = (&ada().tenant, &bob);
        self.sources
            .put_item(&dataset("tickets"), whose, &format!("{ticket:03}"), "text", long_ago);
    }

    /// Ada asks for her conversations to be deleted.
    pub(super) async fn submitted(&self) -> RequestKey {
        self.submitted_for(&["conversations"]).await
    }

    pub(super) async fn submitted_for(&self, scope: &[&str]) -> RequestKey {
        self.submit(&ada(), deletion(scope)).await.expect("it is taken")
    }

    /// Submits as somebody.
    pub(super) async fn submit(&self, by: &Caller, input: NewRequest) -> Result<RequestKey, Failure> {
        let millis = u64::try_from(self.now().as_millisecond()).expect("after 1970");
        let random = self.world.roll(|dice| dice.below(1_000_000));
        let id = RequestId::from_parts(millis, random as u128);
        let submitted = Box::pin(submit(&self.records, &self.config, by, input, id, self.now())).await;
        submitted.map(|loaded| loaded.row.key())
    }

    /// Carries a wish out as somebody.
    pub(super) async fn order(&self, by: &Caller, key: &RequestKey, wish: Wish) -> Result<(), Failure> {
        let target = (key.id, None);
        let ordered = Box::pin(order(&self.records, &self.config, by, target, wish, self.now())).await;
        ordered.map(|_| ())
    }

    /// Verified and approved by Olga.
    pub(super) async fn approved_for(&self, scope: &[&str]) -> RequestKey {
        let key = self.submitted_for(scope).await;
        for wish in [verification(), approval()] {
            self.order(&olga(), &key, wish).await.expect("Olga may");
        }
        key
    }

    /// Looks at a preview; answers its digest.
    pub(super) async fn previewed(&self, by: &Caller, key: &RequestKey) -> String {
        let shown = Box::pin(preview(
            &self.records,
            &self.config,
            &self.sources,
            by,
            key.id,
            self.now(),
        ))
        .await;
        shown.expect("operators may look").digest
    }

    /// Executes with the phrase.
    pub(super) async fn execute(&self, by: &Caller, key: &RequestKey, digest: String) -> Result<(), Failure> {
        let typed = Typed {
            confirmation: CONFIRMATION.to_owned(),
            preview_digest: digest,
        };
        let target = (key.id, None);
        let executed = execute(&self.records, &self.config, &self.queues, by, target, typed, self.now());
        Box::pin(executed).await.map(|_| ())
    }

    /// Executed by Otto after the grace period; nothing is planned yet.
    pub(super) async fn executed_for(&self, scope: &[&str]) -> RequestKey {
        let key = self.approved_for(scope).await;
        let grace = self.facts(&key).grace_ends_at.expect("it is approved");
        self.world.advance_to(grace);
        let digest = self.previewed(&otto(), &key).await;
        self.execute(&otto(), &key, digest).await.expect("Otto may");
        key
    }

    /// Ada's conversations, executed.
    pub(super) async fn executed(&self) -> RequestKey {
        self.executed_for(&["conversations"]).await
    }

    /// So many of Ada's conversations, planned and the first of them sent; its mails are out.
    pub(super) async fn planned(&self, records: u32) -> RequestKey {
        self.write("messages", 0..records);
        let key = self.executed().await;
        self.post().await;
        self.plan().await;
        key
    }

    /// Ada's conversations, all hidden and restorable.
    pub(super) async fn swept(&self) -> RequestKey {
        let key = self.executed().await;
        self.toil().await;
        key
    }

    /// Cancelled in the middle by Otto; answers what he is told.
    pub(super) async fn cancel(&self, key: &RequestKey) -> Result<Facts, Failure> {
        let (records, queues, otto) = (&self.records, &self.queues, otto());
        let reason = Personal::new("a mistake");
        let cancelled = cancel(records, queues, &otto, (key.id, None), reason, self.now());
        Box::pin(cancelled).await.map(|(loaded, _)| loaded.request.facts)
    }

    /// Resumed by Olga.
    pub(super) async fn resume(&self, key: &RequestKey) -> Result<(), Failure> {
        let olga = olga();
        let resumed = resume(&self.records, &self.queues, &olga, (key.id, None), self.now());
        Box::pin(resumed).await.map(|_| ())
    }

    /// A restoration ordered by Otto; answers its number.
    pub(super) async fn restore(&self, key: &RequestKey, wanted: Wanted) -> Result<u32, Failure> {
        let (records, queues, otto) = (&self.records, &self.queues, otto());
        let asked = Asked {
            reason: Personal::new("she needs it"),
            wanted,
        };
        let ordered = restore(records, queues, &otto, (key.id, None), asked, self.now());
        Box::pin(ordered).await.map(|(_, _, n)| n)
    }

    /// A legal hold on somebody's data.
    pub(super) async fn hold(&self, by: &Caller, whose: &Caller, scope: &[&str]) -> Result<HoldShown, Failure> {
        let wanted = NewHold {
            subject: whose.subject_id.clone(),
            scope: scope.iter().map(|category| (*category).to_owned()).collect(),
            reason: Personal::new("a lawsuit"),
        };
        let millis = u64::try_from(self.now().as_millisecond()).expect("after 1970");
        let id = HoldId::from_parts(millis, 1);
        let outside = (&self.config, &self.queues);
        Box::pin(place(&self.records, outside, by, wanted, id, self.now())).await
    }

    /// Its release.
    pub(super) async fn let_go(&self, by: &Caller, id: HoldId) -> Result<HoldShown, Failure> {
        let outside = (&self.config, &self.queues);
        let reason = Personal::new("it is settled");
        Box::pin(release(&self.records, outside, by, id, reason, self.now())).await
    }
}

/// The head of one hold on these categories.
pub(super) fn held_head(version: u64, categories: &[&str]) -> HoldHead {
    let scope: Vec<_> = categories
        .iter()
        .map(|category| category.parse().expect("a slug"))
        .collect();
    HoldHead {
        version: Some(version),
        ..HoldHead::default().with(HoldId::from_parts(1, 1), &scope)
    }
}
