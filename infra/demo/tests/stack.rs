//! The sample application against a real stack: its template is deployed, loaded, read, scanned and taken down again.
//!
//! Ignored unless asked for, because it needs an endpoint: `AWS_ENDPOINT_URL` and the SDK's other variables name it.
//! `cargo lethe test` sets them and runs it.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::client::Waiters;
use aws_sdk_dynamodb::types::AttributeValue;
use demo::digest::digest_except;
use demo::load::{Loaded, load};
use demo::messages;
use demo::population::{ACME, EPOCH, GLOBEX, LARGE, SEED};
use demo::reader::visible;
use demo::seed::{BadLines, Checked};
use demo::traces::traces_of;
use demo::{Clients, Names, Population};
use serde_json::json;
use shared::domain::data_map::DataMap;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

struct Stack {
    name: String,
    cloudformation: aws_sdk_cloudformation::Client,
    clients: Clients,
    names: Names,
}

impl Stack {
    async fn create(purpose: &str) -> Self {
        let name = format!("demo-test-{purpose}-{}", std::process::id());
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::latest()).await;
        let cloudformation = aws_sdk_cloudformation::Client::new(&config);
        let create = cloudformation
            .create_stack()
            .stack_name(&name)
            .template_body(demo::stack::TEMPLATE);
        create.send().await.expect("the demo template is accepted");
        let waiter = cloudformation.wait_until_stack_create_complete().stack_name(&name);
        waiter.wait(PATIENCE).await.expect("the demo stack comes up");
        let stacks = cloudformation
            .describe_stacks()
            .stack_name(&name)
            .send()
            .await
            .expect("the stack is there");
        let pairs = stacks.stacks()[0].outputs().iter();
        let outputs: BTreeMap<String, String> = pairs
            .map(|one| {
                (
                    one.output_key().unwrap_or_default().to_owned(),
                    one.output_value().unwrap_or_default().to_owned(),
                )
            })
            .collect();
        let names = Names::from_outputs(&outputs).expect("the template has the outputs the names need");
        let clients = Clients {
            dynamodb: aws_sdk_dynamodb::Client::new(&config),
            s3: aws_sdk_s3::Client::new(&config),
        };
        Self {
            name,
            cloudformation,
            clients,
            names,
        }
    }

    async fn load(&self, population: &Population) -> Loaded {
        let mut seen = 0;
        let loaded = load(&self.clients, &self.names, population.records(), |more| seen += more).await;
        let loaded = loaded.expect("it loads");
        assert_eq!(seen, population.writes(), "the progress ends at the total");
        loaded
    }

    async fn change_one_message(&self, tenant: &str, customer: &str) {
        let trace = &traces_of(&self.clients, &self.names, tenant, customer)
            .await
            .expect("a scan")
            .messages[0];
        let update = self.clients.dynamodb.update_item().table_name(&self.names.messages);
        let update = update.key("pk", AttributeValue::S(messages::partition_key(tenant, customer)));
        let update = update.key("sk", AttributeValue::S(trace.key.clone()));
        let update = update.update_expression("SET erasure_id = :mark");
        let update = update.expression_attribute_values(":mark", AttributeValue::S("dsr_1".to_owned()));
        update.send().await.expect("the message is there");
    }

    async fn destroy(self) {
        self.cloudformation
            .delete_stack()
            .stack_name(&self.name)
            .send()
            .await
            .expect("the stack can be deleted");
    }
}

