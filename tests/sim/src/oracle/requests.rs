//! Requests: where they ended, what their trail tells, what is left of them.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use shared::audit::{Entry, Outcome, verify};
use shared::domain::finding::{Finding, State};
use shared::domain::ids::RequestId;
use shared::domain::job::{JobStatus, Tally};
use shared::domain::outcome::{Code, Counts};
use shared::domain::request::{Facts, Kind, Status};
use shared::state_machine::job::MAX_VERIFICATIONS;

use super::{Case, notices};
use crate::scenario::Aim;
use crate::stack::Stack;

/// Two clocks differ by at most this much.
const SKEWS: SignedDuration = SignedDuration::from_secs(2 * 300);

/// Words that leave no status behind them in the trail but their own.
const TERMINAL: [&str; 3] = ["Completed", "Rejected", "Cancelled"];

pub(super) fn check(stack: &Stack, case: &Case, wrong: &mut Vec<String>) {
    let mut complain = |what: String| wrong.push(format!("{}: {what}", case.life.subject));
    ended(stack, case, &mut complain);
    trail(stack, case, &mut complain);
    account(stack, case, &mut complain);
    cut_short(stack, case, &mut complain);
    left(stack, case, &mut complain);
    mails(stack, case, &mut complain);
}

/// No two requests of one subject were open for the same category at the same time.
pub(super) fn check_overlaps(all: &[Facts], wrong: &mut Vec<String>) {
    for (n, one) in all.iter().enumerate() {
        for other in &all[n + 1..] {
            let same = one.subject_ref == other.subject_ref && one.kind == other.kind;
            let shared = one.scope.iter().any(|category| other.scope.contains(category));
            let open = |a: &Facts, b: &Facts| a.closed_at.is_none_or(|closed| b.submitted_at + SKEWS < closed);
            if same && shared && open(one, other) && open(other, one) {
                wrong.push(format!("{} and {} were open for the same data", one.id, other.id));
            }
        }
    }
}

/// The ending its people wanted; a failed job only for a reason that somebody can read.
fn ended(stack: &Stack, case: &Case, complain: &mut impl FnMut(String)) {
    let facts = &case.facts;
    let expected = wanted(stack, case);
    if facts.status == Status::InProgress {
        let findings = open_findings(stack, facts);
        let failed = facts.job.as_ref().is_some_and(|job| job.status == JobStatus::Failed);
        // Five workers of a chunk can die in a storm: it is given up, flagged, and its siblings go on.
        let given_up = findings
            .iter()
            .all(|finding| matches!(finding.code.as_str(), "parked" | "restore_unclear"));
        let given_up = given_up && !stack.may_repair(facts);
        if !failed || findings.is_empty() || !(given_up || stack.may_fail()) {
            complain(format!(
                "stands still in progress: {:?}, findings {findings:?}",
                facts.job
            ));
        }
        if !occasions(stack, case.id()).contains("job_failed") {
            complain("operators were never told that the job failed".to_owned());
        }
        let looked = facts.job.as_ref().map_or(0, |job| job.generation);
        if looked <= MAX_VERIFICATIONS && findings.iter().any(|finding| finding.code == "leftover") {
            complain(format!("was given up after looking {looked} times"));
        }
    } else if facts.status == Status::Completed && !open_findings(stack, facts).is_empty() {
        complain(format!("completed with findings {:?}", open_findings(stack, facts)));
    } else if facts.status != expected {
        complain(format!("ended {} instead of {expected}", facts.status));
    } else if !facts.shredded {
        complain("is not shredded".to_owned());
    }
}

/// The ending its people wanted, as far as they came in time.
fn wanted(stack: &Stack, case: &Case) -> Status {
    let is_export = case.facts.kind == Kind::Export;
    let entries = stack.outside.entries(&case.facts.key());
    let done = |action: &str| {
        let by_it = |entry: &Entry| entry.body.action == action && entry.body.outcome == Outcome::Done;
        entries.iter().any(by_it)
    };
    match case.life.aim {
        // An export that cannot be repaired is cancelled.
        Aim::Erase | Aim::Extend | Aim::Pause | Aim::RestoreOne if done("cancel") && is_export => Status::Cancelled,
        Aim::Erase | Aim::Extend | Aim::Pause | Aim::RestoreOne => Status::Completed,
        // An approved export starts by itself: who withdraws it a moment later comes too late.
        Aim::Withdraw if is_export && !done("withdraw") && !done("cancel") => Status::Completed,
        Aim::Withdraw => Status::Cancelled,
        // Who comes too late finds everything purged, and nothing to cancel.
        Aim::Cancel | Aim::CancelAndRestore if !done("cancel") => Status::Completed,
        Aim::Cancel | Aim::CancelAndRestore => Status::Cancelled,
        Aim::Reject => Status::Rejected,
    }
}

