//! Pickles: one program for all tests of this crate. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod dangerous;
mod hostile;
mod machine;
mod protocols;
