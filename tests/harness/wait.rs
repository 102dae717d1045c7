//! Waiting for a condition, and this machine's clock.

use std::time::{Duration, Instant};

use crate::trial::is_long;

/// Between two looks.
const POLL: Duration = Duration::from_millis(250);
/// After this long it will not happen. Long, because work that is lost is missed for two minutes, a trial loses it more
/// than once, and the machine may have other things to do.
pub const PATIENCE: Duration = Duration::from_secs(600);
/// The same in the trials' long form: each has tens of thousands of records, and they share one emulator.
const LONG_PATIENCE: Duration = Duration::from_secs(3_000);

/// Looks until `probe` finds something.
pub async fn until<T>(what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let patience = if is_long() { LONG_PATIENCE } else { PATIENCE };
    let end = Instant::now() + patience;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(
            Instant::now() < end,
            "gave up after {} s waiting for {what}",
            patience.as_secs()
        );
        tokio::time::sleep(POLL).await;
    }
}

/// Waits until an instant of this machine's clock, which is also the functions', has passed.
pub async fn until_instant(instant: jiff::Timestamp) {
    let left = Duration::try_from(instant.duration_since(now())).unwrap_or_default();
    tokio::time::sleep(left + Duration::from_millis(5)).await;
}

/// This machine's clock.
#[expect(clippy::disallowed_methods, reason = "a test is an edge: it waits for real time")]
pub fn now() -> jiff::Timestamp {
    jiff::Timestamp::now()
}

/// A word nobody else has.
pub fn unique() -> String {
    format!("{:016x}", rand::random::<u64>())
}
