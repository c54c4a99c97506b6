//! MATLAB files of version 5 (what `save -v7` writes): arrays of bytes by name.
//!
//! MathWorks, "MAT-File Format": a header of 128 bytes, then elements, each of a tag (type, length) and
//! content padded to eight bytes; an element may be deflated as a whole.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use flate2::bufread::ZlibDecoder;

use crate::{DataError, LayoutError};

/// Largest array that is read, in bytes.
const MOST_BYTES: u64 = 1 << 31;

/// Most elements of a file and of an array's description.
const MOST_ELEMENTS: usize = 10_000;

/// Longest description of an array: dimensions, name.
const LONGEST_DESCRIPTION: u64 = 1 << 16;

const HEADER: usize = 128;

/// Types of elements.
const INT8: u32 = 1;
const UINT8: u32 = 2;
const INT16: u32 = 3;
const UINT16: u32 = 4;
const INT32: u32 = 5;
const UINT32: u32 = 6;
const DOUBLE: u32 = 9;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;

/// Numeric classes of arrays: double, single, and the integers of 8 to 64 bits.
const NUMERIC: std::ops::RangeInclusive<u8> = 6..=15;

/// Bit of an array's flags: it has imaginary parts.
const COMPLEX: u32 = 1 << 11;

/// An array of numbers from 0 to 255, in MATLAB's order: the first index runs fastest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatArray {
    /// Length of each dimension.
    pub dims: Vec<usize>,
    /// The values.
    pub values: Vec<u8>,
}

/// Reads the arrays `names` of a MATLAB 5 file, in this order; others are passed over.
///
/// Memory grows with what the file really holds, never with what it promises. Values of any numeric class
/// are accepted where they are whole numbers from 0 to 255.
///
/// # Errors
/// [`DataError::Io`]; [`LayoutError::WrongFormat`] with the reason: another format or version, cut off,
/// damaged, an array missing or of something else than such numbers.
pub fn read_mat5<const N: usize>(
    file: &Path,
    names: [&str; N],
) -> Result<[MatArray; N], DataError> {
    let stored = File::open(file).map_err(|error| DataError::io(file, "reading", error))?;
    let mut reader = BufReader::with_capacity(1 << 16, stored);
    let mut found: [Option<MatArray>; N] = std::array::from_fn(|_| None);
    let failed = |stop: Stop| match stop {
        Stop::Io(error) => DataError::io(file, "reading", error),
        Stop::Wrong(reason) => wrong(file, reason),
    };
    read_header(&mut reader).map_err(failed)?;
    for _ in 0..MOST_ELEMENTS {
        if found.iter().all(Option::is_some) {
            break;
        }
        let Some((name, array)) = read_element(&mut reader, &names).map_err(failed)? else {
            break;
        };
        if let Some(at) = names.iter().position(|&wanted| wanted == name) {
            found[at] = array;
        }
    }
    let mut arrays = Vec::with_capacity(N);
    for (name, array) in names.iter().zip(found) {
        arrays.push(array.ok_or_else(|| wrong(file, format!("no array '{name}'")))?);
    }
    arrays
        .try_into()
        .map_err(|_| wrong(file, "damaged".to_owned()))
}

fn wrong(file: &Path, reason: String) -> DataError {
    LayoutError::WrongFormat {
        file: file.into(),
        format: "a MATLAB 5 file",
        reason,
    }
    .into()
}

enum Stop {
    Io(io::Error),
    Wrong(String),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Wrong("it is cut off".to_owned()),
            // How flate2 reports a damaged stream.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
                Self::Wrong(format!("its deflated content is damaged ({error})"))
            }
            _ => Self::Io(error),
        }
    }
}

impl From<&str> for Stop {
    fn from(reason: &str) -> Self {
        Self::Wrong(reason.to_owned())
    }
}

