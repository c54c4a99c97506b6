//! The append-only log: records with a length and a checksum.
//!
//! What one call of the writer appends counts whole or not at all: its records carry the same sequence
//! number, one higher than the last call's, and say how many of them follow. A call begins only when the
//! records of the last one are on the disk. So a call that cannot be read whole is the torn end of one that
//! never returned, unless a record of a call after it is there: then it had returned, and the file is
//! damaged.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{StoreError, replace_file};

const MAGIC: [u8; 8] = *b"LAMILOG1";
/// Magic, generation, checksum of the snapshot, checksum of the header.
pub(crate) const LOG_HEADER: usize = 24;
const MARKER: [u8; 4] = *b"REC\xa7";
/// Marker, length of the payload, sequence number, records that follow in the same call, checksum of the
/// last three and the payload.
const FRAME: usize = 24;
/// Largest payload. No length above it is believed.
pub(crate) const MAX_PAYLOAD: usize = 64 << 20;

/// A record that is whole.
#[derive(Debug, Clone, Copy)]
struct Frame<'a> {
    sequence: u64,
    following: u32,
    payload: &'a [u8],
    end: usize,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*bytes))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    let bytes = bytes.get(at..)?.first_chunk()?;
    Some(u64::from_le_bytes(*bytes))
}

fn frame_at(bytes: &[u8], at: usize) -> Option<Frame<'_>> {
    if bytes.get(at..)?.first_chunk() != Some(&MARKER) {
        return None;
    }
    let length = u32_at(bytes, at + 4)? as usize;
    if length > MAX_PAYLOAD {
        return None;
    }
    let start = at + FRAME;
    let end = start.checked_add(length)?;
    let payload = bytes.get(start..end)?;
    let numbers = bytes.get(at + 4..at + 20)?;
    let checksum = crc32c::crc32c_append(crc32c::crc32c(numbers), payload);
    (u32_at(bytes, at + 20)? == checksum).then_some(Frame {
        sequence: u64_at(bytes, at + 8)?,
        following: u32_at(bytes, at + 16)?,
        payload,
        end,
    })
}

/// Adds a record to `out`, the payload written by `write`.
pub(crate) fn append_frame(
    out: &mut Vec<u8>,
    sequence: u64,
    following: u32,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = out.len();
    out.extend_from_slice(&MARKER);
    out.extend_from_slice(&[0; FRAME - MARKER.len()]);
    write(out);
    let length = out.len() - start - FRAME;
    out[start + 4..start + 8].copy_from_slice(&(length as u32).to_le_bytes());
    out[start + 8..start + 16].copy_from_slice(&sequence.to_le_bytes());
    out[start + 16..start + 20].copy_from_slice(&following.to_le_bytes());
    let checksum = crc32c::crc32c(&out[start + 4..start + 20]);
    let checksum = crc32c::crc32c_append(checksum, &out[start + FRAME..]);
    out[start + 20..start + FRAME].copy_from_slice(&checksum.to_le_bytes());
}

/// Where reading stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Bytes of whole records, the header included.
    pub(crate) offset: u64,
    /// Number of the last call.
    pub(crate) sequence: u64,
}

impl Position {
    pub(crate) const START: Self = Self {
        offset: LOG_HEADER as u64,
        sequence: 0,
    };
}

