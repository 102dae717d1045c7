//! A chunk's account: its lines, and the newest outcome of each, as they are stored.
//!
//! Guarantees: lines are checked against the hash that the chunk's row holds; an outcome is the one that the row names.
//! Both name people and exist in the clear only in memory. Where next: `operate` and `work_chunk`, which write them.

use sha2::{Digest, Sha256};

use super::plan::segment_aad;
use super::records::Records;
use crate::domain::chunk::Chunk;
use crate::domain::manifest::{Line, decode};
use crate::domain::outcome::{Code, LineOutcome};
use crate::domain::request::Facts;
use crate::ports::{DataKey, Fault, Keys, Manifests, Requests, Sealed, Sealer};

/// The chunk's lines.
pub(super) async fn lines<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    manifests: &impl Manifests,
    of: (&Facts, &Chunk),
    data_key: &DataKey,
) -> Result<Vec<Line>, Fault> {
    lines_of(&records.sealer, manifests, of, data_key).await
}

/// The same, where only the sealer is at hand.
pub(super) async fn lines_of(
    sealer: &impl Sealer,
    manifests: &impl Manifests,
    (facts, row): (&Facts, &Chunk),
    data_key: &DataKey,
) -> Result<Vec<Line>, Fault> {
    let slice = &row.manifest;
    let sealed = manifests.read_range(&slice.object, slice.offset, slice.length).await?;
    if hex::encode(Sha256::digest(&sealed)) != slice.sha256 {
        return Err(Fault::corrupt(
            "manifest",
            "the segment is not the one that was planned",
        ));
    }
    let plain = sealer.unseal(data_key, &segment_aad(facts, &row.id), &Sealed(sealed))?;
    decode(&plain).map_err(|e| Fault::corrupt("manifest", e))
}

/// What is known of each line so far.
pub(super) async fn outcomes<S: Requests + Keys, K: Sealer>(
    records: &Records<S, K>,
    manifests: &impl Manifests,
    (facts, row): (&Facts, &Chunk),
    data_key: &DataKey,
) -> Result<Vec<LineOutcome>, Fault> {
    let Some(object) = &row.outcome else {
        return Ok(by_hand(
            row,
            vec![LineOutcome::plain(Code::Untouched); row.lines as usize],
        ));
    };
    let sealed = manifests.read(object).await?;
    let sealed = sealed.ok_or_else(|| Fault::corrupt("outcome", "the outcome object is gone"))?;
    let stored: Vec<LineOutcome> = records.unseal_json(data_key, &outcome_aad(facts, object), &Sealed(sealed))?;
    Ok(by_hand(row, stored))
}

/// With what an operator resolved since.
fn by_hand(row: &Chunk, stored: Vec<LineOutcome>) -> Vec<LineOutcome> {
    match &row.by_hand {
        Some(by_hand) => stored.into_iter().map(|line| by_hand.read(line)).collect(),
        None => stored,
    }
}

/// What an outcome object is bound to.
pub fn outcome_aad(facts: &Facts, object: &str) -> String {
    format!("outcome|{}|{object}", facts.key())
}