#[tokio::test]
#[ignore = "needs a stack: set AWS_ENDPOINT_URL, as `cargo lethe test` does"]
async fn what_is_loaded_is_what_is_read_scanned_and_fingerprinted() {
    let stack = Stack::create("load").await;
    let population = Population::new(SEED, 3_000, EPOCH);
    let (clients, names) = (&stack.clients, &stack.names);

    let loaded = stack.load(&population).await;
    assert_eq!(
        (loaded.items + loaded.versions, loaded.skipped),
        (population.writes(), 0)
    );
    for (tenant, customer) in [
        (ACME, LARGE),
        (GLOBEX, LARGE),
        (ACME, "cust-0002"),
        (ACME, "cust-00011"),
    ] {
        let expected = population.expected(tenant, customer);
        let shown = visible(clients, names, tenant, customer)
            .await
            .expect("the application reads");
        assert_eq!((shown.messages, shown.profiles), (expected.messages, expected.profiles));
        assert_eq!(shown.attachments, expected.attachments - expected.markers);
        let traces = traces_of(clients, names, tenant, customer).await.expect("a scan");
        assert_eq!(traces.messages.len() as u64, expected.messages);
        assert_eq!(traces.by_conversation.len() as u64, expected.messages);
        assert_eq!(traces.profiles.len() as u64, expected.profiles);
        assert_eq!(traces.attachments.len() as u64, expected.versions + expected.markers);
    }

    let before = digest_except(clients, names, &[]).await.expect("a scan");
    assert_eq!(
        (before.records(), before.customers()),
        (population.writes(), population.customers().len())
    );
    let again = stack.load(&population).await;
    assert_eq!((again.versions, again.skipped), (0, loaded.versions));
    assert_eq!(
        digest_except(clients, names, &[]).await.expect("a scan"),
        before,
        "loading twice changes nothing"
    );

    stack.change_one_message(GLOBEX, LARGE).await;
    let after = digest_except(clients, names, &[]).await.expect("a scan");
    let changed = before.differences(&after);
    assert_eq!(changed.len(), 1);
    assert!(
        changed
            .iter()
            .all(|share| share.tenant == GLOBEX && share.customer == LARGE),
        "{changed:?}"
    );
    assert_eq!(
        digest_except(clients, names, &[(GLOBEX, LARGE)])
            .await
            .expect("a scan")
            .records(),
        population.writes() - population.expected(GLOBEX, LARGE).writes(),
    );
    let shown = visible(clients, names, GLOBEX, LARGE)
        .await
        .expect("the application reads");
    assert_eq!(
        shown.messages,
        population.expected(GLOBEX, LARGE).messages - 1,
        "a marked message is hidden"
    );
    let left = traces_of(clients, names, GLOBEX, LARGE).await.expect("a scan");
    assert_eq!(
        left.messages.iter().filter(|trace| trace.hidden).count(),
        1,
        "and still there"
    );
    stack.destroy().await;
}

#[tokio::test]
#[ignore = "needs a stack: set AWS_ENDPOINT_URL, as `cargo lethe test` does"]
async fn a_file_is_seeded_whole_or_not_at_all() {
    let stack = Stack::create("seed").await;
    let (clients, names) = (&stack.clients, &stack.names);
    let map = DataMap::parse(&demo::stack::data_map(names).expect("it fills")).expect("it parses");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("mails.ndjson");
    std::fs::write(folder.path().join("1.eml"), "Subject: hello").expect("a file");
    let line = |number: u32| {
        let record = json!({"sk": format!("MSG#{number}"), "conversation_id": "c", "sent_at": "2002-08-22T12:36:23Z"});
        json!({"tenant": "acme", "dataset": "messages", "subject": "ann@example.org", "record": record}).to_string()
    };
    let key = "acme/ann@example.org/1.eml";
    let object =
        json!({"tenant": "acme", "dataset": "attachments", "subject": "ann@example.org", "key": key, "file": "1.eml"});
    let mut lines: Vec<String> = (0..60).map(line).collect();
    lines.insert(30, object.to_string());

    std::fs::write(&file, format!("{}\n\nnot json\n", lines.join("\n"))).expect("a file");
    let refused = Checked::open(clients, &map, &file).await.expect_err("a line is bad");
    let bad = refused.downcast_ref::<BadLines>().expect("lines are named");
    assert_eq!((bad.total, bad.first[0].0), (1, 63), "{bad}");
    assert!(
        traces_of(clients, names, ACME, "ann@example.org")
            .await
            .expect("a scan")
            .is_empty()
    );

    std::fs::write(&file, lines.join("\n")).expect("a file");
    let checked = Checked::open(clients, &map, &file).await.expect("every line is good");
    let mut seen = 0;
    checked
        .write(clients, |more| seen += more)
        .await
        .expect("it is written");
    assert_eq!((checked.lines(), seen), (61, 61));
    let traces = traces_of(clients, names, ACME, "ann@example.org")
        .await
        .expect("a scan");
    assert_eq!((traces.messages.len(), traces.attachments.len()), (60, 1));
    assert_eq!(traces.shown(), 60 + 60 + 1, "by table, by index, and the file");
    stack.destroy().await;
}
