use std::borrow::Cow;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use crate::decode::{DecodeLimits, ImageFault, Picture, decode};
use crate::{DataError, Region};

/// An encoded photograph and its class.
#[derive(Debug, Clone)]
pub struct Photo {
    /// Where it is.
    pub source: PhotoSource,
    /// Index of its class.
    pub label: u32,
}

/// Where an encoded photograph is: JPEG, PNG or WebP.
#[derive(Debug, Clone)]
pub enum PhotoSource {
    /// In a file of its own.
    File(PathBuf),
    /// A part of a picture in a file, cut out after decoding.
    Part {
        /// The file.
        file: PathBuf,
        /// What is cut out.
        region: Region,
    },
    /// In memory, possibly with others in one buffer.
    Bytes {
        /// What it is called in messages.
        name: String,
        /// A buffer that holds it.
        bytes: Arc<[u8]>,
        /// Where in the buffer.
        range: Range<usize>,
    },
}

impl PhotoSource {
    /// In a buffer of its own.
    pub fn bytes(name: impl Into<String>, bytes: impl Into<Arc<[u8]>>) -> Self {
        let bytes = bytes.into();
        Self::Bytes {
            name: name.into(),
            range: 0..bytes.len(),
            bytes,
        }
    }

    /// A file, or a part of the picture in it.
    pub fn file(path: PathBuf, region: Option<Region>) -> Self {
        match region {
            Some(region) => Self::Part { file: path, region },
            None => Self::File(path),
        }
    }

    /// What it is called in messages: the path of a file, with `#x_1,y_1,x_2,y_2` for a part of its picture.
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Part { file, region } => format!("{}#{region}", file.display()),
            Self::Bytes { name, .. } => name.clone(),
        }
    }

    /// The picture.
    ///
    /// # Errors
    /// [`DataError::UnreadableImage`] if it cannot be decoded or has no such part; those of [`PhotoSource::load`].
    pub(crate) fn picture(&self, limits: DecodeLimits) -> Result<Picture, DataError> {
        let bytes = self.load(limits)?;
        let whole = decode(&bytes, limits);
        let picture = whole.and_then(|whole| match *self {
            Self::Part { region, .. } => whole.cut(region),
            _ => Ok(whole),
        });
        picture.map_err(|fault| DataError::UnreadableImage {
            image: self.name(),
            fault,
        })
    }

    /// The encoded bytes.
    ///
    /// # Errors
    /// [`DataError::UnreadableImage`] if there is no such file or range, or it is too large; [`DataError::Io`] if
    /// reading fails for a reason that is not one file's.
    pub(crate) fn load(&self, limits: DecodeLimits) -> Result<Cow<'_, [u8]>, DataError> {
        let fault = |fault| DataError::UnreadableImage {
            image: self.name(),
            fault,
        };
        match self {
            Self::Bytes { bytes, range, .. } => match bytes.get(range.clone()) {
                Some(bytes) => Ok(Cow::Borrowed(bytes)),
                None => Err(fault(ImageFault::NotOpened(
                    ErrorKind::UnexpectedEof.into(),
                ))),
            },
            Self::File(path) | Self::Part { file: path, .. } => {
                let failed = |error: std::io::Error| match error.kind() {
                    ErrorKind::NotFound
                    | ErrorKind::PermissionDenied
                    | ErrorKind::IsADirectory
                    | ErrorKind::NotADirectory
                    | ErrorKind::InvalidInput
                    | ErrorKind::InvalidFilename => fault(ImageFault::NotOpened(error)),
                    _ => DataError::io(path, "reading", error),
                };
                let file = File::open(path).map_err(failed)?;
                let size = file.metadata().map_err(failed)?.len();
                limits.check_bytes(size).map_err(fault)?;
                let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
                // The file may grow meanwhile, or be none that knows its size.
                file.take(limits.bytes.saturating_add(1))
                    .read_to_end(&mut bytes)
                    .map_err(failed)?;
                Ok(Cow::Owned(bytes))
            }
        }
    }
}
