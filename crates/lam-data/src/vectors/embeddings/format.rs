use std::path::Path;

use super::super::VectorsError;
use super::super::file_part::ending_of;
use crate::DataError;

/// A format that embeddings are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmbeddingFormat {
    /// Columns `id`, `label`, `class`, `mean`, `sigma`, `uncertainty`.
    Parquet,
    /// The means `[N, D]`; `STEM.sigma.npy`, `STEM.uncertainty.npy`, `STEM.labels.npy`, `STEM.ids.txt` and `STEM.json`
    /// beside them.
    Npy,
    /// Tensors `mean`, `sigma`, `uncertainty`, `labels`, and the ids as bytes.
    Safetensors,
}

impl EmbeddingFormat {
    /// What a file's ending says.
    ///
    /// # Errors
    /// [`VectorsError::UnknownEnding`].
    pub fn of(path: &Path) -> Result<Self, DataError> {
        match ending_of(path).as_str() {
            "parquet" => Ok(Self::Parquet),
            "npy" => Ok(Self::Npy),
            "safetensors" => Ok(Self::Safetensors),
            _ => Err(VectorsError::UnknownEnding {
                file: path.into(),
                expected: ".parquet, .npy or .safetensors",
            }
            .into()),
        }
    }
}
