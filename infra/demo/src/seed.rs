//! Loads somebody's own records from an NDJSON file: first every line is checked, then all are written or none.
//!
//! [`Checked::open`] reads the file once and refuses it as a whole, naming bad lines by number and reason;
//! [`Checked::write`] reads it again and writes. Neither holds more than a batch of it.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::pin::pin;

use anyhow::{Context, Result, anyhow, bail};
use aws_sdk_s3::primitives::ByteStream;
use futures::{StreamExt, TryStreamExt, stream};
use shared::domain::data_map::{DataMap, Place};
use shared::domain::ids::DatasetId;

use crate::bundle::BATCH;
use crate::item::Item;
use crate::load::{IN_FLIGHT, put_items};
use crate::ndjson::{self, Checker, Write};
use crate::shape::Shape;
use crate::stack::Clients;

const LINES_SHOWN: usize = 20;

/// The lines for which a file was refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, thiserror::Error)]
pub struct BadLines {
    /// Line number from 1, and the reason; at most the first twenty.
    pub first: Vec<(u64, String)>,
    /// How many there are in all.
    pub total: u64,
}

impl fmt::Display for BadLines {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "nothing was written; correct these lines and seed again ({} in all):",
            self.total
        )?;
        self.first
            .iter()
            .try_for_each(|(line, reason)| writeln!(out, "  line {line}: {reason}"))
    }
}

/// A file whose every line was found good.
#[derive(Debug)]
pub struct Checked<'a> {
    map: &'a DataMap,
    shapes: BTreeMap<DatasetId, Shape>,
    file: PathBuf,
    lines: u64,
}

impl<'a> Checked<'a> {
    /// Checks a whole file against the data map and the tables it names. The error is [`BadLines`] if lines are bad.
    pub async fn open(clients: &Clients, map: &'a DataMap, file: &Path) -> Result<Self> {
        let mut shapes = BTreeMap::new();
        for dataset in &map.datasets {
            if let Place::Dynamodb(place) = &dataset.place {
                shapes.insert(dataset.id.clone(), Shape::of(&clients.dynamodb, place).await?);
            }
        }
        let lines = check(map, &shapes, file)?;
        Ok(Self {
            map,
            shapes,
            file: file.to_owned(),
            lines,
        })
    }

    /// How many records the file has.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Writes all records; `progress` is told how many more are done.
    pub async fn write(&self, clients: &Clients, mut progress: impl FnMut(u64)) -> Result<()> {
        let folder = folder_of(&self.file);
        let writes = lines_of(&self.file)?.map(|line| {
            let (number, line) = line?;
            ndjson::parse(self.map, &self.shapes, folder, &line)
                .map_err(|reason| anyhow!("line {number} changed while it was read: {reason}"))
        });
        let batches = stream::iter(Batches {
            writes,
            waiting: Vec::new(),
        });
        let writes = batches.map(|batch| async move { write(clients, batch?).await });
        let mut done = pin!(writes.buffer_unordered(IN_FLIGHT));
        while let Some(written) = done.try_next().await? {
            progress(written);
        }
        Ok(())
    }
}

fn check(map: &DataMap, shapes: &BTreeMap<DatasetId, Shape>, file: &Path) -> Result<u64> {
    let mut checker = Checker::new(map, shapes, folder_of(file));
    let (mut good, mut bad) = (0, BadLines::default());
    for line in lines_of(file)? {
        let (number, line) = line?;
        match checker.check(&line) {
            Ok(_) => good += 1,
            Err(reason) => {
                bad.total += 1;
                if bad.first.len() < LINES_SHOWN {
                    bad.first.push((number, reason));
                }
            }
        }
    }
    if bad.total > 0 {
        bail!(bad);
    }
    Ok(good)
}

fn folder_of(file: &Path) -> &Path {
    file.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Lines with their numbers; empty ones are passed over, but counted.
fn lines_of(file: &Path) -> Result<impl Iterator<Item = Result<(u64, Vec<u8>)>>> {
    let opened =
        File::open(file).with_context(|| format!("cannot open {}; give a file that exists", file.display()))?;
    let numbered = (1..).zip(BufReader::new(opened).split(b'\n'));
    Ok(numbered
        .map(|(number, line)| Ok((number, line.context("cannot read on in the file")?)))
        .filter(|line: &Result<(u64, Vec<u8>)>| !line.as_ref().is_ok_and(|(_, bytes)| bytes.trim_ascii().is_empty())))
}

/// A batch of items, or one file.
enum Batch {
    Items(Vec<(String, Item)>),
    Object { bucket: String, key: String, file: PathBuf },
}

/// Collects items into full batches, also where files stand between them.
struct Batches<I: Iterator<Item = Result<Write>>> {
    writes: I,
    waiting: Vec<(String, Item)>,
}

impl<I: Iterator<Item = Result<Write>>> Iterator for Batches<I> {
    type Item = Result<Batch>;

    fn next(&mut self) -> Option<Self::Item> {
        for write in self.writes.by_ref() {
            match write {
                Err(error) => return Some(Err(error)),
                Ok(Write::Object { bucket, key, file }) => return Some(Ok(Batch::Object { bucket, key, file })),
                Ok(Write::Item { table, item }) => self.waiting.push((table, item)),
            }
            if self.waiting.len() == BATCH {
                break;
            }
        }
        let batch = std::mem::take(&mut self.waiting);
        (!batch.is_empty()).then_some(Ok(Batch::Items(batch)))
    }
}

async fn write(clients: &Clients, batch: Batch) -> Result<u64> {
    match batch {
        Batch::Items(items) => {
            let count = items.len() as u64;
            put_items(&clients.dynamodb, items.into_iter()).await?;
            Ok(count)
        }
        Batch::Object { bucket, key, file } => {
            let body = ByteStream::from_path(&file)
                .await
                .context("a file went away while it was seeded")?;
            let put = clients.s3.put_object().bucket(&bucket).key(key).body(body);
            put.send()
                .await
                .with_context(|| format!("cannot upload to the bucket {bucket}"))?;
            Ok(1)
        }
    }
}
