//! Packages handed over: who is given a link, until when, what the trail says of it first, and of whoever was refused.

use std::cell::Cell;
use std::rc::Rc;

use jiff::{SignedDuration, Timestamp};

use super::desk::{Desk, play, play_with};
use super::people::{ada, eve, export, olga, refusal, vera};
use crate::audit::{Entry, Outcome, verify};
use crate::domain::actor::{Actor, Caller, Role};
use crate::domain::ids::RequestKey;
use crate::domain::month::Month;
use crate::domain::package::{Assembly, Package, PackageState, Part};
use crate::domain::personal::Personal;
use crate::domain::request::Status;
use crate::ports::{Committed, Companion, Notes};
use crate::sim::exports::SimExports;
use crate::sim::{Call, Fate, Fates};
use crate::state_machine::refusal::Refusal;
use crate::state_machine::transition::{Record, Transition};
use crate::workflow::commit::{Before, Circumstances};
use crate::workflow::export_view::export_shown;
use crate::workflow::failure::Failure;
use crate::workflow::order::Wish;
use crate::workflow::redeem::{Link, redeem};
use crate::workflow::trail::{EntryShown, trail};

const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

fn part(number: u32) -> Part {
    Part {
        number,
        object: format!("p/acme/dsr/1-{number}.zip"),
        bytes: 10,
        sha256: "0f".repeat(32),
        left_out: 0,
    }
}

/// An export of Ada's that is over, its package of two parts in this state.
async fn packaged(desk: &Desk, state: PackageState) -> RequestKey {
    packaged_for(desk, "conversations", state).await
}

async fn packaged_for(desk: &Desk, category: &str, state: PackageState) -> RequestKey {
    let key = desk.submit(&ada(), export(&[category])).await.expect("taken");
    let loaded = desk.records.load(&key).await.expect("read").expect("there");
    let now = desk.now();
    let mut next = loaded.request.clone();
    next.facts.status = Status::Completed;
    next.facts.package = Some(Package {
        state,
        parts: 2,
        bytes: 20,
        available_at: Some(now),
        expires_at: Some(now + WEEK),
        ..Package::building()
    });
    let transition = Transition {
        next,
        audit: vec![Record::new(Actor::system(), "packaged")],
        effects: vec![],
    };
    let assembly = Assembly {
        of: Some(2),
        parts: vec![part(1), part(2)],
        ..Assembly::ordered(now)
    };
    let circumstances = Circumstances {
        companions: vec![Companion::PutAssembly(assembly)],
        ..Circumstances::default()
    };
    let before = Before::Loaded(&loaded);
    let committed = desk.records.commit(before, &transition, circumstances, now).await;
    assert_eq!(committed.expect("written"), Committed::Done);
    key
}

/// Somebody who signed in so long ago.
fn signed_in(by: Caller, at: Timestamp, ago: SignedDuration) -> Caller {
    Caller {
        signed_in_at: Some(at - ago),
        ..by
    }
}

async fn fetch(desk: &Desk, by: &Caller, key: &RequestKey, part: u32) -> Result<Link, Failure> {
    let exports = SimExports::new(&desk.world);
    let (records, config, wanted) = (&desk.records, &desk.config, (key.id, part));
    Box::pin(redeem(records, config, &exports, by, wanted, desk.now())).await
}

/// The same by somebody who just signed in.
async fn fetch_now(desk: &Desk, by: Caller, key: &RequestKey, part: u32) -> Result<Link, Failure> {
    let by = signed_in(by, desk.now(), SignedDuration::ZERO);
    fetch(desk, &by, key, part).await
}

fn last(desk: &Desk, key: &RequestKey) -> Entry {
    let entries = desk.entries(key);
    verify(&entries, &desk.row(key).head).expect("an unbroken chain");
    entries.last().expect("entries").clone()
}

fn refused(code: &str) -> Outcome {
    let code = code.to_owned();
    Outcome::Refused { code }
}

fn links(desk: &Desk) -> usize {
    let log = desk.world.log();
    log.iter()
        .filter(|event| event.what.contains("link to package"))
        .count()
}

