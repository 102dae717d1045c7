//! Progress: a recount, cached for two seconds, with the rate and the time left.
//!
//! Guarantees: the numbers are a recount of rows, so they add up; `percent` never falls and never passes 100; there is
//! no rate before two recent samples of a job that sweeps, and no estimate without a rate. An estimate promises no more
//! than the limits of the datasets allow.

use jiff::Timestamp;

use super::records::Records;
use crate::domain::job::{Job, Phase, Tally};
use crate::domain::outcome::Code;
use crate::domain::pace::Bounded;
use crate::domain::period::Period;
use crate::domain::request::Facts;
use crate::ports::{DatasetPace, Fault, Limits, Progress, Requests, Sample, Work};

/// A cached recount is good this long.
const FRESH_SECONDS: i64 = 2;
/// Samples kept for the rate.
const SAMPLES: usize = 4;
/// What was measured longer ago says nothing of the rate now.
const RECENT_SECONDS: i64 = 300;

/// The recount, at most two seconds old while the job runs.
pub async fn progress<S: Requests + Work + Limits, K>(
    records: &Records<S, K>,
    facts: &Facts,
    now: Timestamp,
) -> Result<Option<Progress>, Fault> {
    let Some(job) = &facts.job else { return Ok(None) };
    let key = facts.key();
    let cached = records.store.progress(&key).await?;
    if let Some(fresh) = cached.as_ref().filter(|p| is_fresh(p, facts.version, job, now)) {
        return Ok(Some(fresh.clone()));
    }
    let next = recount(records, facts, job, cached, now).await?;
    records.store.put_progress(&key, &next).await?;
    Ok(Some(next))
}

/// Whether a cached recount may be shown. One made before the request's last transition is not: a completed request must
/// not show records that are still to be purged. Nor is one made while planning: from sweeping on, `planned` is exact.
fn is_fresh(cached: &Progress, version: u64, job: &Job, now: Timestamp) -> bool {
    let exact = cached.plan_complete || job.phase == Phase::Planning;
    exact && cached.version == version && now < Period::seconds(FRESH_SECONDS).after(cached.at)
}

async fn recount<S: Requests + Work + Limits, K>(
    records: &Records<S, K>,
    facts: &Facts,
    job: &Job,
    before: Option<Progress>,
    now: Timestamp,
) -> Result<Progress, Fault> {
    // Chunks first: a page committed in between then shows up in neither sum, or only in the later `planned`.
    let key = facts.key();
    let chunks = records.store.chunks(&key).await?;
    let plans = records.store.plans(&key).await?;
    let tally = Tally::recount(&plans, &chunks, job.generation);
    let processed = tally.counts.processed();
    let (samples, floor) = before.map_or((vec![], 0), |p| (p.samples, p.percent));
    let samples = if job.phase == Phase::Sweeping {
        sampled(samples, Sample { at: now, processed })
    } else {
        vec![]
    };
    let pace = paces(&records.store, facts, &tally, now).await?;
    Ok(Progress {
        v: 1,
        at: now,
        version: facts.version,
        plan_complete: tally.plan_complete,
        planned: tally.counts.total(),
        percent: percent(processed, tally.counts.total(), job.phase).max(floor),
        counts: tally.counts,
        samples,
        pace,
    })
}

/// The samples with one more: a few, and recent.
fn sampled(mut samples: Vec<Sample>, newest: Sample) -> Vec<Sample> {
    let since = Period::seconds(RECENT_SECONDS).before(newest.at);
    samples.retain(|sample| sample.at >= since);
    samples.push(newest);
    if samples.len() > SAMPLES {
        samples.drain(..samples.len() - SAMPLES);
    }
    samples
}

