//! What there is before a run, who does what, and what the world does meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shared::domain::data_map::DataMap;
use shared::domain::ids::SubjectId;
use shared::domain::manifest::Scalar;
use shared::domain::outbox::Mail;
use shared::domain::policy::PolicyFile;
use shared::domain::request::Kind;
use shared::knobs::Sizes;
use shared::ports::{Letter, Pinned};
use shared::sim::sources::SimSources;
use shared::sim::sources::journal::RecordId;
use shared::workflow::records::Loaded;

use crate::dawn;

/// One dataset of each kind: TTL deletes, Lethe deletes, a versioned bucket, the vault, a part is retained.
const DATA_MAP: &str = include_str!("data-map.yaml");

/// How a request's people want it to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Aim {
    /// Verified, approved, executed.
    Erase,
    /// The same, and the due date is moved when it comes near.
    Extend,
    /// Approved, then withdrawn by its owner.
    Withdraw,
    /// Rejected.
    Reject,
    /// Executed, then cancelled in the middle; what was swept by then is purged when its window ends.
    Cancel,
    /// Executed, cancelled in the middle, and everything brought back.
    CancelAndRestore,
    /// Paused on the way, and resumed.
    Pause,
    /// One record is brought back while the others wait for their purge.
    RestoreOne,
}

/// When a legal hold is placed; it is released after [`HOLD_LASTS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Never.
    Never,
    /// While the job plans or sweeps.
    Midway,
    /// While swept records wait for their purge.
    InWindow,
}

/// Longer than any record that is swept stays restorable, and than TTL waits (seven days and one).
pub const HOLD_LASTS: SignedDuration = SignedDuration::from_hours(24 * 10);

/// The table that refuses Lethe where a scenario wants it.
pub const FORBIDDEN: &str = "messages";

/// What a hold covers: what TTL deletes, objects, and the vault.
pub const HELD: [&str; 3] = ["conversations", "attachments", "notes"];

/// One request, and what its subject has.
#[derive(Clone, Debug)]
pub struct Life {
    /// The subject's id.
    pub subject: String,
    /// Categories asked for.
    pub scope: Vec<&'static str>,
    /// What its people want.
    pub aim: Aim,
    /// Records in each dataset.
    pub records: usize,
    /// When its data is held.
    pub held: Held,
    /// What is asked for.
    pub kind: Kind,
}

/// What happens to the subject's data while the job runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meanwhile {
    /// Nothing.
    Nothing,
    /// The subject and the application write, rewrite and delete records.
    Changes,
}

/// When TTL deletes what has expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ttl {
    /// At once.
    OnTime,
    /// Days later, or never before the purge.
    Late,
}

/// A whole scenario.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// Its name in reports.
    pub name: &'static str,
    /// How much goes into a chunk, a page, a window.
    pub sizes: Sizes,
    /// The requests.
    pub lives: Vec<Life>,
    /// When TTL deletes.
    pub ttl: Ttl,
    /// What happens to the data.
    pub meanwhile: Meanwhile,
    /// Whether the subjects' mail is refused for good.
    pub mail_refused: bool,
    /// Whether a chunk's workers always die: it must be parked, and its siblings go on.
    pub poison: bool,
    /// Writes a second that each table and bucket takes; none: all. The others are throttled.
    pub capacity: Option<usize>,
    /// Whether a source refuses Lethe in the middle of the sweep, until operators are told that the job failed.
    pub forbidden: bool,
    /// Whether the policy clamps the grace period to the due date.
    pub clamp: bool,
    /// Whether the policy hides a subject from the approval on.
    pub hide_early: bool,
    /// Who writes the letters.
    pub write: Write,
}

/// Writes the letter that is owed; none: nobody can be written to.
pub type Write = fn(&Mail, &Loaded) -> Option<Letter>;

/// Chunks of two records, two chunks a page, a window of two: a dozen records reach every branch.
pub const SMALL: Sizes = Sizes {
    chunk_records: 2,
    window: 2,
    page_chunks: 2,
};

impl Scenario {
    /// One subject with a few records, erased.
    pub fn few() -> Self {
        Self::of("a few records", vec![life("ada", Aim::Erase, 3)])
    }

    /// Two records in all: small enough for every pair of crashes.
    pub fn smallest() -> Self {
        let mut life = life("ada", Aim::Erase, 2);
        life.scope = vec!["conversations"];
        Self::of("the smallest", vec![life])
    }

