//! Real mails as records of the sample application: each is a message and a file of its sender.
//!
//! The mails are fetched by `tests/fixtures/fetch-mails` and turned into the NDJSON that `lethe seed --from` takes. Senders
//! are the customers. What real people wrote is as odd as data gets: raw bytes, broken dates, addresses in any form.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::json;

use crate::project;

/// The tenant whose customers the senders are.
pub const TENANT: &str = "test-mails";
/// Largest text put into one item: DynamoDB takes 400 KB with everything else in it.
const MOST_TEXT_BYTES: usize = 300_000;
/// What the script ends with when the mails cannot be had here.
const NOT_HERE: i32 = 75;

/// Where the mails are, or why they cannot be had here.
pub fn fetch() -> Result<Result<PathBuf, String>> {
    let script = project::root().join("tests/fixtures/fetch-mails");
    let output = Command::new(&script)
        .output()
        .with_context(|| format!("{} cannot run", script.display()))?;
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(Ok(PathBuf::from(said(&output.stdout)))),
        Some(NOT_HERE) => Ok(Err(said(&output.stderr))),
        other => bail!("{} ended with {other:?}: {}", script.display(), said(&output.stderr)),
    }
}

#[derive(Deserialize)]
struct Mail {
    id: String,
    group: String,
    text: String,
}

/// Writes the NDJSON to `file`, which must lie in the folder of the mails: lines name their files relative to it.
/// Answers how many mails each sender wrote.
pub fn convert(folder: &Path, file: &Path) -> Result<BTreeMap<String, u64>> {
    let mut out = BufWriter::new(File::create(file).context("cannot write beside the mails")?);
    let mut senders = BTreeMap::new();
    for path in mails_in(folder)? {
        let bytes = fs::read(&path).with_context(|| format!("{}", path.display()))?;
        let mail: Mail = serde_json::from_slice(&bytes).with_context(|| format!("{}", path.display()))?;
        let sender = sender(&mail.text);
        *senders.entry(sender.clone()).or_insert(0) += 1;
        let name = path.strip_prefix(folder)?.with_extension("txt");
        for line in lines(&mail, &sender, &name) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(senders)
}

fn mails_in(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut all = vec![];
    for group in fs::read_dir(folder)?.flatten().filter(|entry| entry.path().is_dir()) {
        let mails = fs::read_dir(group.path())?.flatten().map(|entry| entry.path());
        all.extend(mails.filter(|path| path.extension().is_some_and(|ending| ending == "json")));
    }
    all.sort();
    Ok(all)
}

fn lines(mail: &Mail, sender: &str, name: &Path) -> [serde_json::Value; 2] {
    let (group, id) = (&mail.group, &mail.id);
    let end = (0..=mail.text.len().min(MOST_TEXT_BYTES))
        .rev()
        .find(|at| mail.text.is_char_boundary(*at));
    let record = json!({
        "sk": format!("MSG#{group}#{id}"),
        "conversation_id": format!("{TENANT}/{sender}/{}", header(&mail.text, "subject").unwrap_or("none").chars().take(200).collect::<String>()),
        "sent_at": sent_at(&mail.text),
        "author_email": sender,
        "text": &mail.text[..end.unwrap_or_default()],
    });
    [
        json!({ "tenant": TENANT, "dataset": "messages", "subject": sender, "record": record }),
        json!({
            "tenant": TENANT, "dataset": "attachments", "subject": sender,
            "key": format!("{TENANT}/{sender}/{group}-{id}.eml"), "file": name,
        }),
    ]
}

/// The sender's address in small letters; `unknown` where the mail names none.
fn sender(text: &str) -> String {
    let from = header(text, "from").and_then(address);
    let envelope = || {
        text.lines()
            .next()
            .and_then(|line| line.strip_prefix("From "))
            .and_then(address)
    };
    from.or_else(envelope).unwrap_or_else(|| "unknown".to_owned())
}

fn address(text: &str) -> Option<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || "@.+-_=".contains(c);
    let words = text.split(|c: char| !part(c));
    let mut addresses = words.filter(|word| {
        word.split_once('@')
            .is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
    });
    addresses.next().map(str::to_lowercase)
}

/// The first line of a header field.
fn header<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let fields = text.lines().take_while(|line| !line.trim().is_empty());
    let mut named = fields
        .filter_map(|line| line.split_once(':'))
        .filter(|(field, _)| field.eq_ignore_ascii_case(name));
    named.next().map(|(_, value)| value.trim())
}

/// When it was sent, as far as the mail can be believed: some claim to come from the future.
fn sent_at(text: &str) -> String {
    let newest: jiff::Timestamp = jiff::Timestamp::constant(1_072_915_200, 0);
    let parsed = header(text, "date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    parsed
        .map(|zoned| zoned.timestamp())
        .filter(|at| *at < newest)
        .unwrap_or(newest)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_found_in_every_form() {
        for (text, expected) in [
            ("From: Ada <Ada@Example.org>\n\nx", "ada@example.org"),
            ("From: ada@example.org (Ada)\n\nFrom: x@y.z", "ada@example.org"),
            ("From ada@example.org  Thu Aug 22\nSubject: x\n\n", "ada@example.org"),
            ("Subject: x\n\nFrom: ada@example.org", "unknown"),
        ] {
            assert_eq!(sender(text), expected, "{text}");
        }
    }

    #[test]
    fn a_date_that_cannot_be_believed_is_not() {
        assert_eq!(
            sent_at("Date: Thu, 22 Aug 2002 18:26:25 +0700\n\n"),
            "2002-08-22T11:26:25Z"
        );
        for odd in [
            "Date: Thu, 22 Aug 2037 18:26:25 +0700\n\n",
            "Date: yesterday\n\n",
            "\n\n",
        ] {
            assert_eq!(sent_at(odd), "2004-01-01T00:00:00Z", "{odd}");
        }
    }
}
