//! Embeddings that are being computed: `OUT.partial`, records that are on disk before the next is begun.
//!
//! `LAMEMB1\n`, then records of `length u32, crc32c u32, bytes`: first the header as JSON, then batches. A record that a
//! crash cut off ends the file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::super::VectorsError;
use super::header::EmbeddingHeader;
use super::rows::{EmbeddingBatch, EmbeddingRows};
use crate::DataError;

const MAGIC: &[u8] = b"LAMEMB1\n";
/// Longest record.
const MOST_BYTES: usize = 1 << 30;

/// The file, open for one process only.
pub(super) struct Partial {
    path: PathBuf,
    file: File,
    /// Where records of batches begin.
    begin: u64,
    /// Where they end.
    end: u64,
    rows: usize,
    last_id: Option<String>,
}

impl Partial {
    /// Begins anew.
    pub(super) fn create(path: &Path, header: &EmbeddingHeader) -> Result<Self, DataError> {
        let mut partial = Self::open(path)?;
        let failed = |error| DataError::io(path, "writing", error);
        partial.file.set_len(0).map_err(failed)?;
        partial.file.seek(SeekFrom::Start(0)).map_err(failed)?;
        partial.file.write_all(MAGIC).map_err(failed)?;
        partial.end = MAGIC.len() as u64;
        partial.append(header.to_json().as_bytes())?;
        partial.begin = partial.end;
        Ok(partial)
    }

    /// Goes on with what is there, up to the first record that is not whole; anew where nothing is.
    pub(super) fn resume(path: &Path, header: &EmbeddingHeader) -> Result<Self, DataError> {
        let mut partial = Self::open(path)?;
        let failed = |error| DataError::io(path, "reading", error);
        let bytes = partial.file.metadata().map_err(failed)?.len();
        let mut reader = BufReader::new(&partial.file);
        let mut magic = [0; MAGIC.len()];
        let first = match reader.read_exact(&mut magic) {
            Ok(()) if magic == MAGIC => read_record(&mut reader, bytes).map_err(failed)?,
            _ => None,
        };
        let Some(first) = first else {
            drop(reader);
            // Killed before the header was on disk.
            drop(partial);
            return Self::create(path, header);
        };
        let known = std::str::from_utf8(&first).ok();
        if known.and_then(EmbeddingHeader::from_json).as_ref() != Some(header) {
            return Err(VectorsError::damaged(
                path,
                "begun with another source or model; remove it to begin anew",
            )
            .into());
        }
        let mut end = (MAGIC.len() + 8 + first.len()) as u64;
        partial.begin = end;
        while let Some(record) = read_record(&mut reader, bytes - end).map_err(failed)? {
            let Some(batch) = decode(&record, header) else {
                break;
            };
            end += 8 + record.len() as u64;
            partial.rows += batch.ids.len();
            partial.last_id = batch.ids.into_iter().next_back().or(partial.last_id);
        }
        drop(reader);
        partial.end = end;
        partial.file.set_len(end).map_err(failed)?;
        partial.file.seek(SeekFrom::Start(end)).map_err(failed)?;
        Ok(partial)
    }

