//! The policy: every period and switch a tenant may set, and how a file of them becomes one tenant's policy.
//!
//! Guarantees: a parsed file names every setting (`ClampGraceToDeadline` has no default on purpose: somebody must
//! decide), periods under a day are refused unless the stack allows them, and `TtlSlack` exceeds `TtlMargin`. A
//! request fixes its policy at approval. Where next: `domain::deadline` for what the periods are applied to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ids::Tenant;
use super::period::Period;

/// From when an application is told to hide the subject's data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HideFrom {
    /// From the approval on.
    Approval,
    /// From the execution on.
    Execution,
}

/// One tenant's policy, as a request fixes it at approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    /// Approval to execution (default P30D).
    pub grace_period: Period,
    /// A record's sweep to its purge (default P7D; zero = destroyed at execution).
    pub recovery_window: Period,
    /// Receipt to the statutory due date (GDPR Art. 12(3): one month).
    pub due_in: Period,
    /// The longest extension (GDPR Art. 12(3): two further months).
    pub extend_by: Period,
    /// How long an export package stays available.
    pub export_expiry: Period,
    /// How long a closed request can be found by e-mail or subject id.
    pub request_retention: Period,
    /// How long audit entries stay.
    pub audit_retention: Period,
    /// TTL is set this long after the recovery window's end.
    pub ttl_margin: Period,
    /// The purge waits this long after the window's end for DynamoDB's free TTL deletion.
    pub ttl_slack: Period,
    /// Approver is not the requester, executor is not the approver.
    pub two_person_rule: bool,
    /// When the gate hides the subject.
    pub hide_from: HideFrom,
    /// `grace_ends_at = min(approved + grace, due - recovery - slack)`.
    pub clamp_grace_to_deadline: bool,
    /// Must be true for a recovery window of zero: the data is destroyed at execution, with no way back.
    #[serde(default, rename = "destroy_at_once")]
    pub destroy_at_once: bool,
}

/// `policy.yaml`: defaults and overrides per tenant, raw until resolved.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyFile {
    /// Format version, 1.
    pub v: u32,
    /// Settings of every tenant.
    pub defaults: BTreeMap<String, serde_json::Value>,
    /// Settings of one tenant, over the defaults.
    #[serde(default)]
    pub tenants: BTreeMap<Tenant, BTreeMap<String, serde_json::Value>>,
}

/// Why a policy file is refused; the text names the setting and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Not YAML, or not the shape of a policy file.
    #[error("the policy file cannot be read: {0}")]
    Unreadable(String),
    /// A setting is missing, unknown or of the wrong form.
    #[error("policy of {who}: {why}")]
    Setting {
        /// `defaults` or the tenant.
        who: String,
        /// What is wrong.
        why: String,
    },
}

impl PolicyFile {
    /// Parses and checks a file: the defaults and every tenant's resolved policy must hold.
    pub fn parse(yaml: &str, allow_short_periods: bool) -> Result<Self, PolicyError> {
        let file: Self = serde_saphyr::from_str(yaml).map_err(|e| PolicyError::Unreadable(e.to_string()))?;
        if file.v != 1 {
            return Err(PolicyError::Unreadable(format!("format version {} is not 1", file.v)));
        }
        resolve(&file.defaults, "defaults")?.check("defaults", allow_short_periods)?;
        for tenant in file.tenants.keys() {
            file.policy_of(tenant)?.check(tenant.as_str(), allow_short_periods)?;
        }
        Ok(file)
    }

    /// The policy of one tenant: the defaults under its own settings.
    pub fn policy_of(&self, tenant: &Tenant) -> Result<Policy, PolicyError> {
        let mut settings = self.defaults.clone();
        settings.extend(self.tenants.get(tenant).cloned().unwrap_or_default());
        resolve(&settings, tenant.as_str())
    }
}

fn resolve(settings: &BTreeMap<String, serde_json::Value>, who: &str) -> Result<Policy, PolicyError> {
    let mut all = defaults();
    all.extend(settings.clone());
    let value = serde_json::to_value(all).map_err(|e| PolicyError::Unreadable(e.to_string()))?;
    serde_json::from_value(value).map_err(|e| PolicyError::Setting {
        who: who.to_owned(),
        why: e.to_string(),
    })
}

/// The documented defaults. `ClampGraceToDeadline` is left out: a file must decide it.
fn defaults() -> BTreeMap<String, serde_json::Value> {
    let texts = [
        ("GracePeriod", "P30D"),
        ("RecoveryWindow", "P7D"),
        ("DueIn", "P1M"),
        ("ExtendBy", "P2M"),
        ("ExportExpiry", "P7D"),
        ("RequestRetention", "P24M"),
        ("AuditRetention", "P7Y"),
        ("TtlMargin", "P1D"),
        ("TtlSlack", "P2D"),
        ("HideFrom", "execution"),
    ];
    let mut all: BTreeMap<_, _> = texts
        .into_iter()
        .map(|(name, text)| (name.to_owned(), text.into()))
        .collect();
    all.insert("TwoPersonRule".to_owned(), true.into());
    all
}

