/// Embeddings to be written.
#[derive(Debug, Clone, Copy)]
pub struct EmbeddingRows<'a> {
    /// What each is an embedding of, `[n]`.
    pub ids: &'a [String],
    /// `[n]`, where the header has class names.
    pub labels: Option<&'a [u32]>,
    /// `[n, D]`.
    pub mean: &'a [f32],
    /// Standard deviation in each dimension, `[n, D]`; where the header says that there is a spread.
    pub sigma: Option<&'a [f32]>,
    /// `[n]`, likewise.
    pub uncertainty: Option<&'a [f64]>,
}

/// Embeddings that were read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmbeddingBatch {
    /// What each is an embedding of, `[n]`.
    pub ids: Vec<String>,
    /// `[n]`, where labels are known.
    pub labels: Option<Vec<u32>>,
    /// `[n, D]`.
    pub mean: Vec<f32>,
    /// Standard deviation in each dimension, `[n, D]`; none in a file of plain vectors.
    pub sigma: Option<Vec<f32>>,
    /// `[n]`; none in a file of plain vectors.
    pub uncertainty: Option<Vec<f64>>,
}