    /// Thousands of records, with the sizes of a real run.
    pub fn thousands() -> Self {
        let sizes = Sizes {
            page_chunks: 2,
            window: 2,
            ..shared::knobs::REAL_SIZES
        };
        let scenario = Self::of("thousands of records", vec![life("ada", Aim::Erase, 1_200)]);
        Self { sizes, ..scenario }
    }

    /// Withdrawn within the grace period: nothing is touched.
    pub fn withdrawn() -> Self {
        Self::of("withdrawn", vec![life("ada", Aim::Withdraw, 2)])
    }

    /// Rejected: nothing is touched, and its key is shredded in the end.
    pub fn rejected() -> Self {
        Self::of("rejected", vec![life("ada", Aim::Reject, 2)])
    }

    /// The due date is moved when operators are told that it comes near.
    pub fn extended() -> Self {
        Self::of("extended", vec![life("ada", Aim::Extend, 2)])
    }

    /// The policy keeps the due date: the grace period ends early enough.
    pub fn clamped() -> Self {
        Self {
            clamp: true,
            ..Self::of("the grace period is clamped", vec![life("ada", Aim::Erase, 2)])
        }
    }

    /// Two requests of one tenant at once.
    pub fn two() -> Self {
        Self::of(
            "two requests at once",
            vec![life("ada", Aim::Erase, 2), life("bob", Aim::Erase, 2)],
        )
    }

    /// Two requests of one subject at once, for different categories: they share a gate.
    pub fn two_of_one() -> Self {
        let (mut one, mut other) = (life("ada", Aim::Erase, 2), life("ada", Aim::Erase, 2));
        other.scope = one.scope.split_off(1);
        Self::of("two requests of one subject", vec![one, other])
    }

    /// Hidden from the approval on; one of them is withdrawn.
    pub fn hidden_early() -> Self {
        let lives = vec![life("ada", Aim::Withdraw, 2), life("bob", Aim::Erase, 2)];
        Self {
            hide_early: true,
            ..Self::of("hidden from the approval on", lives)
        }
    }

    /// TTL comes days late, after the purge.
    pub fn late_ttl() -> Self {
        Self {
            ttl: Ttl::Late,
            ..Self::of("TTL comes late", vec![life("ada", Aim::Erase, 3)])
        }
    }

    /// The subject writes in the middle.
    pub fn rewritten() -> Self {
        Self {
            meanwhile: Meanwhile::Changes,
            ..Self::of("records written in the middle", vec![life("ada", Aim::Erase, 4)])
        }
    }

    /// The mail service refuses the subject's address.
    pub fn mail_refused() -> Self {
        Self {
            mail_refused: true,
            ..Self::of("the mail is refused", vec![life("ada", Aim::Erase, 2)])
        }
    }

    /// A chunk whose workers always die.
    pub fn poison() -> Self {
        Self {
            poison: true,
            ..Self::of("a poison chunk", vec![life("ada", Aim::Erase, 4)])
        }
    }

    /// Sources that take far less than they are given.
    pub fn throttled() -> Self {
        Self {
            capacity: Some(1),
            ..Self::of("sources that throttle", vec![life("ada", Aim::Erase, 3)])
        }
    }

    /// A source refuses Lethe in the middle of the sweep: repaired, retried, completed.
    pub fn repaired() -> Self {
        Self {
            forbidden: true,
            ..Self::of("repaired and retried", vec![life("ada", Aim::Erase, 5)])
        }
    }

    /// Cancelled in the middle.
    pub fn cancelled() -> Self {
        Self::of("cancelled in the middle", vec![life("ada", Aim::Cancel, 4)])
    }

    /// Cancelled in the middle, then all brought back.
    pub fn cancelled_and_restored() -> Self {
        Self::of("cancelled and restored", vec![life("ada", Aim::CancelAndRestore, 4)])
    }

    /// Paused and resumed.
    pub fn paused() -> Self {
        Self::of("paused and resumed", vec![life("ada", Aim::Pause, 4)])
    }

    /// One record brought back while the request runs.
    pub fn one_restored() -> Self {
        Self::of("one record restored", vec![life("ada", Aim::RestoreOne, 3)])
    }

    /// The law keeps a part of it.
    pub fn retained() -> Self {
        let mut life = life("ada", Aim::Erase, 3);
        life.scope = vec!["profile", "invoices"];
        Self::of("a part is retained", vec![life])
    }

    /// Taken into the vault: one chunk that is full, and one that is not.
    pub fn vaulted() -> Self {
        Self::of("taken into the vault", vec![noted(Aim::Erase, 3)])
    }

    /// Taken into the vault, and one brought back while the others wait.
    pub fn vaulted_one_restored() -> Self {
        Self::of("one brought back from the vault", vec![noted(Aim::RestoreOne, 3)])
    }