/// The findings that wait for somebody.
fn open_findings(stack: &Stack, facts: &Facts) -> Vec<Finding> {
    let (outside, key) = (&stack.outside, facts.key());
    let (plans, chunks) = (outside.plans(&key), outside.chunks(&key));
    let Some(job) = &facts.job else { return vec![] };
    let mut findings = outside.findings(&key);
    findings.retain(|finding| matches!(finding.state(job, &plans, &chunks), State::Open | State::Retrying));
    findings
}

/// One entry for each transition, in a chain that holds; nothing after the end but what follows it.
fn trail(stack: &Stack, case: &Case, complain: &mut impl FnMut(String)) {
    let outside = &stack.outside;
    let entries = outside.entries(&case.facts.key());
    let Some(row) = outside.row(&case.facts.key()) else {
        return;
    };
    if let Err(broken) = verify(&entries, &row.head) {
        complain(broken.to_string());
    }
    let done: Vec<_> = entries
        .iter()
        .filter(|entry| entry.body.outcome == Outcome::Done)
        .collect();
    let moves = |action: &str| !matches!(action, "tell" | "expiring" | "redeem") && !notices::NOTICES.contains(&action);
    let transitions = done.iter().filter(|entry| moves(&entry.body.action)).count() as u64;
    if transitions != case.facts.version {
        complain(format!(
            "{transitions} transitions in the trail, version {}",
            case.facts.version
        ));
    }
    let order = ["Pending", "Verified", "Approved", "InProgress"];
    let rank = |status: &str| order.iter().position(|word| *word == status).unwrap_or(order.len());
    let mut last = "Pending";
    for entry in &entries {
        let status = entry.body.status.as_deref().unwrap_or_default();
        if rank(status) < rank(last) || (TERMINAL.contains(&last) && status != last) {
            complain(format!("{} leads from {last} to {status}", entry.body.action));
        }
        last = status;
    }
    two_persons(&done, case, complain);
}

fn two_persons(done: &[&shared::audit::Entry], case: &Case, complain: &mut impl FnMut(String)) {
    let by = |word: &str| {
        let entry = done.iter().find(|entry| entry.body.action == word);
        entry.and_then(|entry| entry.body.actor.actor_ref.clone())
    };
    let (approver, executor) = (by("approve"), by("execute"));
    if approver.is_some() && approver == executor {
        complain("approver and executor are one".to_owned());
    }
    let executed = done.iter().find(|entry| entry.body.action == "execute");
    if let (Some(entry), Some(end)) = (executed, case.facts.grace_ends_at)
        && entry.body.at < end
    {
        complain(format!(
            "executed at {} before the grace period's end at {end}",
            entry.body.at
        ));
    }
    let unseen = executed.is_some_and(|entry| entry.body.details["preview_digest"] == "0".repeat(64));
    if unseen {
        complain("executed without a preview".to_owned());
    }
}

/// The account of a completed request is the recount of its rows and what the trail says.
fn account(stack: &Stack, case: &Case, complain: &mut impl FnMut(String)) {
    let (outside, facts) = (&stack.outside, &case.facts);
    let (plans, chunks) = (outside.plans(&facts.key()), outside.chunks(&facts.key()));
    let tally = Tally::recount(&plans, &chunks, facts.job.as_ref().map_or(0, |job| job.generation));
    if !tally.is_conserved() {
        complain(format!(
            "{} planned, {} accounted for",
            tally.planned,
            tally.counts.total()
        ));
    }
    if facts.status != Status::Completed {
        return;
    }
    if tally.by_dataset != facts.account {
        complain(format!("account {:?}, recount {:?}", facts.account, tally.by_dataset));
    }
    if tally.unsettled() > 0 || !tally.plan_complete {
        complain(format!("completed with {} unsettled records", tally.unsettled()));
    }
    let entries = outside.entries(&facts.key());
    let told = entries.iter().find_map(|entry| entry.body.details.get("account"));
    let words = |counts: &Counts| serde_json::to_value(counts).expect("counts are JSON");
    let expected: serde_json::Map<_, _> = tally
        .by_dataset
        .iter()
        .map(|(dataset, counts)| (dataset.to_string(), words(counts)))
        .collect();
    if told != Some(&expected.into()) {
        complain(format!("the trail tells {told:?}"));
    }
}

/// A cancelled request's account at its settling, and every restoration's, are what rows and trail say.
fn cut_short(stack: &Stack, case: &Case, complain: &mut impl FnMut(String)) {
    let (outside, facts) = (&stack.outside, &case.facts);
    for restore in outside.restores(&facts.key()) {
        if restore.finished_at.is_none() {
            complain(format!("restoration {} is not finished", restore.n));
        }
        let chunks = outside.chunks(&facts.key());
        let (again, _) = restore.recount(&chunks, |_| false);
        let last = restore.n == facts.restores;
        if last && again.restored != restore.result.restored {
            complain(format!(
                "restoration {} brought {:?} back, it says {:?}",
                restore.n, again, restore.result
            ));
        }
    }
    if facts.status != Status::Cancelled || facts.job.is_none() {
        return;
    }
    let (plans, chunks) = (outside.plans(&facts.key()), outside.chunks(&facts.key()));
    let tally = Tally::recount(&plans, &chunks, facts.job.as_ref().map_or(0, |job| job.generation));
    if plans.iter().any(|plan| !plan.complete) {
        complain("was settled with an open plan".to_owned());
    }
    if facts.shredded && tally.by_dataset != facts.account {
        complain(format!("account {:?}, recount {:?}", facts.account, tally.by_dataset));
    }
    settled_is_exact(stack, case, &tally, complain);
}

