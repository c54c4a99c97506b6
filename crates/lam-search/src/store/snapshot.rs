//! A snapshot opened by memory map.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pulp::bytemuck::{AnyBitPattern, cast_slice, try_cast_slice};

use super::columns::{Columns, NO_LABEL, Reference, number, text};
use super::header::{Header, Section, checksum, padded};
use super::{Mapped, StoreError};
use crate::Rows;

/// An entry of the section of classes: label, and a reference to the name.
pub(crate) type ClassEntry = [u64; 3];

/// Items of a file, checked when it was opened.
#[derive(Debug)]
pub(crate) struct Snapshot {
    map: Mapped,
    header: Header,
    classes: BTreeMap<u32, String>,
}

impl Snapshot {
    /// Maps the file and checks all of it: sizes, checksums, values, references.
    pub(crate) fn open(path: &Path, generation: u64) -> Result<Self, StoreError> {
        let map = Mapped::open(path)?;
        let header = Header::decode(&map, path)?;
        if header.generation != generation {
            return Err(StoreError::damaged(
                path,
                format!("the file holds generation {}", header.generation),
            ));
        }
        let mut snapshot = Self {
            map,
            header,
            classes: BTreeMap::new(),
        };
        snapshot.check_sections(path)?;
        snapshot.check_columns(path)?;
        snapshot.classes = snapshot.read_classes(path)?;
        Ok(snapshot)
    }

    fn check_sections(&self, path: &Path) -> Result<(), StoreError> {
        for (section, place) in Section::ALL.into_iter().zip(&self.header.sections) {
            let length = padded(place.length).unwrap_or(place.length);
            let bytes = &self.map[place.offset as usize..][..length as usize];
            if crc32c::crc32c(bytes) != place.checksum {
                return Err(StoreError::damaged(
                    path,
                    format!("the checksum of section {section:?} is wrong"),
                ));
            }
        }
        Ok(())
    }

    fn check_columns(&self, path: &Path) -> Result<(), StoreError> {
        let dim = self.header.spec.dim;
        self.check_alignment(path)?;
        let columns = self.columns();
        for (what, values) in [("means", columns.means), ("sigmas", columns.sigmas)] {
            Rows::new(values, dim)
                .map_err(|error| StoreError::damaged(path, format!("{what}: {error}")))?;
        }
        let is_text = |reference: &Reference| text(*reference, columns.text).is_some();
        let ids = columns.ids.iter();
        let mut ids = ids.filter(|id| number(**id).is_none());
        if !ids.all(is_text) || !columns.metadata.iter().all(is_text) {
            return Err(StoreError::damaged(path, "an item's text lies nowhere"));
        }
        Ok(())
    }

    fn check_alignment(&self, path: &Path) -> Result<(), StoreError> {
        let numbers = try_cast_slice::<u8, u64>;
        let sections = Section::ALL.into_iter();
        let mut sections = sections.filter(|section| *section != Section::Text);
        // Eight bytes are the strictest; sections of fours are cut down to them.
        let fits = sections.all(|section| {
            let bytes = self.bytes(section);
            numbers(&bytes[..bytes.len() / 8 * 8]).is_ok()
        });
        if fits {
            return Ok(());
        }
        Err(StoreError::damaged(path, "sections are not aligned"))
    }

    fn read_classes(&self, path: &Path) -> Result<BTreeMap<u32, String>, StoreError> {
        let columns = self.columns();
        let entries: &[ClassEntry] = self.section(Section::Classes);
        let mut classes = BTreeMap::new();
        for [label, offset, length] in entries {
            let name = text([*offset, *length], columns.text);
            let label = u32::try_from(*label).ok().filter(|&l| l != NO_LABEL);
            let (Some(label), Some(name)) = (label, name) else {
                return Err(StoreError::damaged(path, "a class has no label or no name"));
            };
            classes.insert(label, name.into());
        }
        Ok(classes)
    }

    fn bytes(&self, section: Section) -> &[u8] {
        &self.map[self.header.sections[section as usize].range()]
    }

    /// A section of values; their alignment and number were checked when the file was opened.
    fn section<T: AnyBitPattern>(&self, section: Section) -> &[T] {
        cast_slice(self.bytes(section))
    }

    pub(crate) fn columns(&self) -> Columns<'_> {
        Columns {
            dim: self.header.spec.dim,
            means: self.section(Section::Means),
            sigmas: self.section(Section::Sigmas),
            uncertainties: self.section(Section::Uncertainties),
            labels: self.section(Section::Labels),
            ids: self.section(Section::Ids),
            metadata: self.section(Section::Metadata),
            text: self.bytes(Section::Text),
        }
    }

    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    /// Names of labels.
    pub(crate) fn classes(&self) -> &BTreeMap<u32, String> {
        &self.classes
    }

    /// Tells this file from every other: the checksum of the header, which holds those of all sections.
    pub(crate) fn checksum(&self) -> u32 {
        checksum(&self.map)
    }
}

/// Opens the latest snapshot of a folder. Where a writer replaces it between the look and the opening,
/// looks again.
pub(crate) fn open_latest(folder: &Path) -> Result<(PathBuf, Snapshot), StoreError> {
    const ATTEMPTS: usize = 20;
    let mut attempt = 1;
    loop {
        let generation = super::files::latest_generation(folder)?;
        let generation = generation.ok_or_else(|| StoreError::NotAnIndex {
            folder: folder.into(),
        })?;
        let path = super::files::snapshot_path(folder, generation);
        match Snapshot::open(&path, generation) {
            Err(StoreError::Io { error, .. })
                if error.kind() == std::io::ErrorKind::NotFound && attempt < ATTEMPTS =>
            {
                attempt += 1;
            }
            other => return other.map(|snapshot| (path, snapshot)),
        }
    }
}
