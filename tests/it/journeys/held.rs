//! A lawyer calls: legal holds before, in the middle of, and after an erasure; and every record by its name.

use std::collections::BTreeSet;

use harness::app::{AMPLE, FAST, PATIENT};
use harness::wait::until;
use harness::{App, Case, Records, Subject, deletion, rows};
use lethe::api::Answer;
use serde_json::{Value, json};
use shared::domain::chunk::Op;
use shared::domain::outcome::Code;

/// Enough that a sweep takes seconds, so that there is a middle.
const MANY: Records = Records {
    messages: 12_000,
    profiles: 0,
    files: 0,
};

#[tokio::test]
async fn what_is_held_is_neither_approved_nor_executed_until_the_hold_is_released() {
    let app = App::start_in(FAST).await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["attachments", "profile"])).await;
    case.verify().await;
    let hold = place(&ada, ["profile", "conversations"]).await;
    assert_eq!(
        (&hold["settled"], &hold["subject"]["id"]),
        (&true.into(), &ada.id().into())
    );
    let approved = case.call(&app.approver, "/approve", json!({})).await;
    assert_eq!((approved.status.as_u16(), approved.code()), (409, "legal_hold"));
    release(&app, &hold).await;
    case.approve().await.grace_over().await;

    let again = place(&ada, ["profile"]).await;
    let preview = case.preview().await;
    assert_eq!(preview["holds"], json!(["profile"]));
    let digest = preview["digest"].as_str().expect("a digest");
    let executed = case.execute_with(&app.executor, harness::case::PHRASE, digest).await;
    assert_eq!((executed.status.as_u16(), executed.code()), (409, "legal_hold"));
    let released = release(&app, &again).await;
    assert_eq!(released["release_reason"], "the dispute is over");
    let twice = release_with(&app, &again, json!({ "reason": "once more" })).await;
    assert_eq!((twice.status.as_u16(), twice.code()), (409, "already_released"));
    // A look that was taken under the hold is not good any more.
    let stale = case.execute_with(&app.executor, harness::case::PHRASE, digest).await;
    assert_eq!((stale.status.as_u16(), stale.code()), (409, "preview_stale"));
    case.execute().await;
    assert_eq!(case.until_completed().await["result"], "full");
}

#[tokio::test]
async fn placed_in_the_middle_it_keeps_what_is_not_swept_yet() {
    let app = App::start_in(PATIENT).await;
    let ada = app.subject_with("Ada", MANY).await;
    let case = ada.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    until("the first records to be swept", async || {
        (number(&case.read().await["job"]["progress"]["swept"]) > 0).then_some(())
    })
    .await;
    let paused = case.call(&app.approver, "/pause", json!({})).await;
    assert_eq!(paused.status.as_u16(), 200, "{}", paused.body);
    until("the last worker to be done", async || {
        let before = number(&case.read().await["job"]["progress"]["processed"]);
        app.supervise().await;
        let after = number(&case.read().await["job"]["progress"]["processed"]);
        (before == after).then_some(())
    })
    .await;
    let hold = place(&ada, ["conversations"]).await;
    let resumed = case.call(&app.approver, "/resume", json!({})).await;
    assert_eq!(resumed.status.as_u16(), 200, "{}", resumed.body);
    let request = case.until_phase("recovering").await;
    let progress = &request["job"]["progress"];
    let (swept, exempt) = (number(&progress["swept"]), number(&progress["exempt"]));
    assert!(swept > 0 && exempt > 0, "it was in the middle: {progress}");
    assert_eq!(swept + exempt, MANY.total(), "{progress}");
    assert_eq!(ada.visible().await.messages, exempt, "what is kept is seen as before");

    settled(&app, &hold).await;
    let chunks = rows::chunks(&app, &case.id).await;
    let armed = chunks
        .iter()
        .filter(|c| c.counts.of(Code::Swept) > 0 && c.op != Op::Strip);
    assert_eq!(armed.count(), 0, "no expiry is left on what is hidden");
    let kept = records(&case, "outcome=exempt&limit=500").await;
    assert_eq!(kept.len() as u64, exempt);
    assert!(
        kept.iter()
            .all(|record| record["why"] == "legal_hold" && record["recover_until"].is_null())
    );
    let hidden = records(&case, "outcome=swept&limit=500").await;
    assert_eq!(hidden.len() as u64, swept);
    assert!(hidden.iter().all(|record| record["recover_until"].is_string()));
}