/// What was settled changes afterwards only by purging and restoring what was swept.
fn settled_is_exact(stack: &Stack, case: &Case, tally: &Tally, complain: &mut impl FnMut(String)) {
    let entries = stack.outside.entries(&case.facts.key());
    let settled = entries.iter().find(|entry| entry.body.action == "cancelled");
    let Some(account) = settled.and_then(|entry| entry.body.details.get("account")) else {
        complain("the trail tells nothing of its account".to_owned());
        return;
    };
    let told = |code: &str| -> u64 {
        let datasets = account.as_object().into_iter().flatten();
        datasets.filter_map(|(_, counts)| counts.get(code)?.as_u64()).sum()
    };
    let untouched = tally.counts.of(Code::Untouched);
    if told("untouched") != untouched {
        complain(format!(
            "{} untouched when it was settled, {untouched} now",
            told("untouched")
        ));
    }
    let all: u64 = Code::ALL.into_iter().map(|code| told(code.as_str())).sum();
    if all != tally.counts.total() {
        complain(format!(
            "{all} records accounted for when it was settled, {} now",
            tally.counts.total()
        ));
    }
}

/// Nothing is left of a request that is over: no key, no object, no claim on its scope.
fn left(stack: &Stack, case: &Case, complain: &mut impl FnMut(String)) {
    let outside = &stack.outside;
    let facts = &case.facts;
    if !facts.status.is_terminal() {
        return;
    }
    if facts.shredded && outside.has_person_key(&facts.key()) {
        complain("its key is still there".to_owned());
    }
    if facts.shredded
        && facts
            .closed_at
            .zip(facts.shred_at)
            .is_some_and(|(closed, due)| due < closed)
    {
        complain("was shredded before it was closed".to_owned());
    }
    let early = outside
        .entries(&facts.key())
        .into_iter()
        .find(|entry| entry.body.action == "shred");
    if let (Some(entry), Some(due)) = (early, facts.shred_at)
        && entry.body.at < due
    {
        complain(format!("was shredded at {}, due {due}", entry.body.at));
    }
    // Rows of e-mail addresses have an end since the closing; those of words have none, so none may be left.
    let ends = outside.found_until(&facts.key());
    if facts.shredded && ends.iter().any(|end| *end != facts.found_until()) {
        complain(format!("is still found, until {ends:?}"));
    }
    if outside.open_scopes(&facts.key()) > 0 {
        complain("still holds its scope".to_owned());
    }
    // A zombie may store an outcome after all was deleted: nobody can read it any more, and no row names it.
    let objects = outside.manifests.objects();
    let chunks = outside.chunks(&facts.key());
    let named = chunks
        .iter()
        .flat_map(|chunk| chunk.outcome.iter().chain([&chunk.manifest.object]));
    if facts.status == Status::Completed && named.into_iter().any(|name| objects.contains_key(name)) {
        complain("left objects behind".to_owned());
    }
}

/// Every mail is settled, and one that went out twice did so because a hand-over was unclear.
fn mails(stack: &Stack, case: &Case, complain: &mut impl FnMut(String)) {
    let mails = stack.outside.mails(&case.facts.key());
    for mail in mails.iter().filter(|mail| !mail.is_settled()) {
        complain(format!(
            "mail {} ({}) is {:?}",
            mail.n,
            mail.occasion.as_str(),
            mail.state
        ));
    }
    if case.facts.status == Status::Completed && !occasions(stack, case.id()).contains("completed") {
        let refused = case.facts.notice == Some(shared::domain::request::Notice::Failed);
        if !refused {
            complain("the subject was never told that it is done".to_owned());
        }
    }
    let delivered = stack.outside.mailer.delivered();
    let tag = case.id().to_string();
    let mine = delivered.iter().filter(|letter| letter.request == tag).count();
    let Some(unclear) = stack.unclear_hand_overs() else {
        return;
    };
    let owed = mails
        .iter()
        .filter(|mail| mail.state == shared::domain::outbox::MailState::Sent)
        .count();
    if mine > owed + unclear {
        complain(format!("{mine} letters for {owed} mails, {unclear} hand-overs unclear"));
    }
}

/// Which letters a request's people got.
pub(super) fn occasions(stack: &Stack, id: RequestId) -> BTreeSet<&'static str> {
    let delivered = stack.outside.mailer.delivered();
    let mine = delivered.iter().filter(|letter| letter.request == id.to_string());
    mine.map(|letter| letter.occasion).collect()
}
