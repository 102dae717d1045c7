//! The sample application against its deployed stores: what is written is read, found and fingerprinted, and a file of
//! somebody's own records is loaded whole or not at all. Erasures are proved with these tools, so they are proved first.
//!
//! Other tests fill the same stores meanwhile: only customers of the test's own are counted.

use std::path::Path;

use aws_sdk_dynamodb::types::AttributeValue;
use demo::digest::{Snapshot, digest_except};
use demo::load::{Loaded, load};
use demo::population::{ACME, Counts, EPOCH, GLOBEX, LARGE, SEED};
use demo::reader::visible;
use demo::seed::{BadLines, Checked};
use demo::traces::{Traces, traces_of};
use demo::{Body, Clients, Names, Population, Record, messages};
use harness::wait::unique;
use lethe::stack_file::Stack;
use serde_json::json;
use shared::domain::data_map::DataMap;

/// Enough for files with versions and a marker, few enough to be read at once.
const RECORDS: u64 = 300;

async fn sample() -> (Clients, Names) {
    let stack = Stack::for_tests().expect("a stack for the tests");
    lethe::seed::sample(&stack)
        .await
        .expect("the sample application is there")
}

/// Three of the generated customers whom an erasure confuses easily, under ids nobody else has: the large one, somebody
/// of the same id in the other tenant, and somebody whose id begins with that id.
struct Confusable {
    id: String,
    population: Population,
}

impl Confusable {
    fn new() -> Self {
        Self {
            id: format!("c-{}", unique()),
            population: Population::new(SEED, RECORDS, EPOCH),
        }
    }

    /// Tenant, id here, and what the generator says they have.
    fn customers(&self) -> [(&'static str, String, Counts); 3] {
        [(ACME, ""), (GLOBEX, ""), (ACME, "1")].map(|(tenant, tail)| {
            let counts = self.population.expected(tenant, &format!("{LARGE}{tail}"));
            (tenant, format!("{}{tail}", self.id), counts)
        })
    }

    fn records(&self) -> impl Iterator<Item = Record> + '_ {
        let generated = self.population.records();
        let theirs = generated.filter(|record| record.customer.starts_with(LARGE));
        theirs.map(|record| Record {
            customer: self.renamed(&record.customer),
            body: match record.body {
                Body::Item(item) => {
                    let item = self.renamed(&serde_json::to_string(&item).expect("JSON"));
                    Body::Item(serde_json::from_str(&item).expect("an item"))
                }
                Body::Object { key, bytes } => Body::Object {
                    key: self.renamed(&key),
                    bytes,
                },
                Body::Deleted { key } => Body::Deleted {
                    key: self.renamed(&key),
                },
            },
            ..record
        })
    }

    fn renamed(&self, text: &str) -> String {
        text.replace(LARGE, &self.id)
    }

    fn writes(&self) -> u64 {
        self.customers().iter().map(|(_, _, counts)| counts.writes()).sum()
    }

    async fn load(&self, clients: &Clients, names: &Names) -> Loaded {
        let mut seen = 0;
        let loaded = load(clients, names, self.records(), |more| seen += more).await;
        assert_eq!(seen, self.writes(), "the progress ends at the total");
        loaded.expect("it loads")
    }

    /// Whose share of what differs between two snapshots, among these customers.
    fn differences(&self, one: &Snapshot, other: &Snapshot) -> Vec<(String, String)> {
        let shares = one.differences(other).into_iter();
        let theirs = shares.filter(|share| share.customer.starts_with(&self.id));
        theirs
            .map(|share| (share.tenant.clone(), share.customer.clone()))
            .collect()
    }
}

#[tokio::test]
async fn what_is_loaded_is_what_is_read_and_found() {
    let (clients, names) = sample().await;
    let confusable = Confusable::new();
    let loaded = confusable.load(&clients, &names).await;
    assert_eq!(
        (loaded.items + loaded.versions, loaded.skipped),
        (confusable.writes(), 0)
    );

    for (tenant, id, expected) in confusable.customers() {
        let shown = visible(&clients, &names, tenant, &id)
            .await
            .expect("the application reads");
        assert_eq!((shown.messages, shown.profiles), (expected.messages, expected.profiles));
        assert_eq!(shown.attachments, expected.attachments - expected.markers);
        let traces = found(&clients, &names, tenant, &id).await;
        assert_eq!(traces.messages.len() as u64, expected.messages);
        assert_eq!(traces.by_conversation.len() as u64, expected.messages);
        assert_eq!(traces.profiles.len() as u64, expected.profiles);
        assert_eq!(traces.attachments.len() as u64, expected.versions + expected.markers);
    }
    let deleted = confusable
        .customers()
        .iter()
        .map(|(_, _, counts)| counts.markers)
        .sum::<u64>();
    assert!(deleted > 0, "one of them has deleted a file themselves");
}

