//! Networks, losses, miners: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod backbone;
mod conv_block;
mod criterion;
mod dropout;
mod encoder;
mod head;
mod loss;
mod mining;
mod places;
mod pooling;
mod precision;
mod symmetric_eigen;
mod variance_head;
mod weights;
mod whitening;
