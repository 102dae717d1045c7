//! Messages nobody can read, of a version from the future, about nothing: the job beside them ends as if they were not
//! there; what cannot be read ends as a dead letter, stays there to be seen, and does no harm when it is sent again.

use harness::wait::{unique, until};
use harness::{Records, Trial, invariants, queues};
use serde_json::{Value, json};

const RECORDS: Records = Records {
    messages: 0,
    profiles: 1200,
    files: 0,
};

#[tokio::test]
async fn poison_ends_as_a_dead_letter_and_harms_nobody() {
    let trial = Trial::start("trial-poison").await;
    let app = &trial.app;
    let (ada, case) = trial.executed(RECORDS, ["profile"]).await;
    let poison = format!("not JSON {}", unique());
    let sent = until("messages of the job", async || {
        let sent = trial.script.witness.sent();
        sent.iter()
            .any(|one| one.queue == app.output("ChunksQueueUrl"))
            .then_some(sent)
    })
    .await;
    let chunk = sent
        .iter()
        .find(|one| one.queue == app.output("ChunksQueueUrl"))
        .expect("a chunk's message");
    let chunk: Value = serde_json::from_str(&chunk.body).expect("a message is JSON");
    // Another trial empties the queues, and would take the poison away.
    let alone = queues::alone().await;
    for queue in ["ChunksQueueUrl", "PlansQueueUrl"] {
        queues::put(app, queue, &poison).await;
        queues::put(app, queue, &changed(&chunk, "/v", json!(99))).await;
        queues::put(app, queue, &changed(&chunk, "/request/tenant", json!("nobody"))).await;
    }
    queues::put(app, "ChunksQueueUrl", &changed(&chunk, "/chunk/n", json!(9999))).await;
    // A dead letter that can be read only says where to look.
    queues::put(app, "ChunksDlqUrl", &chunk.to_string()).await;

    let closed = case.until_completed().await;
    for (queue, dead) in [("ChunksQueueUrl", "ChunksDlqUrl"), ("PlansQueueUrl", "PlansDlqUrl")] {
        queues::redrive(app, dead, queue, &poison).await;
        until("the poison to be dead again", async || {
            (queues::depth(app, dead).await > 0).then_some(())
        })
        .await;
    }
    drop(alone);
    assert_eq!(case.read().await, closed, "a closed request does not change");
    invariants::hold(&trial, &ada, &case, &closed).await;
}

fn changed(message: &Value, pointer: &str, value: Value) -> String {
    let mut message = message.clone();
    *message.pointer_mut(pointer).expect("a field of every chunk message") = value;
    message.to_string()
}
