//! One file a data set.

pub(crate) mod cifar10;
pub(crate) mod fashionmnist;
mod idx_files;
pub(crate) mod mnist;
pub(crate) mod sample;
pub(crate) mod sample_mnist;
