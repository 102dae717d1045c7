//! The bench: everything of the outside that a planner and a worker need, together.
//!
//! Two use cases stand on it: `plan` (page through a dataset) and `work_chunk` (one operation on one chunk). It decides
//! nothing; it only keeps the ports in one place.

use super::records::Records;

/// The outside of planning and execution, built once.
#[derive(Clone, Debug)]
pub struct Bench<S, K, C, M, Q, D, V> {
    /// Requests, plans, chunks.
    pub records: Records<S, K>,
    /// The pinned data map.
    pub config: C,
    /// Manifests and outcome objects.
    pub manifests: M,
    /// Where continuations and the next chunks go.
    pub queues: Q,
    /// The application's data.
    pub sources: D,
    /// Copies of what is taken out of its table; planning has no use for it.
    pub vault: V,
}