    /// Cancelled in the middle, then all brought back from the vault.
    pub fn vaulted_and_restored() -> Self {
        Self::of("all brought back from the vault", vec![noted(Aim::CancelAndRestore, 3)])
    }

    /// Items of the vault that are written in the middle.
    pub fn vaulted_rewritten() -> Self {
        Self {
            meanwhile: Meanwhile::Changes,
            ..Self::of("written while taken into the vault", vec![noted(Aim::Erase, 4)])
        }
    }

    /// A hold keeps what waits in the vault.
    pub fn vaulted_and_held() -> Self {
        let life = Life {
            held: Held::InWindow,
            ..noted(Aim::Erase, 3)
        };
        Self::of("held in the vault", vec![life])
    }

    /// A hold is placed while the job sweeps.
    pub fn held_midway() -> Self {
        Self::held("held midway", Aim::Erase, Held::Midway)
    }

    /// A hold is placed while swept records wait for their purge, and outlives their TTL.
    pub fn held_in_window() -> Self {
        Self::held("held in the window", Aim::Erase, Held::InWindow)
    }

    /// Cancelled in the middle, and what was swept by then is held.
    pub fn cancelled_and_held() -> Self {
        Self::held("cancelled and held", Aim::Cancel, Held::InWindow)
    }

    /// Exported: every kind of dataset, several parts.
    pub fn exported() -> Self {
        Self::of("exported", vec![export("ada", Aim::Erase, 3)])
    }

    /// An export that is cancelled in the middle: nothing of a package is left.
    pub fn export_cancelled() -> Self {
        Self::of("an export is cancelled", vec![export("ada", Aim::Cancel, 3)])
    }

    /// A source refuses Lethe while it is copied: repaired, retried, packed.
    pub fn export_repaired() -> Self {
        Self {
            forbidden: true,
            ..Self::of("an export is repaired", vec![export("ada", Aim::Erase, 5)])
        }
    }

    /// Erased and exported at once: whichever comes first, the export holds what can still be brought back.
    pub fn exported_while_erased() -> Self {
        let lives = vec![life("ada", Aim::Erase, 3), export("ada", Aim::Erase, 3)];
        Self::of("exported while erased", lives)
    }

    fn held(name: &'static str, aim: Aim, held: Held) -> Self {
        let life = Life {
            held,
            ..life("ada", aim, 3)
        };
        Self::of(name, vec![life])
    }

    /// All that end well, for the crash points.
    pub fn all() -> Vec<Self> {
        vec![
            Self::repaired(),
            Self::exported(),
            Self::export_cancelled(),
            Self::export_repaired(),
            Self::exported_while_erased(),
            Self::vaulted(),
            Self::vaulted_one_restored(),
            Self::vaulted_and_restored(),
            Self::vaulted_rewritten(),
            Self::vaulted_and_held(),
            Self::held_midway(),
            Self::held_in_window(),
            Self::cancelled_and_held(),
            Self::cancelled(),
            Self::cancelled_and_restored(),
            Self::paused(),
            Self::one_restored(),
            Self::retained(),
            Self::few(),
            Self::withdrawn(),
            Self::rejected(),
            Self::extended(),
            Self::clamped(),
            Self::two(),
            Self::two_of_one(),
            Self::hidden_early(),
            Self::late_ttl(),
            Self::rewritten(),
            Self::mail_refused(),
            Self::throttled(),
        ]
    }

    /// Whether what became of a record depends on when somebody stepped in, or on when its change met the job.
    pub fn ending_varies(&self) -> bool {
        let stepped_in = |life: &Life| {
            let by_aim = matches!(life.aim, Aim::Cancel | Aim::CancelAndRestore | Aim::RestoreOne);
            by_aim || life.held == Held::Midway
        };
        self.meanwhile == Meanwhile::Changes || self.forbidden || self.lives.iter().any(stepped_in)
    }

    fn of(name: &'static str, lives: Vec<Life>) -> Self {
        Self {
            name,
            sizes: SMALL,
            lives,
            ttl: Ttl::OnTime,
            meanwhile: Meanwhile::Nothing,
            mail_refused: false,
            poison: false,
            capacity: None,
            forbidden: false,
            clamp: false,
            hide_early: false,
            write: crate::stack::letter,
        }
    }
}

/// A life over three categories of which nothing is retained and nothing goes into the vault.
pub fn life(subject: &str, aim: Aim, records: usize) -> Life {
    Life {
        subject: subject.to_owned(),
        scope: vec!["conversations", "profile", "attachments"],
        aim,
        records,
        held: Held::Never,
        kind: Kind::Deletion,
    }
}

