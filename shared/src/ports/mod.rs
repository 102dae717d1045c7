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
mod exports;
mod fault;
mod gauge;
mod holds;
mod inventory;
mod items;
mod limits;
mod mailer;
mod notes;
mod originals;
mod queues;
mod sealer;
mod sources;
mod store;

pub use blobs::{Config, Manifests, Pinned, Vault};
pub use commit::{Commit, Committed, Companion, Conflict, Expect, RefusalTally, RequestRow};
pub use exports::{Exports, Receipt, Upload};
pub use fault::{BoxError, Fault};
pub use gauge::Gauge;
pub use holds::{HoldChange, HoldRow, Holds};
pub use inventory::Inventory;
pub use items::{Items, ItemsOrder, PutBack, Taken, Whole};
pub use limits::Limits;
pub use mailer::{Letter, MailFault, Mailer};
pub use notes::{DayPage, DayQuery, MonthHead, Note, Notes};
pub use originals::{Original, Originals, Version};
pub use queues::Queues;
pub use sealer::{DataKey, KeyName, Sealed, Sealer, WrappedKey};
pub use sources::{Always, Census, Page, PageOrder, PurgeOrder, RestoreOrder, Sources, StripOrder, SweepOrder, Watch};
pub use store::{
    DatasetPace, Idempotency, Keys, LIST_READS, ListPage, ListQuery, ListScope, Listed, Outbox, Preview, Progress,
    Requests, Sample, Work,
};