#[tokio::test]
async fn placed_in_the_recovery_window_it_outlives_the_ttl_until_it_is_released() {
    let app = App::start_in(AMPLE).await;
    let (ada, ben) = (app.subject("Ada").await, app.subject("Ben").await);
    let held = ada.submit(deletion(["conversations", "attachments"])).await;
    let free = ben.submit(deletion(["conversations"])).await;
    for case in [&held, &free] {
        case.verify().await.approve().await;
    }
    for case in [&held, &free] {
        case.grace_over().await.execute().await;
    }
    held.until_phase("recovering").await;
    let hold = place(&ada, ["conversations", "attachments"]).await;
    settled(&app, &hold).await;
    // The other's data was swept later, and goes by TTL or by purge: Ada's time is over, too.
    free.until_completed().await;
    assert!(ben.traces().await.messages.is_empty());
    app.supervise().await;
    let left = ada.traces().await;
    assert_eq!(left.messages.len() as u64, ada.records.messages, "all are still there");
    assert!(left.messages.iter().all(|trace| trace.hidden), "and hidden");
    assert_eq!(ada.visible().await.messages, 0);
    let request = held.read().await;
    assert_eq!(
        (&request["status"], &request["job"]["progress"]["purged"]),
        (&"InProgress".into(), &0.into())
    );

    let released = release(&app, &hold).await;
    assert!(released["released_at"].is_string(), "{released}");
    assert_eq!(held.until_completed().await["result"], "full");
    let left = ada.traces().await;
    assert!(left.messages.is_empty() && left.attachments.is_empty(), "{left:?}");
    let today = harness::wait::now() - jiff::SignedDuration::from_hours(1);
    let trail = app.executor.get(&format!("/v1/audit?from={today}")).await.unwrap();
    let lines = trail.body.as_str().expect("NDJSON of several lines");
    for action in ["place_hold", "release_hold"] {
        let told = lines
            .lines()
            .any(|line| line.contains(action) && line.contains(hold_id(&hold)));
        assert!(told, "{action} is in the tenant's trail");
    }
}

#[tokio::test]
async fn every_record_is_named_with_what_became_of_it() {
    let app = App::start_in(PATIENT).await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["attachments", "conversations", "profile"])).await;
    assert_eq!(
        records(&case, "").await,
        Vec::<Value>::new(),
        "none are known before planning"
    );
    case.verify().await.approve().await.grace_over().await.execute().await;
    let request = case.until_phase("recovering").await;
    let all = records(&case, "limit=4").await;
    assert_eq!(all.len() as u64, number(&request["job"]["progress"]["planned"]));
    let refs: BTreeSet<_> = all.iter().map(|record| record["ref"].to_string()).collect();
    assert_eq!(refs.len(), all.len(), "each once, over all pages");
    let of_one = records(&case, "dataset=messages").await;
    assert_eq!(of_one.len() as u64, ada.records.messages);
    let partition = demo::messages::partition_key(&app.tenant, ada.id());
    assert!(of_one.iter().all(|record| record["key"]["pk"] == partition.as_str()));
    for (query, pointer) in [
        ("outcome=gone", "/outcome"),
        ("dataset=A_B", "/dataset"),
        ("limit=501", "/limit"),
        ("cursor=x.y", "/cursor"),
        ("color=red", "/color"),
    ] {
        let answer = app
            .approver
            .get(&case.path(&format!("/records?{query}")))
            .await
            .unwrap();
        assert_eq!(
            (answer.status.as_u16(), &answer.body["pointer"]),
            (400, &pointer.into()),
            "{query}"
        );
    }
    let name = all[0]["ref"].as_str().expect("a name");
    let body = json!({ "reason": "needed", "refs": [name] });
    assert_eq!(case.call(&app.executor, "/restore", body).await.status.as_u16(), 202);
    let back = until("the record to be back", async || {
        app.supervise().await;
        let found = records(&case, "outcome=restored").await;
        (!found.is_empty()).then_some(found)
    })
    .await;
    assert_eq!(back[0]["ref"], name);
}

/// All pages of a request's records.
async fn records(case: &Case<'_>, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (vec![], String::new());
    loop {
        let page = case.get(&case.app.approver, &format!("/records?{query}{cursor}")).await;
        all.extend(page["items"].as_array().expect("items").iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("{}cursor={next}", if query.is_empty() { "" } else { "&" }),
            None => return all,
        }
    }
}

async fn place<const N: usize>(whose: &Subject<'_>, scope: [&str; N]) -> Value {
    let body = json!({ "subject": whose.id(), "scope": scope.to_vec(), "reason": "a dispute before the court" });
    let answer = whose.app.executor.post("/v1/holds", &body).await.expect("an answer");
    assert_eq!(answer.status.as_u16(), 201, "{}", answer.body);
    answer.body
}

async fn release(app: &App, hold: &Value) -> Value {
    let answer = release_with(app, hold, json!({ "reason": "the dispute is over" })).await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    answer.body
}

async fn release_with(app: &App, hold: &Value, body: Value) -> Answer {
    let path = format!("/v1/holds/{}/release", hold_id(hold));
    app.approver.post(&path, &body).await.expect("an answer")
}

/// Waits until the list of holds says that one is settled.
async fn settled(app: &App, hold: &Value) {
    until("the hold to be settled", async || {
        app.supervise().await;
        let answer = app.approver.get("/v1/holds?limit=100").await.expect("an answer");
        let page: Value = answer.success().expect("a page of holds");
        let items = page["items"].as_array().expect("items");
        let mine = items
            .iter()
            .find(|item| item["id"] == hold["id"])
            .expect("it is listed");
        (mine["settled"] == true).then_some(())
    })
    .await;
}

fn hold_id(hold: &Value) -> &str {
    hold["id"].as_str().expect("an id")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}
