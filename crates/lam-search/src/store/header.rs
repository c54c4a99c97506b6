//! The first 512 bytes of a snapshot.

use std::ops::Range;
use std::path::Path;

use super::spec::MAX_DIM;
use super::{Fingerprint, Spec, StoreError};
use crate::Rows;

pub(crate) const MAGIC: [u8; 8] = *b"LAMITEMS";
pub(crate) const VERSION: u32 = 1;
pub(crate) const HEADER: usize = 512;
/// Sections begin on a cache line and are filled up to one with zeros.
pub(crate) const ALIGNMENT: usize = 64;

const SPREAD: u32 = 1;
const THRESHOLD: u32 = 2;
/// Where the table of sections begins, and the checksum of the header.
const TABLE: usize = 128;
const CHECKSUM: usize = HEADER - 4;

/// Sections in their order in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Means,
    Sigmas,
    Uncertainties,
    Labels,
    Ids,
    Metadata,
    Classes,
    Text,
}

impl Section {
    pub(crate) const ALL: [Self; 8] = [
        Self::Means,
        Self::Sigmas,
        Self::Uncertainties,
        Self::Labels,
        Self::Ids,
        Self::Metadata,
        Self::Classes,
        Self::Text,
    ];

    /// Bytes of one of its entries; of text, 1.
    fn entry(self, dim: usize) -> usize {
        match self {
            Self::Means | Self::Sigmas => 4 * dim,
            Self::Uncertainties => 8,
            Self::Labels => 4,
            Self::Ids | Self::Metadata => 16,
            Self::Classes => 24,
            Self::Text => 1,
        }
    }

    /// Its length where the numbers of items and classes tell.
    pub(crate) fn length(self, header: &Header) -> Option<u64> {
        let entries = match self {
            Self::Sigmas if !header.spec.spread => 0,
            Self::Classes => header.classes,
            Self::Text => return None,
            _ => header.count,
        };
        entries.checked_mul(self.entry(header.spec.dim) as u64)
    }
}

/// Where a section lies; the checksum is over the zeros that fill it up, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: u64,
    pub(crate) length: u64,
    pub(crate) checksum: u32,
}

