//! One number per image or pair from the spread of the embedding.

use crate::MetricError;
use crate::error::check_length;

/// Out-of-distribution score of each image, `Σ_k sigma_k`; `sigma` is `[N, D]`, the result `[N]`.
///
/// # Errors
/// `sigma` is not a whole number of rows, or has a negative value or one that is not finite.
pub fn ood_scores<T: Copy + Into<f64>>(sigma: &[T], dim: usize) -> Result<Vec<f64>, MetricError> {
    check_sigma(sigma, dim)?;
    let sum = |row: &[T]| row.iter().map(|&x| x.into()).sum();
    Ok(sigma.chunks_exact(dim).map(sum).collect())
}

/// Uncertainty of each query's answer: the query's sigma plus its nearest neighbour's, mean over
/// dimensions. `queries` is `[Q, D]`, `database` `[N, D]`, `nearest` `[Q]`, the result `[Q]`.
///
/// # Errors
/// As [`ood_scores`]; there are not as many neighbours as queries, or one is not in the database.
pub fn pair_uncertainty<T: Copy + Into<f64>>(
    queries: &[T],
    database: &[T],
    dim: usize,
    nearest: &[u32],
) -> Result<Vec<f64>, MetricError> {
    check_sigma(queries, dim)?;
    check_sigma(database, dim)?;
    check_length("nearest neighbours", queries.len() / dim, nearest.len())?;
    queries
        .chunks_exact(dim)
        .zip(nearest)
        .map(|(query, &nearest)| {
            let first = nearest as usize * dim;
            let neighbour = database
                .get(first..first + dim)
                .ok_or(MetricError::Length {
                    what: "sigma of the database",
                    expected: first + dim,
                    found: database.len(),
                })?;
            let pairs = query.iter().zip(neighbour);
            let sum: f64 = pairs.map(|(&a, &b)| a.into() + b.into()).sum();
            Ok(sum / dim as f64)
        })
        .collect()
}

fn check_sigma<T: Copy + Into<f64>>(sigma: &[T], dim: usize) -> Result<(), MetricError> {
    if dim == 0 || !sigma.len().is_multiple_of(dim) {
        return Err(MetricError::Length {
            what: "sigma, a whole number of rows",
            expected: sigma.len().div_ceil(dim.max(1)) * dim,
            found: sigma.len(),
        });
    }
    for (index, &value) in sigma.iter().enumerate() {
        let value = value.into();
        if !(value.is_finite() && value >= 0.0) {
            return Err(MetricError::NotFinite {
                what: "sigma, finite and not negative",
                index,
                value,
            });
        }
    }
    Ok(())
}
