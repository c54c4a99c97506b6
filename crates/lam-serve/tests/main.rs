//! Retrieval with uncertainty over HTTP, and a page to look at it: one program for all tests of this crate. A file is named after the module it tests.
