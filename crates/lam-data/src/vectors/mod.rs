//! Vectors that others computed, as NumPy, safetensors and Parquet store them, and files of embeddings in the same formats.
//!
//! Nothing is read as a whole: rows are read where they lie, and whatever a header says is held against the size of the file
//! before anything is allocated for it.

mod column;
mod element;
mod embeddings;
mod error;
mod feature_set;
mod file_part;
mod labels;
mod npy;
mod parquet_file;
mod parquet_vectors;
mod positioned;
mod raw_array;
mod safetensors;
mod spilled;
mod text_column;
#[allow(clippy::module_inception)]
mod vectors;

pub use embeddings::{
    EmbeddingBatch, EmbeddingFormat, EmbeddingHeader, EmbeddingRows, EmbeddingWriter, Embeddings,
    read_embeddings,
};
pub use error::VectorsError;
pub use feature_set::{FeatureSet, FeatureShard};
pub use file_part::FilePart;
pub use labels::{LabelColumn, Labels, read_ids, read_labels};
pub use vectors::{Vectors, open_vectors};
