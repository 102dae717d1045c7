//! One service after another answers nothing but errors for longer than any retry inside a call lasts.

use std::time::{Duration, Instant};

use harness::proxy::{Fault, On, When};
use harness::trial::BACKGROUND;
use harness::wait::until;
use harness::{Records, Trial, deletion, invariants};

/// Longer than the SDK's three tries of one call.
const AWAY: Duration = Duration::from_secs(5);

const RECORDS: Records = Records {
    messages: 2,
    profiles: 1200,
    files: 2,
};

#[tokio::test]
async fn services_fail_one_after_another() {
    let trial = Trial::start("trial-outage").await;
    let ada = trial.app.subject_with("Ada", RECORDS).await;
    trial.script.concerns_also(&ada.person.email);
    fail(&trial, "ses", Fault::Throttled);
    let case = ada.submit(deletion(["attachments", "conversations", "profile"])).await;
    away(&trial, "throttled", Instant::now()).await;

    case.verify().await.approve().await.grace_over().await;
    for (service, fault) in [
        ("dynamodb", Fault::Broken),
        ("kms", Fault::Throttled),
        ("s3", Fault::Broken),
        ("sqs", Fault::CutBefore),
    ] {
        let before = trial.script.counts();
        fail(&trial, service, fault);
        if service == "dynamodb" {
            case.execute().await;
        }
        until(&format!("{service} to be missed"), async || {
            trial.app.supervise().await;
            (trial.script.counts().get(fault.name()) > before.get(fault.name())).then_some(())
        })
        .await;
        away(&trial, fault.name(), Instant::now()).await;
    }
    let closed = case.until_completed().await;
    invariants::hold(&trial, &ada, &case, &closed).await;
    let letters = case.letters(&ada.person.email, 3).await;
    assert!(letters.len() >= 3, "receipt, approval and completion: {letters:?}");
}

fn fail(trial: &Trial, service: &'static str, fault: Fault) {
    let on = On {
        functions: BACKGROUND,
        service: Some(service),
        ..On::default()
    };
    trial.script.rule(on, When::Always, fault);
}

/// Waits until the outage has lasted and was noticed, and ends it.
async fn away(trial: &Trial, fault: &'static str, since: Instant) {
    until(&format!("a call that is {fault}"), async || {
        (since.elapsed() >= AWAY && trial.script.counts().contains_key(fault)).then_some(())
    })
    .await;
    trial.script.calm();
}
