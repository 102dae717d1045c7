//! The commands people give and the events the system observes, each with the facts its guard needs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::domain::actor::Caller;
use crate::domain::chunk::ChunkId;
use crate::domain::ids::DatasetId;
use crate::domain::outcome::Counts;
use crate::domain::period::Period;
use crate::domain::personal::Personal;
use crate::domain::policy::Policy;
use crate::domain::request::{Completion, DataMapPin, DatasetPin, Notice};

/// The phrase an operator types, byte for byte.
pub const CONFIRMATION: &str = "EXECUTE DELETE NOW";

/// How an identity was verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerificationInput {
    /// The method, not blank.
    pub method: Personal,
    /// A note.
    pub note: Option<Personal>,
}

/// What a person wants of a request.
#[derive(Clone, Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "one short-lived value per call; a box would only add noise"
)]
pub enum Command {
    /// Identity and details are right.
    Verify(VerificationInput),
    /// Grant it.
    Approve(Approval),
    /// Deny it.
    Reject {
        /// Shown to the subject.
        reason: Personal,
        /// The tenant's `RequestRetention` now; none if no policy was applied.
        retention: Option<Period>,
    },
    /// Take it back before anything happened.
    Withdraw {
        /// Required of operators.
        reason: Option<Personal>,
        /// The tenant's `RequestRetention` now; none if no policy was applied.
        retention: Option<Period>,
    },
    /// Answer later than due.
    Extend(Delay),
    /// Begin the deletion.
    Execute(Execution),
    /// Start no further sweep.
    Pause,
    /// Go on.
    Resume,
    /// Stop in the middle.
    Cancel(Cancellation),
    /// Bring swept records back.
    Restore(Restoration),
    /// Do again what remains.
    Retry(Repair),
    /// Close a finding with evidence.
    Resolve(Resolution),
    /// Fetch a part of an export's package.
    Redeem(Redemption),
    /// Take an export's package back.
    Revoke {
        /// Why.
        reason: Personal,
    },
}

impl Command {
    /// Its word in routes, trail and refusals.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verify(_) => "verify",
            Self::Approve(_) => "approve",
            Self::Reject { .. } => "reject",
            Self::Withdraw { .. } => "withdraw",
            Self::Extend(_) => "extend",
            Self::Execute(_) => "execute",
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Cancel(_) => "cancel",
            Self::Restore(_) => "restore",
            Self::Retry(_) => "retry",
            Self::Resolve(_) => "resolve",
            Self::Redeem(_) => "redeem",
            Self::Revoke { .. } => "revoke",
        }
    }
}

/// What an approval needs.
#[derive(Clone, Debug)]
pub struct Approval {
    /// A note for the file.
    pub note: Option<Personal>,
    /// Given when the request is approved straight from Pending.
    pub verification: Option<VerificationInput>,
    /// The tenant's policy now; none if none was applied.
    pub policy: Option<(Policy, String)>,
    /// Whether a dataset in scope waits for TTL.
    pub waits_for_ttl: bool,
    /// Whether a legal hold covers part of the scope.
    pub held: bool,
}

/// What an extension of the due date needs.
#[derive(Clone, Debug)]
pub struct Delay {
    /// Told to the subject (GDPR Art. 12(3)).
    pub reason: Personal,
    /// The new due date; none: as late as the policy allows.
    pub until: Option<Timestamp>,
    /// The tenant's `ExtendBy` now, for a request that has no policy of its own yet; none if no policy was applied.
    pub extend_by: Option<Period>,
}

/// What an execution needs.
#[derive(Clone, Debug)]
pub struct Execution {
    /// What the operator typed, unaltered.
    pub confirmation: String,
    /// The digest of the preview they looked at.
    pub preview_digest: String,
    /// Whether that preview is stored, not expired, and its digest recomputed from rows is the same.
    pub preview_holds: bool,
    /// How many records that preview counted, if it counted to the end.
    pub previewed: Option<u64>,
    /// Whether a legal hold covers part of the scope.
    pub held: bool,
    /// Whether an export of the subject is running.
    pub export_running: bool,
    /// The data map to pin; none if none was applied.
    pub data_map: Option<DataMapPin>,
    /// Its datasets in scope.
    pub datasets: Vec<DatasetPin>,
}

/// What a cancellation needs.
#[derive(Clone, Debug)]
pub struct Cancellation {
    /// Why.
    pub reason: Personal,
    /// Whether some record is not purged yet, by a recount.
    pub anything_left: bool,
}

/// What a restoration needs.
#[derive(Clone, Debug)]
pub struct Restoration {
    /// Why.
    pub reason: Personal,
    /// Whether everything restorable is meant, not records named one by one.
    pub all: bool,
    /// Whether a chunk that is meant still holds swept records inside their window.
    pub anything_left: bool,
}

