//! Arrays as NumPy writes them. The header is read here and not by a library: it is a dictionary of three entries, and the
//! libraries multiply its shape unchecked.

use std::path::Path;

use super::VectorsError;
use super::element::{Element, Kind};
use super::positioned::Positioned;
use super::raw_array::RawArray;
use crate::DataError;

const MAGIC: &[u8] = b"\x93NUMPY";
/// Longest header that is read; those of plain arrays have 128 bytes.
const MOST_HEADER: u64 = 1 << 14;

/// What stands in an array.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Number(Element),
    /// Text of so many bytes, padded with zeros.
    Bytes(usize),
    /// Text of so many characters of four bytes, padded with zeros.
    Unicode {
        characters: usize,
        big_endian: bool,
    },
}

impl Content {
    /// Bytes of one item.
    pub(crate) fn size(self) -> usize {
        match self {
            Self::Number(element) => element.size(),
            Self::Bytes(bytes) => bytes,
            Self::Unicode { characters, .. } => characters.saturating_mul(4),
        }
    }
}

/// An array whose header has been read.
#[derive(Debug)]
pub(crate) struct NpyArray {
    pub(crate) file: Positioned,
    /// Where its items begin.
    pub(crate) offset: u64,
    pub(crate) shape: Vec<u64>,
    pub(crate) content: Content,
}

impl NpyArray {
    pub(crate) fn open(path: &Path) -> Result<Self, DataError> {
        let file = Positioned::open(path)?;
        let damaged = |reason: &str| VectorsError::damaged(path, reason);
        let start = file
            .take(0, 8)
            .map_err(|_| damaged("not a .npy file: it is too short for a header"))?;
        if !start.starts_with(MAGIC) {
            return Err(
                damaged("not a .npy file: it does not begin with the mark of NumPy").into(),
            );
        }
        let size_bytes = match start[6] {
            1 => 2,
            2 | 3 => 4,
            other => {
                return Err(
                    damaged(&format!("a .npy file of version {other}, expected 1 to 3")).into(),
                );
            }
        };
        let size = file.take(8, size_bytes)?;
        let length = size
            .iter()
            .rev()
            .fold(0, |n, &byte| (n << 8) | u64::from(byte));
        if length > MOST_HEADER {
            let reason = format!("its header has {length} bytes, expected at most {MOST_HEADER}");
            return Err(damaged(&reason).into());
        }
        let offset = 8 + size_bytes + length;
        let header = file.take(8 + size_bytes, length)?;
        let header = Header::read(&header).map_err(|reason| damaged(&reason))?;
        let content = content_of(path, &header.descr)?;
        // One axis longer than 1 is the same in both orders.
        if header.fortran_order && header.shape.iter().filter(|&&axis| axis != 1).count() > 1 {
            return Err(VectorsError::content(
                path,
                "an array in Fortran order (column after column)",
                "C order: save numpy.ascontiguousarray(array)",
            )
            .into());
        }
        let items = header
            .shape
            .iter()
            .try_fold(1_u64, |n, &axis| n.checked_mul(axis));
        let bytes = items.and_then(|items| items.checked_mul(content.size() as u64));
        let held = file.bytes() - offset.min(file.bytes());
        match bytes {
            Some(bytes) if bytes == held => {}
            _ => {
                let reason = format!(
                    "its header speaks of an array {:?} of {}, but {held} bytes follow; was its copy complete?",
                    header.shape, header.descr
                );
                return Err(damaged(&reason).into());
            }
        }
        Ok(Self {
            file,
            offset,
            shape: header.shape,
            content,
        })
    }
}

/// Opens `[N, D]` floats.
pub(crate) fn open_matrix(path: &Path) -> Result<RawArray, DataError> {
    let array = NpyArray::open(path)?;
    let expected = "floats [N, D]: one row of numbers for each vector";
    let (rows, dim) = match array.shape.as_slice() {
        &[rows, dim] => (rows, dim),
        shape => {
            let found = format!("an array of shape {shape:?}");
            return Err(VectorsError::content(path, found, expected).into());
        }
    };
    let element = match array.content {
        Content::Number(element) if element.is_float() => element,
        _ => {
            let found = "an array of something else than floats";
            return Err(VectorsError::content(path, found, expected).into());
        }
    };
    require_some(path, rows, dim)?;
    RawArray::new(array.file, array.offset, rows, dim, element)
}

