//! The subject request: what a person asked for and how far it is.
//!
//! Its fields stand in three groups by who may ever read them: [`Facts`] holds no personal data and is stored in the
//! clear; [`PersonFields`] is sealed under the request's own key and gone after shredding; [`StaffFields`] is sealed
//! under the tenant's staff key and kept as long as the trail. Nothing here changes a status: that is
//! `state_machine::request`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::{Person, Role, StaffMember};
use super::ids::{Category, DatasetId, Ref, RequestId, RequestKey, Tenant};
use super::job::Job;
use super::outcome::Counts;
use super::package::Package;
use super::personal::{Erasable, Personal};
use super::policy::Policy;
use super::search::FoundBy;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Erase (GDPR Art. 17).
    Deletion,
    /// Hand over (GDPR Art. 15 and 20).
    Export,
}

impl Kind {
    /// The word used in keys, answers and mails.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deletion => "deletion",
            Self::Export => "export",
        }
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Status {
    /// Submitted; awaiting review.
    Pending,
    /// Identity and details verified; awaiting the decision.
    Verified,
    /// Approved; the grace period runs or is over.
    Approved,
    /// Executed; the job is at work.
    InProgress,
    /// Done, told and closed.
    Completed,
    /// Denied by an operator.
    Rejected,
    /// Withdrawn before, or cancelled during, the execution.
    Cancelled,
}

impl Status {
    /// All of them, in the order of a life.
    pub const ALL: [Self; 7] = [
        Self::Pending,
        Self::Verified,
        Self::Approved,
        Self::InProgress,
        Self::Completed,
        Self::Rejected,
        Self::Cancelled,
    ];

    /// The word used in keys and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::Verified => "Verified",
            Self::Approved => "Approved",
            Self::InProgress => "InProgress",
            Self::Completed => "Completed",
            Self::Rejected => "Rejected",
            Self::Cancelled => "Cancelled",
        }
    }

    /// Whether nothing leads out of it.
    pub fn is_terminal(self) -> bool {
        matches!(self, Self::Completed | Self::Rejected | Self::Cancelled)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a completed request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Completion {
    /// Everything planned was erased or found absent.
    Full,
    /// Something was kept, and the request says what.
    Partial,
}

/// When a request was cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CancelStage {
    /// Withdrawn: nothing was touched.
    BeforeExecution,
    /// In the middle of the job.
    DuringExecution,
}

/// What became of the closing e-mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Notice {
    /// In the outbox.
    Pending,
    /// Handed over to the mail service.
    Sent,
    /// Refused for good, or undeliverable for 72 hours; operators were told.
    Failed,
    /// There is none: an operator said that the subject is not told.
    Waived,
}

/// The data map as a request pins it at execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataMapPin {
    /// S3 version of `data-map.yaml` in the config bucket.
    pub version: String,
    /// SHA-256 of its canonical JSON, hexadecimal.
    pub digest: String,
}

/// A dataset in scope, as a request pins it at execution.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetPin {
    /// Which one.
    pub id: DatasetId,
    /// Its category.
    pub category: Category,
    /// Whether its purge waits for TTL.
    pub waits_for_ttl: bool,
    /// Whether its swept records wait in the vault, under a key of their own.
    #[serde(default)]
    pub in_vault: bool,
}

/// The one extension of a request's due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extension {
    /// When it was decided.
    pub at: Timestamp,
    /// The due date before.
    pub was_due_at: Timestamp,
}

/// What operators were told because time had passed; see `state_machine::notice`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Told {
    /// That three quarters of the time to `due_at` are over.
    pub due_soon: bool,
    /// That `due_at` has passed.
    pub overdue: bool,
    /// That nothing can be restored after `recover_until`.
    pub window_ended: bool,
}

