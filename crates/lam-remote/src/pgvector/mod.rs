//! PostgreSQL with the extension pgvector: one table for the items of an index.

mod address;
mod identifier;
pub(crate) mod row_id;
mod session;
mod table;

pub(crate) use address::PostgresAddress;
pub(crate) use table::Pgvector;
