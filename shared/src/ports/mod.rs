//! What a workflow asks of the outside, in the domain's verbs. The AWS adapters are one side, the simulator the other.
//!
//! Every call can fail with a [`Fault`]; a call over several items answers for each of them, so partial success cannot
//! be overlooked. No SDK type appears in a signature.
#![expect(
    async_fn_in_trait,
    reason = "the workflows are generic over these; concrete futures stay Send where they must be"
)]

mod blobs;
mod commit;
mod fault;
mod holds;
mod mailer;
mod notes;
mod queues;
mod sealer;
mod sources;
mod store;

pub use blobs::{Config, Manifests, Pinned};
pub use commit::{Commit, Committed, Companion, Conflict, Expect, RefusalTally, RequestRow};
pub use fault::{BoxError, Fault};
pub use holds::{HoldChange, HoldRow, Holds};
pub use mailer::{Letter, MailFault, Mailer};
pub use notes::{DayPage, DayQuery, MonthHead, Note, Notes};
pub use queues::Queues;
pub use sealer::{DataKey, KeyName, Sealed, Sealer, WrappedKey};
pub use sources::{Always, Census, Page, PageOrder, PurgeOrder, RestoreOrder, Sources, StripOrder, SweepOrder, Watch};
pub use store::{
    Idempotency, Keys, LIST_READS, ListPage, ListQuery, ListScope, Listed, Outbox, Preview, Progress, Requests, Sample,
    Work,
};
