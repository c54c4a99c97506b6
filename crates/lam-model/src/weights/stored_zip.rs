//! Zip archives as PyTorch writes them: members stored, not compressed.

use std::collections::BTreeMap;

use super::WeightsError;
use super::file::Source;

/// Longer directories are no weights'.
const MAX_DIRECTORY: u64 = 64 << 20;
/// The end record without its comment.
const END: usize = 22;
/// The comment is at most this long.
const MAX_COMMENT: usize = 0xffff;

/// Where the bytes of a member are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    pub start: u64,
    pub length: u64,
}

/// The members of an archive by name.
pub(super) fn members(source: &mut Source) -> Result<BTreeMap<String, Member>, WeightsError> {
    let (start, length) = directory(source)?;
    if length > MAX_DIRECTORY {
        return Err(source.wrong(format!("a directory of {length} bytes is no weights'")));
    }
    let directory = source.bytes(start, length)?;
    let mut rest = directory.as_slice();
    let mut members = BTreeMap::new();
    while rest.starts_with(b"PK\x01\x02") {
        let (record, next) = Record::read(rest)
            .ok_or_else(|| source.wrong("the directory of the archive is damaged"))?;
        rest = next;
        if record.method != 0 || record.stored != record.length {
            return Err(source.wrong(format!(
                "{} is compressed, which PyTorch never does: not a file of weights",
                record.name
            )));
        }
        // Name and extra field of the local header may differ in length from the directory's.
        let local = source.bytes(record.header, 30)?;
        let start = record
            .header
            .checked_add(30 + u64::from(u16_at(&local, 26)) + u64::from(u16_at(&local, 28)))
            .filter(|_| local.starts_with(b"PK\x03\x04"))
            .filter(|start| {
                let end = start.checked_add(record.length);
                end.is_some_and(|end| end <= source.length)
            })
            .ok_or_else(|| source.wrong(format!("{} lies outside the file", record.name)))?;
        let member = Member {
            start,
            length: record.length,
        };
        if members.insert(record.name.clone(), member).is_some() {
            return Err(source.wrong(format!("{} is there twice", record.name)));
        }
    }
    Ok(members)
}

/// Start and length of the directory.
fn directory(source: &mut Source) -> Result<(u64, u64), WeightsError> {
    let tail_length = source.length.min((END + MAX_COMMENT) as u64);
    let tail_start = source.length - tail_length;
    let tail = source.bytes(tail_start, tail_length)?;
    let end = (0..tail.len().saturating_sub(END - 1))
        .rev()
        .find(|&i| tail[i..].starts_with(b"PK\x05\x06"))
        .ok_or_else(|| {
            source.wrong("the file is incomplete: its archive has no end; fetch it again")
        })?;
    let record = &tail[end..];
    let (length, start) = (u32_at(record, 12), u32_at(record, 16));
    // PyTorch writes the 64-bit end record always; its locator lies right before the old one.
    let locator = tail_start + end as u64;
    if locator >= 20 {
        let locator = source.bytes(locator - 20, 20)?;
        if locator.starts_with(b"PK\x06\x07") {
            let record = source.bytes(u64_at(&locator, 8), 56)?;
            if record.starts_with(b"PK\x06\x06") {
                return Ok((u64_at(&record, 48), u64_at(&record, 40)));
            }
        }
    }
    Ok((u64::from(start), u64::from(length)))
}

/// An entry of the directory.
struct Record {
    name: String,
    method: u16,
    /// Bytes in the archive.
    stored: u64,
    /// Bytes of the member.
    length: u64,
    /// Where its local header is.
    header: u64,
}

impl Record {
    fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let fixed = bytes.get(..46)?;
        let name_length = usize::from(u16_at(fixed, 28));
        let extra_length = usize::from(u16_at(fixed, 30));
        let comment_length = usize::from(u16_at(fixed, 32));
        let name = bytes.get(46..46 + name_length)?;
        let extra = bytes.get(46 + name_length..46 + name_length + extra_length)?;
        let next = bytes.get(46 + name_length + extra_length + comment_length..)?;
        let mut record = Self {
            name: String::from_utf8_lossy(name).into_owned(),
            method: u16_at(fixed, 10),
            stored: u64::from(u32_at(fixed, 20)),
            length: u64::from(u32_at(fixed, 24)),
            header: u64::from(u32_at(fixed, 42)),
        };
        let mut large = zip64_numbers(extra);
        // In this order, and only those that do not fit their own field.
        for field in [&mut record.length, &mut record.stored, &mut record.header] {
            if *field == u64::from(u32::MAX) {
                *field = large.next()?;
            }
        }
        Some((record, next))
    }
}

/// The 64-bit numbers of an extra field.
fn zip64_numbers(mut extra: &[u8]) -> impl Iterator<Item = u64> + '_ {
    let mut found: &[u8] = &[];
    while extra.len() >= 4 {
        let length = usize::from(u16_at(extra, 2));
        let Some(body) = extra.get(4..4 + length) else {
            break;
        };
        if u16_at(extra, 0) == 1 {
            found = body;
            break;
        }
        extra = &extra[4 + length..];
    }
    found.chunks_exact(8).map(|bytes| u64_at(bytes, 0))
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u64_of(bytes, at, 2) as u16
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u64_of(bytes, at, 4) as u32
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64_of(bytes, at, 8)
}

/// A little-endian number; bytes that are not there are 0.
fn u64_of(bytes: &[u8], at: usize, count: usize) -> u64 {
    let bytes = bytes.iter().skip(at).take(count);
    bytes
        .enumerate()
        .fold(0, |n, (i, &byte)| n | (u64::from(byte) << (8 * i)))
}
