//! Writes the items that are left as a new snapshot.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Result as IoResult, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use pulp::bytemuck::cast_slice;

use super::columns::{Columns, number, of_text, text};
use super::header::{ALIGNMENT, HEADER, Header, Place, Section};
use super::snapshot::ClassEntry;
use super::{Block, Spec, StoreError, replace_file};
use crate::slots::Slots;

/// What a snapshot is made of.
pub(crate) struct Source<'s> {
    pub(crate) spec: Spec,
    pub(crate) threshold: Option<f64>,
    pub(crate) classes: &'s BTreeMap<u32, String>,
    /// Blocks with the number of their first slot.
    pub(crate) blocks: &'s [(u32, Arc<Block>)],
    pub(crate) removed: &'s Slots,
}

impl Source<'_> {
    /// Items that are not removed, in the order of their slots.
    fn items(&self) -> impl Iterator<Item = (Columns<'_>, usize)> {
        self.blocks.iter().flat_map(move |(first, block)| {
            let rows =
                (0..block.len()).filter(move |row| !self.removed.contains(first + *row as u32));
            rows.map(|row| (block.columns(), row))
        })
    }
}

/// Writes a file of which either nothing or all is there whenever the power fails.
pub(crate) fn write_snapshot(
    path: &Path,
    generation: u64,
    source: &Source<'_>,
) -> Result<(), StoreError> {
    replace_file(path, |out| {
        out.write_all(&[0; HEADER])?;
        let header = Header {
            spec: source.spec,
            count: source.items().count() as u64,
            classes: source.classes.len() as u64,
            generation,
            threshold: source.threshold,
            sections: write_sections(out, source)?,
        };
        out.seek(SeekFrom::Start(0))?;
        out.write_all(&header.encode())
    })
}

fn write_sections(
    out: &mut BufWriter<File>,
    source: &Source<'_>,
) -> IoResult<[Place; Section::ALL.len()]> {
    let mut places = [Place::default(); Section::ALL.len()];
    let mut offset = HEADER as u64;
    // Texts in the order in which the sections refer to them.
    let mut text_length = 0;
    for (section, place) in Section::ALL.into_iter().zip(&mut places) {
        let mut writer = SectionWriter {
            out,
            place: Place {
                offset,
                ..Place::default()
            },
        };
        write_section(section, source, &mut writer, &mut text_length)?;
        (*place, offset) = writer.finish()?;
    }
    Ok(places)
}

fn write_section(
    section: Section,
    source: &Source<'_>,
    writer: &mut SectionWriter<'_>,
    text_length: &mut usize,
) -> IoResult<()> {
    let mut refer = |length: usize| {
        let reference = of_text(*text_length, length);
        *text_length += length;
        reference
    };
    match section {
        Section::Means => source
            .items()
            .try_for_each(|(columns, row)| writer.write(cast_slice(columns.mean(row)))),
        Section::Sigmas => source.items().try_for_each(|(columns, row)| {
            writer.write(cast_slice(columns.sigma(row).unwrap_or_default()))
        }),
        Section::Uncertainties => source
            .items()
            .try_for_each(|(columns, row)| writer.write(&columns.uncertainties[row].to_le_bytes())),
        Section::Labels => source
            .items()
            .try_for_each(|(columns, row)| writer.write(&columns.labels[row].to_le_bytes())),
        Section::Ids => source.items().try_for_each(|(columns, row)| {
            let id = columns.ids[row];
            let id = match number(id) {
                Some(_) => id,
                None => refer(text_of(id, columns).len()),
            };
            writer.write(cast_slice(&id))
        }),
        Section::Metadata => source.items().try_for_each(|(columns, row)| {
            writer.write(cast_slice(&refer(columns.metadata(row).len())))
        }),
        Section::Classes => source.classes.iter().try_for_each(|(label, name)| {
            let [offset, length] = refer(name.len());
            let entry: ClassEntry = [u64::from(*label), offset, length];
            writer.write(cast_slice(&entry))
        }),
        Section::Text => {
            for (columns, row) in source.items() {
                let id = columns.ids[row];
                if number(id).is_none() {
                    writer.write(text_of(id, columns).as_bytes())?;
                }
            }
            for (columns, row) in source.items() {
                writer.write(columns.metadata(row).as_bytes())?;
            }
            source
                .classes
                .values()
                .try_for_each(|name| writer.write(name.as_bytes()))
        }
    }
}

fn text_of(id: super::columns::Reference, columns: Columns<'_>) -> &str {
    text(id, columns.text).unwrap_or_default()
}

/// Counts and sums what is written.
struct SectionWriter<'w> {
    out: &'w mut BufWriter<File>,
    place: Place,
}

impl SectionWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> IoResult<()> {
        self.place.length += bytes.len() as u64;
        self.place.checksum = crc32c::crc32c_append(self.place.checksum, bytes);
        self.out.write_all(bytes)
    }

    /// Fills the section up; its place, and where the next one begins.
    fn finish(mut self) -> IoResult<(Place, u64)> {
        let length = self.place.length;
        let filling = length.next_multiple_of(ALIGNMENT as u64) - length;
        self.write(&[0; ALIGNMENT][..filling as usize])?;
        let next = self.place.offset + self.place.length;
        self.place.length = length;
        Ok((self.place, next))
    }
}
