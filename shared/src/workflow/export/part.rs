//! One part: from the staging and the sources into the bucket, as it is read.
//!
//! Guarantees: what is in memory is a group of items, a piece of a file and a block of the archive, whatever the part
//! weighs; the object is there only when its last byte was taken.

use jiff::Timestamp;

use super::contents::{Content, Contents, GONE, Section};
use super::copying::version_of;
use super::staging::{File, Staging, gone};
use crate::domain::chunk::{Chunk, ChunkId};
use crate::domain::data_map::{DataMap, Dataset};
use crate::domain::manifest::Line;
use crate::domain::package::Part;
use crate::domain::personal::Personal;
use crate::package::{About, Attachment, Chapter, LeftOut, Outlet, PackageError, PartNumber, PartWriter, Subject};
use crate::ports::{Exports, Fault, Manifests, Originals, Receipt, Sealer, Upload};
use crate::workflow::records::Loaded;

/// Bytes of a block of the upload, and of what is read of a file at a time (a multipart upload takes 10,000 blocks of at
/// least 5 MiB: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const BLOCK_BYTES: usize = 8 * 1024 * 1024;

/// Everything a part is written from.
pub(super) struct Writing<'a, K, M, D, E> {
    pub(super) staging: Staging<'a, K, M>,
    pub(super) sources: &'a D,
    pub(super) exports: &'a E,
    pub(super) map: &'a DataMap,
    pub(super) loaded: &'a Loaded,
    pub(super) chunks: &'a [Chunk],
    pub(super) contents: &'a Contents,
    pub(super) generated_at: Timestamp,
    pub(super) version: &'a str,
}

/// An object under way.
struct Uploading<'a, E> {
    exports: &'a E,
    upload: Upload,
    outlet: Outlet,
    receipts: Vec<Receipt>,
}

impl<E: Exports> Uploading<'_, E> {
    /// Sends on what makes whole blocks.
    async fn drain(&mut self) -> Result<(), Fault> {
        while let Some(block) = self.outlet.block(BLOCK_BYTES) {
            self.put(block).await?;
        }
        Ok(())
    }

    async fn put(&mut self, block: Vec<u8>) -> Result<(), Fault> {
        let number = i32::try_from(self.receipts.len() + 1).unwrap_or(i32::MAX);
        let receipt = self.exports.put_block(&self.upload, number, block).await?;
        self.receipts.push(receipt);
        Ok(())
    }

    /// The rest; the object is not there yet.
    async fn end(&mut self) -> Result<(), Fault> {
        self.drain().await?;
        let rest = self.outlet.rest();
        if rest.is_empty() && !self.receipts.is_empty() {
            return Ok(());
        }
        self.put(rest).await
    }
}

/// A part whose bytes are all taken, and that is not there yet.
pub(super) struct Written<'a, E> {
    uploading: Uploading<'a, E>,
    part: Part,
}

impl<E: Exports> Written<'_, E> {
    /// From here on it is there.
    pub(super) async fn complete(self) -> Result<Part, Fault> {
        let Uploading {
            exports,
            upload,
            receipts,
            ..
        } = self.uploading;
        exports.complete(&upload, &receipts).await?;
        Ok(self.part)
    }
}