/// A life of which only the vault knows.
fn noted(aim: Aim, records: usize) -> Life {
    Life {
        scope: vec!["notes"],
        ..life("ada", aim, records)
    }
}

/// An export of everything.
pub fn export(subject: &str, aim: Aim, records: usize) -> Life {
    Life {
        scope: vec!["conversations", "profile", "attachments", "notes", "invoices"],
        kind: Kind::Export,
        ..life(subject, aim, records)
    }
}

/// The policy of a run: the product's own periods.
pub fn policy(clamp: bool, hide_early: bool) -> Pinned<PolicyFile> {
    let from = if hide_early { "approval" } else { "execution" };
    let yaml = format!("v: 1\ndefaults: {{ClampGraceToDeadline: {clamp}, HideFrom: {from}}}\n");
    let value = PolicyFile::parse(&yaml, false).expect("a policy");
    pinned("policy-1", value)
}

/// The data map of every run.
pub fn data_map() -> Pinned<DataMap> {
    pinned("map-1", DataMap::parse(DATA_MAP).expect("a data map"))
}

fn pinned<T>(version: &str, value: T) -> Pinned<T> {
    Pinned {
        version: version.to_owned(),
        digest: version.repeat(4),
        value,
    }
}

/// Whose record it is, if it is anybody's who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The subject.
    pub subject: String,
    /// The category.
    pub category: &'static str,
}

/// Whether the law keeps a record of this subject from being erased.
pub fn is_retained(record: &RecordId, subject: &str) -> bool {
    let theirs = record.key.starts_with(&format!("pk=INVOICES#acme#{subject} "));
    record.container == "invoices" && theirs && record.key.contains(RETAINED)
}

/// The owner of a record, read from its key; none for another tenant's and for those who never ask.
pub fn owner(record: &RecordId) -> Option<Owner> {
    let (category, subject) = match record.container.as_str() {
        "messages" => {
            let rest = record.key.strip_prefix("pk=TENANT#acme#CUSTOMER#")?;
            ("conversations", rest.split(' ').next()?)
        }
        "profiles" if record.key.contains(FOREIGN) => return None,
        "profiles" => {
            let rest = record.key.strip_prefix("pk=CUSTOMER#")?;
            ("profile", rest.split(' ').next()?)
        }
        "notes" if record.key.contains(FOREIGN) => return None,
        "notes" => {
            let rest = record.key.strip_prefix("pk=NOTES#")?;
            ("notes", rest.split(' ').next()?)
        }
        // The law's, not the subject's to have erased.
        "invoices" if record.key.contains(RETAINED) => return None,
        "invoices" => {
            let rest = record.key.strip_prefix("pk=INVOICES#acme#")?;
            ("invoices", rest.split(' ').next()?)
        }
        _ => ("attachments", record.key.strip_prefix("acme/")?.split('/').next()?),
    };
    let subject = subject.to_owned();
    (subject != BYSTANDER).then_some(Owner { subject, category })
}

/// When an item was written, by its own attribute.
pub fn written(attributes: &BTreeMap<String, String>) -> Option<Timestamp> {
    let text = |name: &str| {
        attributes
            .get(name)
            .and_then(|typed| typed.split_once(':'))
            .map(|(_, text)| text)
    };
    match (text("sent_at").or(text("issued_at")), text("created_at")) {
        (Some(instant), _) => instant.parse().ok(),
        (None, Some(seconds)) => Timestamp::from_second(seconds.parse().ok()?).ok(),
        (None, None) => None,
    }
}

/// Has data in the same tables, and never asks for anything.
const BYSTANDER: &str = "carl";
/// Begins the sort keys of another tenant's items in a partition that both share.
const FOREIGN: &str = "globex-";
/// Begins the sort keys of invoices that have to be kept.
const RETAINED: &str = "retained-";

/// Puts what is there before a run: each subject's records, a bystander's, and another tenant's of the same ids.
pub fn seed(sources: &SimSources, scenario: &Scenario) {
    sources.host(&data_map().value);
    for dataset in &data_map().value.datasets {
        if let Some(per_second) = scenario.capacity {
            sources.limit_capacity(dataset.container(), per_second);
        }
    }
    let long_ago = dawn() - SignedDuration::from_hours(24 * 200);
    let others = life(BYSTANDER, Aim::Erase, 2);
    let mut seeded = BTreeSet::new();
    for life in scenario.lives.iter().chain([&others]) {
        if !seeded.insert(&life.subject) {
            continue;
        }
        for (tenant, prefix) in [("acme", ""), ("globex", FOREIGN)] {
            let records = if prefix.is_empty() { life.records } else { 1 };
            for n in 0..records {
                put(
                    sources,
                    (tenant, &life.subject),
                    (&format!("{prefix}{n}"), "canary-text"),
                    long_ago,
                );
            }
        }
        marked_by_another(sources, &life.subject, long_ago);
        invoices(sources, life, long_ago);
    }
}