/// What a retry needs.
#[derive(Clone, Debug)]
pub struct Repair {
    /// The finding that is meant, by its name; none: all that are open.
    pub finding: Option<String>,
    /// The chunks that are meant; none: all.
    pub only: Option<BTreeSet<ChunkId>>,
    /// How many of them hold something to do again.
    pub chunks: u64,
    /// Whether a plan that is meant stands still.
    pub open_plans: bool,
    /// Whether what the last verification still found is meant.
    pub leftovers: bool,
    /// Whether the package is meant, which nobody goes on writing.
    pub package: bool,
}

/// What closing a finding needs.
#[derive(Clone, Debug)]
pub struct Resolution {
    /// The finding, by its name.
    pub finding: String,
    /// What was done about it, and how that is known.
    pub evidence: Personal,
    /// Records that count as resolved from here on.
    pub records: u64,
    /// Findings that stay open.
    pub left: u64,
}

/// What fetching a part needs.
#[derive(Clone, Copy, Debug)]
pub struct Redemption {
    /// Which part, from 1.
    pub part: u32,
    /// When the caller last signed in, by their token; none if it does not say.
    pub signed_in_at: Option<Timestamp>,
}

/// What the start of an export needs: the data map to pin, and its datasets in scope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The data map.
    pub data_map: DataMapPin,
    /// Its datasets in scope.
    pub datasets: Vec<DatasetPin>,
}

/// What the system observed; decided by `state_machine::job` or the clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Approved, and the grace period has ended: operators are told once.
    GraceOver,
    /// Open, and three quarters of the time to the due date are over: operators are told once for each due date.
    DueSoon,
    /// Open, and the due date has come: operators are told once.
    Overdue,
    /// What was hidden can no longer be restored: operators are told once for each end of the window.
    WindowEnded,
    /// An export is approved, and its data map is read.
    Started(Start),
    /// The first worker began.
    JobBegan,
    /// Every plan of the generation is complete and holds records.
    PlanComplete {
        /// Records planned so far, all generations.
        planned: u64,
    },
    /// Every chunk's sweep is done.
    Swept {
        /// Until when the last record can be restored.
        recover_until: Option<Timestamp>,
        /// Findings so far.
        findings: u64,
        /// Datasets of which something still shows.
        showing: BTreeSet<DatasetId>,
    },
    /// What still showed when the sweep was done is hidden by now, or settled by a person.
    GateCleared {
        /// Datasets of which something still shows.
        showing: BTreeSet<DatasetId>,
    },
    /// The first window has ended: destroy.
    PurgeBegan,
    /// Nothing swept is left: enumerate again.
    VerifyBegan,
    /// Everything an export found is copied.
    Copied,
    /// Every part of the package is written.
    Packaged {
        /// How many.
        parts: u32,
        /// Their bytes.
        bytes: u64,
        /// Whether something was left out.
        result: Completion,
        /// What became of the records.
        account: BTreeMap<DatasetId, Counts>,
    },
    /// The package expires in a day: the subject is told once.
    Expiring,
    /// The package's time is over.
    PackageExpired,
    /// Nothing of the package is stored any more.
    PackagePurged,
    /// Something needs a person.
    JobFailed {
        /// Findings.
        findings: u64,
    },
    /// Verified clean: tell the subject.
    Closing {
        /// How it ended.
        result: Completion,
        /// What became of the records.
        account: BTreeMap<DatasetId, Counts>,
    },
    /// Cancelled, and nobody is at work any more: this is the account.
    Settled {
        /// Until when the last record can be restored.
        recover_until: Option<jiff::Timestamp>,
        /// What became of the records.
        account: BTreeMap<DatasetId, Counts>,
    },
    /// A restoration was carried out.
    Restored {
        /// Which.
        n: u32,
        /// Records brought back.
        restored: u64,
        /// Records that could not be.
        skipped: u64,
    },
    /// Cancelled long ago, and by now the last swept record is purged or restored.
    Emptied {
        /// What became of the records.
        account: BTreeMap<DatasetId, Counts>,
    },
    /// Told, or telling was given up.
    Completed {
        /// What became of the e-mail.
        notice: Notice,
    },
    /// The e-mail of a rejection or withdrawal is out, or was given up.
    Told {
        /// What became of it.
        notice: Notice,
    },
    /// The personal fields' time is over.
    Shredded,
}

/// A person and what they want.
#[derive(Clone, Debug)]
pub struct Order<'a> {
    /// Who.
    pub by: &'a Caller,
    /// What.
    pub command: Command,
}
