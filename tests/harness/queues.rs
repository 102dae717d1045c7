//! The stack's queues, reached past the functions: looked at, emptied, filled.

use aws_sdk_sqs::types::{Message, QueueAttributeName};

use lethe::clients::Clients;
use tokio::sync::{Mutex, MutexGuard};

use crate::app::App;
use crate::wait::until;

/// The trials of a process share the stack's queues.
static ALONE: Mutex<()> = Mutex::const_new(());

/// Held by whoever empties a queue, until it is done, and by whoever needs what they put into one to stay there.
pub async fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().await
}

/// Messages in a queue, waiting or in somebody's hands.
pub async fn depth(app: &App, output: &str) -> u64 {
    let names = [
        QueueAttributeName::ApproximateNumberOfMessages,
        QueueAttributeName::ApproximateNumberOfMessagesNotVisible,
    ];
    let asked = app.clients.sqs().get_queue_attributes().queue_url(app.output(output));
    let asked = asked
        .set_attribute_names(Some(names.to_vec()))
        .send()
        .await
        .expect("a queue");
    let counts = asked.attributes.unwrap_or_default();
    counts.values().filter_map(|count| count.parse::<u64>().ok()).sum()
}

/// Loses every message in a queue.
pub async fn purge(app: &App, output: &str) {
    let purge = app.clients.sqs().purge_queue().queue_url(app.output(output));
    purge.send().await.expect("the queue is emptied");
}

/// Puts a message into a queue.
pub async fn put(app: &App, output: &str, body: &str) {
    let send = app
        .clients
        .sqs()
        .send_message()
        .queue_url(app.output(output))
        .message_body(body);
    send.send().await.expect("the message is taken");
}

/// Takes the messages with this body out of one queue and puts each into another, as an operator's redrive does (the
/// emulator has no StartMessageMoveTask), until there was one. Supervision, which reads dead letters too, waits meanwhile.
pub async fn redrive(app: &App, from: &str, to: &str, body: &str) {
    reads_dead_letters(&app.clients, app.output("SupervisionFunction"), false).await;
    until(&format!("{body:?} in {from}"), async || {
        let mut moved = None;
        for message in receive(app, from).await {
            if message.body.as_deref() == Some(body) {
                put(app, to, body).await;
                let delete = app.clients.sqs().delete_message().queue_url(app.output(from));
                let delete = delete.receipt_handle(message.receipt_handle.unwrap_or_default());
                delete.send().await.expect("the message is deleted");
                moved = Some(());
            }
        }
        moved
    })
    .await;
    reads_dead_letters(&app.clients, app.output("SupervisionFunction"), true).await;
}

/// Whether supervision is given dead letters.
pub async fn reads_dead_letters(clients: &Clients, function: &str, enabled: bool) {
    let lambda = clients.lambda();
    let listed = lambda.list_event_source_mappings().function_name(function).send().await;
    for mapping in listed
        .expect("the function's queues")
        .event_source_mappings
        .unwrap_or_default()
    {
        let update = lambda
            .update_event_source_mapping()
            .set_uuid(mapping.uuid)
            .enabled(enabled);
        update.send().await.expect("the mapping is changed");
    }
}

async fn receive(app: &App, output: &str) -> Vec<Message> {
    let receive = app
        .clients
        .sqs()
        .receive_message()
        .queue_url(app.output(output))
        .max_number_of_messages(10);
    let received = receive.wait_time_seconds(0).send().await.expect("a queue");
    received.messages.unwrap_or_default()
}
