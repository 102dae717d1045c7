//! A legal hold: a subject's data of some categories must be kept until somebody releases it.
//!
//! Guarantees: nothing personal stands in a [`Hold`]; whose it is, why and who placed it is in [`HoldFields`], which is
//! sealed at rest. Legal ground for keeping what was asked to be erased: GDPR article 17(3)(e), and what a court orders.
//! Where next: `state_machine::hold` for the rules, `workflow::hold` for what follows from them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::actor::StaffMember;
use super::ids::{Category, HoldId, Ref, SubjectId, Tenant};
use super::personal::Personal;

/// A hold, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Format version, 1.
    pub v: u32,
    /// Which.
    pub id: HoldId,
    /// Whose organisation.
    pub tenant: Tenant,
    /// Whose data.
    pub subject_ref: Ref,
    /// Which categories of it, not empty, without repeats.
    pub scope: Vec<Category>,
    /// Since when.
    pub placed_at: Timestamp,
    /// Since when nothing it covers can go any more by what was begun or armed before; none while something can. After
    /// a release: since when the requests it kept waiting know of it.
    pub settled_at: Option<Timestamp>,
    /// Until when.
    pub released_at: Option<Timestamp>,
    /// Counts writes.
    pub rev: u64,
}

/// What is personal in a hold; sealed under the tenant's staff key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HoldFields {
    /// Whose data.
    pub subject: SubjectId,
    /// Why it must be kept.
    pub reason: Personal,
    /// Who placed it.
    pub placed_by: StaffMember,
    /// Why it may go.
    pub release_reason: Option<Personal>,
    /// Who released it.
    pub released_by: Option<StaffMember>,
}

/// All holds of one subject in one row: what approve, execute and every lease read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HoldHead {
    /// Rises with each change; none while the subject never had a hold.
    pub version: Option<u64>,
    /// What each hold that stands covers.
    pub standing: BTreeMap<HoldId, Vec<Category>>,
}

impl HoldHead {
    /// Whether any of the scope is held.
    pub fn covers(&self, scope: &[Category]) -> bool {
        self.categories().any(|held| scope.contains(held))
    }

    /// Held categories; one that several holds cover comes several times.
    pub fn categories(&self) -> impl Iterator<Item = &Category> {
        self.standing.values().flatten()
    }

    /// With one more hold.
    pub fn with(&self, hold: HoldId, scope: &[Category]) -> Self {
        let mut next = self.next();
        next.standing.insert(hold, scope.to_vec());
        next
    }

    /// Without one.
    pub fn without(&self, hold: HoldId) -> Self {
        let mut next = self.next();
        next.standing.remove(&hold);
        next
    }

    fn next(&self) -> Self {
        Self {
            version: Some(self.version.unwrap_or(0) + 1),
            standing: self.standing.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(text: &str) -> Category {
        text.parse().expect("a slug")
    }

    #[test]
    fn a_category_is_held_as_long_as_one_hold_covers_it() {
        let (one, two) = (HoldId::from_parts(1, 1), HoldId::from_parts(2, 2));
        let (messages, profile) = ([category("messages")], [category("profile")]);
        let none = HoldHead::default();
        assert!(!none.covers(&messages) && none.version.is_none());
        let both = none
            .with(one, &messages)
            .with(two, &[messages[0].clone(), category("files")]);
        assert_eq!(both.version, Some(2));
        assert!(both.covers(&messages) && !both.covers(&profile));
        let left = both.without(one);
        assert!(left.covers(&messages), "the other still stands");
        let free = left.without(two);
        assert!(!free.covers(&messages));
        assert_eq!(free.version, Some(4), "its version tells that there were holds");
    }
}
