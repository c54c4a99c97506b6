//! The program as a user runs it: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod begin_with_runs;
mod bench;
mod config;
mod damaged_data;
mod data;
mod data_check;
mod devices;
mod embed;
mod eval;
mod export;
mod failures;
mod fit;
mod help;
mod index;
mod interruption;
mod merge;
mod own_images;
mod risk;
mod serve;
mod sweep;
mod train;
