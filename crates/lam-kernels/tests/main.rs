//! Kernels against plain loops: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod conv2d;
mod forward;
mod input_grad;
mod layout;
mod max_pool;
mod relu_pool;
mod relu_pool_grad;
mod relu_pool_subsets;
mod threads;
mod weight_grad;
