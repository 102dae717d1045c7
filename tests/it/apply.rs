//! `lethe policy apply` and `lethe data-map lint|apply` against a small deployment of their own: four roles' worth of
//! Lethe and a table and a bucket of an application, made by CloudFormation for each test.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, ensure};
use lethe::clients::Clients;
use lethe::stack_file::Stack;
use lethe::target::Target;
use lethe::{data_map, policy, ttl};
use shared::blob::S3Config;
use shared::ports::Config;

const BASE: &str = r#"{
  "Parameters": {"AllowShortPeriods": {"Type": "String", "Default": "false"}},
  "Resources": {
    "Review": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Planning": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Execution": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Packaging": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": []}}},
    "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
    "Config": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
    "Files": {"Type": "AWS::S3::Bucket", "Properties": {"VersioningConfiguration": {"Status": "Enabled"}}},
    "Loose": {"Type": "AWS::S3::Bucket"},
    "Messages": {"Type": "AWS::DynamoDB::Table", "Properties": {
      "BillingMode": "PAY_PER_REQUEST",
      "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}, {"AttributeName": "sk", "AttributeType": "S"}],
      "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
      "TimeToLiveSpecification": {"AttributeName": "expires_at", "Enabled": true}}}
  },
  "Outputs": {
    "ReviewRoleName": {"Value": {"Ref": "Review"}}, "PlanningRoleName": {"Value": {"Ref": "Planning"}},
    "ExecutionRoleName": {"Value": {"Ref": "Execution"}}, "PackagingRoleName": {"Value": {"Ref": "Packaging"}},
    "DataKeyArn": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}},
    "ConfigBucket": {"Value": {"Ref": "Config"}}, "Files": {"Value": {"Ref": "Files"}},
    "Loose": {"Value": {"Ref": "Loose"}}, "Messages": {"Value": {"Ref": "Messages"}}
  }
}"#;

/// A deployment, and a folder for the files that are applied to it.
struct Deployment {
    target: Target,
    folder: tempfile::TempDir,
}

impl Deployment {
    async fn start(short_periods: bool) -> Result<Self> {
        use aws_sdk_cloudformation::client::Waiters;
        use aws_sdk_cloudformation::types::{Capability, Parameter};
        let clients = Clients::of(&Stack::for_tests()?).await;
        let id = shared::runtime::clock::new_request_id(shared::runtime::clock::now());
        let name = format!("apply-{}", id.to_string().to_lowercase().replace('_', "-"));
        let parameter = Parameter::builder().parameter_key("AllowShortPeriods");
        let parameter = parameter.parameter_value(short_periods.to_string()).build();
        let call = clients
            .cloudformation()
            .create_stack()
            .stack_name(&name)
            .template_body(BASE);
        call.capabilities(Capability::CapabilityIam)
            .parameters(parameter)
            .send()
            .await?;
        let wait = clients.cloudformation();
        let wait = wait.wait_until_stack_create_complete().stack_name(&name);
        wait.wait(Duration::from_secs(60)).await?;
        let target = Target::read(clients, &name).await?;
        ttl::ensure(&target.clients.dynamodb(), target.output("Messages")?, "expires_at").await?;
        Ok(Self {
            target,
            folder: tempfile::tempdir()?,
        })
    }

    fn file(&self, text: &str) -> Result<PathBuf> {
        let mut text = text.to_owned();
        for name in ["Messages", "Files", "Loose"] {
            text = text.replace(&format!("${{{name}}}"), self.target.output(name)?);
        }
        let file = self.folder.path().join("applied.yaml");
        std::fs::write(&file, text)?;
        Ok(file)
    }

    async fn apply_map(&self, text: &str) -> Result<()> {
        data_map::apply(&self.target, &self.file(text)?).await
    }

    fn config(&self) -> Result<S3Config> {
        let bucket = self.target.output("ConfigBucket")?;
        Ok(S3Config::new(
            self.target.clients.s3(),
            bucket,
            self.target.output("DataKeyArn")?,
        ))
    }

