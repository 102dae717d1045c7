//! The main story: somebody asks, two operators decide and execute, the data is hidden, destroyed, looked for again, and
//! the request forgets who it was about.

mod closed;

use harness::app::AMPLE;
use harness::subject::{deletion_of_everything, traces_of};
use harness::wait::until;
use harness::{App, GLOBEX, Oracle, Records, deletion, rows};
use serde_json::Value;

use super::assert_whole;
use closed::{assert_account, assert_forgotten, assert_trail_is_chained};

/// What the trail of an undisturbed deletion says, word by word. Beside it stands, once, that the window has ended:
/// before the first purge or after it, as the last record was hidden.
const TRAIL: [&str; 13] = [
    "submit",
    "verify",
    "approve",
    "grace_over",
    "execute",
    "start",
    "planned",
    "swept",
    "purge",
    "verify_absence",
    "verified_absent",
    "complete",
    "shred",
];

#[tokio::test]
async fn a_deletion_runs_from_submission_to_shredding() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let (twin, ben) = (ada.twin_in(GLOBEX).await, app.subject("Ben").await);
    let oracle = Oracle::now(&app).await;

    let case = ada.submit(deletion_of_everything()).await;
    case.verify().await.approve().await.grace_over().await;
    let preview = case.preview().await;
    assert_eq!(
        (&preview["total"], &preview["at_least"]),
        (&ada.records.total().into(), &false.into())
    );
    case.execute().await;
    let closed = case.until_completed().await;

    assert_eq!(
        (&closed["result"], &closed["notice"]),
        (&"full".into(), &"sent".into()),
        "{closed}"
    );
    assert_account(&case, ada.records.total(), &closed).await;
    assert!(ada.traces().await.is_empty(), "{:?}", ada.traces().await);
    oracle.untouched(&app, &[&twin, &ben.person]).await;
    let mut actions = case.actions().await;
    let windows = actions.extract_if(.., |action| action == "window_ended").count();
    assert_eq!((actions.as_slice(), windows), (TRAIL.map(str::to_owned).as_slice(), 1));
    assert_trail_is_chained(&case).await;
    assert_forgotten(&case, &closed).await;

    let letters = case.letters(&ada.person.email, 3).await;
    assert_eq!(
        letters.len(),
        3,
        "{:?}",
        letters.iter().map(|letter| &letter.subject).collect::<Vec<_>>()
    );
    for letter in &letters {
        assert_whole(letter, &ada.person);
        assert!(
            letter
                .body_text
                .as_deref()
                .is_some_and(|text| text.contains(&ada.person.name)),
            "the subject is addressed"
        );
    }
    let to_operators = case.letters("operators@lethe.example", 2).await;
    assert_eq!(
        to_operators.len(),
        2,
        "the grace period was over, and the window, each once"
    );
    for letter in &to_operators {
        let body = letter.body_text.as_deref().unwrap_or_default();
        for part in [&ada.person.name, &ada.person.email] {
            assert!(!body.contains(part.as_str()), "operators' letters name nobody");
        }
    }
}

#[tokio::test]
async fn hidden_records_stay_until_ttl_or_purge_takes_them() {
    let app = App::start_in(AMPLE).await;
    let ada = app
        .subject_with(
            "Ada",
            Records {
                messages: 30,
                profiles: 2,
                files: 4,
            },
        )
        .await;
    let case = ada.submit(deletion_of_everything()).await;
    case.verify().await.approve().await.grace_over().await.execute().await;

    case.until_phase("recovering").await;
    // The counts a reader is shown are up to two seconds old.
    let swept = case
        .until("the recount", |request| request["job"]["progress"]["processed"] == 36)
        .await;
    assert_eq!(
        ada.visible().await,
        demo::reader::Visible::default(),
        "the application shows nothing"
    );
    let traces = ada.traces().await;
    assert_eq!(
        (traces.messages.len(), traces.profiles.len()),
        (30, 2),
        "all is there and can be brought back"
    );
    assert_eq!(
        traces.attachments.len(),
        3 + 2 + 1 + 1 + 3,
        "six versions, the application's marker, three of ours"
    );
    assert_eq!(swept["job"]["progress"]["swept"], 36);
    assert_eq!(
        (&swept["job"]["progress"]["percent"], &swept["hidden"][0]),
        (&100.into(), &"attachments".into())
    );

    // TTL needs nobody's help: the messages go while their chunk still waits for its purge.
    until("TTL to take the messages", async || {
        ada.traces().await.messages.is_empty().then_some(())
    })
    .await;
    let waiting = rows::chunks(&app, &case.id).await;
    let messages = waiting
        .iter()
        .find(|chunk| chunk.id.dataset.as_str() == "messages")
        .expect("a chunk of messages");
    assert_eq!(
        messages.counts.of(shared::domain::outcome::Code::Swept),
        30,
        "the purge came before TTL"
    );

    let closed = case.until_completed().await;
    assert_account(&case, 36, &closed).await;
    assert!(ada.traces().await.is_empty());
}

#[tokio::test]
async fn what_is_not_in_scope_stays() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let case = ada.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    let closed = case.until_completed().await;
    assert_account(&case, ada.records.messages, &closed).await;
    let left = ada.traces().await;
    assert!(left.messages.is_empty() && left.by_conversation.is_empty());
    assert_eq!(
        (left.profiles.len() as u64, left.profiles.iter().any(|one| one.hidden)),
        (ada.records.profiles, false)
    );
    assert!(!left.attachments.is_empty());
}

#[tokio::test]
async fn a_change_of_somebody_elses_data_would_be_noticed() {
    let app = App::start().await;
    let (ben, cleo) = (app.subject("Ben").await, app.subject("Cleo").await);
    let oracle = Oracle::now(&app).await;
    let (clients, names) = app.sample();
    let key = format!("{}000 new.txt", demo::attachments::prefix(&app.tenant, ben.id()));
    clients
        .s3
        .put_object()
        .bucket(&names.attachments)
        .key(key)
        .send()
        .await
        .unwrap();
    let changes = oracle.changes(&app, &[&ben.person, &cleo.person]).await;
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(
        (changes[0].dataset.id(), changes[0].customer.as_str()),
        ("attachments", ben.id())
    );
}

#[tokio::test]
async fn somebody_without_records_is_told_so_and_completed() {
    let app = App::start().await;
    let nobody = app.subject_with("Nobody", Records::NONE).await;
    let case = nobody.submit(deletion_of_everything()).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    let closed = case.until_completed().await;
    assert_eq!(
        (&closed["result"], &closed["job"]["progress"]["planned"]),
        (&"full".into(), &0.into())
    );
    assert_eq!(case.letters(&nobody.person.email, 3).await.len(), 3);
}

#[tokio::test]
async fn a_closed_request_makes_room_for_the_next() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let first = ada.submit(deletion(["profile"])).await;
    first.verify().await.approve().await.grace_over().await.execute().await;
    first.until_completed().await;
    let second = ada.submit(deletion(["profile", "conversations"])).await;
    assert_ne!(second.id, first.id);
    let history: Value = ada.api.get("/v1/requests").await.unwrap().success().unwrap();
    let ids: Vec<_> = history["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [second.id.as_str(), first.id.as_str()], "newest first");
    assert!(!traces_of(&app, &ada.person).await.is_empty());
}