/// Gives every record of the calls from `from` on to `apply`; the position behind the last whole call, and
/// how many bytes of a torn one follow it. `bytes` are those of the log from there on.
pub(crate) fn replay(
    path: &Path,
    from: Position,
    bytes: &[u8],
    mut apply: impl FnMut(&[u8]) -> Result<(), StoreError>,
) -> Result<(Position, u64), StoreError> {
    let mut sequence = from.sequence;
    let mut at = 0;
    while let Some((payloads, end)) = call_at(bytes, at, sequence + 1) {
        payloads.into_iter().try_for_each(&mut apply)?;
        sequence += 1;
        at = end;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let offset = from.offset + at as u64;
    let is_later = |place| frame_at(rest, place).is_some_and(|f| f.sequence != sequence + 1);
    let markers = rest.windows(MARKER.len()).enumerate();
    let mut markers = markers.filter(|(_, window)| *window == MARKER);
    if markers.any(|(place, _)| is_later(place)) {
        return Err(StoreError::damaged(
            path,
            format!("the records from byte {offset} on cannot be read"),
        ));
    }
    Ok((Position { offset, sequence }, rest.len() as u64))
}

/// The payloads of the call with this number, and its end, if all of it is there.
fn call_at(bytes: &[u8], mut at: usize, sequence: u64) -> Option<(Vec<&[u8]>, usize)> {
    let mut payloads = Vec::new();
    let mut expected = None;
    loop {
        let frame = frame_at(bytes, at)?;
        if frame.sequence != sequence || expected.is_some_and(|e| frame.following != e) {
            return None;
        }
        payloads.push(frame.payload);
        at = frame.end;
        match frame.following.checked_sub(1) {
            Some(following) => expected = Some(following),
            None => return Some((payloads, at)),
        }
    }
}

fn header(generation: u64, snapshot: u32) -> [u8; LOG_HEADER] {
    let mut header = [0; LOG_HEADER];
    header[..8].copy_from_slice(&MAGIC);
    header[8..16].copy_from_slice(&generation.to_le_bytes());
    header[16..20].copy_from_slice(&snapshot.to_le_bytes());
    let checksum = crc32c::crc32c(&header[..20]);
    header[20..].copy_from_slice(&checksum.to_le_bytes());
    header
}

/// Bytes of the log from `position` on; `None` if no log was begun yet. `snapshot` is the checksum of the
/// snapshot that it continues.
pub(crate) fn read_from(
    path: &Path,
    generation: u64,
    snapshot: u32,
    position: Position,
) -> Result<Option<Vec<u8>>, StoreError> {
    let failed = |error| StoreError::io(path, "reading", error);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let mut start = Vec::with_capacity(LOG_HEADER);
    (&mut file)
        .take(LOG_HEADER as u64)
        .read_to_end(&mut start)
        .map_err(failed)?;
    if start.len() < LOG_HEADER {
        // Nothing was ever acknowledged in it.
        return Ok(None);
    }
    if start != header(generation, snapshot) {
        return Err(StoreError::damaged(
            path,
            "the log does not belong to the snapshot",
        ));
    }
    file.seek(SeekFrom::Start(position.offset))
        .map_err(failed)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    Ok(Some(bytes))
}

/// The log being written.
#[derive(Debug)]
pub(crate) struct Log {
    path: PathBuf,
    file: File,
    position: Position,
    /// Why nothing more may be written.
    poisoned: Option<String>,
}

impl Log {
    /// Begins an empty log.
    pub(crate) fn create(
        path: PathBuf,
        generation: u64,
        snapshot: u32,
    ) -> Result<Self, StoreError> {
        replace_file(&path, |out| out.write_all(&header(generation, snapshot)))?;
        Self::open(path, Position::START)
    }

    /// Goes on behind `position`; what follows it is cut off.
    pub(crate) fn open(path: PathBuf, position: Position) -> Result<Self, StoreError> {
        let failed = |error| StoreError::io(&path, "opening", error);
        let file = File::options().write(true).open(&path).map_err(failed)?;
        if file.metadata().map_err(failed)?.len() != position.offset {
            file.set_len(position.offset).map_err(failed)?;
            file.sync_all().map_err(failed)?;
        }
        Ok(Self {
            path,
            file,
            position,
            poisoned: None,
        })
    }

    /// Number for the records of the next call.
    pub(crate) fn next_sequence(&self) -> u64 {
        self.position.sequence + 1
    }

    /// Refuses everything from now on.
    pub(crate) fn poison(&mut self, reason: String) {
        self.poisoned = Some(reason);
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match &self.poisoned {
            None => Ok(()),
            Some(reason) => Err(StoreError::Poisoned {
                path: self.path.clone(),
                reason: reason.clone(),
            }),
        }
    }

    /// Appends the records that `next` puts into the buffer it is given, until it puts none, and returns
    /// when all are on the disk. After a failure none of them is.
    pub(crate) fn append(&mut self, mut next: impl FnMut(&mut Vec<u8>)) -> Result<(), StoreError> {
        self.check()?;
        let written = self.write_all(&mut next);
        match written {
            Ok(offset) => {
                self.position = Position {
                    offset,
                    sequence: self.next_sequence(),
                };
                Ok(())
            }
            Err((error, synced)) => {
                // A failed sync leaves open what is on the disk: nothing may come behind it.
                let cut = self
                    .file
                    .set_len(self.position.offset)
                    .and_then(|()| self.file.sync_all());
                if let (Err(_), _) | (_, true) = (&cut, synced) {
                    self.poisoned = Some(error.to_string());
                }
                Err(StoreError::io(&self.path, "writing", error))
            }
        }
    }

    /// The new end; with an error, whether it was the sync that failed.
    fn write_all(
        &mut self,
        next: &mut impl FnMut(&mut Vec<u8>),
    ) -> Result<u64, (std::io::Error, bool)> {
        let mut offset = self.position.offset;
        let mut buffer = Vec::new();
        let file = &mut self.file;
        file.seek(SeekFrom::Start(offset)).map_err(|e| (e, false))?;
        loop {
            buffer.clear();
            next(&mut buffer);
            if buffer.is_empty() {
                break;
            }
            file.write_all(&buffer).map_err(|e| (e, false))?;
            offset += buffer.len() as u64;
        }
        file.sync_data().map_err(|e| (e, true))?;
        Ok(offset)
    }
}
