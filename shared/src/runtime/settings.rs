//! The environment of a function, typed. Each function asks for the groups it needs; a variable that is missing or
//! wrong names itself, once, at the start, instead of failing the first caller.

use crate::domain::ids::Tenant;

/// A variable of the environment is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSetting {
    /// It is not there, or empty.
    #[error("the environment variable {0} is missing; the template sets it for this function")]
    Missing(&'static str),
    /// It says something that cannot be meant.
    #[error("the environment variable {name} must be {expected}")]
    Invalid {
        /// Its name.
        name: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

/// Where variables are looked up: the process, or a test's map.
#[derive(Clone, Copy)]
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<String>);

impl std::fmt::Debug for Environment<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Environment")
    }
}

/// The variables of this process.
pub const PROCESS: Environment<'static> = Environment(&|name| std::env::var(name).ok());

impl<'a> Environment<'a> {
    /// Looks variables up in `lookup`.
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(lookup)
    }

    /// A variable that may be absent; an empty one counts as absent (the template passes empty parameters on).
    pub fn optional(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// A variable that must be there.
    pub fn required(&self, name: &'static str) -> Result<String, BadSetting> {
        self.optional(name).ok_or(BadSetting::Missing(name))
    }

    /// A whole number that must be there.
    pub fn number(&self, name: &'static str) -> Result<u64, BadSetting> {
        let expected = "a whole number";
        let number = self.required(name)?.parse();
        number.map_err(|_| BadSetting::Invalid { name, expected })
    }

    fn switch(&self, name: &'static str) -> Result<bool, BadSetting> {
        match self.required(name)?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(BadSetting::Invalid {
                name,
                expected: "`true` or `false`",
            }),
        }
    }
}

/// Names of the tables; `audit` and the like are asked for only where a function has them.
#[derive(Clone, Debug)]
pub struct TableNames {
    /// Requests and what hangs on them.
    pub requests: String,
    /// The trail; empty for a function that never writes it (notification).
    pub audit: String,
    /// Wrapped data keys.
    pub keys: String,
}

impl TableNames {
    /// Reads `REQUESTS_TABLE`, `KEYS_TABLE` and, if set, `AUDIT_TABLE`.
    pub fn read(env: Environment<'_>) -> Result<Self, BadSetting> {
        Ok(Self {
            requests: env.required("REQUESTS_TABLE")?,
            audit: env.optional("AUDIT_TABLE").unwrap_or_default(),
            keys: env.required("KEYS_TABLE")?,
        })
    }
}

/// The KMS keys.
#[derive(Clone, Debug)]
pub struct SealingKeys {
    /// Wraps data keys and encrypts the buckets.
    pub data_key_arn: String,
    /// Makes references; none for a function that looks nobody up.
    pub mac_key_arn: Option<String>,
}

impl SealingKeys {
    /// Reads `DATA_KEY_ARN` and, if set, `MAC_KEY_ARN`.
    pub fn read(env: Environment<'_>) -> Result<Self, BadSetting> {
        Ok(Self {
            data_key_arn: env.required("DATA_KEY_ARN")?,
            mac_key_arn: env.optional("MAC_KEY_ARN"),
        })
    }
}

/// The queues' addresses; none where a function may not send.
#[derive(Clone, Debug)]
pub struct QueueUrls {
    /// Queue `plans`.
    pub plans: Option<String>,
    /// Queue `chunks`.
    pub chunks: Option<String>,
    /// Queue `parts`.
    pub parts: Option<String>,
}

impl QueueUrls {
    /// Reads `PLANS_QUEUE_URL`, `CHUNKS_QUEUE_URL` and `PARTS_QUEUE_URL`, as far as set.
    pub fn read(env: Environment<'_>) -> Self {
        Self {
            plans: env.optional("PLANS_QUEUE_URL"),
            chunks: env.optional("CHUNKS_QUEUE_URL"),
            parts: env.optional("PARTS_QUEUE_URL"),
        }
    }
}

/// How callers of the API are recognised, and what `/v1/health` says.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// Group whose members decide.
    pub operator_group: String,
    /// Group whose members read.
    pub auditor_group: String,
    /// Claim that lists the groups.
    pub groups_claim: String,
    /// Claim that names the tenant.
    pub tenant_claim: String,
    /// Claim with the application's id of the caller.
    pub subject_id_claim: String,
    /// Claim that says when the caller last signed in.
    pub reauth_claim: String,
    /// Tenant of callers whose token names none.
    pub single_tenant: Option<Tenant>,
    /// Whether a policy may have periods under a day.
    pub allow_short_periods: bool,
    /// Lethe's version.
    pub version: String,
}