    fn open(path: &Path) -> Result<Self, DataError> {
        let failed = |error| DataError::io(path, "writing", error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(VectorsError::damaged(path, "another process is writing it").into());
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(Self {
            path: path.into(),
            file,
            begin: 0,
            end: 0,
            rows: 0,
            last_id: None,
        })
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    pub(super) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// Appends a batch; it is on disk afterwards.
    pub(super) fn push(&mut self, rows: &EmbeddingRows<'_>) -> Result<(), DataError> {
        self.append(&encode(rows))?;
        self.rows += rows.ids.len();
        self.last_id = rows.ids.last().cloned().or(self.last_id.take());
        Ok(())
    }

    fn append(&mut self, record: &[u8]) -> Result<(), DataError> {
        let length = u32::try_from(record.len())
            .ok()
            .filter(|_| record.len() <= MOST_BYTES)
            .ok_or_else(|| DataError::InvalidArgument {
                argument: "batch of embeddings",
                value: format!("{} bytes", record.len()),
                expected: "at most a gigabyte",
            })?;
        let failed = |error| DataError::io(&self.path, "writing", error);
        let mut bytes = Vec::with_capacity(record.len() + 8);
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(&crc32c::crc32c(record).to_le_bytes());
        bytes.extend_from_slice(record);
        self.file.seek(SeekFrom::Start(self.end)).map_err(failed)?;
        self.file.write_all(&bytes).map_err(failed)?;
        self.file.sync_data().map_err(failed)?;
        self.end += bytes.len() as u64;
        Ok(())
    }

    /// Calls `visit` with every batch, in order.
    pub(super) fn each(
        &self,
        header: &EmbeddingHeader,
        visit: &mut dyn FnMut(EmbeddingBatch) -> Result<(), DataError>,
    ) -> Result<(), DataError> {
        let failed = |error| DataError::io(&self.path, "reading", error);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(self.begin)).map_err(failed)?;
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let (mut at, mut rows) = (self.begin, 0);
        while at < self.end {
            let record = read_record(&mut reader, self.end - at).map_err(failed)?;
            let batch = record.as_ref().and_then(|record| decode(record, header));
            let (Some(record), Some(batch)) = (record, batch) else {
                let reason = format!("changed while it was in use, after {rows} rows");
                return Err(VectorsError::damaged(&self.path, reason).into());
            };
            at += 8 + record.len() as u64;
            rows += batch.ids.len();
            visit(batch)?;
        }
        Ok(())
    }
}

/// The next record; none where it is not whole. `left` bytes are there.
fn read_record(reader: &mut impl Read, left: u64) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = [0; 8];
    if left < 8 || reader.read_exact(&mut head).is_err() {
        return Ok(None);
    }
    let [a, b, c, d, e, f, g, h] = head;
    let length = u64::from(u32::from_le_bytes([a, b, c, d]));
    if length > left - 8 || length > MOST_BYTES as u64 {
        return Ok(None);
    }
    let mut record = vec![0; length as usize];
    match reader.read_exact(&mut record) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let whole = crc32c::crc32c(&record) == u32::from_le_bytes([e, f, g, h]);
    Ok(whole.then_some(record))
}

/// `n u32, labels [n] u32 where there are any, mean [n, D] f32, uncertainty [n] f64 and sigma [n, D] f32 where there is a
/// spread, ids as length u32 and bytes`.
fn encode(rows: &EmbeddingRows<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend((rows.ids.len() as u32).to_le_bytes());
    let labels = rows.labels.unwrap_or_default();
    bytes.extend(labels.iter().flat_map(|v| v.to_le_bytes()));
    bytes.extend(rows.mean.iter().flat_map(|v| v.to_le_bytes()));
    let uncertainty = rows.uncertainty.unwrap_or_default();
    bytes.extend(uncertainty.iter().flat_map(|v| v.to_le_bytes()));
    let sigma = rows.sigma.unwrap_or_default();
    bytes.extend(sigma.iter().flat_map(|v| v.to_le_bytes()));
    for id in rows.ids {
        bytes.extend((id.len() as u32).to_le_bytes());
        bytes.extend(id.as_bytes());
    }
    bytes
}

fn decode(mut bytes: &[u8], header: &EmbeddingHeader) -> Option<EmbeddingBatch> {
    let rows = u32::from_le_bytes(*bytes.split_off_chunk::<4>()?) as usize;
    let values = rows.checked_mul(header.dim)?;
    let labels = match header.class_names {
        Some(_) => Some(numbers(&mut bytes, rows, u32::from_le_bytes)?),
        None => None,
    };
    let mean = numbers(&mut bytes, values, f32::from_le_bytes)?;
    let (uncertainty, sigma) = if header.spread {
        (
            Some(numbers(&mut bytes, rows, f64::from_le_bytes)?),
            Some(numbers(&mut bytes, values, f32::from_le_bytes)?),
        )
    } else {
        (None, None)
    };
    let mut ids = Vec::new();
    for _ in 0..rows {
        let length = u32::from_le_bytes(*bytes.split_off_chunk::<4>()?) as usize;
        let id = bytes.split_off(..length)?;
        ids.push(std::str::from_utf8(id).ok()?.to_owned());
    }
    bytes.is_empty().then_some(EmbeddingBatch {
        ids,
        labels,
        mean,
        sigma,
        uncertainty,
    })
}

trait SplitOffChunk {
    fn split_off_chunk<const N: usize>(&mut self) -> Option<&[u8; N]>;
}

impl SplitOffChunk for &[u8] {
    fn split_off_chunk<const N: usize>(&mut self) -> Option<&[u8; N]> {
        let (chunk, rest) = self.split_first_chunk::<N>()?;
        *self = rest;
        Some(chunk)
    }
}

fn numbers<T, const N: usize>(
    bytes: &mut &[u8],
    count: usize,
    number: impl Fn([u8; N]) -> T,
) -> Option<Vec<T>> {
    let piece = bytes.split_off(..count.checked_mul(N)?)?;
    let (numbers, _) = piece.as_chunks::<N>();
    Some(numbers.iter().map(|&bytes| number(bytes)).collect())
}
