//! The one place that reads the clock and makes ids. Everything else takes instants and ids as arguments, so every rule
//! can be tested at any hour.

use jiff::Timestamp;

use crate::domain::ids::{HoldId, RequestId};

/// The present instant.
#[expect(clippy::disallowed_methods, reason = "this is the place the others are pointed to")]
pub fn now() -> Timestamp {
    Timestamp::now()
}

/// A new request id: the instant, so that ids sort by time, and 80 random bits, so that nobody can guess one.
pub fn new_request_id(now: Timestamp) -> RequestId {
    let (milliseconds, random) = ulid_parts(now);
    RequestId::from_parts(milliseconds, random)
}

/// A new hold id, of the same make.
pub fn new_hold_id(now: Timestamp) -> HoldId {
    let (milliseconds, random) = ulid_parts(now);
    HoldId::from_parts(milliseconds, random)
}

fn ulid_parts(now: Timestamp) -> (u64, u128) {
    let mut random = [0; 16];
    aws_lc_rs::rand::fill(&mut random[6..]).expect("the operating system gives random bytes");
    let milliseconds = u64::try_from(now.as_millisecond()).expect("the clock stands after 1970");
    (milliseconds, u128::from_be_bytes(random))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_differ_and_sort_by_instant() {
        let at: Timestamp = "2026-11-22T00:00:00Z".parse().expect("an instant");
        let later = at + jiff::SignedDuration::from_millis(1);
        let (a, b, c) = (new_request_id(at), new_request_id(at), new_request_id(later));
        assert!(a != b && a < c && b < c);
    }
}
