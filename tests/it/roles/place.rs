//! Where a name of `infra/roles.md` is on the stack: what its service calls it, and its ARN.

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use harness::App;
use harness::wait::unique;

/// A table and a bucket that no data map names.
pub(super) struct Strangers {
    table: String,
    bucket: String,
}

impl Strangers {
    pub(super) async fn make(app: &App) -> Self {
        let made = Self {
            table: format!("another-{}", unique()),
            bucket: format!("another-{}", unique()),
        };
        let attribute = AttributeDefinition::builder().attribute_name("pk");
        let key = KeySchemaElement::builder().attribute_name("pk").key_type(KeyType::Hash);
        let table = app.clients.dynamodb().create_table().table_name(&made.table);
        let table = table
            .attribute_definitions(
                attribute
                    .attribute_type(ScalarAttributeType::S)
                    .build()
                    .expect("complete"),
            )
            .key_schema(key.build().expect("complete"))
            .billing_mode(BillingMode::PayPerRequest);
        table.send().await.expect("a table");
        let bucket = app.clients.s3().create_bucket().bucket(&made.bucket);
        bucket.send().await.expect("a bucket");
        made
    }
}

/// A resource.
#[derive(Debug)]
pub(super) struct Place {
    /// What its service's calls take: a table's name, a queue's URL, a key's ARN.
    pub(super) name: String,
    /// What a policy names; an object or a log stream of it stands for all of them.
    pub(super) arn: String,
    /// Of a table, when it is an index that is meant.
    pub(super) index: Option<String>,
}

/// Finds what `on` names.
pub(super) async fn find(app: &App, strangers: &Strangers, on: &str) -> Place {
    let (head, tail) = on.split_once('/').map_or((on, None), |(head, tail)| (head, Some(tail)));
    let name = name(app, strangers, head);
    let (partition, region, account) = around(app);
    let arn = match head {
        "*" => "*".to_owned(),
        _ if head.ends_with("Key") => name.clone(),
        _ if head.ends_with("Bucket") => format!("arn:{partition}:s3:::{name}"),
        _ => {
            let (service, kind) = service(head);
            let region = if service == "iam" { "" } else { region };
            // A queue is named by its URL, which ends in its name.
            let is_url = service == "sqs";
            let called = name.rsplit('/').next().filter(|_| is_url).unwrap_or(&name);
            format!("arn:{partition}:{service}:{region}:{account}:{kind}{called}")
        }
    };
    let arn = match tail {
        None if head.ends_with("LogGroup") => format!("{arn}:log-stream:one"),
        None => arn,
        Some("*") => format!("{arn}/one"),
        Some("stream") => stream(app, &name).await,
        Some(tail) => format!("{arn}/{tail}"),
    };
    let index = tail.and_then(|tail| tail.strip_prefix("index/")).map(str::to_owned);
    Place { name, arn, index }
}

async fn stream(app: &App, table: &str) -> String {
    let described = app.clients.dynamodb().describe_table().table_name(table).send().await;
    let table = described.expect("a table").table.expect("a table");
    table.latest_stream_arn.expect("a stream")
}

/// The outputs of the two stacks know everything but what a test made.
fn name(app: &App, strangers: &Strangers, head: &str) -> String {
    match head {
        "*" => "*".to_owned(),
        "AnotherTable" => strangers.table.clone(),
        "NotesTable" => harness::config::NOTES.to_owned(),
        "AnotherBucket" => strangers.bucket.clone(),
        _ => {
            let outputs = app.stack.outputs.iter().chain(&app.stack.demo_outputs);
            let of = |ending: &str| {
                let wanted = format!("{head}{ending}");
                outputs.clone().find(|(output, _)| **output == wanted)
            };
            let found = ["", "Arn", "Url", "Name", "Id"].into_iter().find_map(of);
            found.unwrap_or_else(|| panic!("no output names {head}")).1.clone()
        }
    }
}

fn service(head: &str) -> (&'static str, &'static str) {
    let by_ending = [
        ("Table", ("dynamodb", "table/")),
        ("Queue", ("sqs", "")),
        ("Dlq", ("sqs", "")),
        ("Role", ("iam", "role/")),
        ("Function", ("lambda", "function:")),
        ("LogGroup", ("logs", "log-group:")),
        ("UserPool", ("cognito-idp", "userpool/")),
    ];
    let found = by_ending.into_iter().find(|(ending, _)| head.ends_with(ending));
    found.unwrap_or_else(|| panic!("what is a {head}?")).1
}

/// Partition, Region and account, from an ARN of the stack.
fn around(app: &App) -> (&str, &str, &str) {
    let parts: Vec<_> = app.output("DataKeyArn").split(':').collect();
    (parts[1], parts[3], parts[4])
}