fn read_header(reader: &mut impl Read) -> Result<(), Stop> {
    let mut header = [0; HEADER];
    reader.read_exact(&mut header)?;
    if header.starts_with(b"MATLAB 7.3") || header.starts_with(b"\x89HDF") {
        return Err("it is of version 7.3; save it with -v7".into());
    }
    match (&header[126..128], &header[124..126]) {
        (b"IM", [0, 1]) => Ok(()),
        (b"MI", _) => {
            Err("its bytes are in big-endian order; save it on a little-endian machine".into())
        }
        _ => Err("its header is not one; is the download complete?".into()),
    }
}

/// One array; its values only if it is one of the `wanted`. Nothing at the end of the file.
fn read_element(
    reader: &mut BufReader<File>,
    wanted: &[&str],
) -> Result<Option<(String, Option<MatArray>)>, Stop> {
    let Some(tag) = read_tag_or_end(reader)? else {
        return Ok(None);
    };
    match tag.kind {
        COMPRESSED => {
            let mut inflated = ZlibDecoder::new(reader.by_ref().take(tag.len));
            let inner = read_tag(&mut inflated)?;
            if inner.kind != MATRIX {
                return Err("a deflated element that is no array".into());
            }
            let array = read_matrix(&mut inflated.by_ref().take(inner.len), wanted)?;
            // To the end of the stream, which checks its sum, then to the end of the element.
            skip(&mut inflated)?;
            skip(&mut inflated.into_inner())?;
            Ok(Some(array))
        }
        MATRIX => {
            let mut content = reader.by_ref().take(tag.len);
            let array = read_matrix(&mut content, wanted)?;
            skip(&mut content)?;
            Ok(Some(array))
        }
        kind => Err(Stop::Wrong(format!("an element of type {kind}"))),
    }
}

/// Reads to the end.
fn skip(reader: &mut impl Read) -> Result<(), Stop> {
    io::copy(reader, &mut io::sink())?;
    Ok(())
}

