//! Vector databases: items with their uncertainty in Qdrant and PostgreSQL: one program for all tests of this crate. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod address;
mod digest;
mod pgvector;
mod qdrant;
mod retry;
