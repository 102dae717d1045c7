//! A restoration: which swept records an operator wants back, and what came of it.
//!
//! Guarantees: a record is named by chunk and line, never by its key, so that rows and answers hold no personal data;
//! the result is a recount of chunk rows. Where next: `state_machine::chunk::restore` for one chunk's part.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::chunk::{Chunk, ChunkId, ChunkState, Op};
use super::outcome::Code;

/// Skipped records that the row names; the others are counted.
pub const NAMED: usize = 500;

/// One record of a request, as the API names it: `<dataset>.<generation>.<chunk>.<line>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RecordRef {
    /// Its chunk.
    pub chunk: ChunkId,
    /// Its line in the chunk.
    pub line: u32,
}

impl fmt::Display for RecordRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.chunk, self.line)
    }
}

/// The text is no record's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a record is named <dataset>.<generation>.<chunk>.<line>, as GET .../records answers it")]
pub struct NoRecordRef;

impl FromStr for RecordRef {
    type Err = NoRecordRef;

    fn from_str(text: &str) -> Result<Self, NoRecordRef> {
        let mut parts = text.rsplitn(4, '.');
        let mut part = || parts.next().ok_or(NoRecordRef);
        let line = part()?.parse().map_err(|_| NoRecordRef)?;
        let n = part()?.parse().map_err(|_| NoRecordRef)?;
        let generation = part()?.parse().map_err(|_| NoRecordRef)?;
        let dataset = part()?.parse().map_err(|_| NoRecordRef)?;
        let chunk = ChunkId { dataset, generation, n };
        let parsed = Self { chunk, line };
        // One spelling only: no signs, no leading zeros.
        (parsed.to_string() == text).then_some(parsed).ok_or(NoRecordRef)
    }
}

/// What is wanted back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Everything that can still be restored.
    All,
    /// These lines of these chunks.
    Lines(Vec<(ChunkId, Vec<u32>)>),
}

impl Wanted {
    /// Records named one by one, gathered by chunk; a record named twice is meant once.
    pub fn of(refs: &[RecordRef]) -> Self {
        let mut by_chunk = BTreeMap::<_, Vec<_>>::new();
        for record in refs {
            by_chunk.entry(record.chunk.clone()).or_default().push(record.line);
        }
        for lines in by_chunk.values_mut() {
            lines.sort_unstable();
            lines.dedup();
        }
        Self::Lines(by_chunk.into_iter().collect())
    }
}

/// A restoration's row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restore {
    /// Format version, 1.
    pub v: u32,
    /// Number within the request.
    pub n: u32,
    /// What is wanted back.
    pub wanted: Wanted,
    /// When it was ordered.
    pub ordered_at: Timestamp,
    /// When it was carried out.
    pub finished_at: Option<Timestamp>,
    /// What came of it.
    pub result: Restored,
    /// Rises with each write.
    pub rev: u64,
}

/// What came of a restoration so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restored {
    /// Records brought back.
    pub restored: u64,
    /// Records that were meant and not brought back.
    pub skipped: u64,
    /// The first of them: record and stable word for the reason.
    pub named: Vec<(String, String)>,
}

impl Restored {
    /// Nobody can say which records of a parked chunk came back. Those that were meant one by one are named; of a whole
    /// chunk only the number is known that is not back for certain.
    fn skip_unseen(&mut self, chunk: &Chunk, lines: Option<&[u32]>) {
        match lines {
            Some(lines) => lines.iter().for_each(|line| self.skip(&chunk.id, *line, "parked")),
            None => self.skipped += chunk.counts.of(Code::Swept) + chunk.counts.of(Code::Failed),
        }
    }

    fn skip(&mut self, chunk: &ChunkId, line: u32, why: &str) {
        self.skipped += 1;
        if self.named.len() < NAMED {
            let chunk = chunk.clone();
            self.named.push((RecordRef { chunk, line }.to_string(), why.to_owned()));
        }
    }
}

impl Restore {
    /// A restoration just ordered.
    pub fn ordered(n: u32, wanted: Wanted, now: Timestamp) -> Self {
        Self {
            v: 1,
            n,
            wanted,
            ordered_at: now,
            finished_at: None,
            result: Restored::default(),
            rev: 0,
        }
    }

    /// The lines of a chunk that are meant: none if the chunk is not; `Some(None)` for all its swept lines.
    pub fn lines_of(&self, chunk: &ChunkId) -> Option<Option<&[u32]>> {
        match &self.wanted {
            Wanted::All => Some(None),
            Wanted::Lines(chunks) => {
                let mine = chunks.iter().find(|(id, _)| id == chunk);
                mine.map(|(_, lines)| Some(lines.as_slice()))
            }
        }
    }

    /// Whether a chunk's part is yet to be begun: it is meant, holds swept records, and `open` says that its window is.
    pub fn awaits(&self, chunk: &Chunk, open: bool) -> bool {
        let begun = chunk.restoring.as_ref().is_some_and(|part| part.n == self.n);
        !begun && open && chunk.counts.of(Code::Swept) > 0 && self.lines_of(&chunk.id).is_some()
    }

