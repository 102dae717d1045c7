//! Keeping to a pace: each call waits until its records may be written; throttled ones are tried again, more slowly.
//!
//! Guarantees: calls begin no faster than the gauge says, however many are in flight; after throttling nothing begins
//! for a while, and then at half the pace; once the gauge's patience is over nothing is tried again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::fault::Meaning;
use crate::ports::Gauge;

/// What is shorter is no pause: timers are not finer.
const SHORTEST: Duration = Duration::from_millis(2);
/// The first pause after throttling; the next are longer.
const PAUSE: Duration = Duration::from_millis(400);
/// Rounds of one operation's writes, the first included.
const ROUNDS: u32 = 4;

/// One operation's pace. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Pacer {
    gauge: Arc<Gauge>,
    pulse: Arc<Mutex<Pulse>>,
}

impl Pacer {
    /// Begins now.
    pub(super) fn new(gauge: &Arc<Gauge>) -> Self {
        Self {
            gauge: Arc::clone(gauge),
            pulse: Arc::new(Mutex::new(Pulse::new(gauge, Instant::now()))),
        }
    }

    /// So many writes were answered for good.
    pub(super) fn settled(&self, writes: usize) {
        self.gauge.settle(writes);
    }

    /// So many writes were answered by an error of this meaning.
    pub(super) fn heard(&self, meaning: Meaning, writes: usize) {
        match meaning {
            Meaning::Throttled => self.gauge.throttle(writes),
            Meaning::Later => self.gauge.fail(),
            Meaning::Denied | Meaning::Gone | Meaning::Refused => {}
        }
    }

    /// Waits until so many more records may be written.
    pub(super) async fn turn(&self, records: usize) {
        let pause = self.pulse().turn(records, Instant::now());
        if pause >= SHORTEST {
            tokio::time::sleep(pause).await;
        }
    }

    /// After throttling: pauses, and goes on at half the pace; `false` when that is not worth it any more.
    pub(super) async fn slow_down(&self) -> bool {
        let pause = self.pulse().slow_down(Instant::now());
        if let Some(pause) = pause {
            tokio::time::sleep(pause).await;
        }
        pause.is_some()
    }

    fn pulse(&self) -> MutexGuard<'_, Pulse> {
        self.pulse.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a pacer knows; every instant is an argument.
#[derive(Debug)]
struct Pulse {
    next_at: Instant,
    per_second: u32,
    rounds: u32,
    patient_until: Instant,
}

impl Pulse {
    fn new(gauge: &Gauge, now: Instant) -> Self {
        Self {
            next_at: now + gauge.begins_in,
            per_second: gauge.per_second,
            rounds: 1,
            patient_until: now + gauge.patience,
        }
    }

    /// How long until these records' turn.
    fn turn(&mut self, records: usize, now: Instant) -> Duration {
        let at = self.next_at.max(now);
        let records = u32::try_from(records).unwrap_or(u32::MAX);
        self.next_at = at + Duration::from_secs(1) * records / self.per_second;
        at.saturating_duration_since(now)
    }

    /// How long to pause after throttling; none: give up.
    fn slow_down(&mut self, now: Instant) -> Option<Duration> {
        self.per_second = (self.per_second / 2).max(1);
        let pause = PAUSE * self.rounds;
        self.rounds += 1;
        (self.rounds <= ROUNDS && now + pause < self.patient_until).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pulse(per_second: u32, patience: u64) -> (Pulse, Instant) {
        let now = Instant::now();
        let gauge = Gauge::new(per_second, Duration::ZERO, Duration::from_secs(patience));
        (Pulse::new(&gauge, now), now)
    }

    #[test]
    fn calls_begin_no_faster_than_the_gauge_says() {
        let (mut pulse, now) = pulse(500, 20);
        let pauses: Vec<_> = (0..4).map(|_| pulse.turn(25, now).as_millis()).collect();
        assert_eq!(pauses, [0, 50, 100, 150], "the first begins at once");
        assert_eq!(pulse.turn(25, now + Duration::from_secs(9)), Duration::ZERO);
    }

    #[test]
    fn the_first_call_waits_for_the_chunks_turn() {
        let now = Instant::now();
        let gauge = Gauge::new(500, Duration::from_millis(800), Duration::from_secs(20));
        let mut pulse = Pulse::new(&gauge, now);
        assert_eq!(pulse.turn(25, now).as_millis(), 800);
        assert_eq!(pulse.turn(25, now).as_millis(), 850);
    }

    #[test]
    fn throttling_pauses_ever_longer_and_halves_the_pace() {
        let (mut pulse, now) = pulse(500, 20);
        assert_eq!(pulse.slow_down(now), Some(PAUSE));
        pulse.turn(25, now);
        assert_eq!(pulse.turn(25, now).as_millis(), 100);
        assert_eq!(pulse.slow_down(now), Some(PAUSE * 2));
        assert_eq!(pulse.slow_down(now), Some(PAUSE * 3));
        assert_eq!(pulse.slow_down(now), None, "four rounds");
    }

    #[test]
    fn nothing_is_tried_again_without_patience() {
        let (mut pulse, now) = pulse(500, 2);
        assert_eq!(pulse.slow_down(now + Duration::from_millis(1_700)), None);
        assert_eq!(Pulse::new(&Gauge::unbounded(), now).slow_down(now), None);
    }
}
