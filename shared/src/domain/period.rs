//! Periods as policies write them (`P30D`, `P1M`, `PT20S`), applied on the UTC calendar.
//!
//! Guarantees: a [`Period`] is never negative; months are calendar months (31 January + P1M = the last of February),
//! the same rule for every deadline. The calendar is `jiff`'s; no clock is read here.

use std::fmt;
use std::str::FromStr;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use serde::{Deserialize, Serialize};

/// A non-negative ISO 8601 period.
#[derive(Clone, Copy, Debug)]
pub struct Period(Span);

/// A text is no ISO 8601 period, or a negative one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 8601 period such as P30D, P1M or PT20S")]
pub struct InvalidPeriod(String);

impl Period {
    /// A period of whole seconds.
    pub fn seconds(seconds: i64) -> Self {
        Self(Span::new().seconds(seconds.max(0)))
    }

    /// `instant` plus this period on the UTC calendar; saturates at the last representable instant.
    pub fn after(&self, instant: Timestamp) -> Timestamp {
        let zoned = instant.to_zoned(TimeZone::UTC);
        zoned
            .checked_add(self.0)
            .map_or(Timestamp::MAX, |later| later.timestamp())
    }

    /// `instant` minus this period; saturates at the first representable instant.
    pub fn before(&self, instant: Timestamp) -> Timestamp {
        let zoned = instant.to_zoned(TimeZone::UTC);
        zoned
            .checked_sub(self.0)
            .map_or(Timestamp::MIN, |earlier| earlier.timestamp())
    }

    /// The period as `jiff` has it, for wording it.
    pub fn span(&self) -> Span {
        self.0
    }

    /// Whether it is no time at all.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// Length in seconds counted from 1 January 1970; for comparing periods of different units.
    pub fn nominal_seconds(&self) -> i64 {
        self.after(Timestamp::UNIX_EPOCH).as_second()
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;
    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        let invalid = || InvalidPeriod(text.to_owned());
        let iso = text.starts_with('P') && text.len() > 1;
        let span: Span = if iso {
            text.parse().map_err(|_| invalid())?
        } else {
            return Err(invalid());
        };
        if span.is_negative() {
            Err(invalid())
        } else {
            Ok(Self(span))
        }
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl PartialEq for Period {
    fn eq(&self, other: &Self) -> bool {
        self.0.fieldwise() == other.0.fieldwise()
    }
}

impl Eq for Period {}

impl Serialize for Period {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    #[test]
    fn months_are_calendar_months() {
        let month: Period = "P1M".parse().expect("a period");
        for (from, to) in [
            ("2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"),
            ("2026-03-29T01:30:00Z", "2026-04-29T01:30:00Z"),
            ("2026-12-15T00:00:00Z", "2027-01-15T00:00:00Z"),
        ] {
            assert_eq!(month.after(at(from)), at(to));
        }
    }

    #[test]
    fn only_non_negative_iso_periods_are_periods() {
        for good in ["P30D", "P24M", "P7Y", "PT20S", "P1DT12H", "PT0S"] {
            assert!(good.parse::<Period>().is_ok(), "{good}");
        }
        for bad in ["", "P", "30D", "-P1D", "P-1D", "1 month", "P1X"] {
            assert!(bad.parse::<Period>().is_err(), "{bad}");
        }
    }

    #[test]
    fn equal_periods_are_written_alike() {
        let period = |text: &str| text.parse::<Period>().expect("a period");
        assert_eq!(period("P30D"), period("P30D"));
        assert_ne!(period("P30D"), period("P1M"), "a month is not thirty days");
        assert_eq!(
            period("P1DT12H").span().fieldwise(),
            Span::new().days(1).hours(12).fieldwise()
        );
    }
}
