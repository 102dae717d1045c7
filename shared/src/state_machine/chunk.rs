//! The chunk's machine: lease, complete, park, promote, re-send. Pure: a row in, the next row out.
//!
//! Guarantees: epochs only rise; only the worker whose epoch the row shows can account for it; a chunk has one valid
//! message (`send`); key and manifest never change. Every write of the result is a compare-and-set on `rev`.

use jiff::Timestamp;

use crate::domain::chunk::{Chunk, ChunkState, MAX_LEASES, Op, Restoring};
use crate::domain::outcome::{Code, Counts};
use crate::domain::pace::Turn;
use crate::knobs::Guard;

/// What a worker may do with a chunk it has a message for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lease {
    /// Work: here is the row to write first.
    Work(Chunk),
    /// Five leases did not complete it: lease it once more, only to read which lines are swept, and park it.
    Inspect(Chunk),
    /// Drop the message: it is old, or the work is done.
    Drop,
    /// Another worker holds it until then.
    Held(Timestamp),
}

/// Decides a lease for a message numbered `send`; `holder` is unique to the worker.
pub fn lease(chunk: &Chunk, send: u32, holder: &str, now: Timestamp, until: Timestamp) -> Lease {
    if chunk.send != send && Guard::SendNumber.stands() {
        return Lease::Drop;
    }
    let expired = chunk.lease_until.is_none_or(|end| end <= now);
    match chunk.state {
        ChunkState::Done | ChunkState::Parked => Lease::Drop,
        ChunkState::Leased if !expired && Guard::LiveLease.stands() => Lease::Held(chunk.lease_until.unwrap_or(now)),
        ChunkState::Ready | ChunkState::Leased => {
            let mut next = touched(chunk, now);
            next.state = ChunkState::Leased;
            next.epoch += 1;
            next.attempts += 1;
            next.lease_until = Some(until);
            next.holder = Some(holder.to_owned());
            next.turn = None;
            if chunk.attempts >= MAX_LEASES && Guard::FiveLeases.stands() {
                Lease::Inspect(next)
            } else {
                Lease::Work(next)
            }
        }
    }
}

/// The row of a completed operation; `None` when the row is no longer this worker's.
pub fn complete(chunk: &Chunk, epoch: u32, outcome: String, counts: Counts, now: Timestamp) -> Option<Chunk> {
    let mine = chunk.epoch == epoch && chunk.state == ChunkState::Leased && counts.total() == u64::from(chunk.lines);
    mine.then(|| {
        let mut next = touched(chunk, now);
        next.state = ChunkState::Done;
        next.lease_until = None;
        next.holder = None;
        next.outcome = Some(outcome);
        next.accounted = epoch;
        next.by_hand = None;
        if chunk.op == Op::Sweep {
            next.swept_at = Some(now);
        }
        next.counts = counts;
        next.open = None;
        next.trouble = None;
        next
    })
}

/// The row of a chunk given up, with whatever its inspection found.
pub fn park(chunk: &Chunk, epoch: u32, outcome: String, counts: Counts, now: Timestamp) -> Option<Chunk> {
    let mut next = complete(chunk, epoch, outcome, counts, now)?;
    next.state = ChunkState::Parked;
    next.trouble.clone_from(&chunk.trouble);
    Some(next)
}

/// Gives a lease back unused, e.g. because the job is paused: the chunk is Ready again, the attempt does not count.
pub fn release(chunk: &Chunk, epoch: u32, now: Timestamp) -> Option<Chunk> {
    (chunk.epoch == epoch && chunk.state == ChunkState::Leased).then(|| {
        let mut next = touched(chunk, now);
        next.state = ChunkState::Ready;
        next.attempts = next.attempts.saturating_sub(1);
        next.lease_until = None;
        next.holder = None;
        next
    })
}

