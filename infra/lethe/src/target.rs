//! Which deployment a command means: the local stack, or with `--stack NAME` the one of that name in the account the
//! SDK's default chain finds. Either way its outputs and parameters are read from CloudFormation, so a command that
//! works here works on AWS.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use clap::Args;

use crate::clients::Clients;
use crate::stack_file::Stack;

/// Says which deployment; flattened into the subcommands that work on AWS too.
#[derive(Debug, Args)]
pub struct TargetArgs {
    /// The name of a stack on AWS; left out, the local stack of this checkout.
    #[arg(long = "stack", value_name = "NAME")]
    stack_name: Option<String>,
}

/// One deployment of `template.yaml`.
#[derive(Debug, Clone)]
pub struct Target {
    /// Clients that reach it.
    pub clients: Clients,
    /// The CloudFormation stack.
    pub stack_name: String,
    /// Every output.
    pub outputs: BTreeMap<String, String>,
    /// Every parameter it was deployed with.
    pub parameters: BTreeMap<String, String>,
}

impl TargetArgs {
    /// A stack on AWS, or the local one.
    #[must_use]
    pub fn named(stack_name: Option<String>) -> Self {
        Self { stack_name }
    }

    /// Finds the deployment.
    pub async fn resolve(&self) -> Result<Target> {
        match &self.stack_name {
            Some(name) => Target::read(Clients::from_environment().await, name).await,
            None => {
                let stack = Stack::load().context("name a stack on AWS with --stack NAME, or start the local one")?;
                Target::read(Clients::of(&stack).await, &stack.stack_name).await
            }
        }
    }
}

impl Target {
    /// Reads a stack that must be there.
    pub async fn read(clients: Clients, stack_name: &str) -> Result<Self> {
        let found = Self::find(clients, stack_name).await?;
        found.with_context(|| format!("there is no deployed stack {stack_name}; check name, region and account"))
    }

    /// Reads a stack; nothing if there is none or it was never deployed well.
    pub async fn find(clients: Clients, stack_name: &str) -> Result<Option<Self>> {
        let answer = clients
            .cloudformation()
            .describe_stacks()
            .stack_name(stack_name)
            .send()
            .await;
        let stacks = match answer {
            Ok(answer) => answer.stacks.unwrap_or_default(),
            // CloudFormation's way to say that there is no such stack.
            Err(refusal) if refusal.message().is_some_and(|text| text.contains("does not exist")) => return Ok(None),
            Err(error) => bail!(
                "CloudFormation does not answer; check credentials, region and network: {}",
                DisplayErrorContext(&error)
            ),
        };
        let deployed = |stack: &&aws_sdk_cloudformation::types::Stack| {
            let status = stack.stack_status().map_or("", |status| status.as_str());
            matches!(
                status,
                "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "UPDATE_ROLLBACK_COMPLETE" | "IMPORT_COMPLETE"
            )
        };
        let Some(stack) = stacks.iter().find(deployed) else {
            return Ok(None);
        };
        let outputs = stack
            .outputs()
            .iter()
            .map(|one| pair(one.output_key(), one.output_value()));
        let parameters = stack
            .parameters()
            .iter()
            .map(|one| pair(one.parameter_key(), one.parameter_value()));
        let (outputs, parameters) = (outputs.collect(), parameters.collect());
        Ok(Some(Self {
            clients,
            stack_name: stack_name.to_owned(),
            outputs,
            parameters,
        }))
    }

    /// An output by name.
    pub fn output(&self, name: &str) -> Result<&str> {
        let value = self.outputs.get(name);
        let missing = || {
            format!(
                "stack {} has no output {name}; deploy this version's template",
                self.stack_name
            )
        };
        value.map(String::as_str).with_context(missing)
    }

    /// A parameter by name; empty when it was not given.
    #[must_use]
    pub fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }
}

fn pair(key: Option<&str>, value: Option<&str>) -> (String, String) {
    (key.unwrap_or_default().to_owned(), value.unwrap_or_default().to_owned())
}