/// Name, and values if it is one of the `wanted`.
fn read_matrix(
    reader: &mut impl Read,
    wanted: &[&str],
) -> Result<(String, Option<MatArray>), Stop> {
    let flags = read_described(reader, UINT32, "flags")?;
    let Some((&[a, b, c, d], _)) = flags.split_first_chunk::<4>() else {
        return Err("an array without flags".into());
    };
    let flags = u32::from_le_bytes([a, b, c, d]);
    let dims = read_described(reader, INT32, "dimensions")?;
    let name = read_described(reader, INT8, "name")?;
    let name = String::from_utf8_lossy(&name).into_owned();
    if !wanted.contains(&name.as_str()) {
        return Ok((name, None));
    }
    if !NUMERIC.contains(&(flags as u8)) || flags & COMPLEX != 0 {
        return Err(Stop::Wrong(format!(
            "array '{name}' is not of real numbers"
        )));
    }
    let (dims, _) = dims.as_chunks::<4>();
    let dims = dims
        .iter()
        .map(|&dim| usize::try_from(i32::from_le_bytes(dim)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| Stop::Wrong(format!("array '{name}' has a negative dimension")))?;
    let count = dims
        .iter()
        .try_fold(1u64, |product, &dim| product.checked_mul(dim as u64))
        .filter(|&count| count <= MOST_BYTES);
    let Some(count) = count else {
        return Err(Stop::Wrong(format!(
            "array '{name}' is of {dims:?} values, more than the {MOST_BYTES} that are read at most"
        )));
    };
    let tag = read_tag(reader)?;
    let width = match tag.kind {
        INT8 | UINT8 => 1,
        INT16 | UINT16 => 2,
        INT32 | UINT32 => 4,
        DOUBLE => 8,
        kind => {
            return Err(Stop::Wrong(format!(
                "array '{name}' is stored as type {kind}"
            )));
        }
    };
    if tag.len / width != count || tag.len % width != 0 {
        return Err(Stop::Wrong(format!(
            "array '{name}' is of {dims:?} values, but {} bytes of {width} each are stored",
            tag.len
        )));
    }
    let values = match tag.inline {
        Some(bytes) => to_bytes(&bytes[..tag.len as usize], tag.kind),
        None => read_values(reader, count, width, tag.kind)?,
    };
    let values = values.ok_or_else(|| {
        Stop::Wrong(format!(
            "array '{name}' has a value that is no whole number from 0 to 255"
        ))
    })?;
    Ok((name, Some(MatArray { dims, values })))
}

/// `count` values in pieces, so that no more is kept than has been read.
fn read_values(
    reader: &mut impl Read,
    count: u64,
    width: u64,
    kind: u32,
) -> Result<Option<Vec<u8>>, Stop> {
    let mut values = Vec::new();
    let mut piece = vec![0; 1 << 16];
    let mut left = count * width;
    while left > 0 {
        let len = left.min(piece.len() as u64) as usize;
        reader.read_exact(&mut piece[..len])?;
        left -= len as u64;
        match to_bytes(&piece[..len], kind) {
            Some(bytes) => values.extend(bytes),
            None => return Ok(None),
        }
    }
    values.shrink_to_fit();
    Ok(Some(values))
}

/// Little-endian numbers as bytes; nothing if one is no whole number from 0 to 255.
fn to_bytes(stored: &[u8], kind: u32) -> Option<Vec<u8>> {
    fn all<const W: usize, T>(
        stored: &[u8],
        read: impl Fn([u8; W]) -> T,
        byte: impl Fn(T) -> Option<u8>,
    ) -> Option<Vec<u8>> {
        let (values, _) = stored.as_chunks::<W>();
        values.iter().map(|&value| byte(read(value))).collect()
    }
    match kind {
        UINT8 => Some(stored.to_vec()),
        INT8 => all(stored, i8::from_le_bytes, |v| u8::try_from(v).ok()),
        INT16 => all(stored, i16::from_le_bytes, |v| u8::try_from(v).ok()),
        UINT16 => all(stored, u16::from_le_bytes, |v| u8::try_from(v).ok()),
        INT32 => all(stored, i32::from_le_bytes, |v| u8::try_from(v).ok()),
        UINT32 => all(stored, u32::from_le_bytes, |v| u8::try_from(v).ok()),
        DOUBLE => all(stored, f64::from_le_bytes, |v| {
            let byte = v as u8;
            (f64::from(byte) == v).then_some(byte)
        }),
        _ => None,
    }
}

/// Type and length of what follows; short content stands in the tag itself.
struct Tag {
    kind: u32,
    len: u64,
    inline: Option<[u8; 4]>,
}

fn read_tag(reader: &mut impl Read) -> Result<Tag, Stop> {
    read_tag_or_end(reader)?.ok_or_else(|| "it is cut off".into())
}

fn read_tag_or_end(reader: &mut impl Read) -> Result<Option<Tag>, Stop> {
    let mut bytes = [0; 8];
    let mut read = 0;
    while read < bytes.len() {
        match reader.read(&mut bytes[read..]) {
            Ok(0) if read == 0 => return Ok(None),
            Ok(0) => return Err("it is cut off".into()),
            Ok(count) => read += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    let [a, b, c, d, e, f, g, h] = bytes;
    let (first, second) = (u32::from_le_bytes([a, b, c, d]), [e, f, g, h]);
    Ok(Some(match first >> 16 {
        0 => Tag {
            kind: first,
            len: u32::from_le_bytes(second).into(),
            inline: None,
        },
        len @ 1..=4 => Tag {
            kind: first & 0xffff,
            len: len.into(),
            inline: Some(second),
        },
        _ => return Err("a tag is damaged".into()),
    }))
}

/// A short element of a known type, padding included.
fn read_described(reader: &mut impl Read, kind: u32, what: &str) -> Result<Vec<u8>, Stop> {
    let tag = read_tag(reader)?;
    if tag.kind != kind || tag.len > LONGEST_DESCRIPTION {
        return Err(Stop::Wrong(format!("the {what} of an array are damaged")));
    }
    if let Some(bytes) = tag.inline {
        return Ok(bytes[..tag.len as usize].to_vec());
    }
    let mut bytes = vec![0; tag.len.next_multiple_of(8) as usize];
    reader.read_exact(&mut bytes)?;
    bytes.truncate(tag.len as usize);
    Ok(bytes)
}
