//! What a case stands on: a table or a bucket of its own, the application that writes there, and the port.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shared::domain::data_map::{DataMap, Dataset, KeyType, Retain};
use shared::domain::ids::RequestId;
use shared::domain::manifest::Scalar;
use shared::domain::outcome::{Code, LineOutcome};
use shared::ports::{Items, Originals, Sources};

use super::desk::Desk;

/// The request of most cases, and another one.
pub(crate) const MINE: u128 = 1;
pub(crate) const OTHER: u128 = 2;

/// An item's attributes.
pub(crate) type Item = BTreeMap<String, Scalar>;

/// Where tables and buckets come from.
pub(crate) trait Ground {
    /// What is made here.
    type Bed: Bed;

    /// A table with keys `pk` (S) and `sk` of a type, an index `by_owner` on `owner` and `sk`, and its dataset, whose
    /// table is called `NAME`.
    async fn table(&self, sort: KeyType, dataset: &str) -> Self::Bed;

    /// A bucket, and its dataset.
    async fn bucket(&self, versioned: bool) -> Self::Bed;
}

/// A table or bucket, whoever asks for its records, and the application's hand.
pub(crate) trait Bed {
    /// The side that is tried.
    type Sources: Sources + Items + Originals;

    /// Who asks, for what.
    fn desk(&self) -> &Desk<Self::Sources>;
    /// From now on records newer than this are out of scope.
    fn cut(&mut self, cutoff: Timestamp);
    /// From now on what deletions hide is asked for, too.
    fn ask_for_hidden(&mut self);
    /// From now on the dataset has this duty to keep records, or none.
    fn retain(&mut self, retain: Option<Retain>);
    /// The table's TTL is switched on for an attribute, or off.
    async fn set_ttl(&self, attribute: Option<&str>);
    /// There is no such table or bucket any more.
    async fn tear_down(&self);

    /// Puts an item whole.
    async fn put(&self, item: Item);
    /// Deletes the item of subject 7 with this sort key.
    async fn delete(&self, sort: &str);
    /// Every item of the table, by the text of its sort key.
    async fn items(&self) -> BTreeMap<String, Item>;

    /// Writes a version; answers its id.
    async fn write(&self, key: &str, body: &str) -> String;
    /// Deletes as an application does; answers the marker's id.
    async fn hide(&self, key: &str) -> String;
    /// Destroys a version.
    async fn destroy(&self, key: &str, version: &str);
    /// Keys that an application sees, in order.
    async fn visible(&self) -> Vec<String>;
    /// Every version and marker there is, by key: versions newest first, then markers newest first, with `-` before.
    async fn versions(&self) -> BTreeMap<String, Vec<String>>;
    /// When the newest entry of a key was made, as a listing says.
    async fn made(&self, key: &str) -> Timestamp;
    /// Lets time pass until what is written is later than the cutoff.
    async fn pass_cutoff(&self);
}

/// A map of one dataset.
pub(crate) fn dataset(name: &str, dataset: &str) -> Dataset {
    let head = "v: 1\ndatasets:\n  - id: scratch\n    category: scratch\n    description: Scratch\n    ";
    let map = format!("{head}{}\n", dataset.replace("NAME", name));
    let map = DataMap::parse(&map).unwrap_or_else(|e| panic!("{e:?}\n{map}"));
    map.datasets[0].clone()
}

/// The dataset of most tables.
pub(crate) const WITH_TTL: &str = "table: NAME\n    source: dynamodb
    key: {attribute: pk, template: \"{tenant}#{subject}\"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}";

/// The dataset of a scratch bucket.
pub(crate) const BUCKET: &str =
    "bucket: NAME\n    source: s3\n    prefix: \"{tenant}/{subject}/\"\n    tenant: {in: key}";

pub(crate) fn request(n: u128) -> RequestId {
    RequestId::from_parts(1_700_000_000_000, n)
}

pub(crate) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an instant")
}

pub(crate) fn s(text: &str) -> Scalar {
    Scalar::S(text.into())
}

pub(crate) fn n(number: i64) -> Scalar {
    Scalar::N(number.to_string())
}

/// An item of subject 7 with a sort key.
pub(crate) fn item(sort: Scalar) -> Item {
    BTreeMap::from([("pk".into(), s("acme#7")), ("sk".into(), sort)])
}

pub(crate) fn codes(outcomes: &[LineOutcome]) -> Vec<Code> {
    outcomes.iter().map(|outcome| outcome.code).collect()
}

/// A scalar's text.
pub(crate) fn text(scalar: &Scalar) -> &str {
    match scalar {
        Scalar::S(text) | Scalar::N(text) | Scalar::B(text) => text,
    }
}
