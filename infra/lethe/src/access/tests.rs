//! What the generated rights contain, and above all what they do not.

use serde_json::Value;
use shared::domain::data_map::DataMap;

use super::{Found, Roles, TableFacts, nameable_key, template};

const MAP: &str = r#"
v: 1
datasets:
  - id: messages
    category: conversations
    description: Messages
    source: dynamodb
    table: messages
    index: by_customer
    key: {attribute: pk, template: "{tenant}#{subject}"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: purge}
  - id: old
    category: conversations
    description: Old messages
    source: dynamodb
    table: messages
    key: {attribute: pk, template: "OLD#{tenant}#{subject}"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: purge}
  - id: files
    category: files
    description: Files
    source: s3
    bucket: files
    prefix: "{tenant}/{subject}/"
    tenant: {only: acme}
  - id: shared
    category: files
    description: Shared files
    source: s3
    bucket: pool
    prefix: "a*b/{tenant}/{subject}/"
    tenant: {in: key}
"#;

const ARN: &str = "arn:aws:dynamodb:eu-west-1:111122223333:table/messages";
const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/abc";

fn made(yaml: &str) -> Value {
    let map = DataMap::parse(yaml).expect("a valid map");
    let facts = TableFacts {
        arn: ARN.to_owned(),
        kms_key: Some(KEY.to_owned()),
    };
    let found = Found {
        partition: "aws".to_owned(),
        tables: [("messages".to_owned(), facts)].into(),
        bucket_keys: [("files".to_owned(), KEY.to_owned())].into(),
    };
    let roles = Roles {
        review: "r-review".into(),
        planning: "r-planning".into(),
        execution: "r-execution".into(),
        packaging: "r-packaging".into(),
    };
    template(&map, &found, &roles).expect("fits")
}

fn statement<'a>(template: &'a Value, policy: &str, sid: &str) -> &'a Value {
    let all = &template["Resources"][policy]["Properties"]["PolicyDocument"]["Statement"];
    let all = all.as_array().expect("statements");
    all.iter()
        .find(|one| one["Sid"] == sid)
        .unwrap_or_else(|| panic!("no {sid} in {policy}: {all:?}"))
}

#[test]
fn readers_read_tables_indexes_and_versions() {
    let made = made(MAP);
    let roles = &made["Resources"]["ReadPolicy1"]["Properties"]["Roles"];
    assert_eq!(roles, &serde_json::json!(["r-review", "r-planning"]));
    let tables = statement(&made, "ReadPolicy1", "Tables");
    assert_eq!(
        tables["Resource"],
        serde_json::json!([ARN, format!("{ARN}/index/by_customer")])
    );
    let items = statement(&made, "ReadPolicy1", "Items");
    assert_eq!(
        items["Action"],
        serde_json::json!(["dynamodb:BatchGetItem"]),
        "an index only says where to look"
    );
    let text = made["Resources"]["ReadPolicy1"].to_string();
    for write in [
        "PartiQL",
        "Delete",
        "Update",
        "Put",
        "BatchWrite",
        "BatchExecute",
        "Scan",
        "s3:GetObject\"",
        "s3:*",
        "dynamodb:*",
    ] {
        assert!(!text.contains(write), "a reader may not {write}");
    }
}

#[test]
fn only_a_table_in_vault_mode_is_deleted_from_and_put_into() {
    let vault = made(&MAP.replacen("{mode: tombstone, expiry: purge}", "{mode: vault}", 1));
    let both = statement(&vault, "WritePolicy1", "Vaults");
    let actions = ["BatchGetItem", "DeleteItem", "DescribeTable", "PutItem"].map(|action| format!("dynamodb:{action}"));
    assert_eq!(
        (&both["Action"], &both["Resource"]),
        (&serde_json::json!(actions), &serde_json::json!([ARN]))
    );
    assert_eq!(
        statement(&vault, "WritePolicy1", "Tables")["Resource"],
        serde_json::json!([ARN]),
        "another dataset of the table marks"
    );
    let alone = made(&MAP.replace("{mode: tombstone, expiry: purge}", "{mode: vault}"));
    assert!(!alone["Resources"]["WritePolicy1"].to_string().contains("PartiQL"));
    let readers = alone["Resources"]["ReadPolicy1"].to_string();
    assert!(!readers.contains("DeleteItem") && !readers.contains("PutItem"));
}

#[test]
fn the_writer_gets_conditional_writes_and_nothing_that_creates() {
    let made = made(MAP);
    assert_eq!(
        made["Resources"]["WritePolicy1"]["Properties"]["Roles"],
        serde_json::json!(["r-execution"])
    );
    assert_eq!(
        statement(&made, "WritePolicy1", "Tables")["Resource"],
        serde_json::json!([ARN])
    );
    let text = made["Resources"]["WritePolicy1"].to_string();
    for more in [
        "PutItem",
        "UpdateItem",
        "DeleteItem",
        "PartiQLInsert",
        "PartiQLSelect",
        "s3:PutObject",
    ] {
        assert!(!text.contains(more), "execution needs no {more}");
    }
    let objects = statement(&made, "WritePolicy1", "Objects");
    let actions = serde_json::json!([
        "s3:DeleteObject",
        "s3:DeleteObjectVersion",
        "s3:GetObject",
        "s3:GetObjectVersion"
    ]);
    assert_eq!(
        objects["Action"], actions,
        "a delete on condition of an ETag needs GetObject"
    );
    let batches = statement(&made, "WritePolicy1", "EmulatorBatches");
    assert_eq!(
        batches["Condition"]["StringEquals"]["aws:PrincipalAccount"],
        "000000000000"
    );
}

