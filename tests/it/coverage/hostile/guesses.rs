//! Guessing: what is somebody else's cannot be told from what never was, and what two people happen to share (an id, a key,
//! a body) is not shared.

use harness::people::sign_in;
use harness::{App, deletion, rows};
use lethe::api::{Answer, Api, Method};

/// What a caller can tell answers apart by; the date and the gateway's own id are of the call, not of the request.
fn told(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let own = |name: &str| {
        ![
            "date",
            "apigw-requestid",
            "x-amzn-requestid",
            "x-amz-request-id",
            "x-amz-id-2",
        ]
        .contains(&name)
    };
    let headers = answer.headers.iter().filter(|(name, _)| own(name.as_str()));
    let mut headers: Vec<_> = headers
        .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    headers.sort();
    (answer.status.as_u16(), answer.body.to_string(), headers)
}

/// The same id with its last letter counted up or down: what somebody with one id of their own would try.
fn neighbours(id: &str) -> Vec<String> {
    const ALPHABET: &[u8] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let (head, last) = id.split_at(id.len() - 1);
    let others = ALPHABET.iter().filter(|letter| **letter != last.as_bytes()[0]);
    others
        .take(4)
        .map(|letter| format!("{head}{}", char::from(*letter)))
        .collect()
}

#[tokio::test]
async fn what_is_anothers_cannot_be_told_from_what_never_was() {
    let app = App::start_alone().await;
    let (ada, ben) = (app.subject("Ada").await, app.subject("Ben").await);
    let case = ada.submit(deletion(["profile"])).await;
    let stranger = app.operator_of("test-elsewhere").await;
    for (who, api) in [("another subject", &ben.api), ("another tenant's operator", &stranger)] {
        for (method, tail, body) in [
            (Method::GET, "", None),
            (Method::GET, "/audit", None),
            (Method::POST, "/withdraw", Some("{}")),
            (Method::POST, "/verify", Some("{\"method\":\"x\"}")),
        ] {
            let call = async |id: &str| {
                let path = format!("/v1/requests/{id}{tail}");
                let body = body.map(|text| text.as_bytes().to_vec());
                told(&api.call(method.clone(), &path, &[], body).await.unwrap())
            };
            let theirs = call(&case.id).await;
            assert_eq!(theirs.0, 404, "{method} {tail} by {who}");
            for guess in neighbours(&case.id) {
                assert_eq!(call(&guess).await, theirs, "{method} {tail} by {who}");
            }
        }
    }
}

#[tokio::test]
async fn an_idempotency_key_is_its_callers_alone() {
    let (app, elsewhere) = (App::start_alone().await, App::start_alone().await);
    let (ada, ben) = (app.subject("Ada").await, app.subject("Ben").await);
    // The same customer id in another tenant, and an operator there who speaks for them.
    let twin = sign_in(&app.stack, &ada.twin_in(&elsewhere.tenant).await).await;
    let submit = async |api: &Api| {
        let body = deletion(["profile"]).to_string().into_bytes();
        let key = [("idempotency-key", "one and the same")];
        let answer = api.call(Method::POST, "/v1/requests", &key, Some(body)).await.unwrap();
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["id"].as_str().unwrap().to_owned()
    };
    let mut ids = vec![];
    for api in [&ada.api, &ben.api, &twin, &app.approver, &elsewhere.approver] {
        ids.push(submit(api).await);
    }
    let again = [submit(&ada.api).await, submit(&twin).await];
    assert_eq!(again, [ids[0].clone(), ids[2].clone()], "a repeat is one's own request");
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 5, "five callers, five requests");
    assert_eq!(
        rows::request(&elsewhere, &again[0]).await.len(),
        0,
        "nothing of Ada's in the other tenant"
    );
}

#[tokio::test]
async fn a_caller_does_not_choose_their_address() {
    let app = App::start_alone().await;
    let ada = app.subject("Ada").await;
    let body = deletion(["profile"]).to_string().into_bytes();
    let said = [
        ("x-forwarded-for", "203.0.113.66"),
        ("forwarded", "for=203.0.113.66"),
        ("x-real-ip", "203.0.113.66"),
    ];
    let answer = ada
        .api
        .call(Method::POST, "/v1/requests", &said, Some(body))
        .await
        .unwrap();
    let case = harness::Case::of(&app, &ada.api, &answer.body);
    let seen = case.read().await;
    assert_eq!(
        seen["requester"]["ip"], "127.0.0.1",
        "the gateway's, whatever a header says"
    );
}