    /// A recount: what came of it so far, and whether that is all. `open` says whether a chunk's window is.
    pub fn recount(&self, chunks: &[Chunk], open: impl Fn(&Chunk) -> bool) -> (Restored, bool) {
        let mut result = Restored::default();
        let mut over = true;
        for chunk in chunks {
            let Some(lines) = self.lines_of(&chunk.id) else {
                continue;
            };
            match chunk.restoring.as_ref().filter(|part| part.n == self.n) {
                Some(_) if chunk.op == Op::Restore && !chunk.is_settled() => over = false,
                Some(part) => {
                    result.restored += u64::from(part.restored);
                    for (line, why) in &part.skipped {
                        result.skip(&chunk.id, *line, why);
                    }
                    let unseen = chunk.op == Op::Restore && chunk.state == ChunkState::Parked;
                    if unseen && part.skipped.is_empty() {
                        result.skip_unseen(chunk, lines);
                    }
                }
                None if self.awaits(chunk, open(chunk)) => over = false,
                None => {
                    for line in lines.unwrap_or_default() {
                        result.skip(&chunk.id, *line, "not_swept_or_window_over");
                    }
                }
            }
        }
        (result, over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::chunk::{ManifestSlice, Restoring};
    use crate::domain::outcome::Counts;

    fn id(n: u32) -> ChunkId {
        ChunkId {
            dataset: "messages".parse().expect("slug"),
            generation: 0,
            n,
        }
    }

    fn swept(n: u32) -> Chunk {
        Chunk {
            state: ChunkState::Done,
            counts: Counts::all(Code::Swept, 3),
            ..Chunk::planned(id(n), 3, ManifestSlice::nowhere(), Timestamp::UNIX_EPOCH)
        }
    }

    fn restored(n: u32, of: u32, restored: u32, skipped: &[(u32, &str)]) -> Chunk {
        let skipped = skipped.iter().map(|(line, why)| (*line, (*why).to_owned())).collect();
        Chunk {
            op: Op::Restore,
            restoring: Some(Restoring {
                n: of,
                lines: None,
                restored,
                skipped,
            }),
            ..swept(n)
        }
    }

    fn ordered(wanted: Wanted) -> Restore {
        Restore::ordered(2, wanted, Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn a_record_has_one_name() {
        let name = "old-messages-2.1.30.499";
        let record: RecordRef = name.parse().expect("a name");
        assert_eq!(record.to_string(), name);
        assert_eq!((record.chunk.generation, record.chunk.n, record.line), (1, 30, 499));
        for other in [
            "messages.1.30",
            "messages.01.30.4",
            "messages.1.+3.4",
            "messages.1.3.-4",
            "...",
            "",
        ] {
            assert_eq!(other.parse::<RecordRef>(), Err(NoRecordRef), "{other}");
        }
    }

    #[test]
    fn a_record_named_twice_is_meant_once() {
        let name = |text: &str| text.parse().expect("a name");
        let wanted = Wanted::of(&[name("messages.0.1.2"), name("messages.0.0.5"), name("messages.0.1.2")]);
        assert_eq!(wanted, Wanted::Lines(vec![(id(0), vec![5]), (id(1), vec![2])]));
    }

    #[test]
    fn it_is_over_when_every_chunk_that_is_meant_had_its_turn() {
        let all = ordered(Wanted::All);
        let open = |_: &Chunk| true;
        assert!(
            !all.recount(&[restored(0, 2, 3, &[]), swept(1)], open).1,
            "chunk 1 waits"
        );
        let (result, over) = all.recount(&[restored(0, 2, 3, &[]), restored(1, 2, 2, &[(1, "gone")])], open);
        assert!(over);
        assert_eq!((result.restored, result.skipped), (5, 1));
        assert_eq!(result.named, [("messages.0.1.1".to_owned(), "gone".to_owned())]);
        let earlier = all.recount(&[restored(0, 1, 2, &[])], open);
        assert!(!earlier.1, "what an earlier restoration did is not this one's");
        let at_work = Chunk {
            state: ChunkState::Leased,
            ..restored(0, 2, 0, &[])
        };
        assert!(!all.recount(&[at_work], open).1);
    }

    #[test]
    fn what_can_no_longer_come_back_is_named() {
        let some = ordered(Wanted::Lines(vec![(id(0), vec![0, 2])]));
        let (result, over) = some.recount(&[swept(0), swept(1)], |_| false);
        assert!(over, "its window is over: nobody waits for it");
        assert_eq!((result.restored, result.skipped), (0, 2));
        assert_eq!(result.named[1].0, "messages.0.0.2");
        let parked = Chunk {
            state: ChunkState::Parked,
            ..restored(0, 2, 0, &[])
        };
        let (result, over) = some.recount(&[parked], |_| true);
        assert!(over && result.named.iter().all(|(_, why)| why == "parked") && result.skipped == 2);
        let mut parked = Chunk {
            state: ChunkState::Parked,
            ..restored(0, 2, 0, &[])
        };
        parked.counts = Counts::all(Code::Swept, 2);
        parked.counts.add(&Counts::all(Code::Failed, 1));
        let (result, over) = ordered(Wanted::All).recount(&[parked], |_| true);
        assert_eq!((over, result.restored, result.skipped), (true, 0, 3));
    }

    #[test]
    fn the_first_500_skipped_records_are_named_and_all_are_counted() {
        let mut result = Restored::default();
        for line in 0..502 {
            result.skip(&id(0), line, "gone");
        }
        assert_eq!((result.skipped, result.named.len()), (502, NAMED));
    }
}
