//! Repair: an operator has findings tried again, or closes one with evidence.
//!
//! Guarantees: what is to be tried again is written with the transition, so that a crash after it loses nothing; a
//! resolution accounts for its records in the transaction that holds the evidence. Where next:
//! `state_machine::repair` for the rules, `dispatch` for how a retry reaches its chunks.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::access::{View, load_visible};
use super::advance::advance;
use super::commit::Circumstances;
use super::dispatch::send_plans;
use super::failure::Failure;
use super::finding_list::Rows;
use super::order::{TRIES, carry_out, check_version};
use super::records::{Loaded, Records};
use super::run::Target;
use crate::domain::actor::Caller;
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::finding::{About, DIFFERS, Finding, RESTORE_UNCLEAR, State};
use crate::domain::job::{Job, Plan};
use crate::domain::personal::Personal;
use crate::ports::{Companion, Keys, Queues, Requests, Sealer, Work};
use crate::state_machine::command::{Command, Repair, Resolution};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::repair::{left_by_hand, resolved, retried};

/// Chunks that fit into one transaction beside the request, its entry and the finding (DynamoDB takes 100 actions).
const MAX_SETTLED: usize = 90;

/// Has what remains done again: of one finding, or of all that are open.
pub async fn retry<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    caller: &Caller,
    (id, if_match): Target,
    finding: Option<&str>,
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    for _ in 0..TRIES {
        let (loaded, rows) = look(records, caller, (id, if_match)).await?;
        let (key, job) = (loaded.row.key(), loaded.request.facts.job.as_ref());
        let repair = match (job, finding) {
            (Some(job), Some(name)) => of_one(&rows, job, name)?,
            (Some(job), None) => of_all(&rows, job),
            // The rules say that there is nothing at work.
            (None, _) => nothing(),
        };
        let plans = repair.open_plans;
        let command = Command::Retry(repair);
        if carry_out(records, caller, &loaded, command, Circumstances::default(), now).await? {
            let retried = load_visible(records, caller, id).await?;
            if plans {
                send_plans(queues, &retried.0.request.facts).await;
            }
            advance(records, queues, &key, now).await?;
            return load_visible(records, caller, id).await;
        }
    }
    Err(Refusal::Busy.into())
}

/// Closes a finding: what it is about was dealt with by hand.
pub async fn resolve<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    queues: &impl Queues,
    caller: &Caller,
    (id, if_match): Target,
    (name, evidence): (&str, Personal),
    now: Timestamp,
) -> Result<(Loaded, View), Failure> {
    for _ in 0..TRIES {
        let (loaded, rows) = look(records, caller, (id, if_match)).await?;
        let (key, job) = (loaded.row.key(), loaded.request.facts.job.as_ref());
        let by_hand = match job {
            Some(job) => by_hand(&rows, job, name, now)?,
            None => ByHand::default(),
        };
        let command = Command::Resolve(Resolution {
            finding: name.to_owned(),
            evidence: evidence.clone(),
            records: by_hand.records,
            left: by_hand.left,
        });
        let circumstances = Circumstances {
            companions: by_hand.companions,
            ..Circumstances::default()
        };
        if carry_out(records, caller, &loaded, command, circumstances, now).await? {
            advance(records, queues, &key, now).await?;
            return load_visible(records, caller, id).await;
        }
    }
    Err(Refusal::Busy.into())
}

/// The request, in the version that its caller means, and the rows that its findings are read from.
async fn look<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    caller: &Caller,
    (id, if_match): Target,
) -> Result<(Loaded, Rows), Failure> {
    let (loaded, _) = load_visible(records, caller, id).await?;
    check_version(&loaded, if_match)?;
    let rows = Rows::read(&records.store, &loaded.row.key()).await?;
    Ok((loaded, rows))
}

/// What a resolution writes, and what it comes to.
#[derive(Default)]
struct ByHand {
    companions: Vec<Companion>,
    records: u64,
    left: u64,
}

impl ByHand {
    fn add(&mut self, companion: Companion, records: u64) {
        self.companions.push(companion);
        self.records += records;
    }
}

fn nothing() -> Repair {
    Repair {
        finding: None,
        only: None,
        chunks: 0,
        open_plans: false,
        leftovers: false,
        package: false,
    }
}

fn of_one(rows: &Rows, job: &Job, name: &str) -> Result<Repair, Refusal> {
    let finding = open(rows, job, ("retry", name))?;
    let of_chunk = finding.about == About::Chunk;
    let again = of_chunk && finding.code != RESTORE_UNCLEAR && is_retryable(rows, &finding.chunk);
    Ok(Repair {
        finding: Some(name.to_owned()),
        only: of_chunk.then(|| BTreeSet::from([finding.chunk.clone()])),
        chunks: u64::from(again),
        open_plans: finding.about == About::Plan,
        leftovers: finding.about == About::Leftover,
        package: finding.about == About::Package,
    })
}