#[test]
fn a_link_is_good_for_a_minute_and_the_trail_says_who_has_it() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        let version = desk.facts(&key).version;
        let link = fetch_now(&desk, ada(), &key, 2).await.expect("her own");
        let name = format!("{}-2.zip", key.id);
        assert_eq!(
            link.url,
            format!("https://exports/p/acme/dsr/1-2.zip?name={name}&seconds=60")
        );
        assert!(link.expires_at <= desk.now() + SignedDuration::from_mins(1));
        assert!(link.expires_at >= desk.now() + SignedDuration::from_secs(50));
        let entry = last(&desk, &key).body;
        assert_eq!((entry.action.as_str(), &entry.outcome), ("redeem", &Outcome::Done));
        assert_eq!(
            (entry.actor.role, entry.actor.actor_ref, &entry.details["part"]),
            (Role::Subject, Some(ada().actor_ref), &2.into())
        );
        assert!(entry.sealed_person.is_some(), "from where");
        fetch_now(&desk, olga(), &key, 1).await.expect("an operator may");
        let facts = desk.facts(&key);
        assert_eq!(facts.package.expect("there").accesses, 2);
        assert_eq!(facts.version, version, "to look at it is no transition");
    });
}

/// The store takes nothing any more once this is set.
struct Deaf(Rc<Cell<bool>>);

impl Fates for Deaf {
    fn fate(&mut self, call: &Call<'_>, _: &mut crate::sim::Dice) -> Fate {
        if self.0.get() && call.op == "commit request" {
            return Fate::FailBefore;
        }
        Fate::Pass
    }
}

#[test]
fn without_an_entry_there_is_no_link() {
    let deaf = Rc::new(Cell::new(false));
    play_with((1, ""), Deaf(Rc::clone(&deaf)), async move |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        deaf.set(true);
        let fault = fetch_now(&desk, ada(), &key, 1).await;
        assert!(matches!(fault, Err(Failure::Fault(_))), "{fault:?}");
        assert_eq!((links(&desk), desk.entries(&key).len()), (0, 2));
        deaf.set(false);
        fetch_now(&desk, ada(), &key, 1).await.expect("it is heard again");
        assert_eq!(links(&desk), 1);
    });
}

#[test]
fn who_signed_in_long_ago_signs_in_again() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        let quarter = SignedDuration::from_mins(15);
        let at = desk.now();
        let old = signed_in(ada(), at, quarter + SignedDuration::from_secs(1));
        for by in [old, ada()] {
            let refusal = refusal(fetch(&desk, &by, &key, 1).await);
            assert_eq!(refusal, Refusal::ReauthenticationRequired);
        }
        let entry = last(&desk, &key).body;
        assert_eq!(entry.outcome, refused("reauthentication_required"));
        assert!(entry.sealed_person.is_some(), "from where");
        assert_eq!(links(&desk), 0);
        let fresh = signed_in(ada(), desk.now(), quarter - SignedDuration::from_secs(1));
        fetch(&desk, &fresh, &key, 1).await.expect("just in time");
    });
}

#[test]
fn only_an_available_package_is_handed_over() {
    for (state, expected) in [
        (PackageState::Building, Refusal::ExportNotReady),
        (PackageState::Expired, Refusal::ExportExpired),
        (PackageState::Revoked, Refusal::ExportRevoked),
    ] {
        play(async move |desk| {
            let key = packaged(&desk, state).await;
            let refusal = refusal(fetch_now(&desk, ada(), &key, 1).await);
            assert_eq!(refusal, expected);
            assert_eq!(last(&desk, &key).body.outcome, refused(expected.code()));
            assert_eq!(links(&desk), 0);
        });
    }
}

#[test]
fn a_link_never_outlives_its_package() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        let end = desk.facts(&key).package.and_then(|package| package.expires_at);
        let end = end.expect("an end");
        desk.world.advance_to(end - SignedDuration::from_secs(20));
        let link = fetch_now(&desk, ada(), &key, 1).await.expect("still there");
        assert!(
            link.url.ends_with("seconds=20") || link.url.ends_with("seconds=19"),
            "{link:?}"
        );
        assert!(link.expires_at <= end);
        desk.world.advance_to(end);
        let late = refusal(fetch_now(&desk, ada(), &key, 1).await);
        assert_eq!(late, Refusal::ExportExpired, "whether or not supervision was there");
    });
}

#[test]
fn whoever_else_reaches_for_it_is_in_the_trail_and_learns_nothing() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        let stranger = refusal(fetch_now(&desk, eve(), &key, 1).await);
        assert_eq!(stranger, Refusal::NotFound);
        let entry = last(&desk, &key).body;
        assert_eq!(
            (entry.outcome, entry.actor.actor_ref),
            (refused("not_found"), Some(eve().actor_ref))
        );
        let shown = trail(&desk.records, &ada(), key.id).await.expect("her own");
        let others = shown.last().expect("entries");
        assert!(matches!(others, EntryShown::HashOnly { .. }), "who it was is not Ada's");
        let auditor = refusal(fetch_now(&desk, vera(), &key, 1).await);
        assert_eq!(auditor, Refusal::OperatorOnly);
        assert_eq!(last(&desk, &key).body.outcome, refused("operator_only"));
        assert_eq!(links(&desk), 0);
    });
}

