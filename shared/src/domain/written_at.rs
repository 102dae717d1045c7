//! An instant as an application's item has it: when it was written, compared with the cutoff. Pure.
//!
//! Guarantees: only a value that can be read *and* is after the cutoff puts a record out of scope. A missing or
//! unreadable value leaves it in scope: forgetting an erasure is worse than erasing what its owner dated badly.

use jiff::Timestamp;

use super::data_map::{TimeFormat, WrittenAt};
use super::manifest::Scalar;

/// Whether the record was written after the cutoff.
pub fn is_later(form: &WrittenAt, value: Option<&Scalar>, cutoff: Timestamp) -> bool {
    value
        .and_then(|value| instant(form.format, value))
        .is_some_and(|written| written > cutoff)
}

/// The instant a value means in this format; none if it cannot be read.
pub fn instant(format: TimeFormat, value: &Scalar) -> Option<Timestamp> {
    match (format, value) {
        (TimeFormat::Rfc3339, Scalar::S(text)) => text.parse().ok(),
        (TimeFormat::EpochSeconds, Scalar::N(text) | Scalar::S(text)) => epoch(text, 1_000_000_000),
        (TimeFormat::EpochMillis, Scalar::N(text) | Scalar::S(text)) => epoch(text, 1_000_000),
        _ => None,
    }
}

/// Whole numbers exactly; fractions and exponents (DynamoDB writes large numbers so) as far as `f64` reaches.
fn epoch(text: &str, nanoseconds_per_unit: i128) -> Option<Timestamp> {
    let nanoseconds = match text.parse::<i64>() {
        Ok(whole) => i128::from(whole) * nanoseconds_per_unit,
        Err(_) => {
            let fraction = text.parse::<f64>().ok().filter(|n| n.is_finite())?;
            (fraction * nanoseconds_per_unit as f64) as i128
        }
    };
    Timestamp::from_nanosecond(nanoseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn later(format: TimeFormat, value: Scalar) -> bool {
        let form = WrittenAt {
            attribute: "at".into(),
            format,
        };
        is_later(&form, Some(&value), "2026-11-22T00:00:00.5Z".parse().expect("instant"))
    }

    #[test]
    fn each_format_is_compared_with_the_cutoff() {
        use TimeFormat::{EpochMillis, EpochSeconds, Rfc3339};
        let (s, n) = (|t: &str| Scalar::S(t.into()), |t: &str| Scalar::N(t.into()));
        let cases = [
            (Rfc3339, s("2026-11-22T00:00:00.5Z"), false),
            (Rfc3339, s("2026-11-22T00:00:00.500001Z"), true),
            (Rfc3339, s("2026-11-22T02:00:00+02:00"), false),
            (Rfc3339, s("2026-11-21T23:00:01-01:00"), true),
            (EpochSeconds, n("1795305600"), false),
            (EpochSeconds, n("1795305601"), true),
            (EpochSeconds, n("1795305600.75"), true),
            (EpochSeconds, s("1795305601"), true),
            (EpochMillis, n("1795305600500"), false),
            (EpochMillis, n("1795305600501"), true),
            (EpochMillis, n("1.795305600501E12"), true),
        ];
        for (format, value, expected) in cases {
            assert_eq!(later(format, value.clone()), expected, "{format:?} {}", text(&value));
        }
    }

    #[test]
    fn what_cannot_be_read_stays_in_scope() {
        use TimeFormat::{EpochMillis, EpochSeconds, Rfc3339};
        for (format, value) in [
            (Rfc3339, Scalar::S("tomorrow".into())),
            (Rfc3339, Scalar::S("2999-01-01T00:00:00".into())),
            (Rfc3339, Scalar::N("9999999999".into())),
            (EpochSeconds, Scalar::N("9E125".into())),
            (EpochSeconds, Scalar::S("inf".into())),
            (EpochMillis, Scalar::B("AAAA".into())),
        ] {
            assert!(!later(format, value.clone()), "{format:?} {}", text(&value));
        }
        let form = WrittenAt {
            attribute: "at".into(),
            format: Rfc3339,
        };
        assert!(!is_later(&form, None, Timestamp::UNIX_EPOCH));
    }

    fn text(value: &Scalar) -> &str {
        match value {
            Scalar::S(t) | Scalar::N(t) | Scalar::B(t) => t,
        }
    }
}
