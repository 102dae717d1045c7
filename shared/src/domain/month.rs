//! A calendar month in UTC: what the entries of no request are chained by.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

/// A month, written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Month {
    year: i16,
    month: i8,
}

impl Month {
    /// The month an instant is in.
    pub fn of(at: Timestamp) -> Self {
        let date = at.to_zoned(TimeZone::UTC).date();
        Self {
            year: date.year(),
            month: date.month(),
        }
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_ends_with_its_last_instant() {
        let of = |text: &str| Month::of(text.parse().expect("an instant")).to_string();
        assert_eq!(of("2026-02-28T23:59:59.999999999Z"), "2026-02");
        assert_eq!(of("2026-03-01T00:00:00Z"), "2026-03");
        assert_eq!(of("2026-03-01T00:30:00+02:00"), "2026-02", "in UTC");
    }
}