impl Policy {
    fn check(&self, who: &str, allow_short_periods: bool) -> Result<(), PolicyError> {
        let refuse = |why: String| {
            Err(PolicyError::Setting {
                who: who.to_owned(),
                why,
            })
        };
        if self.recovery_window.is_zero() && !self.destroy_at_once {
            return refuse(
                "RecoveryWindow is zero: state `destroy_at_once: true` to confirm that nothing can be restored".into(),
            );
        }
        if self.ttl_slack.nominal_seconds() <= self.ttl_margin.nominal_seconds() {
            return refuse(
                "TtlSlack must be longer than TtlMargin, or the purge would come before the TTL it waits for".into(),
            );
        }
        let day = Period::seconds(86_400).nominal_seconds();
        for (name, period) in self.periods() {
            let short = period.nominal_seconds() < day && !(name == "RecoveryWindow" && period.is_zero());
            if short && !allow_short_periods {
                return refuse(format!(
                    "{name} is under one day; that needs a stack deployed with AllowShortPeriods=true"
                ));
            }
        }
        Ok(())
    }

    fn periods(&self) -> [(&'static str, Period); 9] {
        [
            ("GracePeriod", self.grace_period),
            ("RecoveryWindow", self.recovery_window),
            ("DueIn", self.due_in),
            ("ExtendBy", self.extend_by),
            ("ExportExpiry", self.export_expiry),
            ("RequestRetention", self.request_retention),
            ("AuditRetention", self.audit_retention),
            ("TtlMargin", self.ttl_margin),
            ("TtlSlack", self.ttl_slack),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "v: 1\ndefaults: {ClampGraceToDeadline: false}\ntenants: {acme: {GracePeriod: P14D}}\n";

    #[test]
    fn a_tenant_overrides_the_defaults() {
        let file = PolicyFile::parse(WHOLE, false).expect("valid");
        let acme = file.policy_of(&"acme".parse().expect("slug")).expect("resolves");
        let other = file.policy_of(&"globex".parse().expect("slug")).expect("resolves");
        assert_eq!(acme.grace_period.to_string(), "P14D");
        assert_eq!(other.grace_period.to_string(), "P30D");
        assert!(acme.two_person_rule && !acme.clamp_grace_to_deadline);
    }

    #[test]
    fn what_a_file_must_not_be() {
        for (yaml, part) in [
            ("v: 1\ndefaults: {}\n", "ClampGraceToDeadline"),
            ("v: 2\ndefaults: {ClampGraceToDeadline: true}\n", "version"),
            ("v: 1\ndefaults: {ClampGraceToDeadline: true, Grace: P1D}\n", "Grace"),
            (
                "v: 1\ndefaults: {ClampGraceToDeadline: true, GracePeriod: 30}\n",
                "string",
            ),
            (
                "v: 1\ndefaults: {ClampGraceToDeadline: true, GracePeriod: PT5S}\n",
                "AllowShortPeriods",
            ),
            (
                "v: 1\ndefaults: {ClampGraceToDeadline: true, RecoveryWindow: P0D}\n",
                "destroy_at_once",
            ),
            (
                "v: 1\ndefaults: {ClampGraceToDeadline: true, TtlSlack: P1D}\n",
                "TtlSlack",
            ),
            (
                "v: 1\ndefaults: {ClampGraceToDeadline: true}\ntenants: {Bad: {}}\n",
                "tenant",
            ),
        ] {
            let error = PolicyFile::parse(yaml, false).expect_err(yaml).to_string();
            assert!(error.contains(part), "{yaml}: {error}");
        }
    }

    #[test]
    fn short_periods_are_for_stacks_that_allow_them() {
        let yaml = "v: 1\ndefaults: {ClampGraceToDeadline: false, GracePeriod: PT5S}\n";
        assert!(PolicyFile::parse(yaml, true).is_ok());
        assert!(PolicyFile::parse(yaml, false).is_err());
    }

    #[test]
    fn only_a_recovery_window_may_be_no_time_at_all() {
        let with = |setting: &str| {
            let yaml = format!("v: 1\ndefaults: {{ClampGraceToDeadline: false, {setting}}}\n");
            PolicyFile::parse(&yaml, false)
        };
        assert!(with("RecoveryWindow: P0D, destroy_at_once: true").is_ok());
        let short = with("RecoveryWindow: PT1H").expect_err("under a day").to_string();
        assert!(short.contains("AllowShortPeriods"), "{short}");
        let none = with("GracePeriod: P0D").expect_err("under a day").to_string();
        assert!(none.contains("AllowShortPeriods"), "{none}");
    }
}
