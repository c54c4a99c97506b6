//! Vector databases: items with their uncertainty in Qdrant and PostgreSQL: one program for all tests of this crate. A file is named after the module it tests.
