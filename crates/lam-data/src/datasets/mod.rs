//! One file a data set.

pub(crate) mod cars196;
pub(crate) mod cifar10;
pub(crate) mod cub200;
pub(crate) mod dag;
pub(crate) mod fashionmnist;
mod idx_files;
pub(crate) mod lfw;
pub(crate) mod mnist;
pub(crate) mod msls;
pub(crate) mod photographs;
pub(crate) mod sample;
pub(crate) mod sample_mnist;
pub(crate) mod svhn;
