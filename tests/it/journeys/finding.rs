//! One case among many: found by name, e-mail address, subject and date, by those who may look for people; and the
//! tenant's whole trail.

use harness::{App, Records, deletion, rows};
use lethe::api::Api;
use serde_json::{Value, json};

/// The ids that a query lists, following the cursor to the end, from the one it names if it names one.
async fn found(by: &Api, query: &str) -> Vec<String> {
    let (query, from) = query.split_once("&cursor=").unwrap_or((query, ""));
    let from = Some(from).filter(|from| !from.is_empty());
    let (mut ids, mut cursor) = (vec![], from.map_or_else(String::new, |from| format!("&cursor={from}")));
    for _ in 0..100 {
        let path = format!("/v1/requests?{query}{cursor}");
        let page: Value = by.get(&path).await.expect("an answer").success().expect("a page");
        ids.extend(page["items"].as_array().expect("items").iter().map(id_of));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
    panic!("the pages never end");
}

fn id_of(item: &Value) -> String {
    item["id"].as_str().expect("an id").to_owned()
}

/// Once the indexes are up to date, a query lists exactly these.
async fn finds(by: &Api, query: &str, expected: &[&str]) {
    harness::wait::until(&format!("{expected:?} by {query}"), async || {
        (found(by, query).await == expected).then_some(())
    })
    .await;
}

/// An operator submits for somebody with this name and address.
async fn on_behalf(app: &App, subject: &str, name: &str, email: &str, scope: &str) -> String {
    let mut body = deletion([scope]);
    body["subject"] = json!({ "id": subject, "name": name, "email": email });
    let answer = app.approver.post("/v1/requests", &body).await.expect("an answer");
    id_of(&answer.success::<Value>().expect("the request is taken"))
}

#[tokio::test]
async fn a_case_is_found_by_any_word_of_a_name_however_it_is_spelt() {
    let app = App::start_alone().await;
    let ines = on_behalf(&app, "c-1", "Inês Müller-Straße", "Ines.M@Example.com", "profile").await;
    let jorg = on_behalf(&app, "c-2", "Jörg MULLER", "jorg@example.com", "profile").await;
    for (typed, expected) in [
        ("muller", vec![&jorg, &ines]),
        ("M%C3%BCller", vec![&jorg, &ines]),
        ("INES", vec![&ines]),
        ("strasse", vec![&ines]),
        ("ines%20muller", vec![&ines]),
        ("muller%20ada", vec![]),
        ("mull", vec![]),
        ("ines.m%40example.COM", vec![&ines]),
        ("jorg%40example.org", vec![]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(String::as_str).collect();
        finds(&app.approver, &format!("requester={typed}"), &expected).await;
    }
    finds(&app.auditor().await, "requester=muller", &[&jorg, &ines]).await;
    let elsewhere = app.operator_of("test-elsewhere").await;
    finds(&elsewhere, "requester=muller", &[]).await;
    finds(&elsewhere, "subject=c-1", &[]).await;
}

#[tokio::test]
async fn filters_are_combined_and_either_end_may_be_open() {
    let app = App::start_alone().await;
    let first = on_behalf(&app, "c-1", "Ada King", "ada@example.com", "profile").await;
    let second = on_behalf(&app, "c-1", "Ada King", "ada@example.com", "conversations").await;
    let third = on_behalf(&app, "c-2", "Ada Byron", "ada@example.com", "profile").await;
    let path = format!("/v1/requests/{second}/reject");
    let rejected = app
        .approver
        .post(&path, &json!({ "reason": "asked twice" }))
        .await
        .unwrap();
    assert_eq!(rejected.status.as_u16(), 200);
    let submitted: Value = app
        .approver
        .get(&format!("/v1/requests/{second}"))
        .await
        .unwrap()
        .success()
        .unwrap();
    let at = submitted["submitted_at"].as_str().unwrap();
    for (query, expected) in [
        ("requester=ada", vec![&third, &second, &first]),
        ("requester=ada&subject=c-1", vec![&second, &first]),
        ("subject=c-1&status=Pending", vec![&first]),
        ("requester=ada&status=Rejected&status=Approved", vec![&second]),
        ("requester=ada&status=Rejected&subject=c-2", vec![]),
        (
            "requester=ada%40example.com&kind=deletion&limit=1",
            vec![&third, &second, &first],
        ),
        ("requester=king&kind=export", vec![]),
        (format!("subject=c-1&from={at}").as_str(), vec![&second]),
        (format!("subject=c-1&to={at}").as_str(), vec![&second, &first]),
        (format!("from={at}&to={at}").as_str(), vec![&second]),
        (format!("requester=ada&from={at}&status=Pending").as_str(), vec![&third]),
        ("status=Pending&status=Rejected&limit=2", vec![&third, &second, &first]),
    ] {
        let expected: Vec<_> = expected.into_iter().map(String::as_str).collect();
        finds(&app.approver, query, &expected).await;
    }
}

#[tokio::test]
async fn a_cursor_stays_where_it_is_while_others_submit() {
    let app = App::start_alone().await;
    let mut ids = vec![];
    for n in 0..4 {
        ids.insert(
            0,
            on_behalf(&app, &format!("c-{n}"), "Ada King", "ada@example.com", "profile").await,
        );
    }
    let before: Vec<&str> = ids.iter().map(String::as_str).collect();
    for filter in ["requester=ada", "status=Pending", "kind=deletion"] {
        finds(&app.approver, filter, &before).await;
    }
    for filter in ["requester=ada", "status=Pending", "kind=deletion"] {
        let page = format!("/v1/requests?{filter}&to={}&limit=2", "2100-01-01T00:00:00Z");
        let first: Value = app.approver.get(&page).await.unwrap().success().unwrap();
        let shown: Vec<_> = first["items"].as_array().unwrap().iter().map(id_of).collect();
        on_behalf(&app, &format!("new-{filter}"), "Ada King", "ada@example.com", "profile").await;
        let cursor = first["next_cursor"].as_str().expect("there is more");
        let rest = found(&app.approver, &format!("{filter}&limit=2&cursor={cursor}")).await;
        let all: Vec<_> = shown.iter().chain(&rest).map(String::as_str).collect();
        let old: Vec<_> = all.iter().filter(|id| before.contains(id)).copied().collect();
        assert_eq!(old, before, "{filter}: nothing twice, nothing left out");
    }
}

#[tokio::test]
async fn a_subject_sees_their_own_and_looks_for_nobody() {
    let app = App::start_alone().await;
    let (ada, ben) = (
        app.subject_with("Ada", Records::NONE).await,
        app.subject_with("Ben", Records::NONE).await,
    );
    let own = ada.submit(deletion(["profile"])).await;
    let other = ben.submit(deletion(["profile"])).await;
    for query in ["", "status=Pending&status=Verified", "kind=deletion&limit=1"] {
        finds(&ada.api, query, &[&own.id]).await;
    }
    finds(&ada.api, "status=Completed", &[]).await;
    for query in [
        "requester=ben",
        &format!("subject={}", ben.id()),
        &format!("subject={}", ada.id()),
    ] {
        let answer = ada.api.get(&format!("/v1/requests?{query}")).await.unwrap();
        assert_eq!(
            (answer.status.as_u16(), answer.code()),
            (403, "operator_only"),
            "{query}"
        );
    }
    finds(&app.approver, &format!("subject={}", ben.id()), &[&other.id]).await;
}

#[tokio::test]
async fn a_completed_case_is_found_by_address_and_subject_but_no_more_by_name() {
    let app = App::start().await;
    let ada = app.subject("Grace").await;
    let case = ada.submit(deletion(["profile"])).await;
    let word = ada.person.name.rsplit(' ').next().unwrap_or_default().to_owned();
    let by_name = format!("requester={word}");
    let by_address = format!("requester={}", ada.person.email.replace('@', "%40"));
    finds(&app.approver, &by_name, &[&case.id]).await;
    case.verify().await.approve().await.grace_over().await.execute().await;
    case.until_completed().await;
    finds(&app.approver, &by_name, &[]).await;
    finds(&app.approver, &by_address, &[&case.id]).await;
    finds(&app.approver, &format!("subject={}", ada.id()), &[&case.id]).await;
    let kept = rows::facts(&app, &case.id).await;
    assert_eq!(
        kept["found_by"],
        json!({ "words": [], "emails": [] }),
        "it keeps no hash of a person"
    );
}

/// The lines of the tenant's trail, following the links to the end.
pub(super) async fn trail(by: &Api, query: &str) -> Vec<Value> {
    let (mut lines, mut path) = (vec![], format!("/v1/audit?{query}"));
    for _ in 0..100 {
        let answer = by.get(&path).await.expect("an answer");
        assert_eq!(answer.header("content-type"), "application/x-ndjson");
        let link = answer.header("link").to_owned();
        let text = match &answer.body {
            Value::String(text) => text.clone(),
            // A single line is JSON itself.
            Value::Null => String::new(),
            one => one.to_string(),
        };
        lines.extend(
            text.lines()
                .map(|line| serde_json::from_str(line).expect("a line of JSON")),
        );
        match link.strip_prefix('<').and_then(|link| link.split_once('>')) {
            Some((next, _)) => path = next.to_owned(),
            None => return lines,
        }
    }
    panic!("the links never end");
}

#[tokio::test]
async fn the_tenants_trail_tells_of_requests_of_refusals_and_of_its_readers() {
    let app = App::start_alone().await;
    let ada = app.subject_with("Ada", Records::NONE).await;
    let case = ada.submit(deletion(["profile"])).await;
    let again = ada.api.post("/v1/requests", &deletion(["profile"])).await.unwrap();
    assert_eq!((again.status.as_u16(), again.code()), (409, "duplicate_request"));
    let auditor = app.auditor().await;
    let first = submitted_at(&case.read().await);
    let words = |lines: &[Value]| -> Vec<String> {
        let word = |line: &Value| {
            let entry = &line["entry"];
            format!(
                "{} {}",
                entry["action"].as_str().unwrap_or_default(),
                entry["outcome"]["result"]
            )
        };
        lines.iter().map(word).collect()
    };
    let query = format!("from={first}");
    let expected = ["submit \"done\"", "submit \"refused\"", "read_trail \"done\""];
    let lines = harness::wait::until("three entries of the trail", async || {
        let lines = trail(&auditor, &query).await;
        (words(&lines).len() >= expected.len()).then_some(lines)
    })
    .await;
    assert_eq!(words(&lines)[..3], expected);
    let (submit, refused, read) = (&lines[0], &lines[1], &lines[2]);
    assert_eq!(submit["entry"]["request"], case.id.as_str());
    assert_eq!(refused["entry"]["outcome"]["code"], "duplicate_request");
    assert!(refused["entry"].get("request").is_none() && refused.get("staff").is_none());
    assert!(read["staff"]["email"].is_string(), "who read it is named: {read}");
    assert!(
        !serde_json::to_string(&lines).unwrap().contains(&ada.person.email),
        "no subject is"
    );
    let subject = ada.api.get("/v1/audit").await.unwrap();
    assert_eq!((subject.status.as_u16(), subject.code()), (403, "operator_only"));
    let elsewhere = trail(&app.operator_of("test-elsewhere").await, &query).await;
    assert!(elsewhere.iter().all(|line| line["entry"]["tenant"] == "test-elsewhere"));
}

fn submitted_at(request: &Value) -> String {
    request["submitted_at"].as_str().expect("an instant").to_owned()
}
