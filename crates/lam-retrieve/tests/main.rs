//! Answers that say how sure they are: one program for all tests of this crate. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod calibration;
mod calibration_file;
mod classes;
mod embeddings;
mod isotonic;
mod novelty;
mod retriever;
