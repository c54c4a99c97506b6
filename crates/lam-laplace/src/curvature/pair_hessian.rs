//! Which Hessian of a pair, and how much of it.

/// The function of a pair of embeddings whose second derivatives are taken.
///
/// Both losses train alike; they differ only here. `u = z / |z|`, `c = u₁·u₂`, `r = |z|`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PairHessian {
    /// `½|u₁ − u₂|²` with Jacobians through the normalisation, `J = (I − u uᵀ)/r · ∂z/∂w`:
    /// `H₁₁ = I`, `H₁₂ = −I`, `H₂₂ = I`.
    Contrastive,
    /// `−cos(z₁, z₂)` with Jacobians of `z` only:
    /// `H₁₁ = [c I + u₁u₂ᵀ + u₂u₁ᵀ − 3c u₁u₁ᵀ]/r₁²`, `H₁₂ = −[I − u₁u₁ᵀ − u₂u₂ᵀ + c u₁u₂ᵀ]/(r₁r₂)`.
    Arccos,
}

/// Which pairs and which blocks of the pair Hessian are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Approximation {
    /// Positives minus negatives, with the cross terms `J₁ᵀH₁₂J₂`.
    Full,
    /// Positives only, with the cross terms.
    Pos,
    /// Positives minus negatives without cross terms: one side of each pair is held fixed. For
    /// [`PairHessian::Contrastive`] only the side that is not the anchor moves; for [`PairHessian::Arccos`] both do.
    Fix,
}