#[tokio::test]
async fn the_fingerprint_tells_whose_record_changed() {
    let (clients, names) = sample().await;
    let (confusable, nobody) = (Confusable::new(), Snapshot::default());
    let loaded = confusable.load(&clients, &names).await;
    let before = snapshot(&clients, &names, &[]).await;
    // Three customers with messages, profiles and files each.
    assert_eq!(confusable.differences(&nobody, &before).len(), 9);

    let again = confusable.load(&clients, &names).await;
    assert_eq!((again.versions, again.skipped), (0, loaded.versions));
    let after = snapshot(&clients, &names, &[]).await;
    assert!(
        confusable.differences(&before, &after).is_empty(),
        "loading twice changes nothing"
    );

    let id = confusable.id.as_str();
    let messages = found(&clients, &names, GLOBEX, id).await.messages;
    mark(&clients, &names, GLOBEX, id, &messages[0].key).await;
    let after = snapshot(&clients, &names, &[]).await;
    assert_eq!(
        confusable.differences(&before, &after),
        [(GLOBEX.to_owned(), id.to_owned())]
    );
    let others = snapshot(&clients, &names, &[(GLOBEX, id)]).await;
    let others = confusable.differences(&nobody, &others);
    assert!(
        others.len() == 6 && others.iter().all(|(tenant, _)| tenant == ACME),
        "{others:?}"
    );

    let shown = visible(&clients, &names, GLOBEX, id)
        .await
        .expect("the application reads");
    assert_eq!(shown.messages, messages.len() as u64 - 1, "a marked message is hidden");
    let left = found(&clients, &names, GLOBEX, id).await.messages;
    assert_eq!(left.iter().filter(|trace| trace.hidden).count(), 1, "and still there");
    assert_eq!(left.len(), messages.len());
}

#[tokio::test]
async fn a_file_is_seeded_whole_or_not_at_all() {
    let (clients, names) = sample().await;
    let map = DataMap::parse(&demo::stack::data_map(&names).expect("it fills")).expect("it parses");
    let ann = format!("ann-{}@example.org", unique());
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mails.ndjson");
    let lines = own_records(folder.path(), &ann);

    std::fs::write(&file, format!("{lines}\n\nnot json\n")).expect("a file");
    let refused = Checked::open(&clients, &map, &file).await.expect_err("a line is bad");
    let bad = refused.downcast_ref::<BadLines>().expect("lines are named");
    assert_eq!((bad.total, bad.first[0].0), (1, 63), "{bad}");
    assert!(found(&clients, &names, ACME, &ann).await.is_empty());

    std::fs::write(&file, lines).expect("a file");
    let checked = Checked::open(&clients, &map, &file).await.expect("every line is good");
    let mut seen = 0;
    checked
        .write(&clients, |more| seen += more)
        .await
        .expect("it is written");
    assert_eq!((checked.lines(), seen), (61, 61));
    let traces = found(&clients, &names, ACME, &ann).await;
    assert_eq!((traces.messages.len(), traces.attachments.len()), (60, 1));
    assert_eq!(traces.shown(), 60 + 60 + 1, "by table, by index, and the file");
}

/// Sixty messages with a file between them, one a line, as an organisation would write its own.
fn own_records(folder: &Path, subject: &str) -> String {
    std::fs::write(folder.join("1.eml"), "Subject: hello").expect("a file");
    let message = |number: u32| {
        let record = json!({"sk": format!("MSG#{number}"), "conversation_id": "c", "sent_at": "2002-08-22T12:36:23Z"});
        json!({"tenant": ACME, "dataset": "messages", "subject": subject, "record": record}).to_string()
    };
    let key = format!("{ACME}/{subject}/1.eml");
    let object = json!({"tenant": ACME, "dataset": "attachments", "subject": subject, "key": key, "file": "1.eml"});
    let mut lines: Vec<String> = (0..60).map(message).collect();
    lines.insert(30, object.to_string());
    lines.join("\n")
}

async fn found(clients: &Clients, names: &Names, tenant: &str, id: &str) -> Traces {
    traces_of(clients, names, tenant, id).await.expect("a scan")
}

async fn snapshot(clients: &Clients, names: &Names, excluded: &[(&str, &str)]) -> Snapshot {
    digest_except(clients, names, excluded).await.expect("a scan")
}

/// Hides a message as a sweep does.
async fn mark(clients: &Clients, names: &Names, tenant: &str, customer: &str, sk: &str) {
    let update = clients.dynamodb.update_item().table_name(&names.messages);
    let update = update.key("pk", AttributeValue::S(messages::partition_key(tenant, customer)));
    let update = update.key("sk", AttributeValue::S(sk.to_owned()));
    let update = update.update_expression("SET erasure_id = :mark");
    let update = update.expression_attribute_values(":mark", AttributeValue::S("dsr_1".to_owned()));
    update.send().await.expect("the message is there");
}
