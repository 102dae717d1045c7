//! What people see of a request: its owner less than the staff, and nobody what is shredded.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::desk::{Desk, play};
use super::people::{ada, deletion, olga, otto, passport, verification};
use crate::domain::ids::RequestKey;
use crate::domain::outcome::{Code, Counts};
use crate::domain::personal::Personal;
use crate::ports::{Progress, Sample};
use crate::state_machine::command::VerificationInput;
use crate::workflow::access::View;
use crate::workflow::order::Wish;
use crate::workflow::progress::{eta, progress};
use crate::workflow::submit::NewRequest;
use crate::workflow::view::render;

/// The resource as its reader gets it.
async fn shown(desk: &Desk, key: &RequestKey, view: View) -> Value {
    let loaded = desk.records.load(key).await.expect("read").expect("it is there");
    let progress = progress(&desk.records, &loaded.request.facts, desk.now()).await;
    let resource = render(&loaded.request, view, progress.expect("read").as_ref(), desk.now());
    serde_json::to_value(resource).expect("JSON")
}

fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

fn on_behalf() -> NewRequest {
    let ada = ada();
    NewRequest {
        subject: Some((ada.subject_id, ada.name, ada.email)),
        ..deletion(&["conversations"])
    }
}

#[test]
fn an_operator_who_asked_for_somebody_is_named_to_the_staff_alone() {
    play(async |desk| {
        let key = desk.submit(&olga(), on_behalf()).await.expect("Olga may");
        let staff = shown(&desk, &key, View::Staff).await;
        assert_eq!(at(&staff, "/requester/id"), "sub-olga");
        assert_eq!(at(&staff, "/requester/ip"), "192.0.2.7");
        let owner = shown(&desk, &key, View::Owner).await;
        assert_eq!(
            owner["requester"],
            json!({"id": "operator", "name": null, "email": null})
        );
        for seen in [staff, owner] {
            assert_eq!(at(&seen, "/subject/id"), "ada");
            assert_eq!(at(&seen, "/reason"), "I am leaving");
        }
    });
}

#[test]
fn who_asked_for_themselves_sees_from_where() {
    play(async |desk| {
        let key = desk.submitted().await;
        let owner = shown(&desk, &key, View::Owner).await;
        let ada = json!({"id": "sub-ada", "name": "ada", "email": "ada@example.com", "ip": "192.0.2.7"});
        assert_eq!(owner["requester"], ada);
    });
}

#[test]
fn how_fast_each_dataset_is_written_to_is_for_the_staff() {
    play(async |desk| {
        let key = desk.planned(2).await;
        assert_eq!(
            shown(&desk, &key, View::Staff).await["job"]["pace"],
            json!([]),
            "nobody wrote yet"
        );
        desk.work().await;
        desk.wait(SignedDuration::from_secs(3));
        let pace = json!([{"dataset": "messages", "rate": 500, "limit": 500, "throttled": 0, "breaker": "closed"}]);
        assert_eq!(shown(&desk, &key, View::Staff).await["job"]["pace"], pace);
        assert_eq!(shown(&desk, &key, View::Owner).await["job"].get("pace"), None);
    });
}

