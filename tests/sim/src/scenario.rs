//! What there is before a run, who does what, and what the world does meanwhile.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::domain::data_map::DataMap;
use shared::domain::ids::SubjectId;
use shared::domain::manifest::Scalar;
use shared::domain::outbox::Mail;
use shared::domain::policy::PolicyFile;
use shared::knobs::Sizes;
use shared::ports::{Letter, Pinned};
use shared::sim::sources::SimSources;
use shared::sim::sources::journal::RecordId;
use shared::workflow::records::Loaded;

use crate::dawn;

/// One dataset of each kind: TTL deletes, Lethe deletes, a versioned bucket, a part is retained.
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

/// What a hold covers: what TTL deletes, and objects.
pub const HELD: [&str; 2] = ["conversations", "attachments"];

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
    /// Whether the policy clamps the grace period to the due date.
    pub clamp: bool,
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
            Self::late_ttl(),
            Self::rewritten(),
            Self::mail_refused(),
        ]
    }

    /// Whether what became of a record depends on when somebody stepped in, or on when its change met the job.
    pub fn ending_varies(&self) -> bool {
        let stepped_in = |life: &Life| {
            let by_aim = matches!(life.aim, Aim::Cancel | Aim::CancelAndRestore | Aim::RestoreOne);
            by_aim || life.held == Held::Midway
        };
        self.meanwhile == Meanwhile::Changes || self.lives.iter().any(stepped_in)
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
            clamp: false,
            write: crate::stack::letter,
        }
    }
}

/// A life over the three categories of which nothing is retained.
pub fn life(subject: &str, aim: Aim, records: usize) -> Life {
    Life {
        subject: subject.to_owned(),
        scope: vec!["conversations", "profile", "attachments"],
        aim,
        records,
        held: Held::Never,
    }
}

/// The policy of a run: the product's own periods.
pub fn policy(clamp: bool) -> Pinned<PolicyFile> {
    let yaml = format!("v: 1\ndefaults: {{ClampGraceToDeadline: {clamp}}}\n");
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
    let long_ago = dawn() - SignedDuration::from_hours(24 * 200);
    let others = life(BYSTANDER, Aim::Erase, 2);
    for life in scenario.lives.iter().chain([&others]) {
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

/// The application's nth write in the middle of the first life's job: rewritten, deleted, new, rewritten while hidden.
pub fn write(sources: &SimSources, life: &Life, n: usize, now: Timestamp) {
    let record = |container: &str, n: usize| {
        let key = match container {
            "messages" => format!("pk=TENANT#acme#CUSTOMER#{} sk={n}", life.subject),
            "profiles" => format!("pk=CUSTOMER#{} sk={n}", life.subject),
            _ => format!("acme/{}/{n}", life.subject),
        };
        let container = container.to_owned();
        RecordId { container, key }
    };
    match n {
        1 => put(sources, ("acme", &life.subject), ("0", "canary-rewritten"), now),
        2 => {
            sources.delete_item(&record("messages", 1));
            sources.delete_object(&record("files", 1));
        }
        3 => {
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
        }
        _ => put(sources, ("acme", &life.subject), ("newest", "canary-new"), now),
    }
}