/// As many of long ago as of a time that the law protects.
fn invoices(sources: &SimSources, life: &Life, recent: Timestamp) {
    let map = data_map().value;
    let dataset = map.datasets.iter().find(|dataset| dataset.retain.is_some());
    let dataset = dataset.expect("one of them is retained");
    let (tenant, subject) = (
        "acme".parse().expect("a slug"),
        SubjectId::try_from(life.subject.clone()),
    );
    let whose = (&tenant, &subject.expect("an id"));
    let over = recent - SignedDuration::from_hours(24 * 366 * 7);
    for n in 0..life.records {
        sources.put_item(dataset, whose, &n.to_string(), "canary-text", over);
        sources.put_item(dataset, whose, &format!("{RETAINED}{n}"), "canary-text", recent);
    }
}

/// A record that another request has hidden, and that this one must leave to it.
fn marked_by_another(sources: &SimSources, subject: &str, at: Timestamp) {
    let item = [
        ("pk", format!("TENANT#acme#CUSTOMER#{subject}")),
        ("sk", "elsewhere".to_owned()),
        ("sent_at", at.to_string()),
        ("erasure_id", ANOTHER.to_owned()),
        ("erasure_deleted_at", at.to_string()),
    ];
    let item = item
        .into_iter()
        .map(|(name, value)| (name.to_owned(), Scalar::S(value)))
        .collect();
    sources.put_attributes("messages", item, at);
}

/// A request of long ago, whose mark some records carry.
pub const ANOTHER: &str = "dsr_01H0000000000000000000000A";

fn put(sources: &SimSources, (tenant, subject): (&str, &str), (name, body): (&str, &str), at: Timestamp) {
    let tenant = tenant.parse().expect("a slug");
    let subject = SubjectId::try_from(subject.to_owned()).expect("an id");
    let map = data_map().value;
    for dataset in map.datasets.iter().filter(|dataset| dataset.retain.is_none()) {
        if dataset.id.as_str() == "attachments" {
            sources.put_object(dataset, (&tenant, &subject), name, body);
        } else {
            sources.put_item(dataset, (&tenant, &subject), name, body, at);
        }
    }
}

/// The write that also puts records of long ago back.
pub const IMPORT: usize = 3;

/// The application's nth write in the middle of the first life's job: rewritten, also between a copy and its deletion;
/// deleted; new; rewritten while hidden.
pub fn write(sources: &SimSources, life: &Life, n: usize, now: Timestamp) {
    let record = |container: &str, n: usize| {
        let key = match container {
            "messages" => format!("pk=TENANT#acme#CUSTOMER#{} sk={n}", life.subject),
            "profiles" => format!("pk=CUSTOMER#{} sk={n}", life.subject),
            "notes" => format!("pk=NOTES#{} sk={n}", life.subject),
            _ => format!("acme/{}/{n}", life.subject),
        };
        let container = container.to_owned();
        RecordId { container, key }
    };
    match n {
        1 => {
            put(sources, ("acme", &life.subject), ("0", "canary-rewritten"), now);
            let between = Scalar::S("canary-between".to_owned());
            sources.write_before_take(&record("notes", 2), "body", between);
        }
        2 => {
            sources.delete_item(&record("messages", 1));
            sources.delete_item(&record("notes", 1));
            sources.delete_object(&record("files", 1));
        }
        IMPORT => {
            put(sources, ("acme", &life.subject), ("new", "canary-new"), now);
            // Restored from a backup: older than the execution, and there only after it was planned.
            let long_ago = dawn() - SignedDuration::from_hours(24 * 300);
            put(
                sources,
                ("acme", &life.subject),
                ("imported", "canary-imported"),
                long_ago,
            );
        }
        4 => put(sources, ("acme", &life.subject), ("2", "canary-rewritten"), now),
        5 => {
            sources.delete_item(&record("profiles", 3));
            sources.update_item(&record("messages", 3), "canary-updated");
            sources.update_item(&record("notes", 3), "canary-updated");
        }
        _ => put(sources, ("acme", &life.subject), ("newest", "canary-new"), now),
    }
}
