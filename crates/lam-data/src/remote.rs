//! What the network has of a data set that lies in folders.

use crate::Checksum;

/// A file on the network.
#[derive(Debug)]
pub struct RemoteFile {
    /// Its name.
    pub name: &'static str,
    /// Where it is, tried in order.
    pub addresses: &'static [&'static str],
    /// Its length.
    pub size: Size,
    /// Its checksum.
    pub checksum: Checksum,
    /// What is taken out of it, if it is an archive.
    pub unpack: Option<Unpack>,
}

/// Length of a file in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// The published one.
    Exactly(u64),
    /// None is published: the server says which.
    AtMost(u64),
}

impl Size {
    pub(crate) fn known(self) -> Option<u64> {
        match self {
            Self::Exactly(bytes) => Some(bytes),
            Self::AtMost(_) => None,
        }
    }

    pub(crate) fn allows(self, bytes: u64) -> bool {
        match self {
            Self::Exactly(known) => bytes == known,
            Self::AtMost(limit) => bytes <= limit,
        }
    }
}

/// A folder that is taken out of a `.tar.gz` archive; the rest of it is left.
#[derive(Debug, Clone, Copy)]
pub struct Unpack {
    /// Name of the folder, at the top of the archive.
    pub folder: &'static str,
    /// Most bytes that its files have in all.
    pub most_bytes: u64,
}