impl Place {
    /// The bytes in the file, without filling.
    pub(crate) fn range(&self) -> Range<usize> {
        self.offset as usize..(self.offset + self.length) as usize
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Header {
    pub(crate) spec: Spec,
    pub(crate) count: u64,
    pub(crate) classes: u64,
    pub(crate) generation: u64,
    pub(crate) threshold: Option<f64>,
    pub(crate) sections: [Place; Section::ALL.len()],
}

impl Header {
    pub(crate) fn encode(&self) -> [u8; HEADER] {
        let flags =
            SPREAD * u32::from(self.spec.spread) + THRESHOLD * u32::from(self.threshold.is_some());
        let mut bytes = [0; HEADER];
        let mut out = Put {
            bytes: &mut bytes,
            at: 0,
        };
        out.put(&MAGIC);
        out.put(&VERSION.to_le_bytes());
        out.put(&(self.spec.dim as u32).to_le_bytes());
        out.put(&self.count.to_le_bytes());
        out.put(&self.classes.to_le_bytes());
        out.put(&self.generation.to_le_bytes());
        out.put(&flags.to_le_bytes());
        out.put(&[0; 4]);
        out.put(&self.threshold.unwrap_or(0.0).to_le_bytes());
        out.put(&self.spec.fingerprint.0);
        out.at = TABLE;
        for place in &self.sections {
            out.put(&place.offset.to_le_bytes());
            out.put(&place.length.to_le_bytes());
            out.put(&place.checksum.to_le_bytes());
            out.put(&[0; 4]);
        }
        let checksum = crc32c::crc32c(&bytes[..CHECKSUM]);
        bytes[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Reads and checks the header of a file; all sections lie within the file, in order, aligned, and of
    /// the length that the number of items demands.
    pub(crate) fn decode(file: &[u8], path: &Path) -> Result<Self, StoreError> {
        let damaged = |what: String| StoreError::damaged(path, what);
        let Some(bytes) = file.first_chunk::<HEADER>() else {
            return Err(damaged(format!(
                "{} bytes are less than the {HEADER} of a header",
                file.len()
            )));
        };
        let mut input = Get { bytes, at: 0 };
        if input.array() != MAGIC {
            return Err(damaged("this is not a file of an index".into()));
        }
        let version = input.u32();
        if version != VERSION {
            return Err(StoreError::Version {
                path: path.into(),
                version,
                known: VERSION,
            });
        }
        if crc32c::crc32c(&bytes[..CHECKSUM]) != checksum(bytes) {
            return Err(damaged("the checksum of the header is wrong".into()));
        }
        let dim = input.u32() as usize;
        let (count, classes, generation) = (input.u64(), input.u64(), input.u64());
        let flags = input.u32();
        input.at += 4;
        let threshold = f64::from_bits(input.u64());
        let fingerprint = Fingerprint(input.array());
        if !(1..=MAX_DIM).contains(&dim) || count > Rows::MAX_ROWS as u64 {
            return Err(damaged(format!(
                "{count} items of dimension {dim} are no index"
            )));
        }
        if flags & !(SPREAD | THRESHOLD) != 0 || threshold.is_nan() {
            return Err(damaged("the header has no meaning".into()));
        }
        input.at = TABLE;
        let sections = std::array::from_fn(|_| {
            let place = Place {
                offset: input.u64(),
                length: input.u64(),
                checksum: input.u32(),
            };
            input.at += 4;
            place
        });
        let header = Self {
            spec: Spec {
                dim,
                spread: flags & SPREAD != 0,
                fingerprint,
            },
            count,
            classes,
            generation,
            threshold: (flags & THRESHOLD != 0).then_some(threshold),
            sections,
        };
        header.check_places(file.len() as u64).map_err(damaged)?;
        Ok(header)
    }

    fn check_places(&self, file_length: u64) -> Result<(), String> {
        let mut expected = HEADER as u64;
        for (section, place) in Section::ALL.into_iter().zip(&self.sections) {
            let wanted = match section {
                Section::Text => Some(place.length),
                other => other.length(self),
            };
            if place.offset != expected || Some(place.length) != wanted {
                return Err(format!(
                    "section {section:?} is said to be {} bytes from {}",
                    place.length, place.offset
                ));
            }
            expected = padded(place.length)
                .and_then(|length| expected.checked_add(length))
                .filter(|end| *end <= file_length)
                .ok_or_else(|| {
                    format!("section {section:?} goes beyond the {file_length} bytes of the file")
                })?;
        }
        if expected != file_length {
            return Err(format!(
                "the file has {file_length} bytes, but its sections end at {expected}"
            ));
        }
        Ok(())
    }
}

/// The checksum that a file's header holds of itself; 0 where there is no header.
pub(crate) fn checksum(file: &[u8]) -> u32 {
    let bytes = file.get(CHECKSUM..).and_then(<[u8]>::first_chunk);
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// A length filled up to whole cache lines.
pub(crate) fn padded(length: u64) -> Option<u64> {
    length.checked_next_multiple_of(ALIGNMENT as u64)
}

struct Put<'b> {
    bytes: &'b mut [u8; HEADER],
    at: usize,
}

impl Put<'_> {
    fn put(&mut self, value: &[u8]) {
        self.bytes[self.at..self.at + value.len()].copy_from_slice(value);
        self.at += value.len();
    }
}

struct Get<'b> {
    bytes: &'b [u8; HEADER],
    at: usize,
}

impl Get<'_> {
    fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut value = [0; N];
        value.copy_from_slice(&self.bytes[self.at..self.at + N]);
        self.at += N;
        value
    }

    fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.array())
    }

    fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.array())
    }
}
