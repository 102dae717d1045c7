//! Deploys the rights made from the data map as a stack of its own, `<stack>-access`, and waits until it stands.
//!
//! Guarantee: it ends well only when CloudFormation says that the stack is complete; a second run with the same template
//! changes nothing. A first deployment that failed leaves a stack that can only be deleted; it is, and made anew.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::{DisplayErrorContext, ProvideErrorMetadata};
use aws_sdk_cloudformation::types::{Capability, OnFailure, ResourceStatus, Stack};

/// Managed policies are made in seconds; a stack that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(300);
/// Between two looks at a stack that is being changed.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What deploying came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deployed {
    /// The stack is new.
    Created,
    /// The stack has changed.
    Updated,
    /// The stack was as it should be.
    Unchanged,
}

/// Deploys `template` as `name`, and waits.
pub(crate) async fn deploy(client: &Client, name: &str, template: &str) -> Result<Deployed> {
    let mut stack = settled(client, name).await?;
    if status(stack.as_ref()) == "ROLLBACK_COMPLETE" {
        client
            .delete_stack()
            .stack_name(name)
            .send()
            .await
            .with_context(|| format!("cannot delete the failed {name}"))?;
        stack = settled(client, name).await?;
    }
    let done = if stack.is_some() {
        update(client, name, template).await?
    } else {
        create(client, name, template).await?
    };
    if done != Deployed::Unchanged {
        let stack = settled(client, name).await?;
        if !matches!(status(stack.as_ref()), "CREATE_COMPLETE" | "UPDATE_COMPLETE") {
            bail!("{}", reason(client, name, status(stack.as_ref())).await);
        }
    }
    Ok(done)
}

async fn create(client: &Client, name: &str, template: &str) -> Result<Deployed> {
    let call = client.create_stack().stack_name(name).template_body(template);
    // Rolled back, not deleted: its events say what went wrong.
    let call = call
        .capabilities(Capability::CapabilityIam)
        .on_failure(OnFailure::Rollback);
    let made = call.send().await;
    made.map_err(|error| refused(name, &error))?;
    Ok(Deployed::Created)
}

async fn update(client: &Client, name: &str, template: &str) -> Result<Deployed> {
    let call = client.update_stack().stack_name(name).template_body(template);
    match call.capabilities(Capability::CapabilityIam).send().await {
        Ok(_) => Ok(Deployed::Updated),
        // CloudFormation's way to say that the template is the one deployed.
        Err(error) if error.message().is_some_and(|text| text.contains("No updates")) => Ok(Deployed::Unchanged),
        Err(error) => Err(refused(name, &error)),
    }
}

/// The stack once nothing is in progress; none if there is none (any more).
async fn settled(client: &Client, name: &str) -> Result<Option<Stack>> {
    let start = Instant::now();
    loop {
        let stack = describe(client, name).await?;
        let status = status(stack.as_ref());
        if !status.ends_with("_IN_PROGRESS") {
            return Ok(stack.filter(|stack| stack.stack_status().is_some_and(|s| s.as_str() != "DELETE_COMPLETE")));
        }
        if start.elapsed() > PATIENCE {
            bail!(
                "stack {name} has been {status} for {} s; look at it in CloudFormation",
                PATIENCE.as_secs()
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn describe(client: &Client, name: &str) -> Result<Option<Stack>> {
    match client.describe_stacks().stack_name(name).send().await {
        Ok(answer) => Ok(answer.stacks.unwrap_or_default().into_iter().next()),
        Err(refusal) if refusal.message().is_some_and(|text| text.contains("does not exist")) => Ok(None),
        Err(error) => bail!(
            "CloudFormation does not answer about {name}: {}",
            DisplayErrorContext(&error)
        ),
    }
}

fn status(stack: Option<&Stack>) -> &str {
    stack.and_then(Stack::stack_status).map_or("", |status| status.as_str())
}

fn refused<E: std::error::Error>(name: &str, error: &E) -> anyhow::Error {
    anyhow::anyhow!(
        "CloudFormation refuses {name}; it needs the right to make IAM policies: {}",
        DisplayErrorContext(error)
    )
}

/// The first thing that failed, from the stack's events.
async fn reason(client: &Client, name: &str, status: &str) -> String {
    let events = client.describe_stack_events().stack_name(name).send().await;
    let events = events
        .map(|answer| answer.stack_events.unwrap_or_default())
        .unwrap_or_default();
    let failed = |status: Option<&ResourceStatus>| status.is_some_and(|status| status.as_str().ends_with("_FAILED"));
    // Newest first: the last of them is the first failure.
    let first = events.iter().rfind(|event| failed(event.resource_status()));
    let (what, why) = first.map_or(("it", "see its events"), |event| {
        let what = event.logical_resource_id().unwrap_or("it");
        (what, event.resource_status_reason().unwrap_or("no reason given"))
    });
    format!("stack {name} ended as {status}: {what}: {why}")
}
