//! Tables and buckets with something wrong with each, under a beginning of their own. `maps` names them.

use anyhow::Result;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType,
};
use aws_sdk_s3::types::{
    BucketVersioningStatus, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockRetentionMode,
    ObjectLockRule, VersioningConfiguration,
};
use harness::App;
use harness::wait::unique;

/// What was made for one test.
pub(super) struct Ground {
    /// How all its names begin.
    pub(super) beginning: String,
    /// TTL on `expires_at`, an index that holds the mark, forty records.
    pub(super) full: String,
    /// Keys `pk` (N) and `sk` (N), no TTL, an index without the mark.
    pub(super) plain: String,
    /// Versioned.
    pub(super) files: String,
    pub(super) unversioned: String,
    pub(super) locked: String,
    pub(super) lockable: String,
}

impl Ground {
    pub(super) async fn lay(app: &App) -> Result<Self> {
        let beginning = format!("lint-{}-", unique());
        let name = |what: &str| format!("{beginning}{what}");
        let ground = Self {
            full: name("full"),
            plain: name("plain"),
            files: name("files"),
            unversioned: name("unversioned"),
            locked: name("locked"),
            lockable: name("lockable"),
            beginning: beginning.clone(),
        };
        table(
            app,
            &ground.full,
            &[("pk", "S", true), ("sk", "S", true), ("customer", "S", false)],
        )
        .await?;
        lethe::ttl::ensure(&app.clients.dynamodb(), &ground.full, "expires_at").await?;
        table(
            app,
            &ground.plain,
            &[("pk", "N", true), ("sk", "N", true), ("customer", "S", false)],
        )
        .await?;
        ground.records(app).await?;
        for (bucket, lockable) in [
            (&ground.files, false),
            (&ground.unversioned, false),
            (&ground.locked, true),
            (&ground.lockable, true),
        ] {
            make_bucket(app, bucket, lockable, *bucket != ground.unversioned).await?;
        }
        lock(app, &ground.locked).await?;
        Ok(ground)
    }

    /// Enough that what none of them has counts as missing.
    async fn records(&self, app: &App) -> Result<()> {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        for head in ["MSG#1", "MSG#2"] {
            for n in 0..20 {
                let put = app.clients.dynamodb().put_item().table_name(&self.full);
                let put = put
                    .item("pk", text("acme#7"))
                    .item("sk", text(&format!("{head}{n:02}")));
                let put = put.item("customer", text("7")).item("tenant", text("acme"));
                put.item("sent_at", text("2026-01-02T03:04:05Z")).send().await?;
            }
        }
        Ok(())
    }
}

/// Makes a table of these attributes, the first one or two its keys; of the others each gets an index `by_<name>`, which
/// holds the mark only where the partition key is a text.
pub(super) async fn table(app: &App, name: &str, attributes: &[(&str, &str, bool)]) -> Result<()> {
    let element = |name: &str, role: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(role).build();
    let mut call = app
        .clients
        .dynamodb()
        .create_table()
        .table_name(name)
        .billing_mode(BillingMode::PayPerRequest);
    let mut roles = [KeyType::Hash, KeyType::Range].into_iter();
    for (attribute, letter, is_key) in attributes {
        let kind = ScalarAttributeType::from(*letter);
        call = call.attribute_definitions(
            AttributeDefinition::builder()
                .attribute_name(*attribute)
                .attribute_type(kind)
                .build()?,
        );
        if let (true, Some(role)) = (*is_key, roles.next()) {
            call = call.key_schema(element(attribute, role)?);
        } else {
            let held = if attributes[0].1 == "S" { "erasure_id" } else { "author" };
            let projection = Projection::builder()
                .projection_type(ProjectionType::Include)
                .non_key_attributes(held)
                .build();
            let index = GlobalSecondaryIndex::builder()
                .index_name(format!("by_{attribute}"))
                .projection(projection);
            call = call.global_secondary_indexes(index.key_schema(element(attribute, KeyType::Hash)?).build()?);
        }
    }
    call.send().await?;
    Ok(())
}

async fn make_bucket(app: &App, name: &str, lockable: bool, versioned: bool) -> Result<()> {
    let s3 = app.clients.s3();
    s3.create_bucket()
        .bucket(name)
        .object_lock_enabled_for_bucket(lockable)
        .send()
        .await?;
    if versioned && !lockable {
        let on = VersioningConfiguration::builder()
            .status(BucketVersioningStatus::Enabled)
            .build();
        s3.put_bucket_versioning()
            .bucket(name)
            .versioning_configuration(on)
            .send()
            .await?;
    }
    Ok(())
}

async fn lock(app: &App, bucket: &str) -> Result<()> {
    let month = DefaultRetention::builder()
        .mode(ObjectLockRetentionMode::Compliance)
        .days(30)
        .build();
    let rule = ObjectLockRule::builder().default_retention(month).build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(rule)
        .build();
    app.clients
        .s3()
        .put_object_lock_configuration()
        .bucket(bucket)
        .object_lock_configuration(lock)
        .send()
        .await?;
    Ok(())
}
