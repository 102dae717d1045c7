//! Trails: a request's for its owner and the staff, and the whole tenant's.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::desk::{Desk, play, play_under};
use super::people::{ada, approval, deletion, olga, refusal, vera, verification};
use crate::domain::ids::SubjectId;
use crate::domain::personal::Personal;
use crate::state_machine::refusal::Refusal;
use crate::workflow::order::Wish;
use crate::workflow::submit::NewRequest;
use crate::workflow::tenant_trail::{Place, tenant_trail};
use crate::workflow::trail::{EntryShown, trail};

#[test]
fn the_owner_sees_their_own_doings_and_of_others_that_there_were_some() {
    play(async |desk| {
        let key = desk.approved_for(&["profile"]).await;
        let shown = trail(&desk.records, &ada(), key.id).await.expect("her own");
        let full: Vec<_> = shown.iter().map(|entry| matches!(entry, EntryShown::Full(_))).collect();
        assert_eq!(full, [true, false, false]);
        let EntryShown::Full(submission) = &shown[0] else {
            panic!("her own")
        };
        assert_eq!(
            submission.personal.as_ref().expect("hers")["reason"].expose(),
            "I am leaving"
        );
        let EntryShown::HashOnly { seq, hash, prev } = &shown[1] else {
            panic!("Olga's")
        };
        assert_eq!((*seq, prev), (2, &submission.hash));
        assert_eq!(hash, &desk.entries(&key)[1].hash);
    });
}

#[test]
fn the_staff_see_who_did_what_and_what_is_shredded_as_erased() {
    play(async |desk| {
        let key = desk.submitted_for(&["profile"]).await;
        desk.order(&olga(), &key, verification()).await.expect("Olga may");
        refusal(desk.order(&olga(), &key, verification()).await);
        refusal(desk.order(&olga(), &key, verification()).await);
        desk.order(&olga(), &key, approval()).await.expect("Olga may");
        desk.order(&ada(), &key, Wish::Withdraw { reason: None })
            .await
            .expect("Ada may");
        let shown = trail(&desk.records, &vera(), key.id).await.expect("Vera may");
        let json: Vec<_> = shown.iter().map(|e| serde_json::to_value(e).expect("JSON")).collect();
        assert_eq!(
            (&json[1]["actor"]["id"], &json[1]["actor"]["ip"]),
            (&"sub-olga".into(), &"192.0.2.7".into())
        );
        assert_eq!(
            (&json[1]["personal"]["method"], &json[1]["status"]),
            (&"passport".into(), &"Verified".into())
        );
        assert_eq!(
            (&json[3]["action"], &json[3]["repeated"]),
            (&"approve".into(), &1.into())
        );
        assert!(
            json[4]["actor"].get("id").is_none(),
            "a subject stands in no trail by name"
        );
        let over = desk.facts(&key).shred_at.expect("closed");
        desk.pass(&key, over).await;
        let shown = trail(&desk.records, &vera(), key.id).await.expect("Vera may");
        let json: Vec<_> = shown.iter().map(|e| serde_json::to_value(e).expect("JSON")).collect();
        assert_eq!(json[1]["personal"], serde_json::json!({"personal": "[erased]"}));
        assert_eq!(json[1]["actor"]["name"], "olga");
        assert_eq!(json[3].get("personal"), None, "nothing personal was there");
    });
}

#[test]
fn a_long_trail_is_read_to_its_end() {
    play(async |desk| {
        let key = desk.submitted().await;
        for _ in 0..210 {
            refusal(desk.order(&olga(), &key, approval()).await);
            desk.wait(SignedDuration::from_secs(61));
        }
        let shown = trail(&desk.records, &vera(), key.id).await.expect("Vera may");
        assert_eq!(shown.len(), 211);
    });
}

/// A page of the tenant's trail: its entries, and where the next begins.
async fn exported(desk: &Desk, place: Place) -> (Vec<Value>, Option<Place>) {
    desk.wait(SignedDuration::from_secs(1));
    let page = tenant_trail(&desk.records, &desk.config, &vera(), place, desk.now()).await;
    let page = page.expect("Vera may");
    let lines = page.lines.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    (lines.collect(), page.next)
}

async fn begin(desk: &Desk, span: (Option<Timestamp>, Option<Timestamp>)) -> Place {
    let place = Place::begin(&desk.config, &vera(), span, desk.now()).await;
    place.expect("the policy is read")
}

