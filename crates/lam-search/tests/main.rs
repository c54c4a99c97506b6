//! Neighbours and the stored index: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod approximate;
mod index;
mod retrieval;
mod store;
