use std::io::{self, BufRead, Read};
use std::path::Path;

use flate2::bufread::GzDecoder;

use crate::{DataError, Source};

/// Largest content of an IDX file that is read, in bytes.
pub const MAX_IDX_BYTES: u64 = 1 << 31;

/// Deflate cannot shrink more than this (258 bytes from two bits).
const MAX_DEFLATE_RATIO: u64 = 1032;

/// Type code of unsigned bytes, the third byte of the magic number.
const UNSIGNED_BYTE: u8 = 0x08;

/// Array of bytes of an IDX file, row-major.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdxArray {
    /// Length of each dimension.
    pub dims: Vec<usize>,
    /// The values.
    pub values: Vec<u8>,
}

/// Reads an IDX file of unsigned bytes with `rank` dimensions (3 for images, 1 for labels), gzip or
/// plain as its content says.
///
/// Memory grows with what the file really holds, never with what its header promises, and stops one
/// byte after the promised length. One gzip member is accepted, its checksum is verified.
///
/// # Errors
/// Names the file and says what was expected: [`DataError::WrongMagic`], [`DataError::WrongType`],
/// [`DataError::WrongRank`], [`DataError::TooLarge`], [`DataError::Truncated`],
/// [`DataError::TrailingBytes`], [`DataError::CorruptGzip`], [`DataError::Io`].
pub fn read_idx(source: &Source, rank: usize) -> Result<IdxArray, DataError> {
    let file = source.path();
    let (mut stored, stored_len) = source.open()?;
    if is_gzip(&mut stored).map_err(|error| DataError::io(file, "reading", error))? {
        let possible = stored_len.saturating_mul(MAX_DEFLATE_RATIO);
        let mut decoder = GzDecoder::new(stored);
        let array = read_array(&mut decoder, file, possible, rank)?;
        end_of_input(decoder.into_inner(), file)?;
        Ok(array)
    } else {
        read_array(&mut stored, file, stored_len, rank)
    }
}

/// The first `count` values, or nothing if the file is not an IDX file of bytes that has them.
pub(crate) fn first_values(source: &Source, rank: usize, count: usize) -> Option<Vec<u8>> {
    let (mut stored, _) = source.open().ok()?;
    let mut reader: Box<dyn Read> = if is_gzip(&mut stored).ok()? {
        Box::new(GzDecoder::new(stored))
    } else {
        Box::new(stored)
    };
    read_dims(&mut reader, source.path(), rank).ok()?;
    let mut values = vec![0; count];
    reader.read_exact(&mut values).ok()?;
    Some(values)
}

fn is_gzip(reader: &mut impl BufRead) -> io::Result<bool> {
    Ok(reader.fill_buf()?.starts_with(&[0x1f, 0x8b]))
}

/// Header and values; `possible` is the largest content that the stored bytes can stand for.
fn read_array(
    reader: &mut impl Read,
    file: &Path,
    possible: u64,
    rank: usize,
) -> Result<IdxArray, DataError> {
    let dims = read_dims(reader, file, rank)?;
    let promised = dims
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(u64::from(dim)));
    let promised = match promised {
        Some(promised) if promised <= MAX_IDX_BYTES => promised,
        _ => {
            return Err(DataError::TooLarge {
                file: file.into(),
                dims,
                limit: MAX_IDX_BYTES,
            });
        }
    };
    if promised > possible {
        return Err(DataError::Truncated {
            file: file.into(),
            expected: promised,
            found: None,
        });
    }
    let mut values = Vec::new();
    // One byte more than promised shows trailing bytes; the end of the stream checks gzip's sum.
    let outcome = reader.take(promised + 1).read_to_end(&mut values);
    let found = values.len() as u64;
    if let Err(error) = outcome {
        return Err(reading_failed(error, file, promised, found));
    }
    if found < promised {
        return Err(DataError::Truncated {
            file: file.into(),
            expected: promised,
            found: Some(found),
        });
    }
    if found > promised {
        return Err(DataError::TrailingBytes {
            file: file.into(),
            expected: promised,
        });
    }
    values.shrink_to_fit();
    Ok(IdxArray {
        dims: dims.iter().map(|&dim| dim as usize).collect(),
        values,
    })
}

/// Checks the magic number and returns the dimensions.
fn read_dims(reader: &mut impl Read, file: &Path, rank: usize) -> Result<Vec<u32>, DataError> {
    let magic = read_word(reader, file)?;
    let [zero_a, zero_b, dtype, found_rank] = magic;
    if zero_a != 0 || zero_b != 0 {
        return Err(DataError::WrongMagic {
            file: file.into(),
            found: u32::from_be_bytes(magic),
            expected: u32::from_be_bytes([0, 0, UNSIGNED_BYTE, rank as u8]),
        });
    }
    if dtype != UNSIGNED_BYTE {
        return Err(DataError::WrongType {
            file: file.into(),
            found: dtype,
        });
    }
    if usize::from(found_rank) != rank {
        return Err(DataError::WrongRank {
            file: file.into(),
            found: usize::from(found_rank),
            expected: rank,
        });
    }
    (0..rank)
        .map(|_| read_word(reader, file).map(u32::from_be_bytes))
        .collect()
}

fn read_word(reader: &mut impl Read, file: &Path) -> Result<[u8; 4], DataError> {
    let mut word = [0; 4];
    match reader.read_exact(&mut word) {
        Ok(()) => Ok(word),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(DataError::TruncatedHeader { file: file.into() })
        }
        Err(error) => Err(reading_failed(error, file, 0, 0)),
    }
}

fn reading_failed(error: io::Error, file: &Path, expected: u64, found: u64) -> DataError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => DataError::Truncated {
            file: file.into(),
            expected,
            found: Some(found),
        },
        // How flate2 reports a damaged stream or a wrong checksum.
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => DataError::CorruptGzip {
            file: file.into(),
            source: error,
        },
        _ => DataError::io(file, "reading", error),
    }
}

/// Nothing may follow the gzip stream.
fn end_of_input(mut stored: impl BufRead, file: &Path) -> Result<(), DataError> {
    let rest = stored
        .fill_buf()
        .map_err(|error| DataError::io(file, "reading", error))?;
    if rest.is_empty() {
        Ok(())
    } else {
        Err(DataError::TrailingGarbage { file: file.into() })
    }
}
