//! Between the preview and the execution somebody imports a hundred and more records: the job finds them, hides nothing,
//! says so, and waits for a person.

use demo::reader::Visible;
use harness::app::PATIENT;
use harness::case::PHRASE;
use harness::wait::until;
use harness::{App, Records, deletion};
use serde_json::{Value, json};

use super::letter_about;

const FEW: Records = Records {
    messages: 10,
    profiles: 0,
    files: 0,
};
/// A hundred and one more, which is over 5 %, too.
const MANY: Records = Records { messages: 111, ..FEW };

#[tokio::test]
async fn far_more_records_than_were_previewed_wait_for_a_person() {
    let app = App::start_in(PATIENT).await;
    let mut ada = app.subject_with("Ada", FEW).await;
    let case = ada.submit(deletion(["conversations"])).await;
    case.verify().await.approve().await.grace_over().await;
    let preview = case.preview().await;
    assert_eq!((&preview["total"], &preview["at_least"]), (&10.into(), &false.into()));
    ada.records = MANY;
    ada.come_back().await;
    let digest = preview["digest"].as_str().expect("a digest");
    let executed = case.execute_with(&app.executor, PHRASE, digest).await;
    assert_eq!(executed.status.as_u16(), 200, "{}", executed.body);

    let paused = case
        .until("the plan", |request| request["job"]["phase"] == "sweeping")
        .await;
    assert_eq!(
        (&paused["job"]["paused"], &paused["job"]["findings"]),
        (&true.into(), &1.into()),
        "{paused}"
    );
    let findings = case.get(&app.approver, "/findings").await;
    let [finding] = &findings["items"].as_array().expect("findings")[..] else {
        panic!("one: {findings}");
    };
    assert_eq!(
        (&finding["code"], &finding["count"], &finding["dataset"]),
        (&"differs_from_preview".into(), &101.into(), &Value::Null)
    );
    let letters = case.letters("operators@lethe.example", 2).await;
    let text = letter_about(&letters, "Job paused")
        .body_text
        .clone()
        .unwrap_or_default();
    assert!(text.contains("101 records more"), "{text}");
    for _ in 0..3 {
        app.supervise().await;
    }
    let progress = case.read().await["job"]["progress"].clone();
    assert_eq!((&progress["untouched"], &progress["swept"]), (&111.into(), &0.into()));
    assert_ne!(ada.visible().await, Visible::default(), "nothing is hidden");

    case.call(&app.executor, "/resume", json!({}))
        .await
        .success::<Value>()
        .expect("it goes on");
    let swept = case.until_phase("recovering").await;
    assert_eq!(
        swept["job"]["status"], "running",
        "what was accepted is no failure: {swept}"
    );
    let swept = until("the recount", async || {
        let progress = case.read().await["job"]["progress"].clone();
        (progress["swept"] == 111).then_some(progress)
    })
    .await;
    assert_eq!(swept["planned"], 111);
    let findings = case.get(&app.approver, "/findings").await;
    assert_eq!(findings["items"], json!([]));
    let trail = case.trail().await;
    let resumed = trail
        .iter()
        .find(|entry| entry["action"] == "resume")
        .expect("the resumption");
    assert_eq!(resumed["details"]["accepted"], 101);
}
