//! Data nobody here made: 6,000 real mails, by sender, as messages and as files. The busiest sender asks to be erased.

use std::collections::BTreeMap;
use std::io::Write;

use harness::mails::{self, TENANT};
use harness::people::{Person, sign_in};
use harness::subject::{deletion, traces_of};
use harness::wait::unique;
use harness::{App, Case, Oracle, rows};
use serde_json::Value;

#[tokio::test]
async fn one_busy_sender_is_erased_from_real_mails() {
    let folder = match mails::fetch().expect("the script runs") {
        Ok(folder) => folder,
        Err(why) => {
            // Straight to stdout: the runner would keep a `println!` of a test that passes to itself.
            writeln!(std::io::stdout(), "SKIPPED: real mails: {why}").expect("stdout");
            return;
        }
    };
    let app = App::start_in(TENANT).await;
    let file = folder.join(format!("mails-{}.ndjson", unique()));
    let senders = mails::convert(&folder, &file).expect("mails become records");
    let seeded = lethe::seed::seed_from(&app.stack, &file, None).await;
    std::fs::remove_file(&file).expect("the records can be removed");
    seeded.expect("the records are loaded");
    assert!(
        senders.values().sum::<u64>() > 6_000 && senders.len() > 2_000,
        "{} senders",
        senders.len()
    );

    let (busy, mails) = senders.iter().max_by_key(|(_, mails)| **mails).expect("a sender");
    let person = Person {
        name: "A Busy Sender".to_owned(),
        email: format!("{}@senders.example", unique()),
        tenant: TENANT.to_owned(),
        groups: vec![],
        subject_id: Some(busy.clone()),
    };
    assert_eq!(traces_of(&app, &person).await.messages.len() as u64, *mails);
    let oracle = Oracle::now(&app).await;
    let api = sign_in(&app.stack, &person).await;
    let body = deletion(["conversations", "attachments"]);
    let request: Value = api.post("/v1/requests", &body).await.unwrap().success().unwrap();
    let case = Case::of(&app, &api, &request);
    case.verify().await.approve().await.grace_over().await.execute().await;
    let closed = case.until_completed().await;

    assert_eq!(
        (&closed["result"], &closed["job"]["progress"]["purged"]),
        (&"full".into(), &(2 * mails).into()),
        "{closed}"
    );
    assert_eq!(
        rows::counts(&app, &case.id).await,
        BTreeMap::from([("purged".to_owned(), 2 * mails)])
    );
    let left = traces_of(&app, &person).await;
    assert!(
        left.is_empty(),
        "{} messages and {} files are left",
        left.messages.len(),
        left.attachments.len()
    );
    let others = oracle.all_untouched_but(&app, TENANT, busy).await;
    assert_eq!(others, 2 * (senders.len() - 1), "both datasets of every other sender");
}
