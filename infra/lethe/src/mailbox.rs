//! Every e-mail a local stack has sent: the emulator keeps them instead of delivering.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::stack_file::Stack;

/// One sent e-mail.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Letter {
    /// SES's id of it.
    pub message_id: String,
    /// The sender.
    pub source: String,
    /// The addressees.
    #[serde(default)]
    pub to: Vec<String>,
    /// The subject line.
    #[serde(default)]
    pub subject: String,
    /// The plain form.
    #[serde(default)]
    pub body_text: Option<String>,
    /// The HTML form.
    #[serde(default)]
    pub body_html: Option<String>,
}

#[derive(Deserialize)]
struct Sent {
    /// By account.
    messages: BTreeMap<String, Vec<Letter>>,
}

/// What was sent so far, oldest first.
pub async fn letters(stack: &Stack) -> Result<Vec<Letter>> {
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .context("cannot make an HTTP client")?;
    let url = format!("{}/_ministack/ses/messages", stack.endpoint);
    let answer = http
        .get(url)
        .send()
        .await
        .context("the emulator does not answer; is the stack up?")?;
    let sent: Sent = answer
        .json()
        .await
        .context("this emulator does not list its e-mails; use the one `up` starts")?;
    Ok(sent.messages.into_values().flatten().collect())
}

/// What was sent to one address so far, oldest first.
pub async fn letters_to(stack: &Stack, address: &str) -> Result<Vec<Letter>> {
    let mut letters = letters(stack).await?;
    letters.retain(|letter| letter.to.iter().any(|to| to == address));
    Ok(letters)
}