/// Gives a chunk back to be tried later with a message of its own. With a `trouble` the attempt was a lasting failure
/// and counts towards parking; without, the source was throttled or unreachable, which is nobody's fault.
pub fn postpone(chunk: &Chunk, epoch: u32, trouble: Option<&str>, now: Timestamp) -> Option<Chunk> {
    let attempts = chunk.attempts;
    release(chunk, epoch, now).map(|mut next| {
        next.send += 1;
        if let Some(code) = trouble {
            next.attempts = attempts;
            next.trouble = Some(code.to_owned());
        }
        next
    })
}

/// The row of a chunk given up without even an inspection: what was known of it stays.
pub fn park_unseen(chunk: &Chunk, epoch: u32, trouble: &str, now: Timestamp) -> Option<Chunk> {
    (chunk.epoch == epoch && chunk.state == ChunkState::Leased).then(|| {
        let mut next = touched(chunk, now);
        next.state = ChunkState::Parked;
        next.lease_until = None;
        next.holder = None;
        next.accounted = epoch;
        next.trouble = Some(trouble.to_owned());
        next
    })
}

/// Whether the chunk holds swept records whose window allows the purge.
pub fn is_purgeable(chunk: &Chunk) -> bool {
    chunk.is_settled() && chunk.op != Op::Purge && chunk.counts.of(Code::Swept) > 0
}

/// A swept chunk made ready for its purge, with its message numbered.
pub fn promote(chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    is_purgeable(chunk).then(|| again(chunk, Op::Purge, now))
}

/// A chunk whose purge was given up, made ready to try it once more.
pub fn purge_again(chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    let given_up = chunk.state == ChunkState::Parked && chunk.op == Op::Purge;
    (given_up && chunk.counts.of(Code::Swept) > 0).then(|| again(chunk, Op::Purge, now))
}

/// A chunk with swept records made ready to bring some of them back.
pub fn restore(chunk: &Chunk, n: u32, lines: Option<Vec<u32>>, now: Timestamp) -> Option<Chunk> {
    (chunk.is_settled() && chunk.counts.of(Code::Swept) > 0).then(|| {
        let mut next = again(chunk, Op::Restore, now);
        next.restoring = Some(Restoring {
            n,
            lines,
            restored: 0,
            skipped: vec![],
        });
        next
    })
}

/// A chunk with swept records made ready to lose its expiry, because of a hold. One whose purge nobody has begun yet
/// is taken back from it.
pub fn strip(chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    let waiting = chunk.state == ChunkState::Ready && chunk.op == Op::Purge;
    let free = chunk.is_settled() && chunk.op != Op::Strip;
    ((free || waiting) && chunk.counts.of(Code::Swept) > 0).then(|| again(chunk, Op::Strip, now))
}

/// A chunk whose expiry could not be removed, made ready to try again.
pub fn strip_again(chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    (chunk.state == ChunkState::Parked && chunk.op == Op::Strip).then(|| again(chunk, Op::Strip, now))
}

/// Ready for another operation, with its message numbered.
pub(super) fn again(chunk: &Chunk, op: Op, now: Timestamp) -> Chunk {
    let mut next = touched(chunk, now);
    next.op = op;
    next.state = ChunkState::Ready;
    next.attempts = 0;
    // Whoever fails from here on fails for a reason of their own.
    next.trouble = None;
    next.send += 1;
    next.turn = None;
    next.open = None;
    next
}

/// A ready chunk whose message is to be sent (for the first time, or because it was lost).
pub fn resend(chunk: &Chunk, now: Timestamp) -> Option<Chunk> {
    let lost_lease = chunk.state == ChunkState::Leased && chunk.lease_until.is_none_or(|end| end <= now);
    (chunk.state == ChunkState::Ready || lost_lease).then(|| {
        let mut next = touched(chunk, now);
        next.send += 1;
        next
    })
}

/// A chunk that waits for its turn, with the message that comes then. Nobody has begun it: it keeps epoch and attempts.
pub fn wait(chunk: &Chunk, turn: Turn, now: Timestamp) -> Option<Chunk> {
    resend(chunk, now).map(|next| Chunk {
        turn: Some(turn),
        ..next
    })
}

