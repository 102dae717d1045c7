//! The functions of the stack, talking to its services through the proxy until the last trial of the process is over.
//!
//! A service's own endpoint variable (`AWS_ENDPOINT_URL_DYNAMODB`, ...) in a function's configuration is stronger than
//! the emulator's; that is the whole trick. What is changed is put back when the last trial ends, also by a panic: other
//! tests on the same stack want it as it was deployed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_lambda::types::{Environment, LastUpdateStatus};
use aws_sdk_sqs::types::QueueAttributeName;
use lethe::clients::Clients;
use lethe::stack_file::Stack;

use crate::proxy::Proxy;
use crate::queues::reads_dead_letters;
use crate::trial::is_long;

/// Every function, by its output.
const FUNCTIONS: [&str; 7] = [
    "SubmissionFunction",
    "ReviewFunction",
    "PlanningFunction",
    "ExecutionFunction",
    "PackagingFunction",
    "SupervisionFunction",
    "NotificationFunction",
];
/// The services a function calls, as the SDK's variables name them.
const SERVICES: [&str; 5] = ["DYNAMODB", "SQS", "S3", "KMS", "SESV2"];
const POLL: Duration = Duration::from_millis(100);

/// How much patience functions and queues have while the detour stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As deployed.
    Deployed,
    /// Short, so that what takes ten minutes to go wrong on AWS takes one here: a planner has three seconds before it
    /// continues, a worker ten before it is stopped, a message is back after twelve and a dead letter after three of them.
    Short,
}

