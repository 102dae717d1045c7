//! Work that stood still, by its kind, and how much of it somebody had to push.
//!
//! Where next: `workflow::push`, which finds it.

use std::ops::AddAssign;

use serde::{Serialize, Serializer};

/// What may come to a stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// A dataset is not listed on: its message was lost, or its planner died.
    Plan,
    /// A chunk waits for a message that was lost, or for a worker that died.
    Chunk,
    /// A package's next part waits for a message that was lost, or for a worker that died; or an export did not start.
    Part,
    /// An e-mail was never taken from the outbox, or its sender died.
    Outbox,
    /// Everything is accounted for, and nobody said so.
    Finish,
    /// A purge that is due was not begun, or its chunk stands still.
    Purge,
    /// A verification is not listed on, or nobody drew its conclusion.
    Verify,
    /// Personal data was to be destroyed and is there.
    Shred,
}

impl Stuck {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::Chunk,
        Self::Part,
        Self::Outbox,
        Self::Finish,
        Self::Purge,
        Self::Verify,
        Self::Shred,
    ];

    /// The word in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Chunk => "chunk",
            Self::Part => "part",
            Self::Outbox => "outbox",
            Self::Finish => "finish",
            Self::Purge => "purge",
            Self::Verify => "verify",
            Self::Shred => "shred",
        }
    }
}

/// How much was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pushed([u32; Stuck::ALL.len()]);

impl Pushed {
    /// So many of a kind, and nothing else.
    pub fn only(kind: Stuck, count: u32) -> Self {
        let mut pushed = Self::default();
        pushed.add(kind, count);
        pushed
    }

    /// So many more.
    pub fn add(&mut self, kind: Stuck, count: u32) {
        let of = &mut self.0[kind as usize];
        *of = of.saturating_add(count);
    }

    /// Of all kinds.
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }

    /// The kinds of which anything was pushed.
    pub fn kinds(&self) -> impl Iterator<Item = (Stuck, u32)> {
        Stuck::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

impl AddAssign for Pushed {
    fn add_assign(&mut self, more: Self) {
        for (kind, count) in more.kinds() {
            self.add(kind, count);
        }
    }
}

impl Serialize for Pushed {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map(self.kinds().map(|(kind, count)| (kind.as_str(), count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_for_itself_under_its_own_word() {
        let mut pushed = Pushed::only(Stuck::Shred, 1);
        for kind in Stuck::ALL {
            pushed += Pushed::only(kind, 2);
        }
        assert_eq!(pushed.total(), 17);
        let words = serde_json::json!({
            "plan": 2, "chunk": 2, "part": 2, "outbox": 2, "finish": 2, "purge": 2, "verify": 2, "shred": 3,
        });
        assert_eq!(serde_json::to_value(pushed).expect("JSON"), words);
        assert_eq!(
            serde_json::to_value(Pushed::default()).expect("JSON"),
            serde_json::json!({})
        );
    }
}
