//! The dataset `profiles`: a customer's profile and devices.
//!
//! The partition key names the customer only. Customers of two tenants with the same id share a partition, and nothing
//! but the attribute `tenant` keeps an erasure in one tenant away from the other's person.

use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

use crate::population::Customer;
use crate::record::{Body, Dataset, Record};
use crate::words::pick;

const DEVICES: [&str; 5] = [
    "Pixel 9",
    "iPhone 17",
    "ThinkPad X1",
    "Galaxy Tab S9",
    "Firefox on Linux",
];
const CITIES: [&str; 6] = ["Zürich", "Galway", "Kraków", "São Paulo", "Ōsaka", "Aarhus"];

/// The partition key of a customer's profile, whichever tenant they belong to.
pub fn partition_key(customer: &str) -> String {
    format!("CUSTOMER#{customer}")
}

/// The customer of a partition key; `None` if it is not one of ours.
pub fn customer_of(partition_key: &str) -> Option<&str> {
    partition_key.strip_prefix("CUSTOMER#")
}

/// The profile, then the devices.
pub(crate) fn of(customer: &Customer, epoch: Timestamp) -> impl Iterator<Item = Record> + '_ {
    let mut rng = customer.rng(&["profiles"]);
    (0..=customer.devices).map(move |number| {
        let age = SignedDuration::from_secs(rng.random_range(1..=3 * 365 * 86_400));
        let mut item = if number == 0 {
            profile(customer, &mut rng)
        } else {
            device(customer, &mut rng, number)
        };
        item.insert("pk".to_owned(), json!(partition_key(&customer.id)));
        item.insert("tenant".to_owned(), json!(customer.tenant));
        item.insert("created_at".to_owned(), json!((epoch - age).as_second()));
        Record {
            dataset: Dataset::Profiles,
            tenant: customer.tenant.to_owned(),
            customer: customer.id.clone(),
            body: Body::Item(item),
        }
    })
}

fn profile(customer: &Customer, rng: &mut ChaCha8Rng) -> Map<String, Value> {
    Map::from_iter([
        ("sk".to_owned(), json!(format!("{}#PROFILE", customer.tenant))),
        ("name".to_owned(), json!(customer.name)),
        ("email".to_owned(), json!(customer.email)),
        (
            "phone".to_owned(),
            json!(format!("+1 555 01{:02}", rng.random_range(0..100))),
        ),
        (
            "address".to_owned(),
            json!({"city": pick(rng, &CITIES), "house": rng.random_range(1..200), "flat": null}),
        ),
        ("newsletter".to_owned(), json!(rng.random_bool(0.4))),
    ])
}

fn device(customer: &Customer, rng: &mut ChaCha8Rng, number: u64) -> Map<String, Value> {
    // 192.0.2.0/24 is kept for documentation: nobody's address.
    let address = format!("192.0.2.{}", rng.random_range(1..255));
    Map::from_iter([
        ("sk".to_owned(), json!(format!("{}#DEVICE#{number}", customer.tenant))),
        ("model".to_owned(), json!(pick(rng, &DEVICES))),
        ("last_address".to_owned(), json!(address)),
    ])
}
