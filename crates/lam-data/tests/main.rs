//! Data sets, images, batches: one program for all tests of this crate, which links once. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod common;

mod adapted;
mod augment;
mod cars196;
mod cifar_batch;
mod collection;
mod cub200;
mod dag;
mod datasets;
mod decode;
mod embeddings;
mod fetch;
mod fetch_remote;
mod files;
mod folder;
mod held_out;
mod idx;
mod idx_pair;
mod lfw;
mod loader;
mod loader_photos;
mod locate;
mod mat5;
mod msls;
mod normalise;
mod pairs;
mod parquet;
mod permutation;
mod photo_dataset;
mod photographs;
mod places;
mod presentation;
mod registry;
mod resample;
mod subset;
mod svhn;
mod table;
mod unreadable;
mod vectors;
mod view;
