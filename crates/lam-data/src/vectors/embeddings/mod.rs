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