fn of_all(rows: &Rows, job: &Job) -> Repair {
    let open = rows
        .findings
        .iter()
        .filter(|finding| rows.state(job, finding) == State::Open);
    let mut chunks = BTreeSet::new();
    let mut repair = nothing();
    for finding in open {
        match finding.about {
            About::Plan => repair.open_plans = true,
            About::Leftover => repair.leftovers = true,
            About::Package => repair.package = true,
            About::Chunk if finding.code == RESTORE_UNCLEAR => {}
            About::Chunk => {
                chunks.insert(&finding.chunk);
            }
        }
    }
    repair.chunks = chunks.into_iter().filter(|id| is_retryable(rows, id)).count() as u64;
    repair
}

/// Whether the chunk is settled and something of it is not done.
fn is_retryable(rows: &Rows, id: &ChunkId) -> bool {
    let chunk = rows.chunks.iter().find(|chunk| &chunk.id == id);
    chunk.is_some_and(|chunk| retried(chunk, 0, chunk.touched_at).is_some())
}

/// The finding of that name, if it waits for somebody.
fn open<'a>(rows: &'a Rows, job: &Job, (command, name): (&str, &str)) -> Result<&'a Finding, Refusal> {
    if name == DIFFERS {
        // Resumed or cancelled, not repaired.
        return Err(Refusal::NotInThisPhase {
            command: command.to_owned(),
            job: job.status,
            phase: job.phase,
        });
    }
    let named = rows.findings.iter().find(|finding| finding.name().to_string() == name);
    let finding = named.ok_or(Refusal::NotFound)?;
    match rows.state(job, finding) {
        State::Open => Ok(finding),
        State::Retrying | State::Repaired | State::Resolved => Err(Refusal::FindingClosed),
    }
}

/// The rows that a resolution writes besides the request.
fn by_hand(rows: &Rows, job: &Job, name: &str, now: Timestamp) -> Result<ByHand, Refusal> {
    let finding = open(rows, job, ("resolve", name))?;
    let mut by_hand = ByHand::default();
    let mut closed = vec![finding];
    match finding.about {
        About::Chunk => {
            let chunk = rows.chunks.iter().find(|chunk| chunk.id == finding.chunk);
            let (before_rev, (chunk, records)) = chunk
                .and_then(|chunk| Some((chunk.rev, resolved(chunk, finding, now)?)))
                .ok_or(Refusal::FindingClosed)?;
            by_hand.add(settle(before_rev, chunk), records);
            if finding.lines.is_empty() {
                let same = |other: &&Finding| other.about == About::Chunk && other.chunk == finding.chunk;
                closed = rows.findings.iter().filter(same).collect();
                closed.retain(|other| rows.state(job, other) == State::Open);
            }
        }
        About::Plan => {
            let plan = rows.plans.iter().find(|plan| finding.is_of(plan) && !plan.complete);
            let plan = plan.ok_or(Refusal::FindingClosed)?;
            by_hand.add(close(plan, now), 0);
        }
        About::Leftover => leftovers(rows, finding, &mut by_hand, now)?,
        // Nobody writes a package by hand: it is tried again, or the request is cancelled.
        About::Package => {
            return Err(Refusal::NotInThisPhase {
                command: "resolve".to_owned(),
                job: job.status,
                phase: job.phase,
            });
        }
    }
    by_hand.left = rows.findings.iter().filter(|other| is_open(rows, job, other)).count() as u64 - closed.len() as u64;
    for finding in closed {
        let resolved = Finding {
            resolved_at: Some(now),
            ..finding.clone()
        };
        by_hand.companions.push(Companion::ResolveFinding(resolved));
    }
    Ok(by_hand)
}

fn settle(before_rev: u64, chunk: Chunk) -> Companion {
    let chunk = Box::new(chunk);
    Companion::SettleChunk { before_rev, chunk }
}

fn is_open(rows: &Rows, job: &Job, finding: &Finding) -> bool {
    matches!(rows.state(job, finding), State::Open | State::Retrying)
}

fn leftovers(rows: &Rows, finding: &Finding, by_hand: &mut ByHand, now: Timestamp) -> Result<(), Refusal> {
    let id = &finding.chunk;
    let found = rows.chunks.iter().filter(|chunk| {
        let of = &chunk.id;
        (&of.dataset, of.generation) == (&id.dataset, id.generation)
    });
    for chunk in found {
        let (before_rev, settled) = (chunk.rev, left_by_hand(chunk, now));
        let (chunk, records) = settled.ok_or(Refusal::FindingClosed)?;
        by_hand.add(settle(before_rev, chunk), records);
    }
    if by_hand.companions.len() > MAX_SETTLED {
        return Err(Refusal::TooMuchToResolve);
    }
    Ok(())
}

/// A plan that nobody goes on with, because the dataset cannot be enumerated and somebody dealt with it by hand.
fn close(plan: &Plan, now: Timestamp) -> Companion {
    Companion::ClosePlan {
        before_rev: plan.rev,
        plan: Plan {
            by_hand: true,
            ..plan.closed(now)
        },
    }
}
