//! Two datasets that select one record: it would be planned, counted and hidden twice.

use super::code::Code;
use super::notes::Notes;
use crate::domain::data_map::{Dataset, Place, TenantBinding};

/// How much of two datasets is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meeting {
    Never,
    /// If a tenant or a subject is called as the other one's fixed part.
    Perhaps,
    Always,
}

/// Compares each dataset with those before it.
pub(super) fn check(datasets: &[(usize, Dataset)], notes: &mut Notes) {
    for (place, (n, dataset)) in datasets.iter().enumerate() {
        for (_, earlier) in &datasets[..place] {
            let other = &earlier.id;
            let field = match &dataset.place {
                Place::Dynamodb(_) => "key.template",
                Place::S3(_) => "prefix",
            };
            match meeting(dataset, earlier) {
                Meeting::Never => {}
                Meeting::Always => notes.on(*n, dataset).add(
                    Code::Overlap,
                    field,
                    format!("selects records of dataset {other} too: they would be counted and erased twice"),
                    "make one dataset of the two, or narrow them by sort_key_prefix or prefix",
                ),
                Meeting::Perhaps => notes.on(*n, dataset).add(
                    Code::OverlapPossible,
                    field,
                    format!(
                        "meets dataset {other} if a tenant or subject is called as a fixed part of the other's prefix: \
                         that one's erasure would take other people's objects"
                    ),
                    "begin each prefix with a word of its own, or see to it that nobody is called so",
                ),
            }
        }
    }
}

fn meeting(a: &Dataset, b: &Dataset) -> Meeting {
    if let (TenantBinding::Only { only: one }, TenantBinding::Only { only: other }) = (&a.tenant, &b.tenant)
        && one != other
    {
        return Meeting::Never;
    }
    match (&a.place, &b.place) {
        (Place::Dynamodb(one), Place::Dynamodb(other)) => {
            let same =
                (&one.table, &one.index, &one.key.attribute) == (&other.table, &other.index, &other.key.attribute);
            let prefix = |text: &Option<String>| text.clone().unwrap_or_default();
            let (sorts, other_sorts) = (prefix(&one.sort_key_prefix), prefix(&other.sort_key_prefix));
            let sorts_meet = sorts.starts_with(&other_sorts) || other_sorts.starts_with(&sorts);
            if same && sorts_meet && filled(a, b) == filled(b, a) {
                Meeting::Always
            } else {
                Meeting::Never
            }
        }
        (Place::S3(one), Place::S3(other)) if one.bucket == other.bucket => prefixes(&filled(a, b), &filled(b, a)),
        (Place::Dynamodb(_) | Place::S3(_), Place::Dynamodb(_) | Place::S3(_)) => Meeting::Never,
    }
}

/// The template, with the tenant in it if either dataset is of one tenant only.
fn filled(dataset: &Dataset, other: &Dataset) -> String {
    let only = [dataset, other].into_iter().find_map(|one| match &one.tenant {
        TenantBinding::Only { only } => Some(only.as_str()),
        TenantBinding::In { .. } | TenantBinding::Attribute { .. } => None,
    });
    dataset.template().replace("{tenant}", only.unwrap_or("{tenant}"))
}

/// Compares two prefixes part by part, as far as the shorter goes.
fn prefixes(a: &str, b: &str) -> Meeting {
    let parts = |prefix: &str| -> Vec<String> {
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        prefix.split('/').map(str::to_owned).collect()
    };
    let mut meeting = Meeting::Always;
    for (one, other) in parts(a).iter().zip(&parts(b)) {
        if one == other {
            continue;
        }
        if !could_be_called(one, other) && !could_be_called(other, one) {
            return Meeting::Never;
        }
        meeting = Meeting::Perhaps;
    }
    meeting
}

/// Whether a part with placeholders may come out as another.
fn could_be_called(pattern: &str, part: &str) -> bool {
    let (Some(open), Some(close)) = (pattern.find('{'), pattern.rfind('}')) else {
        return false;
    };
    let (head, tail) = (&pattern[..open], &pattern[close + 1..]);
    part.len() > head.len() + tail.len() && part.starts_with(head) && part.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_meet_where_one_goes_on_from_the_other() {
        for (a, b, expected) in [
            ("{tenant}/{subject}/", "{tenant}/{subject}/", Meeting::Always),
            ("{tenant}/{subject}/", "{tenant}/{subject}/photos/", Meeting::Always),
            ("{tenant}/{subject}/a/", "{tenant}/{subject}/b/", Meeting::Never),
            ("a/{subject}/", "b/{subject}/", Meeting::Never),
            ("{tenant}/{subject}/", "archive/{subject}/", Meeting::Perhaps),
            ("a/{subject}/", "a/old/{subject}/", Meeting::Perhaps),
            ("a/u-{subject}/", "a/old/{subject}/", Meeting::Never),
            ("a/u-{subject}/", "a/u-old/{subject}/", Meeting::Perhaps),
            ("a/u-{subject}/", "a/u-/{subject}/", Meeting::Never),
            ("{subject}/", "ab/{subject}/", Meeting::Perhaps),
        ] {
            assert_eq!(prefixes(a, b), expected, "{a} and {b}");
            assert_eq!(prefixes(b, a), expected, "{b} and {a}");
        }
    }
}
