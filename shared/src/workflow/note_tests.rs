//! Notes on the simulator's store: chained, sealed, and repeats only counted.

use jiff::SignedDuration;

use super::*;
use crate::audit::{Entry, verify};
use crate::domain::actor::StaffMember;
use crate::domain::ids::{Ref, SubjectId};
use crate::domain::personal::Personal;
use crate::sim::sealer::{SimSealer, reference_key};
use crate::sim::store::SimStore;
use crate::sim::{Calm, World, alone};

fn start() -> Timestamp {
    "2026-11-30T23:59:00Z".parse().expect("an instant")
}

fn caller(name: &str) -> Caller {
    let tenant: Tenant = "acme".parse().expect("slug");
    let key = reference_key(&tenant);
    Caller {
        tenant,
        is_operator: true,
        is_auditor: false,
        sub: Personal::new(name),
        subject_id: SubjectId::try_from(name.to_owned()).expect("an id"),
        name: Some(Personal::new(name)),
        email: None,
        ip: Personal::new("192.0.2.1"),
        signed_in_at: None,
        actor_ref: Ref::new(&key, "actor", name),
        subject_ref: Ref::new(&key, "subject", name),
    }
}

type Ours = Records<SimStore, SimSealer>;

fn play<F: Future<Output = ()> + 'static>(story: impl FnOnce(Ours) -> F) {
    let world = World::new(1, start(), Calm);
    let records = Records {
        store: SimStore::new(&world),
        sealer: SimSealer::new(&world),
    };
    assert!(alone(&world, story(records)).is_some(), "the story ends");
}

async fn refuse(records: &Ours, by: &str, second: i64) {
    let by = caller(by);
    let record = Record::new(by.actor(by.role()), "submit");
    let (kept, now) = (Period::seconds(1_000), start() + SignedDuration::from_secs(second));
    let noted = records.note_refusal(&by, record, &Refusal::DuplicateRequest, kept, now);
    noted.await.expect("noted");
}

async fn chain(records: &Ours, month: Month) -> Vec<Entry> {
    let tenant = caller("olga").tenant;
    let entries = records.store.notes(&tenant, month, 0, 100).await.expect("read");
    let end = records.store.month_head(&tenant, month).await.expect("read");
    verify(&entries, &end.head).expect("an unbroken chain");
    entries
}

#[test]
fn repeats_within_a_minute_are_counted_and_the_next_entry_tells_how_many() {
    play(async |records| {
        for second in [0, 1, 2, 50] {
            refuse(&records, "olga", second).await;
        }
        assert_eq!(chain(&records, Month::of(start())).await.len(), 1);
        refuse(&records, "otto", 51).await;
        let entries = chain(&records, Month::of(start())).await;
        assert_eq!((entries.len(), entries[1].body.repeated), (2, Some(3)));
        refuse(&records, "olga", 52).await;
        assert_eq!(chain(&records, Month::of(start())).await[2].body.repeated, None);
    });
}

#[test]
fn each_month_has_a_chain_of_its_own() {
    play(async |records| {
        refuse(&records, "olga", 59).await;
        refuse(&records, "olga", 60).await;
        for second in [0, 60] {
            let month = Month::of(start() + SignedDuration::from_secs(second));
            let entries = chain(&records, month).await;
            assert_eq!((entries.len(), entries[0].body.seq), (1, 1), "{month}");
        }
    });
}

#[test]
fn who_it_was_is_sealed_under_the_tenants_staff_key() {
    play(async |records| {
        refuse(&records, "olga", 0).await;
        let by = caller("olga");
        let key = records.staff_key(&by.tenant).await.expect("a key");
        let entry = chain(&records, Month::of(start())).await.remove(0);
        assert!(entry.body.request.is_none() && entry.body.status.is_none());
        let sealed = entry.body.sealed_staff.expect("sealed");
        let opened: StaffMember = records
            .unseal_text(&key, "audit|2026-11|1|staff", &sealed)
            .expect("opens");
        assert_eq!(opened, by.staff());
        assert!(!records.store.dump().contains("olga"), "and not in the clear");
    });
}
