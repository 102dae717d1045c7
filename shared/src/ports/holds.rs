//! Legal holds: their rows, and the one write that changes them.

use jiff::Timestamp;

use super::fault::Fault;
use super::notes::Note;
use super::sealer::Sealed;
use crate::domain::hold::{Hold, HoldHead};
use crate::domain::ids::{Category, HoldId, Ref, RequestId, Tenant};
use crate::domain::request::Kind;

/// A hold's row.
#[derive(Clone, Debug, PartialEq)]
pub struct HoldRow {
    /// No personal data.
    pub hold: Hold,
    /// `HoldFields` as JSON, sealed under the tenant's staff key; AAD in `workflow::hold`.
    pub fields: Sealed,
    /// When supervision must look at it; none once it is settled.
    pub wake_at: Option<Timestamp>,
    /// Forgotten after this instant; none while it stands.
    pub forget_at: Option<Timestamp>,
}

/// Placing or releasing: the hold, the subject's head and the entry in the trail, all of it or nothing.
#[derive(Clone, Debug)]
pub struct HoldChange {
    /// The hold as it will be; its `rev` is one more than what was read.
    pub row: HoldRow,
    /// The version of the subject's head that was read; none while there was no head.
    pub before: Option<u64>,
    /// The head as it will be.
    pub head: HoldHead,
    /// What the tenant's trail says.
    pub note: Note,
}

/// Holds, and what they concern.
pub trait Holds {
    /// One hold.
    async fn hold(&self, tenant: &Tenant, id: HoldId) -> Result<Option<HoldRow>, Fault>;
    /// A tenant's holds, newest first, from `after` (exclusive).
    async fn list_holds(&self, tenant: &Tenant, after: Option<HoldId>, limit: u32) -> Result<Vec<HoldRow>, Fault>;
    /// Writes a change whole, if hold, head and trail are as read; `false`: somebody was faster.
    async fn change_hold(&self, change: &HoldChange) -> Result<bool, Fault>;
    /// Writes only when it settled or is to be looked at, if its revision is one less; `false`: somebody was faster.
    async fn settle_hold(&self, row: &HoldRow) -> Result<bool, Fault>;
    /// Holds whose instant has come; eventually consistent.
    async fn due_holds(&self, now: Timestamp, limit: u32) -> Result<Vec<(Tenant, HoldId)>, Fault>;
    /// The open request of a kind for a subject's category.
    async fn open_request(
        &self,
        tenant: &Tenant,
        subject_ref: &Ref,
        kind: Kind,
        category: &Category,
    ) -> Result<Option<RequestId>, Fault>;
}
