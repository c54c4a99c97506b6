//! What can be wrong with the input of a search.

use thiserror::Error;

/// Reasons why a search cannot be answered.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum SearchError {
    /// Rows without coordinates have no distance.
    #[error("rows must have at least one dimension, but the dimension given is 0")]
    NoDimensions,
    /// The slice is not a whole number of rows.
    #[error("{values} values are not a whole number of rows of dimension {dim}")]
    RaggedRows {
        /// Length of the slice.
        values: usize,
        /// Dimension of a row.
        dim: usize,
    },
    /// Row numbers are 32-bit.
    #[error("{rows} rows are more than the {max} that one index can hold; search in shards")]
    TooManyRows {
        /// Rows given.
        rows: usize,
        /// Largest number of rows.
        max: usize,
    },
    /// NaN or infinity.
    #[error("row {row} has {value} in dimension {column}: embeddings must be finite")]
    NotFinite {
        /// Row of the value.
        row: usize,
        /// Column of the value.
        column: usize,
        /// The value itself.
        value: f32,
    },
    /// The squared distance would not fit into `f32`.
    #[error(
        "row {row} has {value} in dimension {column}: magnitudes above {bound:e} overflow the squared \
         distance in dimension {dim}; rescale the rows"
    )]
    TooLarge {
        /// Row of the value.
        row: usize,
        /// Column of the value.
        column: usize,
        /// The value itself.
        value: f32,
        /// Largest magnitude allowed for this dimension.
        bound: f32,
        /// Dimension of a row.
        dim: usize,
    },
    /// Queries and database have different dimensions.
    #[error("queries have dimension {queries}, but the indexed rows have dimension {database}")]
    DimensionMismatch {
        /// Dimension of the queries.
        queries: usize,
        /// Dimension of the indexed rows.
        database: usize,
    },
    /// A search for nothing is a mistake of the caller.
    #[error("k must be at least 1")]
    ZeroNeighbours,
    /// Terms come one per row.
    #[error("{terms} additive terms for {rows} rows: give one for each row")]
    TermCount {
        /// Terms given.
        terms: usize,
        /// Rows indexed.
        rows: usize,
    },
    /// A term that no squared deviation can be, or that overflows the score.
    #[error("the additive term of row {row} is {value}: terms must lie between 0 and 1e36")]
    Term {
        /// Row of the term.
        row: usize,
        /// The term itself.
        value: f64,
    },
    /// The k-d tree is compiled for few dimensions only.
    #[error("the k-d tree holds at most {max} dimensions, not {dim}; use the matrix product")]
    TreeDimension {
        /// Dimension of the rows.
        dim: usize,
        /// Largest dimension of the tree.
        max: usize,
    },
}
