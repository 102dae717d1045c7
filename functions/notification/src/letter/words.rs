//! Numbers, instants and periods in the letters' English.
//!
//! Every letter uses these and no other form, so a date reads the same wherever it stands.

use jiff::{Span, Timestamp};

/// An instant: `Friday, 5 June 2026, 14:30 UTC`. To the minute, cut and not rounded: a stated deadline is never later
/// than the real one.
pub(super) fn instant(at: &Timestamp) -> String {
    at.strftime("%A, %-d %B %Y, %H:%M UTC").to_string()
}

/// A period in its own units: `7 days`, `1 month and 12 hours`. A zero period is `no time`.
pub(super) fn period(span: &Span) -> String {
    let units = [
        (i64::from(span.get_years()), "year"),
        (i64::from(span.get_months()), "month"),
        (i64::from(span.get_weeks()), "week"),
        (i64::from(span.get_days()), "day"),
        (i64::from(span.get_hours()), "hour"),
        (span.get_minutes(), "minute"),
        (span.get_seconds(), "second"),
    ];
    let parts: Vec<String> = units
        .iter()
        .filter(|(n, _)| *n != 0)
        .map(|(n, unit)| count(&n.unsigned_abs(), unit))
        .collect();
    match parts.as_slice() {
        [] => "no time".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A number of things: `1 record`, `12,345 records`. The noun takes a plain `s`.
pub(super) fn count(n: &u64, noun: &str) -> String {
    let plural = if *n == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(*n))
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use jiff::ToSpan;

    use super::*;

    #[test]
    fn an_instant_is_a_day_and_time_in_utc() {
        let at: Timestamp = "2026-06-05T16:30:59+02:00".parse().unwrap();
        assert_eq!(instant(&at), "Friday, 5 June 2026, 14:30 UTC");
    }

    #[test]
    fn a_period_keeps_the_units_of_the_policy() {
        assert_eq!(period(&7.days()), "7 days");
        assert_eq!(period(&30.seconds()), "30 seconds");
        assert_eq!(period(&1.month().days(1).hours(12)), "1 month, 1 day and 12 hours");
        assert_eq!(period(&Span::new()), "no time");
    }

    #[test]
    fn counts_are_grouped_and_agree_with_their_noun() {
        let said: Vec<String> = [0, 1, 999, 1_000, 1_234_567]
            .iter()
            .map(|n| count(n, "record"))
            .collect();
        assert_eq!(
            said,
            [
                "0 records",
                "1 record",
                "999 records",
                "1,000 records",
                "1,234,567 records"
            ]
        );
    }
}
