//! Convolution and pooling kernels for CPUs, over plain `f32` slices.
//!
//! Images are channels-last, `[N, H, W, C]`; weights come in, and their gradients go out, in the order
//! `[Cout, Cin, Kh, Kw]`. Inputs are cut up by image over rayon's threads; every sum has a fixed order, so
//! that a result depends on the SIMD [`Level`] but never on the number of threads or their timing.
//!
//! - [`Conv2d::forward`], [`Conv2d::weight_grad`], [`Conv2d::input_grad`]: direct convolution, dense.
//! - [`Conv2d::forward_relu_pool`], [`Conv2d::backward_relu_pool`]: convolution, ReLU and 2×2 max-pool as one,
//!   whose backward pass touches only the winners of the pool.
//! - [`Conv2d::forward_relu_pool_subsets`]: the same forward pass with many subsets of the input channels.
//! - [`max_pool2`], [`relu_grad`], [`nchw_to_nhwc`], [`nhwc_to_nchw`]: the small parts on their own.
//!
//! The README explains how the kernels work.

mod conv2d;
mod correlate;
mod error;
mod forward;
mod groups;
mod images;
mod input_grad;
mod layout;
mod level;
mod max_pool;
mod pack;
mod pad;
mod pooled_rows;
mod relu;
mod relu_pool;
mod relu_pool_grad;
mod relu_pool_subsets;
mod scratch;
mod subsets;
mod tile;
mod weight_grad;
mod winner_grad;
mod winners;
mod winograd;

pub use conv2d::Conv2d;
pub use error::KernelError;
pub use images::Images;
pub use layout::{Layout, nchw_to_nhwc, nhwc_to_nchw};
pub use level::Level;
pub use max_pool::{max_pool2, max_pool2_grad};
pub use pooled_rows::DEAD;
pub use relu::relu_grad;
pub use relu_pool::PooledOutput;
pub use relu_pool_grad::{Gradients, PooledGrad};
pub use subsets::ChannelSubsets;

/// The README's example is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
