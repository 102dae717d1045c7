//! Every reason for which a line is refused, on the sample application's own data map.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use shared::domain::data_map::KeyType;

use super::*;
use crate::item;
use crate::line_item::MOST_ITEM_BYTES;
use crate::stack::{self, Names};

fn map() -> DataMap {
    let names = Names {
        messages: "m".into(),
        profiles: "p".into(),
        attachments: "a".into(),
    };
    let yaml = stack::data_map(&names).unwrap();
    // The sample's partitions hold one kind of item; a prefix is checked too.
    let narrowed = yaml.replace("    table: m\n", "    table: m\n    sort_key_prefix: \"MSG#\"\n");
    assert_ne!(narrowed, yaml);
    DataMap::parse(&narrowed).unwrap()
}

fn shapes(map: &DataMap) -> BTreeMap<DatasetId, Shape> {
    let typed = ["pk", "sk", "sent_at"].map(|name| (name.to_owned(), KeyType::S));
    let keys = vec!["pk".to_owned(), "sk".to_owned()];
    let shape = Shape {
        typed: typed.into(),
        keys,
        sort: Some("sk".to_owned()),
    };
    map.datasets[..2]
        .iter()
        .map(|dataset| (dataset.id.clone(), shape.clone()))
        .collect()
}

fn message(record: Value) -> Value {
    json!({"tenant": "acme", "dataset": "messages", "subject": "ann@example.com", "record": record})
}

fn check_all(lines: &[String]) -> Vec<Result<Write, String>> {
    let (map, folder) = (map(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("1.eml"), "hello").unwrap();
    let shapes = shapes(&map);
    let mut checker = Checker::new(&map, &shapes, folder.path());
    lines.iter().map(|line| checker.check(line.as_bytes())).collect()
}

fn check(line: &Value) -> Result<Write, String> {
    check_all(&[line.to_string()]).remove(0)
}

#[test]
fn a_message_gets_its_key() {
    let Ok(Write::Item { table, item }) = check(&message(json!({"sk": "MSG#1", "n": 1.5}))) else {
        panic!("it passes")
    };
    assert_eq!(
        (table.as_str(), item::text(&item, "pk")),
        ("m", Some("TENANT#acme#CUSTOMER#ann@example.com"))
    );
    assert_eq!(item["n"], AttributeValue::N("1.5".to_owned()));
}

#[test]
fn a_profile_gets_its_tenant_and_keeps_a_key_that_is_right() {
    let record = json!({"pk": "CUSTOMER#7", "sk": "x"});
    let line = json!({"tenant": "globex", "dataset": "profiles", "subject": "7", "record": record});
    let Ok(Write::Item { item, .. }) = check(&line) else {
        panic!("it passes")
    };
    assert_eq!(item::text(&item, "tenant"), Some("globex"));
}

#[test]
fn a_file_goes_under_its_key() {
    let line =
        json!({"tenant": "acme", "dataset": "attachments", "subject": "7", "key": "acme/7/1.eml", "file": "1.eml"});
    assert!(matches!(check(&line), Ok(Write::Object { key, .. }) if key == "acme/7/1.eml"));
}

#[test]
fn what_is_wrong_with_a_line_is_said() {
    let good = message(json!({"sk": "MSG#1"}));
    let with = |name: &str, value: Value| {
        let mut line = good.clone();
        line[name] = value;
        line
    };
    let object = |key: &str, file: &str| json!({"tenant": "acme", "dataset": "attachments", "subject": "7", "key": key, "file": file});
    let mut deep = json!(1);
    (0..40).for_each(|_| deep = json!([deep.take()]));
    let cases = [
        (json!([]), "not a JSON object"),
        (with("more", json!(1)), "unknown field `more`"),
        (with("tenant", json!("Acme!")), "`tenant` is not a tenant's slug"),
        (with("tenant", json!(7)), "`tenant` is not a string"),
        (with("subject", json!("")), "`subject` is not a valid id"),
        (with("dataset", json!("mails")), "messages, profiles, attachments"),
        (with("file", json!("x")), "`key` and `file` are for datasets in S3"),
        (with("record", json!("text")), "`record` is not a JSON object"),
        (
            json!({"tenant": "acme", "dataset": "messages", "subject": "7"}),
            "`record` is missing",
        ),
        (message(json!({})), "`record.sk` is missing"),
        (message(json!({"sk": ""})), "`record.sk` is a key"),
        (
            message(json!({"sk": "MSG#1", "sent_at": 5})),
            "`record.sent_at` is a key",
        ),
        (message(json!({"sk": "NOTE#1"})), "does not begin with `MSG#`"),
        (
            message(json!({"sk": "MSG#1", "pk": "TENANT#globex#CUSTOMER#ann@example.com"})),
            "`record.pk` is not what",
        ),
        (
            message(json!({"sk": "MSG#1", "text": "x".repeat(MOST_ITEM_BYTES)})),
            "bytes; DynamoDB takes",
        ),
        (
            message(json!({"sk": "MSG#1", "n": 1e200})),
            "a number DynamoDB cannot hold",
        ),
        (message(json!({"sk": "MSG#1", "n": deep})), "nested deeper"),
        (with("dataset", json!("attachments")), "`record` is for tables"),
        (object("acme/70/1.eml", "1.eml"), "`key` does not begin"),
        (object("acme/7/", "1.eml"), "`key` does not begin"),
        (object("acme/7/a\nb", "1.eml"), "control characters"),
        (object("acme/7/1.eml", "/etc/hostname"), "not relative"),
        (object("acme/7/1.eml", "2.eml"), "names no file"),
    ];
    for (line, reason) in cases {
        let refused = check(&line).expect_err(reason);
        assert!(refused.contains(reason), "{reason}: {refused}");
        assert!(
            !refused.contains("ann@"),
            "a reason never repeats personal data: {refused}"
        );
    }
}

#[test]
fn text_that_is_not_json_is_refused_without_repeating_it() {
    for line in ["", "ann@example.com", "{\"tenant\": \"acme\"", "{} {}"] {
        let refused = check_all(&[line.to_owned()]).remove(0).unwrap_err();
        assert!(
            refused.contains("not one JSON object") && !refused.contains("ann"),
            "{refused}"
        );
    }
}

#[test]
fn no_line_overwrites_an_earlier_one() {
    let lines = [
        json!({"sk": "MSG#1"}),
        json!({"sk": "MSG#2"}),
        json!({"sk": "MSG#1", "text": "again"}),
    ];
    let answers = check_all(&lines.map(|record| message(record).to_string()));
    assert!(answers[0].is_ok() && answers[1].is_ok());
    assert!(answers[2].as_ref().unwrap_err().contains("same key"));
}
