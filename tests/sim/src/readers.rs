//! People who only look: at any moment, what they are shown adds up, and is not more than they may see.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use shared::domain::actor::Caller;
use shared::domain::ids::RequestId;
use shared::domain::outcome::Code;
use shared::domain::personal::Personal;
use shared::domain::request::Facts;
use shared::ports::Progress;
use shared::state_machine::refusal::Refusal;
use shared::workflow::access::{View, load_for_staff, load_visible};
use shared::workflow::failure::Failure;
use shared::workflow::list::{Filter, list};
use shared::workflow::progress::progress;
use shared::workflow::trail::{EntryShown, trail};
use shared::workflow::view::{Resource, render};

use crate::people::caller;
use crate::stack::Outside;

/// An index is behind its table by seconds, and two clocks differ by minutes.
const LAG: SignedDuration = SignedDuration::from_mins(15);

/// The highest percent that anybody was shown, by request: it never falls.
pub type Shown = BTreeMap<RequestId, u8>;

/// Looks at everything the API shows of a request.
pub async fn look(outside: &Outside, subject: &str, id: RequestId, now: Timestamp) -> Result<(), Failure> {
    let (owner, operator) = (caller(subject, false), caller("olga", true));
    let (loaded, view) = load_visible(&outside.records, &owner, id).await?;
    let counted = progress(&outside.records, &loaded.request.facts, now).await?;
    if let Some(counted) = &counted {
        add_up(outside, &loaded.request.facts, counted);
    }
    let text = |view| serde_json::to_string(&render(&loaded.request, view, counted.as_ref(), now)).expect("JSON");
    let (theirs, full) = (text(view), text(View::Staff));
    let names_staff = |text: &str| text.contains("-olga") || text.contains("-otto");
    if names_staff(&theirs) {
        outside.complain(format!("the owner of {id} is shown an operator"));
    }
    if loaded.request.facts.decided_at.is_some() && !names_staff(&full) {
        outside.complain(format!("nobody is shown who decided {id}"));
    }
    if loaded.request.person.known().is_some() != theirs.contains(&format!("canary-name-{subject}")) {
        outside.complain(format!(
            "{id} names its subject although it is shredded, or does not although it is not"
        ));
    }
    strangers(outside, id).await;
    trails(outside, subject, id).await?;
    let settled = loaded.request.facts.submitted_at + LAG < now;
    for by in [owner, operator] {
        history(outside, &by, settled.then_some(id), now).await?;
    }
    Ok(())
}

/// The sums hold at every moment, and what was shown as done stays done.
fn add_up(outside: &Outside, facts: &Facts, counted: &Progress) {
    let sum: u64 = Code::ALL.into_iter().map(|code| counted.counts.of(code)).sum();
    if sum != counted.planned || counted.percent > 100 {
        outside.complain(format!(
            "{}: {sum} of {} records shown, {} percent",
            facts.id, counted.planned, counted.percent
        ));
    }
    let mut shown = outside.shown.borrow_mut();
    let before = shown.entry(facts.id).or_default();
    if counted.percent < *before {
        outside.complain(format!(
            "{} fell from {before} to {} percent",
            facts.id, counted.percent
        ));
    }
    *before = counted.percent;
}

/// Whoever it does not concern learns nothing; its own subject is no operator.
async fn strangers(outside: &Outside, id: RequestId) {
    let stranger = load_visible(&outside.records, &caller("mallory", false), id).await;
    if !matches!(stranger, Err(Failure::Refusal(Refusal::NotFound) | Failure::Fault(_))) {
        outside.complain(format!("a stranger is shown {id}"));
    }
    let staff = load_for_staff(&outside.records, &caller("mallory", false), id).await;
    if staff.is_ok() {
        outside.complain(format!("a stranger is taken for staff at {id}"));
    }
}

/// Both read the same chain; the owner reads of operators' doings only the hash.
async fn trails(outside: &Outside, subject: &str, id: RequestId) -> Result<(), Failure> {
    let theirs = trail(&outside.records, &caller(subject, false), id).await?;
    let full = trail(&outside.records, &caller("olga", true), id).await?;
    let hash = |entry: &EntryShown| match entry {
        EntryShown::Full(entry) => entry.hash.clone(),
        EntryShown::HashOnly { hash, .. } => hash.clone(),
    };
    // The second reader may see more: somebody went on in between.
    if theirs.iter().zip(&full).any(|(one, other)| hash(one) != hash(other)) || theirs.len() > full.len() {
        outside.complain(format!("{id}: owner and operator read two trails"));
    }
    let by_staff = |entry: &&EntryShown| matches!(entry, EntryShown::Full(entry) if entry.actor.name.is_some());
    let names = theirs.iter().filter(by_staff).count();
    let hidden = full.iter().any(|entry| matches!(entry, EntryShown::HashOnly { .. }));
    if names > 0 || hidden {
        outside.complain(format!(
            "{id}: the owner reads {names} names of staff, or an operator reads too little"
        ));
    }
    Ok(())
}

/// A history is newest first, holds what is there for long, and a subject's holds only their own.
async fn history(outside: &Outside, by: &Caller, known: Option<RequestId>, now: Timestamp) -> Result<(), Failure> {
    let filter = Filter {
        statuses: vec![],
        kind: None,
        requester: None,
        subject: None,
        from: None,
        to: None,
        limit: 100,
        after: None,
    };
    let items = list(&outside.records, by, filter, now).await?.items;
    if items.windows(2).any(|pair| pair[0].submitted_at < pair[1].submitted_at) {
        outside.complain("a history is not newest first".to_owned());
    }
    if known.is_some_and(|id| items.iter().all(|item| item.id != id)) {
        outside.complain(format!("a history lacks {known:?}"));
    }
    let own = |item: &Resource| {
        let (shown, name) = (
            item.subject.name.as_ref().map(Personal::expose),
            by.name.as_ref().map(Personal::expose),
        );
        shown == name || item.subject.id.expose() == "[erased]"
    };
    if !by.reads_everything() && !items.iter().all(own) {
        outside.complain("a subject's history shows another's request".to_owned());
    }
    Ok(())
}
