use lam_data::Picture;
use lam_search::store::Fingerprint;

use crate::{Embeddings, RetrieveError};

/// What is to be embedded.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// A photograph in its own size.
    Image(&'a Picture),
    /// Features of another model, `[F]`.
    Vector(&'a [f32]),
}

/// What an encoder takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accepts {
    /// Photographs.
    Images,
    /// Vectors of this length.
    Vectors(usize),
}

/// Turns inputs into embeddings with uncertainty. The same input gives the same embedding beside whatever other inputs,
/// up to the rounding of sums.
pub trait Encoder: Send + Sync {
    /// Tells this model from every other.
    fn fingerprint(&self) -> Fingerprint;

    /// Size of an embedding, D.
    fn dim(&self) -> usize;

    /// What it takes.
    fn accepts(&self) -> Accepts;

    /// Whether an input's uncertainty is its deviations added up: that of an embedding that others found is then known
    /// from its deviations.
    fn adds_up(&self) -> bool {
        true
    }

    /// Embeds inputs, in order.
    ///
    /// # Errors
    /// [`RetrieveError::Input`] where an input is of the other kind, a vector of another length or not finite.
    fn embed(&self, inputs: &[Input<'_>]) -> Result<Embeddings, RetrieveError>;
}