impl ApiSettings {
    /// Reads the variables of the functions behind the API.
    pub fn read(env: Environment<'_>) -> Result<Self, BadSetting> {
        let single_tenant = env.optional("SINGLE_TENANT").map(Tenant::try_from).transpose();
        Ok(Self {
            operator_group: env.required("OPERATOR_GROUP")?,
            auditor_group: env.required("AUDITOR_GROUP")?,
            groups_claim: env.required("GROUPS_CLAIM")?,
            tenant_claim: env.required("TENANT_CLAIM")?,
            subject_id_claim: env.required("SUBJECT_ID_CLAIM")?,
            reauth_claim: env.required("REAUTH_CLAIM")?,
            single_tenant: single_tenant.map_err(|_| BadSetting::Invalid {
                name: "SINGLE_TENANT",
                expected: "1 to 63 of a-z, 0-9 and -",
            })?,
            allow_short_periods: env.switch("ALLOW_SHORT_PERIODS")?,
            version: env.required("LETHE_VERSION")?,
        })
    }
}

/// Who letters come from and what they name.
#[derive(Clone, Debug)]
pub struct MailSettings {
    /// Sender's address.
    pub sender: String,
    /// Where operators are told.
    pub operator: String,
    /// What letters name for questions.
    pub support_contact: String,
    /// Page where people see their requests.
    pub account_url: String,
}

impl MailSettings {
    /// Reads the variables of notification.
    pub fn read(env: Environment<'_>) -> Result<Self, BadSetting> {
        Ok(Self {
            sender: env.required("SENDER_EMAIL")?,
            operator: env.required("OPERATOR_EMAIL")?,
            support_contact: env.required("SUPPORT_CONTACT")?,
            account_url: env.required("ACCOUNT_URL")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: [(&str, &str); 9] = [
        ("OPERATOR_GROUP", "PlatformAdmin"),
        ("AUDITOR_GROUP", "Auditor"),
        ("GROUPS_CLAIM", "cognito:groups"),
        ("TENANT_CLAIM", "custom:tenant"),
        ("SUBJECT_ID_CLAIM", "custom:subject_id"),
        ("REAUTH_CLAIM", "auth_time"),
        ("SINGLE_TENANT", ""),
        ("ALLOW_SHORT_PERIODS", "false"),
        ("LETHE_VERSION", "0.1.0"),
    ];

    fn read(changed: (&str, Option<&str>)) -> Result<ApiSettings, BadSetting> {
        let lookup = |name: &str| {
            let (_, value) = API.iter().find(|(known, _)| *known == name)?;
            let value = if changed.0 == name { changed.1? } else { value };
            Some(value.to_owned())
        };
        ApiSettings::read(Environment::new(&lookup))
    }

    #[test]
    fn a_whole_environment_is_read() {
        let settings = read(("", None)).expect("whole");
        assert_eq!((settings.single_tenant, settings.allow_short_periods), (None, false));
    }

    #[test]
    fn a_missing_or_empty_variable_names_itself() {
        for name in ["OPERATOR_GROUP", "TENANT_CLAIM", "ALLOW_SHORT_PERIODS", "LETHE_VERSION"] {
            for value in [None, Some("")] {
                let refusal = read((name, value)).expect_err(name).to_string();
                assert!(refusal.contains(name), "{refusal}");
            }
        }
    }

    #[test]
    fn a_number_is_read_whole_or_refused() {
        let of = |value: &'static str| {
            let lookup = move |_: &str| Some(value.to_owned());
            Environment::new(&lookup).number("MAX_PART_SIZE")
        };
        assert_eq!(of("1073741824"), Ok(1 << 30));
        for wrong in ["", "1e9", "-1", "1 GiB"] {
            let refusal = of(wrong).expect_err(wrong).to_string();
            assert!(refusal.contains("MAX_PART_SIZE"), "{refusal}");
        }
    }

    #[test]
    fn a_wrong_value_says_what_is_expected() {
        assert!(read(("SINGLE_TENANT", Some("ACME"))).is_err());
        assert!(read(("ALLOW_SHORT_PERIODS", Some("yes"))).is_err());
    }
}
