//! From the request's account to what a letter says became of the records, category by category.

use shared::domain::ids::Category as Name;
use shared::domain::outcome::{Code, Counts};
use shared::domain::request::Facts;

use crate::letter::{Category, Hidden, Line, Outcome};

/// A category as the person was told of it when they asked.
pub(crate) fn shown<'a>(facts: &'a Facts, category: &'a Name) -> Category<'a> {
    let description = facts.descriptions.get(category).map_or("", String::as_str);
    Category {
        name: Line::new(category.as_str()),
        description: Line::new(description),
    }
}

/// The sum over the category's datasets.
pub(crate) fn outcome<'a>(facts: &'a Facts, category: &'a Name) -> Outcome<'a> {
    let mut counts = Counts::default();
    for pin in facts.datasets.iter().filter(|pin| &pin.category == category) {
        facts
            .account
            .get(&pin.id)
            .into_iter()
            .for_each(|of_dataset| counts.add(of_dataset));
    }
    let swept = counts.of(Code::Swept);
    Outcome {
        category: shown(facts, category),
        purged: counts.of(Code::Purged),
        already_absent: counts.of(Code::AlreadyAbsent),
        recreated: counts.of(Code::Recreated) + counts.of(Code::ArrivedLater),
        restored: counts.of(Code::Restored),
        hidden: facts
            .recover_until
            .filter(|_| swept > 0)
            .map(|until| Hidden { records: swept, until }),
        untouched: counts.of(Code::Untouched),
        failed: counts.of(Code::Failed),
        resolved: counts.of(Code::Resolved),
        exempt: &[],
    }
}
