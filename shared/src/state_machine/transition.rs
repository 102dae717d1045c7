//! What a decision is: the next state, what the trail says, and what must be done once it is committed.

use std::collections::BTreeMap;

use crate::domain::actor::Actor;
use crate::domain::outbox::Occasion;
use crate::domain::personal::Personal;
use crate::domain::request::SubjectRequest;

/// A decision, not yet committed. `workflow::commit` is the one place that writes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The request as it will be.
    pub next: SubjectRequest,
    /// What the trail says: at least one record per transition.
    pub audit: Vec<Record>,
    /// What must follow.
    pub effects: Vec<Effect>,
}

/// One thing the trail says, before it is sealed and chained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Who.
    pub actor: Actor,
    /// What, a stable word: `submit`, `approve`, `execute`, `phase` ...
    pub action: &'static str,
    /// Facts without personal data.
    pub details: BTreeMap<&'static str, serde_json::Value>,
    /// Personal facts; sealed under the request's key.
    pub personal: BTreeMap<&'static str, Personal>,
}

impl Record {
    /// A record without facts yet.
    pub fn new(actor: Actor, action: &'static str) -> Self {
        Self {
            actor,
            action,
            details: BTreeMap::new(),
            personal: BTreeMap::new(),
        }
    }

    /// Adds a fact that is not personal.
    #[must_use]
    pub fn detail(mut self, name: &'static str, value: impl Into<serde_json::Value>) -> Self {
        self.details.insert(name, value.into());
        self
    }

    /// Adds a personal fact, if there is one.
    #[must_use]
    pub fn personal(mut self, name: &'static str, value: Option<&Personal>) -> Self {
        if let Some(value) = value {
            self.personal.insert(name, value.clone());
        }
        self
    }
}

/// What a commit carries besides the request's row, or what follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Owe this e-mail.
    Mail(Occasion),
    /// The request is closed: others may ask for the same data again.
    ReleaseScope,
    /// Refuse the commit if the subject's holds changed since they were read.
    CheckHolds,
    /// Close the plans as they were read: a page that is still being enumerated is not committed any more.
    ClosePlans,
    /// Put a plan row for each dataset in scope, of the job's generation, and send its message.
    Plan,
    /// Send the first window of chunks of each dataset.
    Dispatch,
    /// Put the row by which the package is written, and send the message for its first part.
    Assemble,
    /// Delete the request's wrapped key.
    Shred,
}