impl<'a, K: Sealer, M: Manifests, D: Originals, E: Exports> Writing<'a, K, M, D, E> {
    /// Writes part `number` into `object`, up to its last byte.
    pub(super) async fn write(&self, number: u32, object: String) -> Result<Written<'a, E>, Fault> {
        let outlet = Outlet::default();
        let mut uploading = Uploading {
            exports: self.exports,
            upload: self.exports.begin(&object).await?,
            outlet: outlet.clone(),
            receipts: vec![],
        };
        let mut writer = PartWriter::new(self.about(number)?, outlet);
        let held = self
            .contents
            .parts
            .get(number as usize - 1)
            .map_or(&[][..], Vec::as_slice);
        let mut left_out = 0;
        for (at, section) in self.contents.sections.iter().enumerate() {
            writer
                .chapter(self.chapter(section)?, section.columns.clone())
                .map_err(unwritable)?;
            let mine: Vec<_> = held.iter().filter(|content| content.section() == at).collect();
            self.records(&mut writer, &mut uploading, &mine).await?;
            left_out += self.files(&mut writer, &mut uploading, (section, &mine)).await?;
        }
        let written = writer.finish().map_err(unwritable)?;
        uploading.end().await?;
        let part = Part {
            number,
            object,
            bytes: written.bytes,
            sha256: written.sha256,
            left_out,
        };
        Ok(Written { uploading, part })
    }

    /// The groups go through twice, for their two forms.
    async fn records(
        &self,
        writer: &mut PartWriter,
        uploading: &mut Uploading<'_, E>,
        mine: &[&Content],
    ) -> Result<(), Fault> {
        let groups: Vec<(&str, u64)> = mine
            .iter()
            .filter_map(|content| match content {
                Content::Group { object, bytes, .. } => Some((object.as_str(), *bytes)),
                Content::Files { .. } => None,
            })
            .collect();
        if groups.is_empty() {
            return Ok(());
        }
        let bytes = groups.iter().map(|(_, bytes)| bytes).sum();
        writer.begin_records(bytes).map_err(unwritable)?;
        for (object, _) in &groups {
            writer.records(&self.staging.group(object).await?).map_err(unwritable)?;
            uploading.drain().await?;
        }
        writer.begin_rows(bytes).map_err(unwritable)?;
        for (object, _) in &groups {
            writer.rows(&self.staging.group(object).await?).map_err(unwritable)?;
            uploading.drain().await?;
        }
        Ok(())
    }

    /// How many of them are not in the part.
    async fn files(
        &self,
        writer: &mut PartWriter,
        uploading: &mut Uploading<'_, E>,
        (section, mine): (&Section, &[&Content]),
    ) -> Result<u64, Fault> {
        let mut left_out = 0;
        for content in mine {
            let Content::Files {
                chunk,
                epoch,
                from,
                until,
                number,
                ..
            } = content
            else {
                continue;
            };
            let dataset = self.dataset(section)?;
            let lines = self.lines(chunk).await?;
            let copies = self
                .staging
                .list(chunk, *epoch)
                .await?
                .ok_or_else(|| gone("write a part"))?;
            for (number, file) in (*number..).zip(&copies.files[*from..*until]) {
                let line = lines.get(file.line as usize).ok_or_else(|| gone("write a part"))?;
                let written = self.file(writer, uploading, (dataset, line, file), number).await?;
                left_out += u64::from(!written);
            }
        }
        Ok(left_out)
    }

    /// Whether it is in the part: what is gone is told there instead.
    async fn file(
        &self,
        writer: &mut PartWriter,
        uploading: &mut Uploading<'_, E>,
        (dataset, line, file): (&Dataset, &Line, &File),
        number: u64,
    ) -> Result<bool, Fault> {
        let (version, _) = version_of(line).ok_or_else(|| gone("write a part"))?;
        let attachment = Attachment {
            name: Personal::new(version.key),
            stored_at: file.stored_at,
            hidden: file.hidden,
        };
        let length = |offset: u64| (file.bytes - offset).min(BLOCK_BYTES as u64);
        let Some(first) = self.sources.read(dataset, version, 0, length(0)).await? else {
            // Destroyed since it was looked at, by its subject's deletion or a rule of the bucket's: told, not waited for.
            writer.leave_out(GONE);
            return Ok(false);
        };
        writer.begin_file(number, attachment, file.bytes).map_err(unwritable)?;
        writer.bytes(&first).map_err(unwritable)?;
        let mut offset = first.len() as u64;
        while offset < file.bytes {
            uploading.drain().await?;
            let piece = self.sources.read(dataset, version, offset, length(offset)).await?;
            // The archive has begun it; the next attempt finds it gone from its first byte.
            let piece = piece.ok_or_else(|| Fault::transient("write a part", "an object went while it was read"))?;
            writer.bytes(&piece).map_err(unwritable)?;
            offset += piece.len() as u64;
        }
        uploading.drain().await?;
        Ok(true)
    }

    async fn lines(&self, id: &ChunkId) -> Result<Vec<Line>, Fault> {
        let chunk = self
            .chunks
            .iter()
            .find(|chunk| &chunk.id == id)
            .ok_or_else(|| gone("write a part"))?;
        let facts = &self.loaded.request.facts;
        crate::workflow::account::lines_of(
            self.staging.sealer,
            self.staging.manifests,
            (facts, chunk),
            self.staging.key,
        )
        .await
    }

    fn dataset(&self, section: &Section) -> Result<&Dataset, Fault> {
        self.map.dataset(&section.dataset).ok_or_else(|| gone("write a part"))
    }

    fn chapter(&self, section: &Section) -> Result<Chapter, Fault> {
        let at = self
            .map
            .datasets
            .iter()
            .position(|dataset| dataset.id == section.dataset);
        let at = at.ok_or_else(|| gone("write a part"))?;
        Ok(Chapter {
            place: u32::try_from(at + 1).unwrap_or(u32::MAX),
            dataset: section.dataset.to_string(),
            category: section.category.clone(),
            description: section.description.clone(),
            records: section.records,
            hidden: section.hidden,
        })
    }

    fn about(&self, number: u32) -> Result<About, Fault> {
        let request = &self.loaded.request;
        let person = request.person.known().ok_or_else(|| gone("write a part"))?;
        let left_out = self.contents.sections.iter().flat_map(|section| {
            let told = |(ground, records): &(String, Option<u64>)| LeftOut {
                dataset: section.dataset.to_string(),
                records: *records,
                ground: ground.clone(),
            };
            section.left_out.iter().map(told)
        });
        Ok(About {
            request: request.facts.id.to_string(),
            tenant: request.facts.tenant.to_string(),
            subject: Subject {
                id: person.subject.id.clone(),
                name: person.subject.name.clone(),
                email: person.subject.email.clone(),
            },
            generated_at: self.generated_at,
            generated_by: format!("Lethe {}", self.version),
            part: PartNumber {
                number,
                of: u32::try_from(self.contents.parts.len()).unwrap_or(u32::MAX),
            },
            left_out: left_out.collect(),
        })
    }
}

fn unwritable(error: PackageError) -> Fault {
    Fault::permanent("write a part", "part_unwritable", error)
}
