//! Curvature and posteriors: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod curvature;
mod deep_head;
mod online;
mod online_matrices;
mod posterior;
mod predictive;
mod prior;
mod structured_posteriors;
mod structures;
