//! The function `notification`: the stream of new `OUTBOX#` rows. Each is one e-mail owed; it is written from the
//! request as it is now and handed to SES.
//!
//! Guarantees: a mail that cannot be taken now never blocks the ones behind it: its row stays, and supervision puts it
//! anew. Where next: `shared::workflow::notify`, [`compose`], [`letter`].

mod account;
pub mod compose;
pub mod letter;

use jiff::Timestamp;
use serde::Deserialize;
use shared::domain::ids::RequestKey;
use shared::ports::{Keys, Mailer, Outbox, Requests, Sealer};
use shared::runtime::settings::MailSettings;
use shared::storage::keys::mail_of;
use shared::workflow::failure::Failure;
use shared::workflow::notify::{Delivered, deliver};
use shared::workflow::records::{Loaded, Records};

/// The outside of this function, built once.
pub struct Notification<S, K, M> {
    /// Requests, mails, keys.
    pub records: Records<S, K>,
    /// The mail service.
    pub mailer: M,
    /// Who letters come from and what they name.
    pub settings: MailSettings,
}

/// A batch of the table's stream (KEYS_ONLY); the template's filter lets only inserted `OUTBOX#` rows through.
#[derive(Debug, Deserialize)]
pub struct StreamEvent {
    /// In the order of the shard.
    #[serde(rename = "Records")]
    pub records: Vec<StreamRecord>,
}

/// One inserted row.
#[derive(Debug, Deserialize)]
pub struct StreamRecord {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: RowKeys,
}

#[derive(Debug, Deserialize)]
struct RowKeys {
    pk: Text,
    sk: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl StreamRecord {
    /// Which mail it is; none for a row that is no mail.
    pub fn mail(&self) -> Option<(RequestKey, u32)> {
        mail_of(&self.dynamodb.keys.pk.text, &self.dynamodb.keys.sk.text)
    }
}

impl<S, K, M> Notification<S, K, M>
where
    S: Requests + Keys + Outbox,
    K: Sealer,
    M: Mailer,
{
    /// Handles a batch in the invocation of this id. A failure of one mail is logged; its row stays for supervision.
    pub async fn handle(&self, event: &StreamEvent, invocation: &str, clock: impl Fn() -> Timestamp) {
        for record in &event.records {
            let Some((key, n)) = record.mail() else { continue };
            match self.deliver((&key, n, invocation), clock()).await {
                Ok(delivered) => tracing::info!(request = %key, n, ?delivered, "mail handled"),
                Err(failure) => {
                    tracing::error!(request = %key, n, error = &failure as &dyn std::error::Error, "mail could not be handled")
                }
            }
        }
    }

    async fn deliver(&self, mail: (&RequestKey, u32, &str), now: Timestamp) -> Result<Delivered, Failure> {
        let write = |mail: &_, loaded: &Loaded| compose::compose(mail, &loaded.request, &self.settings);
        deliver(&self.records, &self.mailer, mail, write, now).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_streams_own_event_names_the_mail() {
        let event: StreamEvent = serde_json::from_str(include_str!("../events/stream.json")).expect("parses");
        let (key, n) = event.records[0].mail().expect("a mail");
        assert_eq!((key.tenant.as_str(), n), ("acme", 1));
    }
}