#[test]
fn the_tenants_trail_holds_every_entry_and_what_the_staff_key_opens() {
    play(async |desk| {
        let start = desk.now();
        desk.approved_for(&["profile"]).await;
        refusal(desk.submit(&ada(), deletion(&["profile"])).await);
        desk.wait(SignedDuration::from_secs(5));
        let place = begin(&desk, (Some(start), None)).await;
        let (lines, next) = exported(&desk, place.clone()).await;
        assert_eq!(next, None);
        let actions: Vec<_> = lines
            .iter()
            .map(|line| line["entry"]["action"].as_str().unwrap_or(""))
            .collect();
        assert_eq!(actions, ["submit", "verify", "approve", "submit"]);
        assert_eq!(lines[1]["staff"]["sub"], "sub-olga");
        assert!(
            lines[0].get("personal").is_none(),
            "a request's own are opened at its own trail"
        );
        assert!(lines[0].get("staff").is_none());
        desk.wait(SignedDuration::from_secs(5));
        assert_eq!(exported(&desk, place).await.0.len(), 4, "its end is fixed");
        let place = begin(&desk, (Some(start), None)).await;
        let again = exported(&desk, place).await.0;
        assert_eq!(again.len(), 6, "the readings are entries");
        assert_eq!(again[4]["entry"]["details"]["entries"], 4);
        assert_eq!(again[4]["staff"]["name"], "vera");
        assert!(matches!(
            refusal(
                tenant_trail(
                    &desk.records,
                    &desk.config,
                    &ada(),
                    begin(&desk, (Some(start), None)).await,
                    desk.now()
                )
                .await
            ),
            Refusal::OperatorOnly
        ));
    });
}

#[test]
fn a_span_begins_with_what_is_kept_and_ends_now_at_the_latest() {
    play_under(", AuditRetention: P1Y", async |desk| {
        let now = desk.now();
        let place = begin(&desk, (None, Some(now + SignedDuration::from_hours(1)))).await;
        assert_eq!(
            place.from,
            "2025-03-02T08:00:00Z".parse::<Timestamp>().expect("an instant")
        );
        assert!(place.to <= desk.now());
        let early = now - SignedDuration::from_hours(2);
        assert_eq!(begin(&desk, (None, Some(early))).await.to, early);
    });
}

#[test]
fn a_page_looks_at_a_hundred_days_and_leads_on() {
    play(async |desk| {
        let start = desk.now();
        desk.submitted().await;
        desk.wait(SignedDuration::from_hours(24 * 250));
        desk.submitted_for(&["profile"]).await;
        desk.wait(SignedDuration::from_secs(5));
        let mut place = Some(begin(&desk, (Some(start), None)).await);
        let mut pages = vec![];
        while let Some(at) = place {
            let (lines, next) = exported(&desk, at).await;
            pages.push(lines.len());
            place = next;
        }
        assert_eq!(pages, [1, 0, 1], "250 days, a hundred a page");
    });
}

/// Olga asks for so many people at once.
async fn crowd(desk: &Desk, people: u32, reason: &str) {
    for n in 0..people {
        let name = format!("{}-{n}", desk.now());
        let subject = SubjectId::try_from(name).expect("an id");
        let input = NewRequest {
            subject: Some((subject, None, None)),
            reason: Personal::new(reason),
            ..deletion(&["profile"])
        };
        desk.submit(&olga(), input).await.expect("Olga may");
    }
}

/// How many entries each page has of two days, on each of which so many asked.
async fn two_days(desk: &Desk, people: u32, reason: &str) -> Vec<usize> {
    let start = desk.now();
    crowd(desk, people, reason).await;
    desk.wait(SignedDuration::from_hours(24));
    crowd(desk, people, reason).await;
    desk.wait(SignedDuration::from_secs(5));
    let mut place = Some(begin(desk, (Some(start), None)).await);
    let mut pages = vec![];
    while let Some(at) = place {
        let (lines, next) = exported(desk, at).await;
        pages.push(lines.len());
        place = next;
    }
    pages
}

#[test]
fn a_page_has_at_most_a_thousand_entries() {
    play(async |desk| {
        assert_eq!(two_days(&desk, 600, "I am leaving").await, [1_000, 200]);
    });
}

#[test]
fn a_page_of_long_entries_ends_before_it_is_too_long_for_an_answer() {
    play(async |desk| {
        let reason = "why ".repeat(400);
        assert_eq!(two_days(&desk, 450, &reason).await, [450, 450]);
    });
}
