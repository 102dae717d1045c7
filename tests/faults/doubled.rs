//! Every message is sent twice, and all of them once more when the job is over and the subject has come back: a late
//! copy must not touch the new records, although they have the old ones' keys.

use harness::proxy::{Fault, On, When};
use harness::wait::until;
use harness::{Oracle, Records, Trial, invariants, queues};

const RECORDS: Records = Records {
    messages: 40,
    profiles: 1200,
    files: 6,
};

#[tokio::test]
async fn doubled_messages_do_nothing_twice() {
    let trial = Trial::start("trial-doubled").await;
    let sends = On {
        service: Some("sqs"),
        operation: Some("SendMessageBatch"),
        ..On::default()
    };
    trial.script.rule(sends, When::Always, Fault::Twice);
    let (ada, case) = trial
        .executed(RECORDS, ["attachments", "conversations", "profile"])
        .await;
    let closed = case.until_completed().await;
    assert!(trial.script.counts()["twice"] > 3, "{:?}", trial.script.counts());
    invariants::hold(&trial, &ada, &case, &closed).await;

    ada.come_back().await;
    let back = Oracle::now(&trial.app).await;
    let copies = trial.script.witness.sent();
    let calls = trial.script.calls();
    for copy in &copies {
        let queue = if copy.queue == trial.app.output("PlansQueueUrl") {
            "PlansQueueUrl"
        } else {
            "ChunksQueueUrl"
        };
        queues::put(&trial.app, queue, &copy.body).await;
    }
    // Whoever takes a message looks at the rows it speaks of.
    until("every copy to be looked at", async || {
        let seen = |function| trial.script.calls()[function] - calls[function];
        (seen("ExecutionFunction") + seen("PlanningFunction") >= copies.len() as u64).then_some(())
    })
    .await;
    back.untouched(&trial.app, &[&ada.person, &trial.bystander]).await;
    assert_eq!(case.read().await, closed, "a closed request does not change");
}
