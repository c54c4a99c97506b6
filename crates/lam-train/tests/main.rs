//! Configurations, methods, runs: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod bench;
mod config;
mod config_files;
mod dataset_names;
mod fit;
mod methods;
mod run;
mod run_tensorboard;
mod sweep;
mod trunks;
