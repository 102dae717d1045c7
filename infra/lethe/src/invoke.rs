//! Invokes a function by the name of its stack output, and waits for what it returns.
//!
//! Supervision runs each minute by itself; where a person or a test waits, it is invoked at once.

use anyhow::{Context, Result, bail};
use aws_sdk_lambda::primitives::Blob;
use serde_json::{Value, json};

use crate::clients::Clients;
use crate::stack_file::Stack;

/// Invokes the function of output `<output>` (`SupervisionFunction`, say) with `payload`.
pub async fn invoke(stack: &Stack, output: &str, payload: &Value) -> Result<Value> {
    let lambda = Clients::of(stack).await.lambda();
    let call = lambda
        .invoke()
        .function_name(stack.output(output)?)
        .payload(Blob::new(serde_json::to_vec(payload)?));
    let answer = call
        .send()
        .await
        .with_context(|| format!("{output} cannot be invoked; is the stack up?"))?;
    let returned = answer.payload.map(Blob::into_inner).unwrap_or_default();
    let returned = serde_json::from_slice(&returned).unwrap_or(Value::Null);
    match answer.function_error {
        None => Ok(returned),
        Some(kind) => bail!("{output} failed ({kind}): {returned}; its log group has the rest"),
    }
}

/// The daily look for what no dataset names, exactly as its schedule starts it.
pub async fn survey(stack: &Stack) -> Result<Value> {
    invoke(stack, "SupervisionFunction", &json!({ "check": "sources" })).await
}

/// One round of supervision, exactly as its schedule starts it.
pub async fn supervise(stack: &Stack) -> Result<Value> {
    let event = json!({ "source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": {} });
    invoke(stack, "SupervisionFunction", &event).await
}
