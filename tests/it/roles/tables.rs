//! DynamoDB's actions as calls. A write names a row that is not there, on the condition that it is: let in, it changes
//! nothing.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, DeleteRequest, KeysAndAttributes, PointInTimeRecoverySpecification,
    ScalarAttributeType, TableDescription, TimeToLiveSpecification, TransactWriteItem, WriteRequest,
};
use harness::App;
use lethe::clients::Clients;

use super::Said;
use super::place::Place;

const NOT_THERE: &str = "roles-test";
const IF_THERE: &str = "attribute_exists(pk)";

/// PartiQL is left to the simulator: the emulator checks its calls under names that AWS does not have.
pub(super) async fn ask(app: &App, acting: &Clients, action: &str, place: &Place) -> Option<Said> {
    let (db, table) = (acting.dynamodb(), place.name.as_str());
    if action == "ListTables" {
        return Said::of(db.list_tables().send().await);
    }
    let key = key(&described(app, table).await, None);
    let keys = Some(key.clone());
    match action {
        "GetItem" => Said::of(db.get_item().table_name(table).set_key(keys).send().await),
        "BatchGetItem" => {
            let wanted = KeysAndAttributes::builder().keys(key).build().expect("keys");
            Said::of(db.batch_get_item().request_items(table, wanted).send().await)
        }
        "Query" => query(app, acting, place).await,
        "Scan" => Said::of(db.scan().table_name(table).limit(1).send().await),
        "DescribeTable" => Said::of(db.describe_table().table_name(table).send().await),
        "DescribeTimeToLive" => Said::of(db.describe_time_to_live().table_name(table).send().await),
        "PutItem" => {
            let put = db.put_item().table_name(table).set_item(keys);
            Said::of(put.condition_expression(IF_THERE).send().await)
        }
        "UpdateItem" => {
            let update = db.update_item().table_name(table).set_key(keys);
            Said::of(update.condition_expression(IF_THERE).send().await)
        }
        "DeleteItem" => {
            let delete = db.delete_item().table_name(table).set_key(keys);
            Said::of(delete.condition_expression(IF_THERE).send().await)
        }
        "BatchWriteItem" => {
            let delete = DeleteRequest::builder().set_key(keys).build().expect("a key");
            let write = WriteRequest::builder().delete_request(delete).build();
            Said::of(db.batch_write_item().request_items(table, vec![write]).send().await)
        }
        "ConditionCheckItem" => {
            let check = ConditionCheck::builder().table_name(table).set_key(keys);
            let check = check.condition_expression(IF_THERE).build().expect("complete");
            let item = TransactWriteItem::builder().condition_check(check).build();
            Said::of(db.transact_write_items().transact_items(item).send().await)
        }
        _ => of_the_table(acting, action, table).await,
    }
}

/// Calls that concern the table itself. They are on the page to be refused: the caller has made sure of that.
async fn of_the_table(acting: &Clients, action: &str, table: &str) -> Option<Said> {
    let db = acting.dynamodb();
    match action {
        "DeleteTable" => Said::of(db.delete_table().table_name(table).send().await),
        "UpdateTable" => {
            let update = db.update_table().table_name(table);
            Said::of(update.deletion_protection_enabled(false).send().await)
        }
        "UpdateTimeToLive" => {
            let ttl = TimeToLiveSpecification::builder().attribute_name("pk").enabled(false);
            let update = db.update_time_to_live().table_name(table);
            Said::of(
                update
                    .time_to_live_specification(ttl.build().expect("complete"))
                    .send()
                    .await,
            )
        }
        "UpdateContinuousBackups" => {
            let recovery = PointInTimeRecoverySpecification::builder().point_in_time_recovery_enabled(false);
            let update = db.update_continuous_backups().table_name(table);
            let update = update.point_in_time_recovery_specification(recovery.build().expect("complete"));
            Said::of(update.send().await)
        }
        _ => None,
    }
}

async fn query(app: &App, acting: &Clients, place: &Place) -> Option<Said> {
    let table = described(app, &place.name).await;
    let mut query = acting.dynamodb().query().table_name(&place.name).limit(1);
    for (n, (name, value)) in key(&table, place.index.as_deref()).into_iter().enumerate() {
        let condition = aws_sdk_dynamodb::types::Condition::builder()
            .comparison_operator(aws_sdk_dynamodb::types::ComparisonOperator::Eq)
            .attribute_value_list(value);
        assert!(n < 2, "a key has two parts");
        query = query.key_conditions(name, condition.build().expect("complete"));
    }
    Said::of(query.set_index_name(place.index.clone()).send().await)
}

async fn described(app: &App, table: &str) -> TableDescription {
    let described = app.clients.dynamodb().describe_table().table_name(table).send().await;
    described.expect("a table").table.expect("a table")
}

/// A key of the table or an index that no row has.
fn key(table: &TableDescription, index: Option<&str>) -> HashMap<String, AttributeValue> {
    let schema = match index {
        None => table.key_schema(),
        Some(name) => {
            let found = table
                .global_secondary_indexes()
                .iter()
                .find(|one| one.index_name() == Some(name));
            found.unwrap_or_else(|| panic!("no index {name}")).key_schema()
        }
    };
    let part = |name: &str| {
        let known = table
            .attribute_definitions()
            .iter()
            .find(|one| one.attribute_name() == name);
        match known.expect("a key's part is defined").attribute_type() {
            ScalarAttributeType::N => AttributeValue::N("0".to_owned()),
            _ => AttributeValue::S(NOT_THERE.to_owned()),
        }
    };
    let names = schema.iter().map(|one| one.attribute_name());
    names.map(|name| (name.to_owned(), part(name))).collect()
}
