//! The vault: nothing was deleted from its table that did not lie there, readable, at that moment; nothing is destroyed
//! there before its window is over or under a hold; in the end nobody can read any of it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::domain::ids::RequestId;
use shared::domain::object_keys;
use shared::domain::vault::{Attributes, Value, VaultCopy, decode};
use shared::ports::{KeyName, Sealed, Sealer as _};
use shared::sim::sources::journal::{Effect, What, Who};
use shared::sim::vault::Kept;

use super::records::TOLERANCE;
use super::{Case, holds};
use crate::scenario::Meanwhile;
use crate::stack::Stack;

/// An item as the journal has it.
type Item = BTreeMap<String, String>;

/// A group of copies, opened.
struct Group {
    request: RequestId,
    items: Vec<Item>,
    kept: Kept,
}

pub(super) fn check(stack: &Stack, cases: &[Case], wrong: &mut Vec<String>) {
    let groups = groups(stack, cases, wrong);
    let journal = stack.outside.sources.journal();
    for effect in &journal {
        if let (What::Taken(item), Who::Request(id)) = (&effect.what, effect.who)
            && !groups.iter().any(|group| group.holds(id, item, effect.at))
        {
            wrong.push(format!(
                "{} was deleted at {} without a copy in the vault",
                effect.record, effect.at
            ));
        }
    }
    for group in &groups {
        let case = cases.iter().find(|case| case.id() == group.request);
        if let (Some(case), Some(deleted_at)) = (case, group.kept.deleted_at) {
            early(stack, case, (group, deleted_at), &journal, wrong);
            held(stack, group, deleted_at, &journal, wrong);
        }
    }
    for case in cases.iter().filter(|case| case.facts.shredded) {
        let readable = |pin: &shared::domain::request::DatasetPin| {
            let name = KeyName::Vault(case.facts.tenant.clone(), case.id(), pin.id.clone());
            stack.outside.has_key(&name)
        };
        if case.facts.datasets.iter().any(readable) {
            wrong.push(format!("{}: its copies can still be read", case.life.subject));
        }
        let prefix = object_keys::vault(&case.facts.key());
        let left = |(key, kept): (&String, &Kept)| key.starts_with(&prefix) && kept.deleted_at.is_none();
        if stack.outside.vault.ever().iter().any(left) {
            wrong.push(format!("{}: sealed copies are left", case.life.subject));
        }
    }
}

/// Every group that ever was, opened under the key of its time.
fn groups(stack: &Stack, cases: &[Case], wrong: &mut Vec<String>) -> Vec<Group> {
    let ever = stack.outside.vault.ever();
    let mut groups = Vec::new();
    for (key, kept) in ever.iter() {
        match opened(stack, cases, key, kept) {
            Some((request, copies)) => groups.push(Group {
                request,
                items: copies.into_iter().map(|copy| named(&copy.item)).collect(),
                kept: kept.clone(),
            }),
            None => wrong.push(format!("{key} cannot be opened")),
        }
    }
    groups
}

fn opened(stack: &Stack, cases: &[Case], key: &str, kept: &Kept) -> Option<(RequestId, Vec<VaultCopy>)> {
    let mut parts = key.split('/').skip(2);
    let (request, dataset) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let case = cases.iter().find(|case| case.id() == request)?;
    let name = KeyName::Vault(case.facts.tenant.clone(), request, dataset);
    let sealer = &stack.outside.records.sealer;
    let sealed = Sealed(kept.bytes.clone());
    let aad = format!("vault|{key}");
    let minted = sealer.all_minted(&name);
    let plain = minted.iter().find_map(|key| sealer.unseal(key, &aad, &sealed).ok())?;
    Some((request, decode(&plain).ok()?))
}

/// A fake's item has scalars only.
fn named(item: &Attributes) -> Item {
    let text = |value: &Value| match value {
        Value::S(text) => format!("S:{text}"),
        Value::N(text) => format!("N:{text}"),
        Value::B(text) => format!("B:{text}"),
        other => format!("{other:?}"),
    };
    item.iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

impl Group {
    fn holds(&self, request: RequestId, item: &Item, at: Timestamp) -> bool {
        let there = self.kept.put_at <= at && self.kept.deleted_at.is_none_or(|deleted| at < deleted);
        self.request == request && there && self.items.contains(item)
    }

    /// The last time one of its items was taken and not put back, before an instant.
    fn taken<'j>(&self, journal: &'j [Effect], before: Timestamp) -> Vec<&'j Effect> {
        let ours = |effect: &&Effect| match &effect.what {
            What::Taken(item) => effect.who == Who::Request(self.request) && self.items.contains(item),
            _ => false,
        };
        let earlier = journal.iter().filter(|effect| effect.at <= before);
        let taken = earlier.filter(ours);
        let back = |of: &&Effect| {
            let later = |effect: &Effect| effect.record == of.record && effect.at >= of.at && effect.at <= before;
            journal
                .iter()
                .any(|effect| effect.what == What::PutBack && later(effect))
        };
        taken.filter(|effect| !back(effect)).collect()
    }
}

fn early(
    stack: &Stack,
    case: &Case,
    (group, deleted_at): (&Group, Timestamp),
    journal: &[Effect],
    wrong: &mut Vec<String>,
) {
    let window = case.facts.policy.as_ref().map(|policy| policy.recovery_window);
    let there = stack.outside.sources.snapshot();
    for effect in group.taken(journal, deleted_at) {
        // Written anew by the application: a restoration leaves that, and then nothing can be brought back.
        if stack.meanwhile() == Meanwhile::Changes && there.contains_key(&effect.record) {
            continue;
        }
        let end = window.map(|window| window.after(effect.at));
        if end.is_none_or(|end| deleted_at + TOLERANCE < end) {
            wrong.push(format!(
                "the copy of {} was destroyed at {deleted_at} before its window's end",
                effect.record
            ));
        }
    }
}

fn held(stack: &Stack, group: &Group, deleted_at: Timestamp, journal: &[Effect], wrong: &mut Vec<String>) {
    for effect in group.taken(journal, deleted_at) {
        if holds::forbid(stack, &effect.record, deleted_at) {
            wrong.push(format!(
                "the copy of {} was destroyed at {deleted_at} under a hold",
                effect.record
            ));
        }
    }
}
