//! Policy and data map of the test stack, applied once in a process and exactly as an operator would.
//!
//! The sample policy, with further tenants whose life takes seconds: most tests have no time for acme's minute of TTL.

use std::time::Duration;

use anyhow::{Context as _, Result};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType::S as Text,
};
use lethe::clients::Clients;
use lethe::stack_file::Stack;
use tokio::sync::OnceCell;

use crate::app;
use crate::trial;

static APPLIED: OnceCell<()> = OnceCell::const_new();

/// Tenants whose requests are due within seconds of being approved.
const FAST_TENANTS: [&str; 3] = [app::FAST, app::NEIGHBOUR, crate::mails::TENANT];

/// Long enough to be looked at between sweep and purge, short enough to be waited for.
const FAST_PERIODS: &str = "{GracePeriod: PT1S, RecoveryWindow: PT3S, TtlMargin: PT1S, TtlSlack: PT2S}";
/// Executed at once, and restorable for as long as a test may take: the documented window of a week.
const PATIENT_PERIODS: &str = "{GracePeriod: PT1S}";
/// The same, and hidden from the approval on.
const EARLY_PERIODS: &str = "{GracePeriod: PT1S, HideFrom: approval}";
/// P30D, P7D, 31 days of a month, P1D and P2D, at three seconds a day.
const LIFE_PERIODS: &str = "{GracePeriod: PT90S, RecoveryWindow: PT21S, DueIn: PT93S, TtlMargin: PT3S, TtlSlack: PT6S}";
/// Long enough to change one's mind about what is hidden; closed requests are kept for two seconds.
const ENDINGS_PERIODS: &str =
    "{GracePeriod: PT1S, RecoveryWindow: PT60S, TtlMargin: PT1S, TtlSlack: PT2S, RequestRetention: PT2S}";
/// What is to be done in the window is done before it ends, also beside seven other tests; the slack is the sample
/// policy's, since the local stack looks for what expired once a minute.
const AMPLE_PERIODS: &str = "{GracePeriod: PT1S, RecoveryWindow: PT75S, TtlMargin: PT1S, TtlSlack: PT75S}";
/// Why invoices of the last seven years are kept.
pub const INVOICES_GROUND: &str = "tax law, which wants invoices kept for seven years";
/// The key of a customer's profiles in the datasets that keep to a pace.
pub fn paced_key(subject: &str) -> String {
    format!("PACED#{subject}")
}

/// Records a second that the dataset `paced` allows.
pub const PACED_RATE: u32 = 600;
/// And that the dataset `fair` allows: about half of what the emulator takes beside everything else.
pub const FAIR_RATE: u32 = 500;
/// The recovery window of the fast ones.
pub const FAST_WINDOW: Duration = Duration::from_secs(3);

/// A table of the tests' own, whose dataset `notes` is in vault mode.
pub const NOTES: &str = "lethe-test-notes";

/// Applies both, the first time it is called.
pub async fn apply(stack: &Stack) -> Result<()> {
    APPLIED.get_or_try_init(|| apply_now(stack)).await.map(drop)
}

async fn apply_now(stack: &Stack) -> Result<()> {
    make_notes(stack).await?;
    let folder = tempfile::tempdir()?;
    let (policy, map) = (folder.path().join("policy.yaml"), folder.path().join("data-map.yaml"));
    std::fs::write(&policy, policy_yaml())?;
    std::fs::write(&map, data_map(&demo::Names::from_outputs(&stack.demo_outputs)?)?)?;
    lethe::policy::apply_to(stack, &policy).await?;
    lethe::data_map::apply_to(stack, &map).await
}

