//! Personal data: none in the clear, in any row, message, object or subject line.

use crate::stack::Stack;

/// Every personal value of a run begins so.
const CANARY: &str = "canary";

pub(super) fn check(stack: &Stack, wrong: &mut Vec<String>) {
    let outside = &stack.outside;
    let mut scan = |place: &str, text: &str| {
        if let Some(at) = text.find(CANARY) {
            let end = text.len().min(at + 40);
            wrong.push(format!("{place} shows {}", text.get(at..end).unwrap_or(CANARY)));
        }
    };
    scan("a row", &outside.records.store.dump());
    for body in outside.queues.plans.borrow().bodies() {
        scan(
            "a plan message",
            &serde_json::to_string(&body).expect("a message is JSON"),
        );
    }
    for body in outside.queues.chunks.borrow().bodies() {
        scan(
            "a chunk message",
            &serde_json::to_string(&body).expect("a message is JSON"),
        );
    }
    for (key, bytes) in outside.manifests.ever().iter() {
        scan("an object's key", key);
        scan("an object", &String::from_utf8_lossy(bytes));
    }
    for (key, kept) in outside.vault.ever().iter() {
        scan("a copy's key", key);
        scan("a copy", &String::from_utf8_lossy(&kept.bytes));
    }
    for letter in outside.mailer.delivered() {
        scan("a subject line", &letter.subject);
    }
    for event in outside.world.log() {
        scan("the log", &event.what);
    }
}