/// Refuses arrays without a number.
pub(crate) fn require_some(path: &Path, rows: u64, dim: u64) -> Result<(), DataError> {
    if rows == 0 || dim == 0 {
        let found = format!("{rows} vectors of {dim} numbers");
        return Err(VectorsError::content(path, found, "at least one vector").into());
    }
    Ok(())
}

/// What `descr` says.
fn content_of(path: &Path, descr: &str) -> Result<Content, DataError> {
    let unknown = || {
        VectorsError::content(
            path,
            format!("an array of type '{descr}'"),
            "numbers of 16 to 64 bits, or text of fixed width (not objects: save array.astype(str))",
        )
    };
    let mut characters = descr.chars();
    let big_endian = match characters.next() {
        Some('<' | '|') => false,
        Some('>') => true,
        _ => return Err(unknown().into()),
    };
    let kind = characters.next().unwrap_or(' ');
    let size: usize = characters.as_str().parse().map_err(|_| unknown())?;
    let kind = match (kind, size) {
        ('f', 2) => Kind::F16,
        ('f', 4) => Kind::F32,
        ('f', 8) => Kind::F64,
        ('i', 1 | 2 | 4 | 8) => Kind::Int(size),
        ('u', 1 | 2 | 4 | 8) | ('b', 1) => Kind::Uint(size),
        ('S', 1..) => return Ok(Content::Bytes(size)),
        ('U', 1..) => {
            return Ok(Content::Unicode {
                characters: size,
                big_endian,
            });
        }
        _ => return Err(unknown().into()),
    };
    Ok(Content::Number(Element { kind, big_endian }))
}

/// The three entries of a header.
struct Header {
    descr: String,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Reads `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "its header is not text".to_owned())?;
        let mut literal = Literal { rest: text.trim() };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        literal.expect("{")?;
        while !literal.accept("}") {
            let key = literal.text()?;
            literal.expect(":")?;
            match key.as_str() {
                "descr" if literal.rest.starts_with('[') => {
                    return Err(
                        "an array of records, expected one of numbers or of text".to_owned()
                    );
                }
                "descr" => descr = Some(literal.text()?),
                "fortran_order" => fortran_order = Some(literal.truth()?),
                "shape" => shape = Some(literal.whole_numbers()?),
                _ => return Err(format!("its header has an entry '{key}'")),
            }
            if !literal.accept(",") {
                literal.expect("}")?;
                break;
            }
        }
        let missing = |key: &str| format!("its header has no entry '{key}'");
        Ok(Self {
            descr: descr.ok_or_else(|| missing("descr"))?,
            fortran_order: fortran_order.ok_or_else(|| missing("fortran_order"))?,
            shape: shape.ok_or_else(|| missing("shape"))?,
        })
    }
}

/// A piece of Python of the kind that headers are made of.
struct Literal<'a> {
    rest: &'a str,
}

impl Literal<'_> {
    fn accept(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest.trim_start();
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.accept(token) {
            return Ok(());
        }
        let found: String = self.rest.chars().take(20).collect();
        Err(format!(
            "its header cannot be read: expected '{token}' where '{}' stands",
            found.escape_default()
        ))
    }

    /// A text in single or double quotes without escapes.
    fn text(&mut self) -> Result<String, String> {
        let quote = if self.rest.starts_with('"') {
            "\""
        } else {
            "'"
        };
        self.expect(quote)?;
        let (text, rest) = match self.rest.split_once(quote) {
            Some(parts) if !parts.0.contains('\\') => parts,
            _ => return Err("its header cannot be read: a text without end".to_owned()),
        };
        let text = text.to_owned();
        self.rest = rest.trim_start();
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, String> {
        if self.accept("True") {
            return Ok(true);
        }
        self.expect("False").map(|()| false)
    }

    /// A tuple of whole numbers.
    fn whole_numbers(&mut self) -> Result<Vec<u64>, String> {
        self.expect("(")?;
        let mut numbers = Vec::new();
        while !self.accept(")") {
            let end = self.rest.find(|c: char| !c.is_ascii_digit());
            let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
            let number = digits.parse().map_err(|_| {
                "its header cannot be read: a shape of something else than whole numbers".to_owned()
            })?;
            numbers.push(number);
            // Python 2 wrote long numbers like this.
            self.rest = rest.strip_prefix('L').unwrap_or(rest).trim_start();
            if !self.accept(",") {
                self.expect(")")?;
                break;
            }
        }
        Ok(numbers)
    }
}
