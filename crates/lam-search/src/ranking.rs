//! By what neighbours are ordered.

/// What the nearest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ranking {
    /// Distance between the means.
    #[default]
    Distance,
    /// Expected distance under both distributions. With the approximate method, among the `ef` items found
    /// by their means.
    Expected,
}

/// `Σ_d σ_d²` of deviations `[D]`: what a row's own spread adds to the expected squared distance to it,
/// see [`Index::with_terms`](crate::Index::with_terms).
pub fn total_variance(sigma: &[f32]) -> f64 {
    sigma.iter().map(|&s| f64::from(s) * f64::from(s)).sum()
}