#[test]
fn verification_notes_and_operators_names_are_for_the_staff() {
    play(async |desk| {
        let key = desk.submitted().await;
        let verification = VerificationInput {
            note: Some(Personal::new("a copy was shown")),
            ..passport()
        };
        let wish = Wish::Approve {
            note: Some(Personal::new("all of it")),
            verification: Some(verification),
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        let wish = Wish::Extend {
            reason: Personal::new("many records"),
            until: None,
        };
        desk.order(&otto(), &key, wish).await.expect("Otto may");
        let staff = shown(&desk, &key, View::Staff).await;
        for (pointer, text) in [
            ("/verification/method", "passport"),
            ("/verification/note", "a copy was shown"),
            ("/verification/by/id", "sub-olga"),
            ("/decision/by/name", "olga"),
            ("/decision/note", "all of it"),
            ("/extension/by/email", "otto@example.com"),
        ] {
            assert_eq!(at(&staff, pointer), text, "{pointer}");
        }
        let owner = shown(&desk, &key, View::Owner).await;
        assert_eq!(owner.get("verification"), None);
        assert_eq!(owner["decision"], json!({"at": staff["decision"]["at"]}));
        assert_eq!(at(&owner, "/extension/reason"), "many records");
        assert_eq!(at(&owner, "/extension/by"), &Value::Null);
        assert_eq!(at(&owner, "/extension/was_due_at"), at(&staff, "/extension/was_due_at"));
    });
}

#[test]
fn a_rejection_is_explained_until_it_is_shredded() {
    play(async |desk| {
        let key = desk.submitted().await;
        desk.order(&olga(), &key, verification()).await.expect("Olga may");
        let wish = Wish::Reject {
            reason: Personal::new("the law forbids it"),
        };
        desk.order(&olga(), &key, wish).await.expect("Olga may");
        let owner = shown(&desk, &key, View::Owner).await;
        assert_eq!(at(&owner, "/decision/reason"), "the law forbids it");
        assert_eq!(at(&owner, "/completed_at"), &Value::Null, "it is closed, not completed");
        let over = desk.facts(&key).shred_at.expect("it is closed");
        desk.pass(&key, over).await;
        let staff = shown(&desk, &key, View::Staff).await;
        for pointer in [
            "/subject/id",
            "/subject/name",
            "/requester/id",
            "/requester/ip",
            "/reason",
            "/verification/method",
            "/decision/note",
            "/decision/reason",
        ] {
            assert_eq!(at(&staff, pointer), "[erased]", "{pointer}");
        }
        assert_eq!(at(&staff, "/verification/by/id"), "sub-olga", "the staff key is kept");
        let owner = shown(&desk, &key, View::Owner).await;
        assert_eq!(at(&owner, "/decision/note"), &Value::Null);
    });
}

#[test]
fn an_approval_has_no_reason_to_erase() {
    play(async |desk| {
        let key = desk.swept().await;
        let until = desk.facts(&key).completes_by.expect("approved");
        desk.pass(&key, until).await;
        let staff = shown(&desk, &key, View::Staff).await;
        assert_eq!(at(&staff, "/status"), "Completed");
        assert_eq!(at(&staff, "/reason"), "[erased]");
        assert_eq!(at(&staff, "/decision/reason"), &Value::Null);
        assert_ne!(at(&staff, "/completed_at"), &Value::Null);
    });
}

#[test]
fn what_is_hidden_is_shown_from_the_execution_to_the_requests_end() {
    play(async |desk| {
        desk.write("messages", 0..3);
        let key = desk.executed().await;
        desk.plan().await;
        let sweeping = shown(&desk, &key, View::Owner).await;
        assert_eq!(
            (at(&sweeping, "/job/phase"), &sweeping["hidden"]),
            (&json!("sweeping"), &json!(["conversations"]))
        );
        assert_eq!(
            at(&sweeping, "/account"),
            &json!({"purged": 0, "recoverable": 0, "untouched": 3, "settled": false})
        );
        desk.work().await;
        let recovering = shown(&desk, &key, View::Owner).await;
        assert_eq!(recovering["hidden"], json!(["conversations"]));
        assert_eq!(
            at(&recovering, "/account"),
            &json!({"purged": 0, "recoverable": 3, "untouched": 0, "settled": false})
        );
        assert_eq!(at(&recovering, "/job/progress/swept"), 3);
        assert_eq!(at(&recovering, "/job/progress/percent"), 100);
        assert_eq!(recovering["job"].get("findings"), None, "they are the staff's");
        assert_eq!(at(&shown(&desk, &key, View::Staff).await, "/job/findings"), 0);
        let until = desk.facts(&key).completes_by.expect("approved");
        desk.pass(&key, until + SignedDuration::from_hours(1)).await;
        let completed = shown(&desk, &key, View::Owner).await;
        assert_eq!(completed["hidden"], json!([]));
        assert_eq!(
            at(&completed, "/account"),
            &json!({"purged": 3, "recoverable": 0, "untouched": 0, "settled": true})
        );
    });
}

#[test]
fn records_written_anew_are_counted_with_those_that_arrived_later() {
    let counts = [(Code::Recreated, 2), (Code::ArrivedLater, 3)];
    let mut sum = Counts::default();
    for (code, n) in counts {
        sum.add(&Counts::all(code, n));
    }
    play(async |desk| {
        let key = desk.executed().await;
        let loaded = desk.records.load(&key).await.expect("read").expect("it is there");
        let progress = progress(&desk.records, &loaded.request.facts, desk.now()).await;
        let progress = Progress {
            counts: sum,
            ..progress.expect("read").expect("a job")
        };
        let resource = render(&loaded.request, View::Staff, Some(&progress), desk.now());
        assert_eq!(resource.job.expect("a job").progress.recreated, 5);
    });
}

#[test]
fn a_rate_is_taken_over_the_last_four_looks() {
    play(async |desk| {
        let key = desk.planned(4).await;
        let facts = desk.facts(&key);
        let mut seen = vec![];
        for _ in 0..6 {
            desk.wait(SignedDuration::from_secs(3));
            let looked = progress(&desk.records, &facts, desk.now()).await.expect("read");
            seen.push(looked.expect("a job").samples.len());
        }
        assert_eq!(seen, [1, 2, 3, 4, 4, 4]);
    });
}

#[test]
fn an_estimate_is_what_is_left_at_the_recent_rate() {
    play(async |desk| {
        let key = desk.planned(10).await;
        let (facts, now) = (desk.facts(&key), desk.now());
        let looked = progress(&desk.records, &facts, now)
            .await
            .expect("read")
            .expect("a job");
        let sample = |seconds, processed| Sample {
            at: now - SignedDuration::from_secs(seconds),
            processed,
        };
        let mut counts = Counts::all(Code::Untouched, 6);
        counts.add(&Counts::all(Code::Swept, 4));
        let swept = Progress {
            samples: vec![sample(10, 0), sample(0, 4)],
            counts,
            ..looked
        };
        let estimate = eta(&facts, &swept, now);
        assert_eq!(estimate, Some(now + SignedDuration::from_secs(15)));
        desk.work().await;
        let recovering = desk.facts(&key);
        assert_eq!(eta(&recovering, &swept, now), recovering.recover_until);
    });
}

#[test]
fn of_a_cancelled_request_what_it_left_hidden_is_shown_until_nothing_is() {
    play(async |desk| {
        desk.write("messages", 0..4);
        let key = desk.executed_for(&["conversations", "profile"]).await;
        desk.plan().await;
        desk.work_one().await;
        let facts = desk.cancel(&key).await.expect("Otto may");
        let cancelled = shown(&desk, &key, View::Owner).await;
        assert_eq!(cancelled["hidden"], json!(["conversations"]));
        let ends = facts.recover_until.expect("two are hidden");
        let slack = facts.policy.expect("fixed").ttl_slack;
        desk.pass(&key, slack.after(ends) + SignedDuration::from_hours(1)).await;
        assert_eq!(shown(&desk, &key, View::Owner).await["hidden"], json!([]));
    });
}
