//! The dataset `messages`: one item a message, under a partition key that names tenant and customer.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use crate::population::Customer;
use crate::record::{Body, Dataset, Record};
use crate::words::{pick, skewed, text};

/// The index an application reads a conversation by.
pub const INDEX: &str = "by_conversation";
/// Shortest and longest text. With its attributes an item stays within 4 KB.
pub const TEXT_BYTES: (usize, usize) = (100, 3_500);

const DAY_SECONDS: u64 = 86_400;
const SPAN_SECONDS: u64 = 2 * 365 * DAY_SECONDS;
/// About the golden section of the span: steps of this size spread any number of conversations evenly over it.
const STRIDE_SECONDS: u64 = 38_980_639;
const RETAINED_SECONDS: i64 = 10 * 365 * 86_400;
const PER_CONVERSATION: u64 = 12;
const CHANNELS: [&str; 4] = ["e-mail", "chat", "phone", "letter"];
const LABELS: [&str; 5] = ["billing", "delivery", "account", "complaint", "other"];

/// The partition key of a customer's messages.
pub fn partition_key(tenant: &str, customer: &str) -> String {
    format!("TENANT#{tenant}#CUSTOMER#{customer}")
}

/// Tenant and customer of a partition key; `None` if it is not one of ours.
pub fn owner_of(partition_key: &str) -> Option<(&str, &str)> {
    partition_key.strip_prefix("TENANT#")?.split_once("#CUSTOMER#")
}

/// A customer's messages, conversation by conversation, within the two years before `epoch`. A message depends on its
/// number only, so a customer with more of them has the same ones and then some.
pub(crate) fn of(customer: &Customer, epoch: Timestamp) -> impl Iterator<Item = Record> + '_ {
    let mut rng = customer.rng(&["messages"]);
    let pk = partition_key(customer.tenant, &customer.id);
    (0..customer.messages).map(move |number| {
        let age = SPAN_SECONDS - sent_after(&mut rng, number);
        let sent_at = epoch - SignedDuration::from_secs(age.cast_signed());
        Record {
            dataset: Dataset::Messages,
            tenant: customer.tenant.to_owned(),
            customer: customer.id.clone(),
            body: Body::Item(message(customer, &mut rng, &pk, number, sent_at)),
        }
    })
}

/// Seconds from the start of the span: a conversation takes a day, its messages follow each other.
fn sent_after(rng: &mut ChaCha8Rng, number: u64) -> u64 {
    let slot = DAY_SECONDS / PER_CONVERSATION;
    let begins = number / PER_CONVERSATION * STRIDE_SECONDS % (SPAN_SECONDS - DAY_SECONDS);
    begins + number % PER_CONVERSATION * slot + rng.random_range(0..slot)
}

fn message(customer: &Customer, rng: &mut ChaCha8Rng, pk: &str, number: u64, sent_at: Timestamp) -> Map<String, Value> {
    let incoming = rng.random_bool(0.6);
    // Mostly chat, now and then a letter.
    let length = if rng.random_bool(0.85) {
        rng.random_range(100..220)
    } else {
        skewed(rng, 220, TEXT_BYTES.1)
    };
    let mut item = Map::from_iter([
        ("pk".to_owned(), json!(pk)),
        ("sk".to_owned(), json!(format!("MSG#{sent_at}#{number:07}"))),
        ("conversation_id".to_owned(), conversation(customer, number)),
        ("sent_at".to_owned(), json!(sent_at.to_string())),
        ("incoming".to_owned(), json!(incoming)),
        (
            "author_name".to_owned(),
            json!(if incoming { customer.name.as_str() } else { "Support" }),
        ),
        (
            "author_email".to_owned(),
            json!(if incoming {
                customer.email.as_str()
            } else {
                "support@example.com"
            }),
        ),
        ("channel".to_owned(), json!(pick(rng, &CHANNELS))),
        ("labels".to_owned(), json!([pick(rng, &LABELS)])),
        ("text".to_owned(), json!(text(rng, length))),
    ]);
    // Some messages have an expiry of the application's own, which a restore has to give back unchanged.
    if number.is_multiple_of(16) {
        item.insert("expires_at".to_owned(), json!(sent_at.as_second() + RETAINED_SECONDS));
    }
    // Few, so that most items differ in their set of attributes only by what a real application leaves out.
    if number.is_multiple_of(5) {
        let rating = json!({"stars": rng.random_range(1..=5), "score": f64::from(rng.random_range(0..100)) / 8.0, "comment": null});
        item.insert("rating".to_owned(), rating);
    }
    item
}

fn conversation(customer: &Customer, number: u64) -> Value {
    json!(format!(
        "{}/{}/{:06}",
        customer.tenant,
        customer.id,
        number / PER_CONVERSATION
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_partition_key_tells_whose_it_is() {
        assert_eq!(owner_of(&partition_key("acme", "a#b")), Some(("acme", "a#b")));
        assert_eq!(owner_of("CUSTOMER#cust-0001"), None);
    }
}
