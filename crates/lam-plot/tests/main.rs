//! Figures and pages: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

#[path = "../examples/gallery/data.rs"]
mod data;

mod degenerate;
mod figures;
mod report;
