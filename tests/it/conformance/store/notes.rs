//! Entries of no request: chained by month, one winner of each race; and the tenant's whole trail by day.

use jiff::Timestamp;
use jiff::civil::Date;
use shared::audit::{self, ActorStamp, Entry, EntryBody, Outcome};
use shared::domain::actor::Role;
use shared::domain::ids::Tenant;
use shared::domain::month::Month;
use shared::ports::{DayQuery, MonthHead, Note, Notes, RefusalTally};

use super::ground::{Ground, done, shows};
use super::samples::{acme, at, someone, step, submission};

/// The next note of a month's chain.
pub(super) fn note(tenant: &Tenant, before: &MonthHead, action: &str, now: Timestamp) -> Note {
    let (entry, head) = before.head.append(EntryBody {
        v: 1,
        tenant: tenant.clone(),
        request: None,
        seq: 0,
        at: now,
        actor: ActorStamp {
            role: Role::Operator,
            actor_ref: Some(someone("olga")),
        },
        action: action.to_owned(),
        outcome: Outcome::Done,
        status: None,
        details: Default::default(),
        sealed_person: None,
        sealed_staff: Some("AAAA".into()),
        repeated: None,
        prev: String::new(),
    });
    let rev = before.rev + 1;
    Note {
        tenant: tenant.clone(),
        month: Month::of(now),
        head: MonthHead {
            head,
            refusals: None,
            rev,
        },
        entry: Some(entry),
        kept_until: at(220_000_000),
    }
}

/// Appends this many, a second apart.
async fn append(ground: &impl Ground, tenant: &Tenant, count: i64) -> MonthHead {
    let mut head = MonthHead::default();
    for n in 0..count {
        let next = note(tenant, &head, "read_trail", at(n));
        assert!(ground.store().append(&next).await.expect("an answer"));
        head = next.head;
    }
    head
}

pub(super) async fn notes_are_a_chain_that_verifies(ground: impl Ground) {
    let (store, month) = (ground.store(), Month::of(at(0)));
    let none = store.month_head(&acme(), month).await.expect("read");
    assert_eq!(none, MonthHead::default());
    let head = append(&ground, &acme(), 7).await;
    append(&ground, &"globex".parse().expect("slug"), 2).await;
    assert_eq!(store.month_head(&acme(), month).await.expect("read"), head);
    let whole = store.notes(&acme(), month, 0, 100).await.expect("read");
    audit::verify(&whole, &head.head).expect("an unbroken chain");
    assert_eq!(whole.len(), 7);
    assert_eq!(store.notes(&acme(), month, 5, 1).await.expect("read"), whole[5..6]);
}

pub(super) async fn of_two_notes_on_one_head_one_is_written(ground: impl Ground) {
    let store = ground.store();
    let head = append(&ground, &acme(), 1).await;
    let (first, second) = (
        note(&acme(), &head, "place_hold", at(5)),
        note(&acme(), &head, "release_hold", at(6)),
    );
    assert!(store.append(&first).await.expect("an answer"));
    assert!(!store.append(&second).await.expect("an answer"));
    assert!(
        store.append(&first).await.expect("an answer"),
        "sent again, it is there"
    );
    let entries = store.notes(&acme(), first.month, 1, 10).await.expect("read");
    assert_eq!(entries, Vec::from_iter(first.entry.clone()));
    assert_eq!(store.month_head(&acme(), first.month).await.expect("read"), first.head);
}

pub(super) async fn a_repeated_refusal_moves_the_head_without_an_entry(ground: impl Ground) {
    let store = ground.store();
    let before = append(&ground, &acme(), 1).await;
    let mut head = before.clone();
    head.rev += 1;
    head.refusals = Some(RefusalTally::first(&someone("ada"), "duplicate_request", at(1)));
    let counted = Note {
        tenant: acme(),
        month: Month::of(at(1)),
        head,
        entry: None,
        kept_until: at(220_000_000),
    };
    assert!(store.append(&counted).await.expect("an answer"));
    let there = store.month_head(&acme(), counted.month).await.expect("read");
    assert_eq!(there, counted.head);
    assert_eq!(store.notes(&acme(), counted.month, 1, 10).await.expect("read"), []);
    assert!(
        !store
            .append(&note(&acme(), &before, "late", at(2)))
            .await
            .expect("an answer")
    );
}

/// All pages of a day.
async fn day(ground: &impl Ground, (from, to): (i64, i64), limit: u32) -> Vec<Entry> {
    let mut query = DayQuery {
        tenant: acme(),
        day: "2090-01-31".parse::<Date>().expect("a day"),
        from: at(from),
        to: at(to),
        after: None,
        limit,
    };
    let mut entries = vec![];
    for _ in 0..100 {
        let page = ground.store().day(&query).await.expect("a page");
        assert!(page.entries.len() <= limit as usize, "a page is longer than asked");
        entries.extend(page.entries);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return entries,
        }
    }
    panic!("the pages never end");
}

pub(super) async fn a_day_shows_every_entry_of_the_tenant_once_and_in_order(ground: impl Ground) {
    append(&ground, &acme(), 4).await;
    append(&ground, &"globex".parse().expect("slug"), 3).await;
    let base = submission(1);
    done(&ground, &base).await;
    done(&ground, &step(&base.row, "verify", at(2))).await;
    let seen = |entries: Vec<Entry>| {
        let line = |entry: Entry| (entry.body.at, entry.body.request.is_some());
        let mut seen: Vec<_> = entries.into_iter().map(line).collect();
        assert!(seen.is_sorted_by_key(|(at, _)| *at), "by instant");
        seen.sort();
        seen
    };
    let all = vec![
        (at(0), false),
        (at(0), true),
        (at(1), false),
        (at(2), false),
        (at(2), true),
        (at(3), false),
    ];
    for limit in [1, 4, 100] {
        shows(&ground, all.clone(), async || {
            seen(day(&ground, (0, 86_400), limit).await)
        })
        .await;
    }
    assert_eq!(seen(day(&ground, (1, 2), 2).await), all[2..5], "both ends included");
    // The day after begins twelve hours later.
    let tomorrow = DayQuery {
        tenant: acme(),
        day: "2090-02-01".parse().expect("a day"),
        from: at(0),
        to: at(200_000),
        after: None,
        limit: 10,
    };
    assert_eq!(ground.store().day(&tomorrow).await.expect("a page").entries, []);
}
