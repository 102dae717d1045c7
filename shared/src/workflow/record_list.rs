//! The records of a request, one by one: which, what became of each, and until when it can come back.
//!
//! Guarantees: a page reads a bounded number of chunks, whatever the filter, and leads on; the order is dataset,
//! generation, chunk, line, so that a page never shows what an earlier one showed. A record's state is its line in the
//! newest outcome that its chunk names. Keys of records name people: after the shredding there is nothing to show.

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::load_for_staff;
use super::account::{lines, outcomes};
use super::failure::Failure;
use super::records::Records;
use crate::domain::actor::Caller;
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::ids::{DatasetId, RequestId};
use crate::domain::job::{Phase, Plan};
use crate::domain::manifest::{Line, Scalar};
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::request::Facts;
use crate::domain::restore::RecordRef;
use crate::ports::{DataKey, Fault, Keys, Manifests, Requests, Sealer, Work};

/// Chunk rows that one page looks at.
const ROWS_MAX: usize = 64;
/// Chunks that one page opens: two reads of S3 each.
const OPENED_MAX: usize = 8;
/// Rows and objects read at a time.
const IN_FLIGHT: usize = 16;

/// What the caller asked for.
#[derive(Clone, Debug)]
pub struct Filter {
    /// Only this dataset.
    pub dataset: Option<DatasetId>,
    /// Only records in this state.
    pub outcome: Option<Code>,
    /// At most (1 to 500).
    pub limit: u32,
    /// Where the page begins, as an earlier page said.
    pub after: Option<Place>,
}

/// Where a page begins: the first line that may be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    chunk: ChunkId,
    line: u32,
}

/// A page.
#[derive(Clone, Debug, Default)]
pub struct RecordPage {
    /// In order; may be short and still have more.
    pub items: Vec<RecordShown>,
    /// Where the next page begins.
    pub next: Option<Place>,
    /// Whether the request's personal data is gone, and its records' keys with it.
    pub erased: bool,
}

/// A record.
#[derive(Clone, Debug, Serialize)]
pub struct RecordShown {
    /// What a restoration calls it.
    #[serde(rename = "ref")]
    pub record: String,
    /// Its dataset.
    pub dataset: DatasetId,
    /// Its primary key, or the object's key and version.
    pub key: Value,
    /// What is true of it.
    pub outcome: &'static str,
    /// Ground of an exemption, or code of a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Until when it can be restored; none unless it is swept.
    pub recover_until: Option<Timestamp>,
}

/// Lists what operators and auditors may see.
pub async fn list_records<S: Requests + Keys + Work, K: Sealer>(
    records: &Records<S, K>,
    manifests: &impl Manifests,
    caller: &Caller,
    id: RequestId,
    filter: &Filter,
) -> Result<RecordPage, Failure> {
    let loaded = load_for_staff(records, caller, id).await?;
    let facts = &loaded.request.facts;
    let Some(data_key) = loaded.keys.person.as_ref().filter(|_| !is_erased(facts)) else {
        let erased = facts.job.is_some();
        return Ok(RecordPage {
            erased,
            ..RecordPage::default()
        });
    };
    let plans = records.store.plans(&facts.key()).await?;
    let mut ids = chunk_ids(plans, filter);
    let beyond = (ids.len() > ROWS_MAX).then(|| ids[ROWS_MAX].clone());
    ids.truncate(ROWS_MAX);
    let read = async |id: ChunkId| records.store.chunk(&facts.key(), &id).await;
    let rows: Vec<_> = stream::iter(ids).map(read).buffered(IN_FLIGHT).try_collect().await?;
    let wanted = |chunk: &Chunk| filter.outcome.is_none_or(|code| chunk.counts.of(code) > 0);
    let mut rows = rows.into_iter().flatten().filter(wanted);
    let mut page = RecordPage::default();
    for chunk in rows.by_ref().take(OPENED_MAX) {
        let shown = open(records, manifests, (facts, &chunk), data_key, filter).await?;
        for (line, record) in shown {
            if page.items.len() == filter.limit as usize {
                let chunk = chunk.id;
                page.next = Some(Place { chunk, line });
                return Ok(page);
            }
            page.items.push(record);
        }
    }
    let next = rows.next().map(|chunk| chunk.id).or(beyond);
    page.next = next.map(|chunk| Place { chunk, line: 0 });
    Ok(page)
}

/// Manifests and outcomes are deleted before a request completes, and before what was cancelled is shredded.
fn is_erased(facts: &Facts) -> bool {
    let closing = facts.job.as_ref().is_some_and(|job| job.phase == Phase::Closing);
    facts.shredded || closing || (facts.job.is_some() && facts.shred_at.is_some())
}

