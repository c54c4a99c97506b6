use lam_search::retrieval::Queries;

use crate::RetrieveError;

/// What a model says of N inputs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Embeddings {
    /// Size of an embedding, D.
    pub dim: usize,
    /// Mean directions `[N, D]`, rows of length 1.
    pub means: Vec<f32>,
    /// Standard deviation of every coordinate, `[N, D]`; none where the model has no uncertainty.
    pub sigmas: Option<Vec<f32>>,
    /// One number per input, `[N]`, its deviations added up unless the model says another; none where the model has no uncertainty.
    pub uncertainties: Option<Vec<f64>>,
    /// Draws from the posterior; none where the model does not sample.
    pub samples: Option<Samples>,
}

/// Deviations `[N, D]` added up over the dimensions, `[N]`: the uncertainty of an input where its model says no other.
pub fn added_up(sigmas: &[f32], dim: usize) -> Vec<f64> {
    let rows = sigmas.chunks_exact(dim.max(1));
    rows.map(|row| row.iter().map(|&sigma| f64::from(sigma)).sum())
        .collect()
}

/// Embeddings under samples of the model's weights.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    /// Samples of each input, S.
    pub per_input: usize,
    /// `[N, S, D]`, rows of length 1.
    pub values: Vec<f32>,
}

impl Embeddings {
    /// Directions `[N, D]` that are given as they are, without any uncertainty. They are brought to length 1.
    ///
    /// # Errors
    /// [`RetrieveError::Vector`] for a row that is not finite or has no direction, and for a broken last row.
    pub fn of_directions(mut vectors: Vec<f32>, dim: usize) -> Result<Self, RetrieveError> {
        if dim == 0 || !vectors.len().is_multiple_of(dim) {
            return Err(RetrieveError::Vector {
                row: vectors.len().checked_div(dim).unwrap_or_default(),
                reason: format!(
                    "it is not whole: {} values are no rows of {dim}",
                    vectors.len()
                ),
            });
        }
        for (row, vector) in vectors.chunks_exact_mut(dim).enumerate() {
            normalise(vector).map_err(|reason| RetrieveError::Vector { row, reason })?;
        }
        Ok(Self {
            dim,
            means: vectors,
            ..Self::default()
        })
    }

    /// Number of inputs, N.
    pub fn len(&self) -> usize {
        self.means.len().checked_div(self.dim).unwrap_or_default()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.means.is_empty()
    }

    /// Mean direction `[D]` of an input.
    pub fn mean(&self, input: usize) -> &[f32] {
        &self.means[input * self.dim..][..self.dim]
    }

    /// Deviations `[D]` of an input.
    pub fn sigma(&self, input: usize) -> Option<&[f32]> {
        let sigmas = self.sigmas.as_deref()?;
        Some(&sigmas[input * self.dim..][..self.dim])
    }

    /// Uncertainty of an input.
    pub fn uncertainty(&self, input: usize) -> Option<f64> {
        self.uncertainties.as_ref().map(|all| all[input])
    }

    /// As queries of a search.
    pub(crate) fn queries(&self) -> Result<Queries<'_>, RetrieveError> {
        let mut queries = Queries::new(&self.means, self.dim)?;
        if let Some(sigmas) = &self.sigmas {
            queries = queries.with_sigmas(sigmas)?;
        }
        if let Some(uncertainties) = &self.uncertainties {
            queries = queries.with_uncertainties(uncertainties)?;
        }
        Ok(queries)
    }
}

/// Brings a vector to length 1, or says why it cannot be.
fn normalise(vector: &mut [f32]) -> Result<(), String> {
    if let Some(column) = vector.iter().position(|value| !value.is_finite()) {
        return Err(format!("value {column} is {}", vector[column]));
    }
    let square: f64 = vector.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    if square <= 0.0 {
        return Err("it is all zeros and has no direction".into());
    }
    let length = square.sqrt();
    for value in vector {
        *value = (f64::from(*value) / length) as f32;
    }
    Ok(())
}
