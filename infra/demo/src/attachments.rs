//! The dataset `attachments`: files in a versioned bucket, under `<tenant>/<customer>/`.
//!
//! Every customer's first file was uploaded twice, so that nobody can pass by deleting newest versions only, and some
//! customers deleted a file themselves: its versions are still there, and an erasure has to take them too.

use rand_chacha::ChaCha8Rng;

use crate::population::Customer;
use crate::record::{Body, Dataset, Record};
use crate::words::{pick, skewed, text};

const NAMES: [&str; 8] = [
    "invoice.txt",
    "Rechnung Mai 2024 (Kopie).txt",
    "photo+caption=1.txt",
    "Überweisung & Beleg.txt",
    "契約書.txt",
    "100% refund?.txt",
    "scan #2.txt",
    "it's me 🙂.txt",
];

/// What is known of a file before its bytes are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) versions: u64,
    pub(crate) deleted: bool,
}

/// The prefix of a customer's files.
pub fn prefix(tenant: &str, customer: &str) -> String {
    format!("{tenant}/{customer}/")
}

/// Tenant and customer of a key whose file name has no slash; `None` if it is not one of ours.
pub fn owner_of(key: &str) -> Option<(&str, &str)> {
    let (owner, _file) = key.rsplit_once('/')?;
    owner.split_once('/')
}

/// Decides names, versions and the application's own deletion for `count` files.
pub(crate) fn plan(rng: &mut ChaCha8Rng, count: u64, deletes_one: bool) -> Vec<File> {
    (0..count)
        .map(|number| {
            let versions = if number == 0 {
                2
            } else {
                *pick(rng, &[1, 1, 1, 1, 1, 1, 1, 2, 2, 3])
            };
            let deleted = deletes_one && number == 1;
            File {
                name: format!("{number:03} {}", pick(rng, &NAMES)),
                versions,
                deleted,
            }
        })
        .collect()
}

/// Each file's versions in the order of upload, then its marker if there is one.
pub(crate) fn of(customer: &Customer) -> impl Iterator<Item = Record> + '_ {
    customer.files.iter().flat_map(move |file| {
        let key = prefix(customer.tenant, &customer.id) + &file.name;
        let marker = file.deleted.then(|| Body::Deleted { key: key.clone() });
        let versions = (0..file.versions).map(move |version| version_of(customer, &key, version));
        versions.chain(marker).map(|body| Record {
            dataset: Dataset::Attachments,
            tenant: customer.tenant.to_owned(),
            customer: customer.id.clone(),
            body,
        })
    })
}

fn version_of(customer: &Customer, key: &str, version: u64) -> Body {
    let mut rng = customer.rng(&["attachments", key, &version.to_string()]);
    let length = skewed(&mut rng, 200, 16_000);
    let bytes = format!("{} <{}>\n{}", customer.name, customer.email, text(&mut rng, length)).into_bytes();
    Body::Object {
        key: key.to_owned(),
        bytes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_tells_whose_it_is() {
        assert_eq!(
            owner_of(&(prefix("acme", "cust-1") + "a b.txt")),
            Some(("acme", "cust-1"))
        );
        assert_eq!(owner_of(&(prefix("acme", "a/b") + "c.txt")), Some(("acme", "a/b")));
        assert_eq!(owner_of("stray.txt"), None);
    }
}