/// How fast each dataset is written to, and what is left of it; none of one that nobody has written to of late.
async fn paces(limits: &impl Limits, facts: &Facts, tally: &Tally, now: Timestamp) -> Result<Vec<DatasetPace>, Fault> {
    let mut paces = Vec::new();
    for pin in &facts.datasets {
        let of = Bounded::Dataset(facts.tenant.clone(), pin.id.clone());
        let Some(limit) = limits.limit(&of).await? else {
            continue;
        };
        let limit = limit.current(limit.ceiling, now);
        let counts = tally.by_dataset.get(&pin.id);
        paces.push(DatasetPace {
            dataset: pin.id.clone(),
            rate: limit.rate,
            limit: limit.ceiling,
            throttled: limit.throttled,
            breaker: limit.breaker,
            untouched: counts.map_or(0, |counts| counts.of(Code::Untouched)),
        });
    }
    Ok(paces)
}

/// Whole percent of the planned records that sweeping has dealt with; 100 only when nothing is left to sweep.
fn percent(processed: u64, planned: u64, phase: Phase) -> u8 {
    match (phase, planned) {
        (Phase::Planning, _) => 0,
        (_, 0) => 100,
        (_, planned) => u8::try_from(processed * 100 / planned).unwrap_or(100).min(100),
    }
}

/// Records a second over the kept samples.
pub fn rate(progress: &Progress) -> Option<f64> {
    let (first, last) = (progress.samples.first()?, progress.samples.last()?);
    let seconds = last.at.duration_since(first.at).as_secs_f64();
    let records = last.processed.checked_sub(first.processed)?;
    #[expect(clippy::cast_precision_loss, reason = "a rate to be shown, not counted with")]
    let records = records as f64;
    (seconds > 0.0 && records > 0.0).then(|| records / seconds)
}