/// Several processes of tests may come first.
async fn make_notes(stack: &Stack) -> Result<()> {
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let text = |name: &str| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(Text)
            .build()
    };
    let made = Clients::of(stack)
        .await
        .dynamodb()
        .create_table()
        .table_name(NOTES)
        .billing_mode(BillingMode::PayPerRequest)
        .attribute_definitions(text("pk")?)
        .attribute_definitions(text("sk")?)
        .key_schema(key("pk", KeyType::Hash)?)
        .key_schema(key("sk", KeyType::Range)?)
        .send()
        .await;
    match made {
        Err(error)
            if !error
                .as_service_error()
                .is_some_and(|why| why.is_resource_in_use_exception()) =>
        {
            Err(error).context("the table of notes")
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

/// The sample application's, invoices of which the law keeps some, in a table that it has anyway, notes that go into the
/// vault, and two tenants' profiles once more, at a pace.
fn data_map(names: &demo::Names) -> Result<String> {
    let invoices = format!(
        "  - id: invoices
    category: invoices
    description: Invoices to the customer
    source: dynamodb
    table: {}
    key: {{attribute: pk, template: \"TENANT#{{tenant}}#INVOICES#{{subject}}\", type: S}}
    tenant: {{in: key}}
    soft_delete: {{mode: tombstone, expiry: purge}}
    retain: {{for: P7Y, from: issued_at, format: rfc3339, ground: \"{INVOICES_GROUND}\"}}
  - id: notes
    category: notes
    description: Notes about the customer
    source: dynamodb
    table: {NOTES}
    key: {{attribute: pk, template: \"TENANT#{{tenant}}#CUSTOMER#{{subject}}\", type: S}}
    tenant: {{in: key}}
    soft_delete: {{mode: vault}}
",
        names.messages
    );
    let paces = [("paced", trial::PACED, PACED_RATE), ("fair", app::FAIR, FAIR_RATE)];
    let paced: String = paces
        .map(|(id, tenant, rate)| paced(id, tenant, rate, &names.profiles))
        .concat();
    let map = demo::stack::data_map(names)?;
    anyhow::ensure!(map.trim_end().ends_with("excluded: []"), "more can be put at its end");
    Ok(map.replace("excluded: []", &format!("{invoices}{paced}excluded: []")))
}

/// One tenant's profiles at a pace, under keys of their own: no dataset may select what another does.
fn paced(id: &str, tenant: &str, rate: u32, table: &str) -> String {
    format!(
        "  - id: {id}
    category: {id}
    description: The customer's profile, written to at a pace
    source: dynamodb
    table: {table}
    key: {{attribute: pk, template: \"PACED#{{subject}}\", type: S}}
    tenant: {{only: {tenant}}}
    written_at: {{attribute: created_at, format: epoch_seconds}}
    soft_delete: {{mode: tombstone, expiry: purge}}
    max_records_per_second: {rate}
"
    )
}

/// The sample policy ends with its tenants, so more of them can be added below.
fn policy_yaml() -> String {
    let fast = FAST_TENANTS.iter().chain(&trial::TENANTS);
    let fast = fast.map(|tenant| (*tenant, FAST_PERIODS));
    let others = [
        (app::PATIENT, PATIENT_PERIODS),
        (app::CONTRACT, PATIENT_PERIODS),
        (app::FAIR, PATIENT_PERIODS),
        (app::EARLY, EARLY_PERIODS),
        (app::LIFE, LIFE_PERIODS),
        (trial::STOPPED, PATIENT_PERIODS),
        (app::ENDINGS, ENDINGS_PERIODS),
        (app::AMPLE, AMPLE_PERIODS),
    ];
    let more = fast.chain(others);
    let more: String = more
        .map(|(tenant, periods)| format!("  {tenant}: {periods}\n"))
        .collect();
    format!("{}\n{more}", demo::stack::POLICY.trim_end())
}

#[cfg(test)]
mod tests {
    use shared::domain::data_map::DataMap;
    use shared::domain::data_map::lint::lint;
    use shared::domain::policy::PolicyFile;

    use super::*;

    #[test]
    fn the_data_map_has_the_invoices_and_the_notes() {
        let outputs =
            ["MessagesTable", "ProfilesTable", "AttachmentsBucket"].map(|name| (name.to_owned(), "x".to_owned()));
        let names = demo::Names::from_outputs(&outputs.into()).unwrap();
        let text = data_map(&names).unwrap();
        assert_eq!(lint(&text).mistakes(), [], "an apply refuses it");
        let map = DataMap::parse(&text).unwrap();
        let retained = map.datasets.iter().filter(|dataset| dataset.retain.is_some());
        assert_eq!(
            retained.map(|dataset| dataset.id.as_str()).collect::<Vec<_>>(),
            ["invoices"]
        );
        let vaults = map.datasets.iter().filter(|dataset| dataset.in_vault());
        assert_eq!(vaults.map(|dataset| dataset.container()).collect::<Vec<_>>(), [NOTES]);
    }

    #[test]
    fn the_test_tenants_are_in_the_policy() {
        let file = PolicyFile::parse(&policy_yaml(), true).unwrap();
        let grace = |tenant: &str| {
            file.policy_of(&tenant.parse().unwrap())
                .unwrap()
                .grace_period
                .to_string()
        };
        assert_eq!((grace("test-fast").as_str(), grace("acme").as_str()), ("PT1S", "PT5S"));
        assert!(trial::TENANTS.iter().all(|tenant| grace(tenant) == "PT1S"));
        assert_eq!(grace("globex"), "P30D");
    }
}
