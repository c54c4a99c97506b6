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

impl Ranking {
    /// What is added to the squared distance to each row `[N]` for its own spread `[N, D]`; nothing by distance. For
    /// [`Index::ranked`](crate::Index::ranked).
    pub fn terms(self, sigma: &[f32], dim: usize) -> Option<Vec<f64>> {
        match self {
            Self::Distance => None,
            Self::Expected => {
                let rows = sigma.chunks_exact(dim.max(1));
                Some(rows.map(total_variance).collect())
            }
        }
    }
}

/// `Σ_d σ_d²` of deviations `[D]`: what a row's own spread adds to the expected squared distance to it,
/// see [`Index::with_terms`](crate::Index::with_terms).
pub fn total_variance(sigma: &[f32]) -> f64 {
    sigma.iter().map(|&s| f64::from(s) * f64::from(s)).sum()
}