    /// The managed policies of a role, as IAM has them.
    async fn policies_of(&self, role: &str) -> Result<Vec<String>> {
        let clients = self.target.clients.cloudformation();
        let access = format!("{}-access", self.target.stack_name);
        let template = clients
            .get_template()
            .stack_name(access)
            .send()
            .await?
            .template_body
            .unwrap_or_default();
        let template: serde_json::Value = serde_json::from_str(&template)?;
        let role = self.target.output(role)?;
        let resources = template["Resources"].as_object().cloned().unwrap_or_default();
        let of_role = resources
            .values()
            .filter(|one| one["Properties"]["Roles"].to_string().contains(role));
        Ok(of_role
            .map(|one| one["Properties"]["PolicyDocument"].to_string())
            .collect())
    }
}

const MAP: &str = r#"
v: 1
application: ["${Messages}"]
datasets:
  - id: messages
    category: conversations
    description: Messages
    source: dynamodb
    table: ${Messages}
    key: {attribute: pk, template: "{tenant}#{subject}"}
    tenant: {in: key}
    soft_delete: {mode: tombstone, expiry: ttl, ttl_attribute: expires_at}
"#;

const FILES: &str = r#"
  - id: files
    category: files
    description: Files
    source: s3
    bucket: ${Files}
    prefix: "{tenant}/{subject}/"
    tenant: {in: key}
"#;

#[tokio::test]
async fn a_map_is_applied_once_changed_and_its_rights_follow() -> Result<()> {
    let deployment = Deployment::start(false).await?;
    deployment.apply_map(MAP).await?;
    let first = deployment.config()?.data_map(None).await?.expect("applied");
    deployment.apply_map(MAP).await?;
    let again = deployment.config()?.data_map(None).await?.expect("applied");
    assert_eq!(first.version, again.version, "the same file makes no new version");
    let bucket = deployment.target.output("Files")?.to_owned();
    ensure!(
        !deployment
            .policies_of("ExecutionRoleName")
            .await?
            .concat()
            .contains(&bucket)
    );
    deployment.apply_map(&format!("{MAP}{FILES}")).await?;
    let changed = deployment.config()?.data_map(None).await?.expect("applied");
    assert_ne!(first.version, changed.version);
    let writer = deployment.policies_of("ExecutionRoleName").await?.concat();
    ensure!(writer.contains(&bucket) && writer.contains(deployment.target.output("Messages")?));
    let reader = deployment.policies_of("PlanningRoleName").await?.concat();
    ensure!(reader.contains(&bucket) && !reader.contains("PartiQL"));
    let copier = deployment.policies_of("PackagingRoleName").await?.concat();
    ensure!(copier.contains(&bucket) && !copier.contains("dynamodb"));
    Ok(())
}

#[tokio::test]
async fn a_map_that_fits_nothing_is_refused_with_every_mistake_and_changes_nothing() -> Result<()> {
    let deployment = Deployment::start(false).await?;
    let bad = format!("{MAP}{FILES}")
        .replace("attribute: pk", "attribute: id")
        .replace("expires_at", "ttl")
        .replace("${Files}", "${Loose}");
    let refusal = format!("{:#}", deployment.apply_map(&bad).await.expect_err("three mistakes"));
    for part in [
        "partition key is pk, not id",
        "is on for expires_at, not for ttl",
        "keeps no versions",
    ] {
        ensure!(refusal.contains(part), "{part}: {refusal}");
    }
    let gone = deployment.apply_map(&MAP.replace("${Messages}", "no-such-table")).await;
    ensure!(format!("{:#}", gone.expect_err("no table")).contains("no-such-table does not exist"));
    ensure!(deployment.config()?.data_map(None).await?.is_none());
    Ok(())
}

#[tokio::test]
async fn short_periods_need_a_deployment_that_allows_them() -> Result<()> {
    const SHORT: &str = "v: 1\ndefaults: {ClampGraceToDeadline: false, GracePeriod: PT5S}\n";
    let strict = Deployment::start(false).await?;
    let refusal = policy::apply(&strict.target, &strict.file(SHORT)?)
        .await
        .expect_err("too short");
    ensure!(format!("{refusal:#}").contains("AllowShortPeriods=true"), "{refusal:#}");
    ensure!(strict.config()?.policy().await?.is_none());
    let lax = Deployment::start(true).await?;
    policy::apply(&lax.target, &lax.file(SHORT)?).await?;
    let applied = lax.config()?.policy().await?.expect("applied");
    let acme = applied.value.policy_of(&"acme".parse()?)?;
    assert_eq!(acme.grace_period.to_string(), "PT5S");
    Ok(())
}
