//! The sample application's stack from the outside: its template, its output names, and the data map and policy that
//! an operator would apply for it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};

/// The stack's CloudFormation template.
pub const TEMPLATE: &str = include_str!("../template.yaml");

/// The policy to apply for the two sample tenants: `acme` lives in seconds, `globex` in days.
pub const POLICY: &str = include_str!("../policy.yaml");

const DATA_MAP: &str = include_str!("../data-map.yaml");

/// The two AWS services the sample application uses.
#[derive(Debug, Clone)]
pub struct Clients {
    /// For `messages` and `profiles`.
    pub dynamodb: aws_sdk_dynamodb::Client,
    /// For `attachments`.
    pub s3: aws_sdk_s3::Client,
}

/// What CloudFormation called the stack's resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// Output `MessagesTable`.
    pub messages: String,
    /// Output `ProfilesTable`.
    pub profiles: String,
    /// Output `AttachmentsBucket`.
    pub attachments: String,
}

impl Names {
    /// Reads the names from the stack's outputs; says which one is missing.
    pub fn from_outputs(outputs: &BTreeMap<String, String>) -> Result<Self> {
        let output = |name: &str| {
            let value = outputs.get(name).cloned();
            value.with_context(|| {
                format!("the demo stack has no output {name}; run `cargo lethe up` to deploy it again")
            })
        };
        Ok(Self {
            messages: output("MessagesTable")?,
            profiles: output("ProfilesTable")?,
            attachments: output("AttachmentsBucket")?,
        })
    }

    /// How every name of the stack begins: CloudFormation makes them of the stack's name, the resource's and a number.
    fn application(&self) -> &str {
        self.messages.split("Messages").next().unwrap_or_default()
    }
}

/// The data map with the stack's names filled in, ready for `lethe data-map apply`.
pub fn data_map(names: &Names) -> Result<String> {
    let filled = DATA_MAP
        .replace("${Application}", names.application())
        .replace("${MessagesTable}", &names.messages)
        .replace("${ProfilesTable}", &names.profiles)
        .replace("${AttachmentsBucket}", &names.attachments);
    let left = filled
        .lines()
        .find(|line| !line.trim_start().starts_with('#') && line.contains("${"));
    ensure!(
        left.is_none(),
        "infra/demo/data-map.yaml names an output the demo stack does not have: {left:?}"
    );
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use shared::domain::data_map::lint::lint;
    use shared::domain::ids::SubjectId;
    use shared::domain::policy::PolicyFile;

    use super::*;
    use crate::record::Dataset;
    use crate::{attachments, messages, profiles};

    fn outputs(names: &[&str]) -> BTreeMap<String, String> {
        names
            .iter()
            .map(|name| (name.to_string(), format!("shop-{name}-1a2b")))
            .collect()
    }

    #[test]
    fn the_data_map_is_filled_with_every_output() {
        let names = Names::from_outputs(&outputs(&["MessagesTable", "ProfilesTable", "AttachmentsBucket"])).unwrap();
        let map = data_map(&names).unwrap();
        for part in [
            "application: [shop-]",
            "table: shop-MessagesTable-1a2b",
            "table: shop-ProfilesTable-1a2b",
            "bucket: shop-AttachmentsBucket-1a2b",
        ] {
            assert!(map.contains(part), "{part} in\n{map}");
        }
    }

    #[test]
    fn data_map_and_policy_are_what_lethe_accepts() {
        let names = Names::from_outputs(&outputs(&["MessagesTable", "ProfilesTable", "AttachmentsBucket"])).unwrap();
        let linted = lint(&data_map(&names).unwrap());
        assert_eq!(linted.mistakes(), []);
        let map = linted.map();
        let ids: Vec<&str> = map.datasets.iter().map(|dataset| dataset.id.as_str()).collect();
        assert_eq!(
            ids,
            [Dataset::Messages, Dataset::Profiles, Dataset::Attachments].map(Dataset::id)
        );
        let (acme, subject) = (
            "acme".parse().unwrap(),
            SubjectId::try_from("cust-1".to_owned()).unwrap(),
        );
        let located: Vec<String> = map
            .datasets
            .iter()
            .map(|dataset| dataset.locate(&acme, &subject))
            .collect();
        let generated = [
            messages::partition_key("acme", "cust-1"),
            profiles::partition_key("cust-1"),
            attachments::prefix("acme", "cust-1"),
        ];
        assert_eq!(located, generated, "the map finds what the generator writes");
        let policy = PolicyFile::parse(POLICY, true).unwrap();
        let settings = policy.policy_of(&acme).unwrap();
        assert_ne!(settings, policy.policy_of(&"globex".parse().unwrap()).unwrap());
        assert!(PolicyFile::parse(POLICY, false).is_err(), "acme's periods are short");
    }

    #[test]
    fn a_missing_output_is_named() {
        let error = Names::from_outputs(&outputs(&["MessagesTable", "AttachmentsBucket"])).unwrap_err();
        assert!(error.to_string().contains("ProfilesTable"), "{error}");
    }

    #[test]
    fn every_output_the_names_need_is_in_the_template() {
        for output in ["MessagesTable:", "ProfilesTable:", "AttachmentsBucket:"] {
            assert!(TEMPLATE.contains(output), "{output}");
        }
    }
}
