//! From the request's account to what a letter says became of the records, category by category.

use shared::domain::ids::Category as Name;
use shared::domain::outcome::{Code, Counts};
use shared::domain::request::Facts;

use crate::letter::{Category, Hidden, Kept, Line, Outcome};

/// A category as the person was told of it when they asked.
pub(crate) fn shown<'a>(facts: &'a Facts, category: &'a Name) -> Category<'a> {
    let description = facts.descriptions.get(category).map_or("", String::as_str);
    Category {
        name: Line::new(category.as_str()),
        description: Line::new(description),
    }
}

/// Stands for the grounds until the account counts each by itself.
const GROUND: &str = "the law or a legal hold requires it; ask us for the ground";

/// The sum over the category's datasets.
fn counts(facts: &Facts, category: &Name) -> Counts {
    let mut counts = Counts::default();
    for pin in facts.datasets.iter().filter(|pin| &pin.category == category) {
        facts
            .account
            .get(&pin.id)
            .into_iter()
            .for_each(|of_dataset| counts.add(of_dataset));
    }
    counts
}

/// What was kept of a category.
pub(crate) fn kept(facts: &Facts, category: &Name) -> Vec<Kept<'static>> {
    let records = counts(facts, category).of(Code::Exempt);
    let ground = Line::new(GROUND);
    (records > 0).then_some(Kept { records, ground }).into_iter().collect()
}

/// What became of a category, with what was kept of it.
pub(crate) fn outcome<'a>(facts: &'a Facts, category: &'a Name, exempt: &'a [Kept<'a>]) -> Outcome<'a> {
    let counts = counts(facts, category);
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
        exempt,
    }
}
