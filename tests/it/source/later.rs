//! An index made after a process had first looked at the table: it is found, and a repair helps at once.

use aws_sdk_dynamodb::types::{
    AttributeDefinition, CreateGlobalSecondaryIndexAction, GlobalSecondaryIndexUpdate, KeySchemaElement, KeyType,
    Projection, ProjectionType, ScalarAttributeType,
};
use shared::ports::Sources as _;

use super::scratch::Scratch;
use crate::conformance::source::desk::permanent;
use crate::conformance::source::ground::{Bed as _, WITH_TTL, dataset, item, s};

async fn make_index(scratch: &Scratch, name: &str, attribute: &str) {
    let key = KeySchemaElement::builder()
        .attribute_name(attribute)
        .key_type(KeyType::Hash);
    let all = Projection::builder().projection_type(ProjectionType::KeysOnly).build();
    let index = CreateGlobalSecondaryIndexAction::builder()
        .index_name(name)
        .key_schema(key.build().expect("complete"))
        .projection(all);
    let update = GlobalSecondaryIndexUpdate::builder().create(index.build().expect("complete"));
    let attribute = AttributeDefinition::builder()
        .attribute_name(attribute)
        .attribute_type(ScalarAttributeType::S);
    let call = scratch.db.update_table().table_name(&scratch.name);
    call.attribute_definitions(attribute.build().expect("complete"))
        .global_secondary_index_updates(update.build())
        .send()
        .await
        .expect("the index is made");
}

#[tokio::test]
async fn an_index_that_was_made_since_is_found() {
    let mut scratch = Scratch::table(ScalarAttributeType::S, WITH_TTL).await;
    let mut written = item(s("a"));
    written.insert("author".into(), s("acme#7"));
    scratch.put(written).await;
    assert_eq!(
        scratch.desk.plan().await.len(),
        1,
        "the table's keys are known from here on"
    );
    let by_author = WITH_TTL.replace("key: {attribute: pk", "index: by_author\n    key: {attribute: author");
    scratch.desk.dataset = dataset(&scratch.name, &by_author);
    let fault = scratch.desk.sources.page(scratch.desk.page_order(None, 10)).await;
    assert_eq!(permanent(&fault.expect_err("a fault")), Some("source_gone"));
    make_index(&scratch, "by_author", "author").await;
    assert_eq!(scratch.desk.plan().await.len(), 1);
}
