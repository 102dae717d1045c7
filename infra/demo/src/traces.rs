//! What is physically left of one customer, hidden or not: items, index entries, versions and markers.
//!
//! Items are found by a full scan, not by the query an erasure uses: a record the erasure cannot see is exactly what
//! this has to find.

use anyhow::Result;

use crate::item::{self, Item};
use crate::stack::{Clients, Names};
use crate::{attachments, messages, profiles, scan};

/// The places and what is left in each, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Traces {
    /// Sort keys in `messages`.
    pub messages: Vec<Trace>,
    /// Sort keys seen through the index `by_conversation`.
    pub by_conversation: Vec<Trace>,
    /// Sort keys in `profiles`.
    pub profiles: Vec<Trace>,
    /// Object keys, one for each version and marker.
    pub attachments: Vec<Trace>,
}

/// One thing that is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// Its sort key or object key.
    pub key: String,
    /// Whether it is hidden: an item with the mark `erasure_id`, a version that is not the newest, or a marker.
    pub hidden: bool,
}

impl Traces {
    /// Nothing is left anywhere.
    pub fn is_empty(&self) -> bool {
        self.all().next().is_none()
    }

    /// How many things the application still shows.
    pub fn shown(&self) -> usize {
        self.all().filter(|trace| !trace.hidden).count()
    }

    fn all(&self) -> impl Iterator<Item = &Trace> {
        [&self.messages, &self.by_conversation, &self.profiles, &self.attachments]
            .into_iter()
            .flatten()
    }
}

/// Looks through all three stores and the index for what is left of a customer.
pub async fn traces_of(clients: &Clients, names: &Names, tenant: &str, customer: &str) -> Result<Traces> {
    let (dynamodb, mut left) = (&clients.dynamodb, Traces::default());
    let is_message = |item: &Item| item::text(item, "pk").and_then(messages::owner_of) == Some((tenant, customer));
    let is_profile = |item: &Item| {
        let owner = item::text(item, "tenant").zip(item::text(item, "pk").and_then(profiles::customer_of));
        owner == Some((tenant, customer))
    };
    let places = [
        (
            &names.messages,
            None,
            &is_message as &(dyn Fn(&Item) -> bool + Sync),
            &mut left.messages,
        ),
        (
            &names.messages,
            Some(messages::INDEX),
            &is_message,
            &mut left.by_conversation,
        ),
        (&names.profiles, None, &is_profile, &mut left.profiles),
    ];
    for (table, index, is_theirs, found) in places {
        let take = |item: &Item| found.extend(is_theirs(item).then(|| trace_of(item)));
        scan::items(dynamodb, table, index, take).await?;
    }
    scan::versions(
        &clients.s3,
        &names.attachments,
        &attachments::prefix(tenant, customer),
        |version| {
            let hidden = version.content.is_none() || !version.newest;
            left.attachments.push(Trace {
                key: version.key,
                hidden,
            });
        },
    )
    .await?;
    Ok(left)
}

fn trace_of(item: &Item) -> Trace {
    let key = item::text(item, "sk").unwrap_or_default().to_owned();
    Trace {
        key,
        hidden: item.contains_key("erasure_id"),
    }
}