/// What [`Patience::Short`] means for functions, in seconds. Packaging writes the whole package of a trial in one go.
fn timeouts() -> [(&'static str, i32); 3] {
    let packaging = if is_long() { 100 } else { 20 };
    [
        ("PlanningFunction", 28),
        ("ExecutionFunction", 10),
        ("PackagingFunction", packaging),
    ]
}

/// And for queues: seconds until a message is seen again. A part's is when its lease is over.
fn visibility() -> [(&'static str, &'static str); 6] {
    [
        ("PlansQueueUrl", "32"),
        ("ChunksQueueUrl", "12"),
        ("PartsQueueUrl", if is_long() { "112" } else { "32" }),
        ("PlansDlqUrl", "4"),
        ("ChunksDlqUrl", "4"),
        ("PartsDlqUrl", "4"),
    ]
}

/// And how many receipts make a dead letter.
const RECEIPTS: u32 = 3;

/// The detour through the proxy.
#[derive(Debug)]
pub struct Detour {
    /// The proxy the functions talk to.
    pub proxy: Proxy,
    stack: Stack,
    before: Before,
}

/// What was deployed.
#[derive(Debug, Default)]
struct Before {
    functions: Vec<Function>,
    queues: Vec<(String, HashMap<QueueAttributeName, String>)>,
}

#[derive(Debug, Clone)]
struct Function {
    name: String,
    variables: HashMap<String, String>,
    timeout: i32,
}

static CURRENT: Mutex<Weak<Detour>> = Mutex::new(Weak::new());

impl Detour {
    /// The one of this process, made if there is none.
    pub async fn join(stack: &Stack, patience: Patience) -> Arc<Self> {
        let stack = stack.clone();
        let made = tokio::task::spawn_blocking(move || {
            let mut current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(detour) = current.upgrade() {
                return Ok(detour);
            }
            let detour = Arc::new(block_on(Self::make(stack, patience))??);
            *current = Arc::downgrade(&detour);
            Ok::<_, anyhow::Error>(detour)
        });
        made.await
            .expect("making a detour does not panic")
            .expect("the functions can be sent through the proxy")
    }

    async fn make(stack: Stack, patience: Patience) -> Result<Self> {
        let proxy = Proxy::start(&stack.endpoint, &FUNCTIONS)?;
        let clients = Clients::of(&stack).await;
        let mut detour = Self {
            proxy,
            before: Before::default(),
            stack,
        };
        for output in FUNCTIONS {
            let before = read(&clients, detour.stack.output(output)?).await?;
            let mut after = before.clone();
            // Noted before it is changed: whatever fails from here on is put back.
            detour.before.functions.push(before);
            let url = detour.proxy.url(output);
            after
                .variables
                .extend(SERVICES.map(|service| (format!("AWS_ENDPOINT_URL_{service}"), url.clone())));
            if let (Patience::Short, Some((_, timeout))) =
                (patience, timeouts().iter().find(|(name, _)| *name == output))
            {
                after.timeout = *timeout;
            }
            write(&clients, &after).await?;
        }
        if patience == Patience::Short {
            detour.shorten_queues(&clients).await?;
        }
        Ok(detour)
    }

    async fn shorten_queues(&mut self, clients: &Clients) -> Result<()> {
        for (output, seconds) in visibility() {
            let url = self.stack.output(output)?.to_owned();
            let names = [QueueAttributeName::VisibilityTimeout, QueueAttributeName::RedrivePolicy];
            let asked = clients
                .sqs()
                .get_queue_attributes()
                .queue_url(&url)
                .set_attribute_names(Some(names.to_vec()));
            let before = asked
                .send()
                .await
                .context("GetQueueAttributes")?
                .attributes
                .unwrap_or_default();
            let mut after = before.clone();
            after.insert(QueueAttributeName::VisibilityTimeout, seconds.to_owned());
            if let Some(policy) = after.get_mut(&QueueAttributeName::RedrivePolicy) {
                *policy = fewer_receipts(policy)?;
            }
            self.before.queues.push((url.clone(), before));
            set(clients, &url, after).await?;
        }
        Ok(())
    }

    async fn undo(stack: Stack, before: Before) -> Result<()> {
        let clients = Clients::of(&stack).await;
        for function in &before.functions {
            write(&clients, function).await?;
        }
        for (url, attributes) in before.queues {
            set(&clients, &url, attributes).await?;
        }
        // A redrive that did not come to its end has left them unread.
        reads_dead_letters(&clients, stack.output("SupervisionFunction")?, true).await;
        Ok(())
    }
}

impl Drop for Detour {
    fn drop(&mut self) {
        let current = CURRENT.lock().unwrap_or_else(PoisonError::into_inner);
        if current.strong_count() > 0 {
            // Another trial began while this one ended: its detour stands on what this one noted.
            return;
        }
        let (stack, before) = (self.stack.clone(), std::mem::take(&mut self.before));
        // A thread of its own: a trial ends inside a runtime, which cannot wait for another.
        let undone = std::thread::spawn(move || block_on(Self::undo(stack, before)).and_then(|undone| undone)).join();
        let undone = undone.unwrap_or_else(|_| Err(anyhow::anyhow!("putting the functions back panicked")));
        if let Err(error) = undone {
            // Whoever comes next fails loudly on functions without a proxy; here nothing more can be done.
            eprintln!("the functions still talk to a proxy that is gone: {error:#}");
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(runtime.block_on(work))
}

/// The redrive policy with another count.
fn fewer_receipts(policy: &str) -> Result<String> {
    let mut policy: serde_json::Value = serde_json::from_str(policy).context("a redrive policy is JSON")?;
    policy["maxReceiveCount"] = RECEIPTS.into();
    Ok(policy.to_string())
}

async fn set(clients: &Clients, url: &str, attributes: HashMap<QueueAttributeName, String>) -> Result<()> {
    let call = clients
        .sqs()
        .set_queue_attributes()
        .queue_url(url)
        .set_attributes(Some(attributes));
    call.send().await.context("SetQueueAttributes")?;
    Ok(())
}

async fn read(clients: &Clients, name: &str) -> Result<Function> {
    let asked = clients
        .lambda()
        .get_function_configuration()
        .function_name(name)
        .send()
        .await;
    let found = asked.context("GetFunctionConfiguration")?;
    let mut variables = found
        .environment
        .and_then(|environment| environment.variables)
        .unwrap_or_default();
    // A process that was killed in the middle of its trials left these.
    variables.retain(|name, _| !name.starts_with("AWS_ENDPOINT_URL_"));
    Ok(Function {
        name: name.to_owned(),
        variables,
        timeout: found.timeout.context("a function has a time-out")?,
    })
}

/// Writes a configuration and waits until it holds: the emulator then stops the processes that had the old one.
async fn write(clients: &Clients, function: &Function) -> Result<()> {
    let lambda = clients.lambda();
    let environment = Environment::builder()
        .set_variables(Some(function.variables.clone()))
        .build();
    let update = lambda.update_function_configuration().function_name(&function.name);
    let update = update.environment(environment).timeout(function.timeout);
    update.send().await.context("UpdateFunctionConfiguration")?;
    loop {
        let now = lambda
            .get_function_configuration()
            .function_name(&function.name)
            .send()
            .await;
        if now.context("GetFunctionConfiguration")?.last_update_status != Some(LastUpdateStatus::InProgress) {
            return Ok(());
        }
        tokio::time::sleep(POLL).await;
    }
}
