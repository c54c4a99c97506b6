//! What is searched for.

use crate::Rows;
use crate::store::{StoreError, check_mean, check_sigma, check_uncertainty};

/// Embeddings of Q queries, checked.
#[derive(Debug, Clone, Copy)]
pub struct Queries<'a> {
    means: Rows<'a>,
    sigmas: Option<&'a [f32]>,
    uncertainties: Option<&'a [f64]>,
}

impl<'a> Queries<'a> {
    /// Queries with mean directions `[Q, D]`, row after row, each of length 1.
    ///
    /// # Errors
    /// The slice is not a whole number of rows, a value is not finite, or a row's length is not 1.
    pub fn new(means: &'a [f32], dim: usize) -> Result<Self, StoreError> {
        let rows = Rows::new(means, dim)?;
        for (number, row) in means.chunks_exact(dim).enumerate() {
            check_mean(row, dim, || format!("query {number}"))?;
        }
        Ok(Self {
            means: rows,
            sigmas: None,
            uncertainties: None,
        })
    }

    /// With deviations `[Q, D]`, which the expected distances then hold; a query without is a point.
    ///
    /// # Errors
    /// There are not as many as means, or one is negative or not finite.
    pub fn with_sigmas(self, sigmas: &'a [f32]) -> Result<Self, StoreError> {
        let dim = self.means.dim();
        check_count("sigma", sigmas.len(), self.means.values().len())?;
        for (number, sigma) in sigmas.chunks_exact(dim).enumerate() {
            check_sigma(sigma, dim, || format!("query {number}"))?;
        }
        Ok(Self {
            sigmas: Some(sigmas),
            ..self
        })
    }

    /// With scalar uncertainties `[Q]`, on which the index may hold a threshold.
    ///
    /// # Errors
    /// There are not as many as queries, or one is not finite.
    pub fn with_uncertainties(self, uncertainties: &'a [f64]) -> Result<Self, StoreError> {
        check_count("uncertainty", uncertainties.len(), self.means.len())?;
        for (number, &value) in uncertainties.iter().enumerate() {
            check_uncertainty(value, || format!("query {number}"))?;
        }
        Ok(Self {
            uncertainties: Some(uncertainties),
            ..self
        })
    }

    /// Number of queries, Q.
    pub fn len(&self) -> usize {
        self.means.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.means.is_empty()
    }

    /// The means.
    pub fn means(&self) -> Rows<'a> {
        self.means
    }

    pub(crate) fn sigma(&self, query: usize) -> Option<&'a [f32]> {
        let dim = self.means.dim();
        self.sigmas.map(|sigmas| &sigmas[query * dim..][..dim])
    }

    pub(crate) fn uncertainty(&self, query: usize) -> Option<f64> {
        self.uncertainties.map(|values| values[query])
    }
}

fn check_count(what: &str, found: usize, wanted: usize) -> Result<(), StoreError> {
    if found == wanted {
        return Ok(());
    }
    Err(StoreError::wrong(format!(
        "the queries' {what} has {found} values where {wanted} are needed"
    )))
}
