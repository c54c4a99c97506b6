//! Files of embeddings: a mean direction, its spread in each dimension and one number of uncertainty for each row.

mod format;
mod header;
mod npy;
mod parquet;
mod partial;
mod reader;
mod rows;
mod safetensors;
mod whole_file;
mod writer;

pub use format::EmbeddingFormat;
pub use header::EmbeddingHeader;
pub use reader::{Embeddings, read_embeddings};
pub use rows::{EmbeddingBatch, EmbeddingRows};
pub use writer::EmbeddingWriter;

/// In a file of embeddings with their spread, the vectors are the means.
pub(super) fn of_embeddings(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    (has("mean") && has("sigma")).then_some("mean")
}
