//! Policy and data map of the test stack, applied once in a process and exactly as an operator would.
//!
//! The sample policy, with further tenants whose life takes seconds: most tests have no time for acme's minute of TTL.

use std::time::Duration;

use anyhow::Result;
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
/// P30D, P7D, 31 days of a month, P1D and P2D, at three seconds a day.
const LIFE_PERIODS: &str = "{GracePeriod: PT90S, RecoveryWindow: PT21S, DueIn: PT93S, TtlMargin: PT3S, TtlSlack: PT6S}";
/// Long enough to change one's mind about what is hidden; closed requests are kept for two seconds.
const ENDINGS_PERIODS: &str =
    "{GracePeriod: PT1S, RecoveryWindow: PT30S, TtlMargin: PT1S, TtlSlack: PT2S, RequestRetention: PT2S}";
/// Why invoices of the last seven years are kept.
pub const INVOICES_GROUND: &str = "tax law, which wants invoices kept for seven years";
/// The recovery window of the fast ones.
pub const FAST_WINDOW: Duration = Duration::from_secs(3);

/// Applies both, the first time it is called.
pub async fn apply(stack: &Stack) -> Result<()> {
    APPLIED.get_or_try_init(|| apply_now(stack)).await.map(drop)
}

async fn apply_now(stack: &Stack) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (policy, map) = (folder.path().join("policy.yaml"), folder.path().join("data-map.yaml"));
    std::fs::write(&policy, policy_yaml())?;
    std::fs::write(&map, data_map(&demo::Names::from_outputs(&stack.demo_outputs)?)?)?;
    lethe::policy::apply_to(stack, &policy).await?;
    lethe::data_map::apply_to(stack, &map).await
}

/// The sample application's, and invoices of which the law keeps some, in a table that it has anyway.
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
excluded: []",
        names.messages
    );
    let map = demo::stack::data_map(names)?;
    anyhow::ensure!(map.trim_end().ends_with("excluded: []"), "more can be put at its end");
    Ok(map.replace("excluded: []", &invoices))
}

/// The sample policy ends with its tenants, so more of them can be added below.
fn policy_yaml() -> String {
    let fast = FAST_TENANTS.iter().chain(&trial::TENANTS);
    let fast = fast.map(|tenant| (*tenant, FAST_PERIODS));
    let others = [
        (app::PATIENT, PATIENT_PERIODS),
        (app::CONTRACT, PATIENT_PERIODS),
        (app::LIFE, LIFE_PERIODS),
        (trial::STOPPED, PATIENT_PERIODS),
        (app::ENDINGS, ENDINGS_PERIODS),
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
    use shared::domain::policy::PolicyFile;

    use super::*;

    #[test]
    fn the_data_map_has_the_invoices() {
        let outputs =
            ["MessagesTable", "ProfilesTable", "AttachmentsBucket"].map(|name| (name.to_owned(), "x".to_owned()));
        let names = demo::Names::from_outputs(&outputs.into()).unwrap();
        let map = DataMap::parse(&data_map(&names).unwrap()).unwrap();
        let retained = map.datasets.iter().filter(|dataset| dataset.retain.is_some());
        assert_eq!(
            retained.map(|dataset| dataset.id.as_str()).collect::<Vec<_>>(),
            ["invoices"]
        );
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
