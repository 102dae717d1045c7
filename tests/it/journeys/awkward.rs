//! What a person may have that is hard to hand over: values of every type that DynamoDB has, files with names that mean
//! something elsewhere, an empty one and a great one.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue::{self, B, Bool, Bs, L, M, N, Ns, Null, S, Ss};
use harness::Subject;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What somebody typed into a field.
pub(super) const HOSTILE: &str = "</script><script>alert(1)</script><img src=x onerror=alert(2)>";
/// Messages that [`put`] writes.
pub(super) const MESSAGES: u64 = 2;
/// Names of files that hold their name.
pub(super) const NAMES: [&str; 8] = [
    "holiday photo.jpg",
    "Köln – 東京 🙂.txt",
    "../../../etc/passwd",
    "..\\..\\boot.ini",
    "<script>alert(3)</script>.html",
    "=HYPERLINK(\"x\").csv",
    "con",
    "100% & more?#.txt",
];
const GREAT: usize = 100_000_000;

/// The partition key of their messages.
pub(super) fn messages_key(ada: &Subject<'_>) -> String {
    demo::messages::partition_key(&ada.person.tenant, ada.id())
}

/// Writes it; answers each file's key with its bytes.
pub(super) async fn put(ada: &Subject<'_>) -> BTreeMap<String, Vec<u8>> {
    let (clients, names) = ada.app.sample();
    for (n, values) in [every_type(), formulas()].into_iter().enumerate() {
        let own = [
            ("pk", messages_key(ada)),
            ("sk", format!("MSG#2024-01-01T00:00:00Z#awkward-{n}")),
            ("sent_at", "2024-01-01T00:00:00Z".to_owned()),
        ];
        let put = clients.dynamodb.put_item().table_name(&names.messages);
        let item = values.into_iter().chain(own.map(|(name, text)| (name, S(text))));
        let put = put.set_item(Some(named(item)));
        put.send().await.expect("an item");
    }
    let prefix = demo::attachments::prefix(&ada.person.tenant, ada.id());
    let files: BTreeMap<_, _> = files()
        .into_iter()
        .map(|(name, bytes)| (format!("{prefix}{name}"), bytes))
        .collect();
    for (key, bytes) in &files {
        let put = clients.s3.put_object().bucket(&names.attachments).key(key);
        put.body(bytes.clone().into()).send().await.expect("a file");
    }
    files
}

fn named(values: impl IntoIterator<Item = (&'static str, AttributeValue)>) -> HashMap<String, AttributeValue> {
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

fn every_type() -> Vec<(&'static str, AttributeValue)> {
    let texts = |members: &[&str]| members.iter().map(|member| (*member).to_owned()).collect::<Vec<_>>();
    let deep = named([("er", S("\u{2028}\n\"x\"\u{0}".to_owned())), ("none", Null(true))]);
    let list = vec![N("1E-130".to_owned()), Null(true), L(vec![]), M(HashMap::new())];
    vec![
        ("digits", N("12345678901234567890123456789012345678".to_owned())),
        ("fraction", N("-0.000000000000000000000000000000000001".to_owned())),
        ("binary", B(Blob::new([0, 1, 254, 255]))),
        ("nothing", S(String::new())),
        ("null", Null(true)),
        ("flag", Bool(false)),
        ("texts", Ss(texts(&["b", "a", "ß"]))),
        ("numbers", Ns(texts(&["10", "2", "-3.5"]))),
        ("blobs", Bs(vec![Blob::new([255]), Blob::new([0, 0])])),
        ("list", L(list)),
        ("map", M(named([("deep", M(deep)), ("binary", B(Blob::new([7])))]))),
    ]
}

fn formulas() -> Vec<(&'static str, AttributeValue)> {
    let text = |text: &str| S(text.to_owned());
    vec![
        ("text", text(HOSTILE)),
        ("=1+1", text("=HYPERLINK(\"http://x\")")),
        ("plus", text("+1+1")),
        ("minus", text("-1+1")),
        ("at", text("@SUM(1)")),
        ("tab", text("\t=1")),
        ("return", text("\r=1")),
        ("number", N("-17.5".to_owned())),
    ]
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let mut files: BTreeMap<_, _> = NAMES
        .iter()
        .map(|name| ((*name).to_owned(), name.as_bytes().to_vec()))
        .collect();
    files.insert("l".repeat(900), b"a long name".to_vec());
    files.insert("empty".to_owned(), vec![]);
    let mut great = vec![0; GREAT];
    ChaCha8Rng::seed_from_u64(1).fill(&mut great[..]);
    files.insert("great.bin".to_owned(), great);
    files
}
