//! Metrics against definitions: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod baseline;
mod binomial;
mod calibration;
mod evaluate;
mod expected_distance;
mod golden;
mod places;
mod proper_scores;
mod ranking;
mod retrieval;
mod risk_control;
mod selective;
mod sparsification;
mod votes;
