use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use md5::Md5;
use sha2::{Digest, Sha256};

/// The published checksum of a file, lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checksum {
    /// SHA-256.
    Sha256(&'static str),
    /// MD5, where no better one is published: it shows damage, not forgery.
    Md5(&'static str),
}

impl Checksum {
    /// What it is called.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Sha256(_) => "SHA-256",
            Self::Md5(_) => "MD5",
        }
    }

    /// Its digits.
    pub fn digits(self) -> &'static str {
        match self {
            Self::Sha256(digits) | Self::Md5(digits) => digits,
        }
    }

    /// The digits of a file's content.
    pub(crate) fn of_file(self, path: &Path) -> io::Result<String> {
        match self {
            Self::Sha256(_) => digest_of_file::<Sha256>(path),
            Self::Md5(_) => digest_of_file::<Md5>(path),
        }
    }
}

fn digest_of_file<D: Digest>(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut hasher = D::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            count => hasher.update(&buffer[..count]),
        }
    }
    Ok(hasher
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