/// When sweeping will be done at the recent rate, and not sooner than the limits allow; while recovering, the end of the
/// window.
pub fn eta(facts: &Facts, progress: &Progress, now: Timestamp) -> Option<Timestamp> {
    let job = facts.job.as_ref()?;
    match job.phase {
        Phase::Recovering => facts.recover_until,
        Phase::Sweeping if job.paused => None,
        Phase::Sweeping => {
            let left = progress.counts.total() - progress.counts.processed();
            #[expect(
                clippy::cast_precision_loss,
                clippy::cast_possible_truncation,
                reason = "an estimate in whole seconds"
            )]
            let seconds = (left as f64 / rate(progress)?).ceil() as i64;
            let at_limit = progress
                .pace
                .iter()
                .map(|pace| pace.untouched.div_ceil(u64::from(pace.rate.max(1))));
            let at_limit = at_limit.max().and_then(|seconds| i64::try_from(seconds).ok());
            let seconds = seconds.max(at_limit.unwrap_or(0));
            Some(Period::seconds(seconds).after(now))
        }
        Phase::Planning | Phase::Purging | Phase::Verifying | Phase::Packaging | Phase::Closing => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outcome::Counts;
    use crate::domain::pace::Breaker;
    use crate::domain::request::Status;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("in range")
    }

    fn cached(plan_complete: bool, samples: &[(i64, u64)]) -> Progress {
        let samples = samples.iter().map(|(second, processed)| Sample {
            at: at(*second),
            processed: *processed,
        });
        Progress {
            v: 1,
            at: at(100),
            version: 7,
            plan_complete,
            planned: 10,
            counts: Counts::all(Code::Untouched, 10),
            samples: samples.collect(),
            pace: vec![],
            percent: 0,
        }
    }

    fn job(phase: Phase) -> Job {
        Job { phase, ..Job::queued() }
    }

    #[test]
    fn a_recount_is_good_for_two_seconds_and_never_into_the_next_phase() {
        let fresh = |complete, phase, second| is_fresh(&cached(complete, &[]), 7, &job(phase), at(second));
        assert!(fresh(true, Phase::Sweeping, 101));
        assert!(!fresh(true, Phase::Sweeping, 102));
        assert!(fresh(false, Phase::Planning, 101));
        assert!(!fresh(false, Phase::Sweeping, 101));
    }

    #[test]
    fn a_recount_from_before_a_transition_is_not_shown_after_it() {
        let closing = job(Phase::Closing);
        assert!(is_fresh(&cached(true, &[]), 7, &closing, at(101)));
        assert!(
            !is_fresh(&cached(true, &[]), 8, &closing, at(101)),
            "it still counts what is purged by now"
        );
    }

    #[test]
    fn percent_reaches_100_only_with_the_last_record() {
        assert_eq!(percent(0, 10, Phase::Planning), 0);
        assert_eq!(percent(999, 1_000, Phase::Sweeping), 99);
        assert_eq!(percent(1_000, 1_000, Phase::Sweeping), 100);
        assert_eq!(percent(0, 0, Phase::Verifying), 100, "nothing to do is done");
    }

    #[test]
    fn there_is_no_rate_before_something_was_measured_twice() {
        assert_eq!(rate(&cached(true, &[])), None);
        assert_eq!(rate(&cached(true, &[(1, 5)])), None);
        assert_eq!(rate(&cached(true, &[(1, 5), (3, 5)])), None, "nothing moved");
        assert_eq!(rate(&cached(true, &[(1, 5), (1, 25)])), None, "no time passed");
        assert_eq!(rate(&cached(true, &[(1, 5), (3, 25)])), Some(10.0));
    }

    fn sample(second: i64) -> Sample {
        Sample {
            at: at(second),
            processed: 1,
        }
    }

    #[test]
    fn a_rate_is_of_the_last_minutes() {
        let kept = |samples: &[i64]| {
            let before = samples.iter().map(|second| sample(*second)).collect();
            let kept = sampled(before, sample(1_000));
            kept.into_iter().map(|sample| sample.at.as_second()).collect::<Vec<_>>()
        };
        assert_eq!(kept(&[699, 700, 900]), [700, 900, 1_000]);
        assert_eq!(kept(&[900, 910, 920, 930]), [910, 920, 930, 1_000], "four");
        assert_eq!(kept(&[1]), [1_000], "then there is no rate yet");
    }

    fn facts(job: Job) -> Facts {
        let someone = "00".repeat(32);
        let facts = serde_json::json!({
            "v": 1, "id": "dsr_01HF7YAT00000000000000001A", "tenant": "acme", "kind": "deletion",
            "status": Status::InProgress, "version": 9, "subject_ref": someone, "requester_ref": someone,
            "on_behalf": false, "scope": [], "descriptions": {}, "submitted_at": at(0), "received_at": at(0),
            "due_at": at(0), "misses_due": false, "grace_over_told": false, "account": {}, "shredded": false,
            "job": job, "datasets": [],
        });
        serde_json::from_value(facts).expect("facts")
    }

    #[test]
    fn an_estimate_is_bounded_by_the_limits_and_absent_without_a_rate() {
        let sweeping = facts(job(Phase::Sweeping));
        let mut progress = cached(true, &[(1, 0), (3, 20)]);
        assert_eq!(
            eta(&sweeping, &progress, at(100)),
            Some(at(101)),
            "ten left at ten a second"
        );
        progress.pace = vec![DatasetPace {
            dataset: "messages".parse().expect("a slug"),
            rate: 3,
            limit: 500,
            throttled: 9,
            breaker: Breaker::Closed { failures: 0 },
            untouched: 10,
        }];
        assert_eq!(
            eta(&sweeping, &progress, at(100)),
            Some(at(104)),
            "its source takes three a second"
        );
        progress.samples.truncate(1);
        assert_eq!(eta(&sweeping, &progress, at(100)), None, "measured once");
        let paused = Job {
            paused: true,
            ..job(Phase::Sweeping)
        };
        assert_eq!(eta(&facts(paused), &cached(true, &[(1, 0), (3, 20)]), at(100)), None);
    }
}