#[test]
fn the_copier_gets_versions_of_objects_and_nothing_of_tables() {
    let made = made(MAP);
    let copy = &made["Resources"]["CopyPolicy1"]["Properties"];
    assert_eq!(copy["Roles"], serde_json::json!(["r-packaging"]));
    let objects = statement(&made, "CopyPolicy1", "Objects");
    assert_eq!(objects["Action"], serde_json::json!(["s3:GetObjectVersion"]));
    assert_eq!(
        objects["Resource"],
        statement(&made, "WritePolicy1", "Objects")["Resource"]
    );
    let keys = statement(&made, "CopyPolicy1", "Keys");
    assert_eq!(
        (&keys["Action"], &keys["Resource"]),
        (&serde_json::json!(["kms:Decrypt"]), &serde_json::json!([KEY]))
    );
    let through = keys["Condition"]["StringLike"]["kms:ViaService"][0].as_str();
    assert!(through.is_some_and(|service| service.starts_with("s3.")), "{keys}");
    let text = copy.to_string();
    for more in ["dynamodb", "Delete", "Put", "s3:GetObject\"", "s3:*", "GenerateDataKey"] {
        assert!(!text.contains(more), "the copier may not {more}");
    }
    let (tables, _) = MAP.split_once("  - id: files").expect("tables first");
    let without = self::made(tables);
    assert!(
        without["Resources"].get("CopyPolicy1").is_none(),
        "there is nothing to copy"
    );
}

#[test]
fn a_prefix_is_narrowed_as_far_as_it_is_known() {
    let made = made(MAP);
    let files = statement(&made, "WritePolicy1", "Versions0");
    assert_eq!(
        files["Condition"]["StringLike"]["s3:prefix"],
        serde_json::json!(["acme/*"])
    );
    let pool = statement(&made, "ReadPolicy1", "Versions1");
    assert_eq!(
        pool["Condition"]["StringLike"]["s3:prefix"],
        serde_json::json!(["a${*}b/*"])
    );
    let objects = &statement(&made, "WritePolicy1", "Objects")["Resource"];
    assert_eq!(
        objects,
        &serde_json::json!(["arn:aws:s3:::files/acme/*", "arn:aws:s3:::pool/a${*}b/*"])
    );
    // A prefix that begins with the placeholder is the whole bucket, and a condition would be none.
    let whole = made_with_whole_bucket();
    assert_eq!(statement(&whole, "ReadPolicy1", "Versions0").get("Condition"), None);
}

fn made_with_whole_bucket() -> Value {
    made(&MAP.replace("{only: acme}", "{in: key}"))
}

#[test]
fn a_tables_own_key_is_usable_through_dynamodb_only() {
    let made = made(MAP);
    for policy in ["ReadPolicy1", "WritePolicy1"] {
        let keys = statement(&made, policy, "Keys");
        assert_eq!(keys["Resource"], serde_json::json!([KEY]));
        assert!(
            keys["Condition"]["StringLike"]["kms:ViaService"][0]
                .as_str()
                .is_some_and(|s| s.starts_with("dynamodb."))
        );
    }
    assert_eq!(nameable_key(Some(KEY)).as_deref(), Some(KEY));
    assert_eq!(nameable_key(Some("arn:aws:kms:eu-west-1:1:alias/aws/dynamodb")), None);
    assert_eq!(nameable_key(None), None);
}

#[test]
fn the_same_map_makes_the_same_template_and_many_places_are_split() {
    assert_eq!(made(MAP).to_string(), made(MAP).to_string());
    let bucket = |n: usize| {
        format!(
            "  - {{id: b{n}, category: c, description: d, source: s3, bucket: b{n:063}, \
             prefix: \"{{tenant}}/{{subject}}/\", tenant: {{in: key}}}}\n"
        )
    };
    let many = |count| format!("v: 1\ndatasets:\n{}", (0..count).map(bucket).collect::<String>());
    let made = made(&many(25));
    let resources = made["Resources"].as_object().expect("resources");
    assert_eq!(resources.len(), 9);
    for (name, resource) in resources {
        let document = resource["Properties"]["PolicyDocument"].to_string();
        assert!(document.len() <= 6_144, "{name} has {} characters", document.len());
    }
    let map = DataMap::parse(&many(101)).expect("a valid map");
    let roles = Roles {
        review: "a".into(),
        planning: "b".into(),
        execution: "c".into(),
        packaging: "d".into(),
    };
    assert!(template(&map, &Found::default(), &roles).is_err());
}
