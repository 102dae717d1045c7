//! An operator says no: the subject is told why and what they can do, and nothing of theirs is touched.

use harness::subject::deletion_of_everything;
use harness::{App, Oracle, deletion, rows};

use super::{assert_whole, letter_about};

#[tokio::test]
async fn a_rejection_is_explained_and_touches_nothing() {
    let app = App::start().await;
    let ada = app.subject("Ada").await;
    let oracle = Oracle::now(&app).await;
    let case = ada.submit(deletion_of_everything()).await;
    let reason = "We must keep your invoices until 2031 <law & order>.";
    case.verify().await.reject(reason).await;

    let shown = case.get(&case.owner, "").await;
    assert_eq!(
        (&shown["status"], &shown["decision"]["reason"]),
        (&"Rejected".into(), &reason.into())
    );
    assert!(
        shown["decision"].get("by").is_none(),
        "the owner is not told which operator it was: {shown}"
    );
    let letters = case.letters(&ada.person.email, 2).await;
    let letter = letter_about(&letters, "decision");
    assert_whole(letter, &ada.person);
    let text = letter.body_text.as_deref().unwrap_or_default();
    assert!(
        text.contains(reason) && text.contains("complaint") && text.contains("supervisory authority"),
        "{text}"
    );
    let html = letter.body_html.as_deref().unwrap_or_default();
    assert!(
        !html.contains("<law") && html.contains("&amp;") | html.contains("&#38;"),
        "free text is escaped: {html}"
    );

    app.supervise().await;
    oracle.untouched(&app, &[&ada.person]).await;
    assert!(rows::chunks(&app, &case.id).await.is_empty());
    for verb in ["/verify", "/approve", "/reject", "/withdraw", "/execute"] {
        let body = match verb {
            "/verify" => serde_json::json!({ "method": "passport" }),
            "/execute" => serde_json::json!({ "confirmation": "EXECUTE DELETE NOW", "preview_digest": "0".repeat(64) }),
            "/approve" => serde_json::json!({}),
            _ => serde_json::json!({ "reason": "again" }),
        };
        let answer = case.call(&app.executor, verb, body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (409, "not_in_this_status"),
            "{verb}: {}",
            answer.body
        );
    }
    let again = ada.submit(deletion(["profile"])).await;
    assert_ne!(again.id, case.id, "a rejected request holds no category");
}

#[tokio::test]
async fn a_pending_request_can_be_rejected_unverified() {
    let app = App::start().await;
    let case = app.subject("Ada").await.submit(deletion(["profile"])).await;
    case.reject("We cannot tell who you are.").await;
    assert_eq!(case.actions().await, ["submit", "reject"]);
}