pub(super) fn touched(chunk: &Chunk, now: Timestamp) -> Chunk {
    let mut next = chunk.clone();
    next.rev += 1;
    next.touched_at = now;
    next
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chunk::{ChunkId, ManifestSlice};
    use crate::domain::outcome::LineOutcome;
    use crate::state_machine::repair::retried;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn ready() -> Chunk {
        let id = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 0,
            n: 9,
        };
        Chunk {
            send: 1,
            rev: 3,
            ..Chunk::planned(id, 2, ManifestSlice::nowhere(), at(0))
        }
    }

    fn leased(chunk: &Chunk, now: i64) -> Chunk {
        match lease(chunk, chunk.send, "w", at(now), at(now + 40)) {
            Lease::Work(next) | Lease::Inspect(next) => next,
            other @ (Lease::Drop | Lease::Held(_)) => panic!("{other:?}"),
        }
    }

    fn swept() -> Counts {
        Counts::of_lines(&[LineOutcome::plain(Code::Swept), LineOutcome::plain(Code::Swept)])
    }

    #[test]
    fn a_message_that_is_not_the_rows_is_dropped() {
        assert_eq!(lease(&ready(), 0, "w", at(1), at(9)), Lease::Drop);
        assert_eq!(lease(&ready(), 2, "w", at(1), at(9)), Lease::Drop);
    }

    #[test]
    fn a_live_lease_is_respected_and_an_expired_one_taken_with_a_higher_epoch() {
        let held = leased(&ready(), 1);
        assert_eq!(lease(&held, 1, "w", at(40), at(99)), Lease::Held(at(41)));
        let taken = leased(&held, 41);
        assert_eq!((taken.epoch, taken.attempts), (2, 2));
    }

    #[test]
    fn two_workers_at_the_same_instant_do_not_write_the_same_row() {
        let leases = ["one", "two"].map(|worker| lease(&ready(), 1, worker, at(1), at(41)));
        assert_ne!(
            leases[0], leases[1],
            "a read-back would take the other's lease for its own"
        );
    }

    #[test]
    fn only_the_current_epoch_accounts() {
        let first = leased(&ready(), 1);
        let second = leased(&first, 60);
        assert!(
            complete(&second, first.epoch, "o".into(), swept(), at(61)).is_none(),
            "a zombie is fenced"
        );
        let done = complete(&second, second.epoch, "o".into(), swept(), at(61)).expect("mine");
        assert_eq!(
            (done.state, done.swept_at, done.rev),
            (ChunkState::Done, Some(at(61)), second.rev + 1)
        );
        assert!(
            complete(&done, second.epoch, "o".into(), swept(), at(62)).is_none(),
            "done once"
        );
    }

    #[test]
    fn counts_that_do_not_add_up_are_refused() {
        let mine = leased(&ready(), 1);
        assert!(complete(&mine, 1, "o".into(), Counts::all(Code::Swept, 1), at(2)).is_none());
    }

    #[test]
    fn after_five_leases_only_an_inspection() {
        let mut chunk = ready();
        for attempt in 0..5 {
            let Lease::Work(next) = lease(&chunk, 1, "w", at(attempt * 100), at(attempt * 100 + 40)) else {
                panic!("works")
            };
            chunk = next;
        }
        assert!(matches!(lease(&chunk, 1, "w", at(1000), at(1040)), Lease::Inspect(_)));
    }

    #[test]
    fn a_purge_comes_after_a_sweep_and_only_where_something_is_swept() {
        assert!(promote(&ready(), at(5)).is_none());
        let mine = leased(&ready(), 1);
        let done = complete(&mine, 1, "o".into(), swept(), at(2)).expect("mine");
        let purge = promote(&done, at(5)).expect("swept");
        assert_eq!(
            (purge.op, purge.state, purge.send, purge.swept_at),
            (Op::Purge, ChunkState::Ready, 2, Some(at(2)))
        );
        let mine = leased(&purge, 6);
        let gone = complete(&mine, 2, "p".into(), Counts::all(Code::Purged, 2), at(7)).expect("mine");
        assert_eq!(gone.swept_at, Some(at(2)), "the window does not move");
        assert!(promote(&gone, at(8)).is_none());
    }

    #[test]
    fn a_purge_that_was_given_up_is_tried_again_as_long_as_something_is_swept() {
        let next = purge_again(&holding(ChunkState::Parked, Op::Purge), at(5)).expect("given up");
        assert_eq!(
            (next.op, next.state, next.attempts, next.send),
            (Op::Purge, ChunkState::Ready, 0, 2)
        );
        for (state, op) in [
            (ChunkState::Done, Op::Purge),
            (ChunkState::Leased, Op::Purge),
            (ChunkState::Parked, Op::Sweep),
        ] {
            assert_eq!(purge_again(&holding(state, op), at(5)), None, "{state:?} {op:?}");
        }
        let gone = Chunk {
            counts: Counts::all(Code::Purged, 2),
            ..holding(ChunkState::Parked, Op::Purge)
        };
        assert_eq!(purge_again(&gone, at(5)), None);
    }

    fn holding(state: ChunkState, op: Op) -> Chunk {
        Chunk {
            op,
            state,
            attempts: 3,
            counts: Counts::all(Code::Swept, 2),
            ..ready()
        }
    }

    #[test]
    fn what_is_swept_is_made_ready_to_come_back() {
        for state in [ChunkState::Done, ChunkState::Parked] {
            let next = restore(&holding(state, Op::Purge), 4, Some(vec![1]), at(5)).expect("swept");
            assert_eq!(
                (next.op, next.state, next.attempts, next.send),
                (Op::Restore, ChunkState::Ready, 0, 2)
            );
            let part = next.restoring.expect("its part");
            assert_eq!((part.n, part.means(1), part.means(0)), (4, true, false));
        }
        assert_eq!(restore(&holding(ChunkState::Leased, Op::Sweep), 4, None, at(5)), None);
        let purged = Chunk {
            counts: Counts::all(Code::Purged, 2),
            ..holding(ChunkState::Done, Op::Purge)
        };
        assert_eq!(restore(&purged, 4, None, at(5)), None);
    }

    #[test]
    fn an_expiry_is_removed_once_and_before_a_purge_that_nobody_has_begun() {
        for (state, op) in [
            (ChunkState::Done, Op::Sweep),
            (ChunkState::Parked, Op::Sweep),
            (ChunkState::Done, Op::Restore),
            (ChunkState::Ready, Op::Purge),
        ] {
            let next = strip(&holding(state, op), at(5)).expect("it has an expiry");
            assert_eq!((next.op, next.state, next.send), (Op::Strip, ChunkState::Ready, 2));
        }
        for (state, op) in [
            (ChunkState::Done, Op::Strip),
            (ChunkState::Ready, Op::Strip),
            (ChunkState::Leased, Op::Purge),
            (ChunkState::Ready, Op::Sweep),
        ] {
            assert_eq!(strip(&holding(state, op), at(5)), None, "{state:?} {op:?}");
        }
        let purged = Chunk {
            counts: Counts::all(Code::Purged, 2),
            ..holding(ChunkState::Done, Op::Purge)
        };
        assert_eq!(strip(&purged, at(5)), None, "nothing hidden is left");
        assert!(
            is_purgeable(&holding(ChunkState::Done, Op::Strip)),
            "when the hold is released"
        );
    }

    #[test]
    fn a_resend_numbers_a_new_message_and_invalidates_the_old() {
        let again = resend(&ready(), at(200)).expect("ready");
        assert_eq!(lease(&again, 1, "w", at(201), at(240)), Lease::Drop);
        assert!(
            resend(&leased(&ready(), 1), at(2)).is_none(),
            "a live lease is left alone"
        );
        assert!(resend(&leased(&ready(), 1), at(42)).is_some(), "an expired one is not");
    }

    #[test]
    fn a_lasting_failure_counts_and_is_remembered_until_the_work_succeeds_or_begins_anew() {
        let mine = leased(&ready(), 1);
        let throttled = postpone(&mine, 1, None, at(2)).expect("mine");
        assert_eq!(
            (throttled.attempts, throttled.send, throttled.trouble.as_deref()),
            (0, 2, None)
        );
        let denied = postpone(&mine, 1, Some("access_denied"), at(2)).expect("mine");
        assert_eq!(
            (denied.attempts, denied.send, denied.trouble.as_deref()),
            (1, 2, Some("access_denied"))
        );
        let again = leased(&denied, 3);
        let done = complete(&again, 2, "o".into(), swept(), at(4)).expect("mine");
        assert_eq!(done.trouble, None);
        let parked = park(&again, 2, "o".into(), swept(), at(4)).expect("mine");
        assert_eq!(
            (parked.state, parked.trouble.as_deref()),
            (ChunkState::Parked, Some("access_denied"))
        );
        let ordered = retried(&parked, 1, at(5)).expect("it was given up");
        assert_eq!(ordered.trouble, None, "whoever fails now fails for another reason");
    }

    #[test]
    fn a_chunk_that_cannot_even_be_inspected_is_parked_as_it_was() {
        let mine = leased(&ready(), 1);
        let parked = park_unseen(&mine, 1, "corrupt", at(2)).expect("mine");
        assert_eq!(
            (parked.state, parked.counts.clone(), parked.outcome.clone()),
            (ChunkState::Parked, mine.counts.clone(), None)
        );
        assert!(park_unseen(&mine, 9, "corrupt", at(2)).is_none(), "a zombie is fenced");
    }

    #[test]
    fn a_chunk_that_waits_keeps_epoch_and_attempts_and_a_lease_uses_its_turn_up() {
        let turn = Turn {
            at: at(60),
            given: Some([0, 0]),
        };
        let waiting = wait(&ready(), turn, at(2)).expect("ready");
        assert_eq!(
            (
                waiting.state,
                waiting.send,
                waiting.epoch,
                waiting.attempts,
                waiting.turn
            ),
            (ChunkState::Ready, 2, 0, 0, Some(turn))
        );
        assert_eq!(leased(&waiting, 60).turn, None);
        assert_eq!(
            wait(&leased(&ready(), 1), turn, at(2)),
            None,
            "somebody is at work on it"
        );
        let lost = wait(&leased(&ready(), 1), turn, at(99)).expect("its worker died");
        assert_eq!((lost.epoch, lost.turn), (1, Some(turn)));
    }

    #[test]
    fn what_an_attempt_left_open_is_forgotten_with_the_operation() {
        let open = Chunk {
            open: Some(1),
            ..leased(&ready(), 1)
        };
        assert_eq!(open.writes(), 1);
        let done = complete(&open, 1, "o".into(), swept(), at(2)).expect("mine");
        assert_eq!((done.open, done.writes()), (None, 2));
        let purge = promote(&Chunk { open: Some(1), ..done }, at(3)).expect("swept");
        assert_eq!((purge.open, purge.writes()), (None, 2));
    }

    #[test]
    fn an_operation_writes_what_it_concerns() {
        let swept = holding(ChunkState::Done, Op::Sweep);
        let some = restore(&swept, 1, Some(vec![1]), at(5)).expect("swept");
        let all = restore(&swept, 1, None, at(5)).expect("swept");
        assert_eq!((some.writes(), all.writes()), (1, 2));
        let gone = Chunk {
            counts: Counts::all(Code::AlreadyAbsent, 2),
            ..holding(ChunkState::Ready, Op::Purge)
        };
        assert_eq!(gone.writes(), 0);
    }

    #[test]
    fn a_released_lease_does_not_count() {
        let mine = leased(&ready(), 1);
        let back = release(&mine, 1, at(2)).expect("mine");
        assert_eq!((back.state, back.attempts, back.epoch), (ChunkState::Ready, 0, 1));
        assert!(release(&mine, 7, at(2)).is_none());
    }
}
