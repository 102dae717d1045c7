//! From the request's account to what a letter says became of the records, category by category.

use shared::domain::ids::Category as Name;
use shared::domain::outcome::{Code, Counts, LEGAL_HOLD};
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

/// What is said of a legal hold. Its own reason is the organisation's, and may be about others.
const HELD: &str = "a legal hold: they may be needed in a dispute or a proceeding";
/// What is said of records that were kept before their grounds were counted.
const UNCOUNTED: &str = "the law or a legal hold requires it; ask us for the ground";

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

/// Records of a category that were kept, by ground: how many, and why.
pub(crate) fn grounds(facts: &Facts, category: &Name) -> Vec<(u64, String)> {
    let counts = counts(facts, category);
    let words = |ground: &str| if ground == LEGAL_HOLD { HELD } else { ground }.to_owned();
    let counted = counts.grounds().iter().map(|(ground, n)| (*n, words(ground)));
    let rest = counts
        .of(Code::Exempt)
        .saturating_sub(counts.grounds().values().sum::<u64>());
    let all = counted.chain([(rest, UNCOUNTED.to_owned())]);
    all.filter(|(records, _)| *records > 0).collect()
}

/// The same as a letter lists it.
pub(crate) fn kept(grounds: &[(u64, String)]) -> Vec<Kept<'_>> {
    let all = grounds.iter().map(|(records, ground)| Kept {
        records: *records,
        ground: Line::new(ground),
    });
    all.collect()
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
        exported: counts.of(Code::Exported),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_kept_is_told_by_ground_over_all_datasets_of_a_category() {
        let at = "2026-11-21T12:00:00Z";
        let pin = |id: &str, category: &str| json!({"id": id, "category": category, "waits_for_ttl": false});
        let facts: Facts = serde_json::from_value(json!({
            "v": 1, "id": "dsr_01HF7YAT00000000000000001A", "tenant": "acme", "kind": "deletion",
            "status": "InProgress", "version": 9, "subject_ref": "a", "requester_ref": "a", "on_behalf": false,
            "scope": ["billing", "profile"], "descriptions": {}, "submitted_at": at, "received_at": at, "due_at": at,
            "misses_due": false, "grace_over_told": true, "shredded": false,
            "datasets": [pin("invoices", "billing"), pin("receipts", "billing"), pin("profiles", "profile")],
            "account": {
                "invoices": {"exempt": 6, "purged": 1, "grounds": {"Tax law": 2, "legal_hold": 3}},
                "receipts": {"exempt": 4, "grounds": {"Tax law": 4}},
                "profiles": {"purged": 2},
            },
        }))
        .expect("facts");
        let said = |category: &str| grounds(&facts, &category.parse().expect("a slug"));
        let expected = [(6, "Tax law"), (3, HELD), (1, UNCOUNTED)];
        assert_eq!(
            said("billing"),
            expected.map(|(records, why)| (records, why.to_owned()))
        );
        assert_eq!(said("profile"), []);
        let all = said("billing");
        let sum: u64 = kept(&all).iter().map(|kept| kept.records).sum();
        assert_eq!(
            sum,
            counts(&facts, &"billing".parse().expect("a slug")).of(Code::Exempt)
        );
    }
}
