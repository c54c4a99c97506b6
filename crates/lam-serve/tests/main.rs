//! Retrieval with uncertainty over HTTP, and a page to look at it: one program for all tests of this crate. A file is named after the module it tests.
#![allow(clippy::unwrap_used)]

mod access;
mod browser;
mod common;
mod documents;
mod items;
mod lifetime;
mod limits;
mod map;
mod search;
mod uploads;
