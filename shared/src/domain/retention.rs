//! What must be kept: a record whose retention period, counted from its own date, is not over at the execution. Pure.
//!
//! Guarantees: the cutoff is the execution's instant, so every attempt decides alike. The period is counted on the UTC
//! calendar. A date that is missing or cannot be read decides nothing: such a record is kept, and a person looks at it.

use jiff::Timestamp;

use super::data_map::Retain;
use super::manifest::Line;
use super::outcome::{Code, LineOutcome};
use super::written_at;

/// The code of a record whose date is missing or unreadable.
pub const UNREADABLE: &str = "retention_unreadable";

/// The outcome of a record that must not be erased, as its manifest line dates it; none if it may be.
pub fn kept(retain: Option<&Retain>, line: &Line, cutoff: Timestamp) -> Option<LineOutcome> {
    let retain = retain?;
    let from = match line {
        Line::Item { dated, .. } => dated
            .as_ref()
            .and_then(|value| written_at::instant(retain.format, value)),
        Line::Object { modified, .. } => *modified,
    };
    match from {
        None => Some(LineOutcome::failed(UNREADABLE)),
        Some(from) if retain.period.after(from) > cutoff => Some(LineOutcome::because(Code::Exempt, &retain.ground)),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::data_map::TimeFormat;
    use crate::domain::manifest::Scalar;

    fn seven_years(format: TimeFormat) -> Retain {
        Retain {
            period: "P7Y".parse().expect("a period"),
            from: "issued_at".into(),
            format,
            ground: "Tax law".into(),
        }
    }

    fn item(dated: Option<Scalar>) -> Line {
        Line::Item {
            key: BTreeMap::new(),
            ttl: None,
            written: None,
            dated,
            owner: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    const CUTOFF: &str = "2027-02-28T12:00:00Z";

    /// What becomes of an item with this date.
    fn of(format: TimeFormat, dated: Option<Scalar>) -> Option<LineOutcome> {
        kept(Some(&seven_years(format)), &item(dated), at(CUTOFF))
    }

    #[test]
    fn a_record_is_kept_until_its_period_is_over() {
        let exempt = Some(LineOutcome::because(Code::Exempt, "Tax law"));
        for (dated, expected) in [
            ("2020-02-28T12:00:01Z", &exempt),
            ("2020-02-28T12:00:00Z", &None),
            ("2020-02-28T14:00:01+02:00", &exempt),
            // 29 February and seven years end on 28 February.
            ("2020-02-29T12:00:01Z", &exempt),
            ("2020-02-29T12:00:00Z", &None),
            ("2999-01-01T00:00:00Z", &exempt),
            ("1999-01-01T00:00:00Z", &None),
        ] {
            let found = of(TimeFormat::Rfc3339, Some(Scalar::S(dated.into())));
            assert_eq!(found, *expected, "{dated}");
        }
        let seconds = |n: i64| of(TimeFormat::EpochSeconds, Some(Scalar::N(n.to_string())));
        let edge = at("2020-02-28T12:00:00Z").as_second();
        assert_eq!((seconds(edge), seconds(edge + 1)), (None, exempt));
    }

    #[test]
    fn what_has_no_readable_date_is_kept_and_flagged() {
        let flagged = Some(LineOutcome::failed("retention_unreadable"));
        assert_eq!(of(TimeFormat::Rfc3339, None), flagged);
        for (format, dated) in [
            (TimeFormat::Rfc3339, Scalar::S("last spring".into())),
            (TimeFormat::Rfc3339, Scalar::S("2019-04-01".into())),
            (TimeFormat::Rfc3339, Scalar::N("1500000000".into())),
            (TimeFormat::EpochMillis, Scalar::B("AAAA".into())),
            (TimeFormat::EpochSeconds, Scalar::S("nan".into())),
        ] {
            assert_eq!(of(format, Some(dated)), flagged, "{format:?}");
        }
    }

    #[test]
    fn an_object_is_dated_by_its_version_and_a_map_without_retention_keeps_nothing() {
        let object = |modified: Option<&str>| Line::Object {
            key: "k".into(),
            version: "v".into(),
            was_deleted: false,
            modified: modified.map(at),
        };
        let retain = seven_years(TimeFormat::Rfc3339);
        let of = |line: &Line| kept(Some(&retain), line, at(CUTOFF)).map(|outcome| outcome.code);
        assert_eq!(of(&object(Some("2020-02-28T12:00:00Z"))), None);
        assert_eq!(of(&object(Some("2020-02-28T12:00:01Z"))), Some(Code::Exempt));
        assert_eq!(of(&object(None)), Some(Code::Failed));
        assert_eq!(kept(None, &object(None), at(CUTOFF)), None);
        assert_eq!(kept(None, &item(None), at(CUTOFF)), None);
    }
}