/// Every chunk from where the page begins, in order.
fn chunk_ids(plans: Vec<Plan>, filter: &Filter) -> Vec<ChunkId> {
    let wanted = |plan: &Plan| filter.dataset.as_ref().is_none_or(|dataset| plan.dataset == *dataset);
    let of_plan = |plan: Plan| {
        (0..plan.chunks).map(move |n| ChunkId {
            dataset: plan.dataset.clone(),
            generation: plan.generation,
            n,
        })
    };
    let mut ids: Vec<_> = plans.into_iter().filter(wanted).flat_map(of_plan).collect();
    ids.sort();
    if let Some(after) = &filter.after {
        ids.retain(|id| *id >= after.chunk);
    }
    ids
}

/// The lines of a chunk that are to be shown.
async fn open<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    manifests: &impl Manifests,
    (facts, chunk): (&Facts, &Chunk),
    data_key: &DataKey,
    filter: &Filter,
) -> Result<Vec<(u32, RecordShown)>, Fault> {
    let lines = lines(records, manifests, (facts, chunk), data_key).await?;
    let outcomes = outcomes(records, manifests, (facts, chunk), data_key).await?;
    let first = filter.after.as_ref().filter(|after| after.chunk == chunk.id);
    let first = first.map_or(0, |after| after.line);
    let window = facts.policy.as_ref().map(|policy| policy.recovery_window);
    let until = window.zip(chunk.swept_at).map(|(window, at)| window.after(at));
    let numbered = (0_u32..).zip(lines.into_iter().zip(outcomes));
    let wanted = numbered.filter(|(n, (_, outcome))| {
        let meant = filter.outcome.is_none_or(|code| outcome.code == code);
        *n >= first && meant
    });
    let shown = wanted.map(|(n, (line, outcome))| (n, shown(&chunk.id, n, &line, outcome, until)));
    Ok(shown.collect())
}

fn shown(chunk: &ChunkId, n: u32, line: &Line, outcome: LineOutcome, until: Option<Timestamp>) -> RecordShown {
    let record = RecordRef {
        chunk: chunk.clone(),
        line: n,
    };
    RecordShown {
        record: record.to_string(),
        dataset: chunk.dataset.clone(),
        key: key_of(line),
        outcome: outcome.code.as_str(),
        // A swept object's detail is its marker's id, which tells a person nothing.
        why: outcome.detail.filter(|_| outcome.code != Code::Swept),
        recover_until: until.filter(|_| outcome.code == Code::Swept),
    }
}

/// A key as people write it: numbers by their digits, binary as base64.
fn key_of(line: &Line) -> Value {
    match line {
        Line::Item { key, .. } => key
            .iter()
            .map(|(name, value)| match value {
                Scalar::S(text) | Scalar::N(text) | Scalar::B(text) => (name.clone(), json!(text)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Line::Object { key, version, .. } => json!({ "key": key, "version": version }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(dataset: &str, generation: u8, chunks: u32) -> Plan {
        Plan {
            v: 1,
            dataset: dataset.parse().expect("slug"),
            generation,
            cursor: None,
            complete: true,
            chunks,
            planned: 0,
            arrived_later: 0,
            by_hand: false,
            rev: 1,
            touched_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn filter(dataset: Option<&str>, after: Option<Place>) -> Filter {
        Filter {
            dataset: dataset.map(|text| text.parse().expect("slug")),
            outcome: None,
            limit: 10,
            after,
        }
    }

    fn ids(filter: &Filter) -> Vec<String> {
        let plans = vec![plan("messages", 1, 1), plan("messages", 0, 11), plan("files", 0, 1)];
        chunk_ids(plans, filter).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn chunks_come_by_dataset_generation_and_number() {
        let all = ids(&filter(None, None));
        assert_eq!((all.len(), all[0].as_str()), (13, "files.0.0"));
        assert_eq!(
            all[10..],
            ["messages.0.9", "messages.0.10", "messages.1.0"].map(String::from)
        );
        assert_eq!(ids(&filter(Some("files"), None)), ["files.0.0"]);
    }

    #[test]
    fn a_page_begins_where_the_last_one_said() {
        let chunk = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 0,
            n: 10,
        };
        let after = Some(Place { chunk, line: 7 });
        assert_eq!(ids(&filter(None, after)), ["messages.0.10", "messages.1.0"]);
    }

    #[test]
    fn only_what_can_come_back_says_until_when_and_a_marker_is_no_reason() {
        let chunk = ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 0,
            n: 3,
        };
        let line = Line::Object {
            key: "a".to_owned(),
            version: "v".to_owned(),
            was_deleted: false,
            modified: None,
        };
        let until = Some(Timestamp::UNIX_EPOCH);
        let swept = shown(&chunk, 4, &line, LineOutcome::because(Code::Swept, "marker"), until);
        assert_eq!(
            (swept.record.as_str(), swept.why, swept.recover_until),
            ("messages.0.3.4", None, until)
        );
        let kept = shown(
            &chunk,
            4,
            &line,
            LineOutcome::because(Code::Exempt, "legal_hold"),
            until,
        );
        assert_eq!((kept.why.as_deref(), kept.recover_until), (Some("legal_hold"), None));
    }
}