/// Everything about a request that is not personal data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Format version, 1.
    pub v: u32,
    /// Its id.
    pub id: RequestId,
    /// Whose request it is.
    pub tenant: Tenant,
    /// What is asked for.
    pub kind: Kind,
    /// Where it stands.
    pub status: Status,
    /// Counts transitions; the `ETag`.
    pub version: u64,
    /// Stands for the data subject (the owner).
    pub subject_ref: Ref,
    /// Stands for whoever submitted.
    pub requester_ref: Ref,
    /// Whether an operator submitted on the subject's behalf.
    pub on_behalf: bool,
    /// The chosen categories.
    pub scope: Vec<Category>,
    /// What the requester was told each category is.
    pub descriptions: BTreeMap<Category, String>,
    /// When it reached Lethe.
    pub submitted_at: Timestamp,
    /// When it reached the organisation; the due date counts from here.
    pub received_at: Timestamp,
    /// The statutory due date; once extended, the new one.
    pub due_at: Timestamp,
    /// How it was extended.
    #[serde(default)]
    pub extension: Option<Extension>,
    /// When it was verified.
    pub verified_at: Option<Timestamp>,
    /// When it was approved or rejected.
    pub decided_at: Option<Timestamp>,
    /// Stands for whoever approved or rejected.
    pub decider_ref: Option<Ref>,
    /// The policy, fixed at approval.
    pub policy: Option<Policy>,
    /// S3 version of the policy file it came from.
    pub policy_version: Option<String>,
    /// Execution is refused before this instant.
    pub grace_ends_at: Option<Timestamp>,
    /// When all will be done if executed at once after the grace period.
    pub completes_by: Option<Timestamp>,
    /// Whether `completes_by` is after `due_at`.
    pub misses_due: bool,
    /// Whether operators were told that the grace period is over.
    pub grace_over_told: bool,
    /// What else they were told.
    #[serde(default)]
    pub told: Told,
    /// The data map, pinned at execution.
    pub data_map: Option<DataMapPin>,
    /// The datasets in scope, pinned at execution.
    pub datasets: Vec<DatasetPin>,
    /// When it was executed; the cutoff of what is in scope.
    pub executed_at: Option<Timestamp>,
    /// Stands for whoever executed.
    pub executor_ref: Option<Ref>,
    /// The background work, once executed.
    pub job: Option<Job>,
    /// Until when the last swept record can be restored.
    pub recover_until: Option<Timestamp>,
    /// What became of the records, by dataset; fixed at closing.
    pub account: BTreeMap<DatasetId, Counts>,
    /// Categories that the gate hides for this request; rows from before the gate hide none.
    #[serde(default)]
    pub gated: BTreeSet<Category>,
    /// Restorations ordered so far.
    #[serde(default)]
    pub restores: u32,
    /// The restoration that is under way.
    #[serde(default)]
    pub restoring: Option<u32>,
    /// How it completed.
    pub result: Option<Completion>,
    /// Who withdrew it: the owner, or an operator on their behalf.
    pub withdrawn_by: Option<Role>,
    /// When it was cancelled.
    pub cancel_stage: Option<CancelStage>,
    /// What became of the closing e-mail.
    pub notice: Option<Notice>,
    /// When it reached a terminal status.
    pub closed_at: Option<Timestamp>,
    /// When the personal fields are shredded.
    pub shred_at: Option<Timestamp>,
    /// Whether they are.
    pub shredded: bool,
    /// The export that must have ended before this deletion may be executed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_export: Option<RequestId>,
    /// Whether the subject is told nothing: an operator said so, for a regulator's export.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub silent: bool,
    /// What became of the package; of exports that were started only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
    /// What it is found by, as far as a later commit must know it; rows from before the search have nothing.
    #[serde(default)]
    pub found_by: FoundBy,
}

/// Personal data of the request, sealed under `PERSON#<request>`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFields {
    /// Whose data it is.
    pub subject: Person,
    /// Who submitted.
    pub requester: Person,
    /// From where.
    pub requester_ip: Personal,
    /// Why.
    pub reason: Personal,
    /// How the identity was verified.
    pub verification_method: Option<Personal>,
    /// The verifier's note.
    pub verification_note: Option<Personal>,
    /// The approver's note.
    pub decision_note: Option<Personal>,
    /// Why it was rejected; shown to the subject.
    pub rejection_reason: Option<Personal>,
    /// Why it was withdrawn.
    pub withdrawal_reason: Option<Personal>,
    /// Why it was cancelled in the middle.
    #[serde(default)]
    pub cancellation_reason: Option<Personal>,
    /// Why the due date was extended; shown to the subject.
    #[serde(default)]
    pub extension_reason: Option<Personal>,
}

/// The operators who acted, sealed under `STAFF#<tenant>`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StaffFields {
    /// Who verified.
    pub verified_by: Option<StaffMember>,
    /// Who approved or rejected.
    pub decided_by: Option<StaffMember>,
    /// Who executed.
    pub executed_by: Option<StaffMember>,
    /// Who cancelled it in the middle.
    #[serde(default)]
    pub cancelled_by: Option<StaffMember>,
    /// Who extended the due date.
    #[serde(default)]
    pub extended_by: Option<StaffMember>,
}

/// A request with whatever of it can still be read.
#[derive(Clone, Debug, PartialEq)]
pub struct SubjectRequest {
    /// No personal data.
    pub facts: Facts,
    /// Gone after shredding.
    pub person: Erasable<PersonFields>,
    /// Gone when the tenant's staff key is.
    pub staff: Erasable<StaffFields>,
}

impl Facts {
    /// Tenant and id together.
    pub fn key(&self) -> RequestKey {
        RequestKey {
            tenant: self.tenant.clone(),
            id: self.id,
        }
    }

    /// The pin of one dataset.
    pub fn pinned(&self, dataset: &DatasetId) -> Option<&DatasetPin> {
        self.datasets.iter().find(|pin| &pin.id == dataset)
    }

    /// Until when a closed request is found by an e-mail address or the subject's id: for `RequestRetention`. Without a
    /// policy it was never executed, and its personal fields are kept for that long themselves.
    pub fn found_until(&self) -> Option<Timestamp> {
        let closed_at = self.closed_at?;
        let fixed = self
            .policy
            .as_ref()
            .map(|policy| policy.request_retention.after(closed_at));
        fixed.or(self.shred_at)
    }

    /// Whether the due date has passed on an open request.
    pub fn overdue(&self, now: Timestamp) -> bool {
        !self.status.is_terminal() && now > self.due_at
    }
}