#[test]
fn before_it_is_started_there_is_nothing_to_fetch_and_a_stranger_is_not_told_that() {
    play(async |desk| {
        let key = desk.submit(&ada(), export(&["profile"])).await.expect("taken");
        let stranger = refusal(fetch_now(&desk, eve(), &key, 1).await);
        assert_eq!(stranger, Refusal::NotFound);
        let early = refusal(fetch_now(&desk, ada(), &key, 1).await);
        assert_eq!(early, Refusal::ExportNotReady);
        desk.order(&ada(), &key, Wish::Withdraw { reason: None })
            .await
            .expect("Ada may");
        let over = refusal(fetch_now(&desk, ada(), &key, 1).await);
        assert!(matches!(over, Refusal::NotInThisStatus { .. }), "{over}");
    });
}

#[test]
fn what_another_tenant_reaches_for_is_in_its_own_trail_only() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        let before = desk.entries(&key).len();
        let elsewhere = Caller {
            tenant: "globex".parse().expect("a slug"),
            ..olga()
        };
        let answer = refusal(fetch_now(&desk, elsewhere.clone(), &key, 1).await);
        assert_eq!((answer, desk.entries(&key).len()), (Refusal::NotFound, before));
        let month = Month::of(desk.now());
        let notes = desk.records.store.notes(&elsewhere.tenant, month, 0, 10).await;
        let notes = notes.expect("read");
        assert_eq!(notes.len(), 1);
        let body = &notes[0].body;
        assert_eq!((body.action.as_str(), &body.outcome), ("redeem", &refused("not_found")));
        assert_eq!(body.details["asked_for"], key.id.to_string());
        assert_eq!(links(&desk), 0);
    });
}

#[test]
fn a_part_that_is_not_there_and_a_deletion_have_no_link() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        for part in [0, 3] {
            let refusal = refusal(fetch_now(&desk, ada(), &key, part).await);
            assert!(matches!(refusal, Refusal::InvalidInput { pointer, .. } if pointer == "/part"));
        }
        let key = desk.submitted_for(&["profile"]).await;
        let refusal = refusal(fetch_now(&desk, ada(), &key, 1).await);
        assert_eq!((refusal, links(&desk)), (Refusal::NotFound, 0));
    });
}

#[test]
fn a_package_that_was_taken_back_is_handed_to_nobody() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        let wish = |reason: &str| Wish::Revoke {
            reason: Personal::new(reason),
        };
        let owner = refusal(desk.order(&ada(), &key, wish("mine")).await);
        assert!(matches!(owner, Refusal::OperatorOnly), "{owner}");
        let blank = refusal(desk.order(&olga(), &key, wish(" ")).await);
        assert!(matches!(blank, Refusal::InvalidInput { pointer, .. } if pointer == "/reason"));
        desk.order(&olga(), &key, wish("the wrong Ada")).await.expect("she may");
        let refusal = refusal(fetch_now(&desk, ada(), &key, 1).await);
        assert_eq!(refusal, Refusal::ExportRevoked);
    });
}

#[test]
fn what_a_package_holds_is_shown_once_it_is_written_and_not_where_it_lies() {
    play(async |desk| {
        let key = packaged(&desk, PackageState::Available).await;
        for by in [ada(), olga(), vera()] {
            let shown = export_shown(&desk.records, &by, key.id).await.expect("they may");
            assert_eq!((shown.state, shown.bytes), (PackageState::Available, 20));
            let parts: Vec<_> = shown.parts.iter().map(|part| (part.part, part.bytes)).collect();
            assert_eq!(parts, [(1, 10), (2, 10)]);
            let json = serde_json::to_string(&shown).expect("JSON");
            assert!(!json.contains("p/acme"), "{json}");
        }
        let stranger = refusal(export_shown(&desk.records, &eve(), key.id).await);
        assert_eq!(stranger, Refusal::NotFound);
        let key = packaged_for(&desk, "drafts", PackageState::Building).await;
        let shown = export_shown(&desk.records, &ada(), key.id).await.expect("hers");
        assert!(shown.parts.is_empty(), "a part may still be written anew");
        let key = desk.submitted_for(&["profile"]).await;
        let none = refusal(export_shown(&desk.records, &ada(), key.id).await);
        assert_eq!(none, Refusal::NotFound);
    });
}
