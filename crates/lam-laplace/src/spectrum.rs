//! Eigenvalues and eigenvectors of symmetric matrices, on the host in double precision.

use burn::tensor::{Tensor, TensorData};
use lam_model::symmetric_eigen;
use rayon::prelude::*;

use crate::LaplaceError;

/// `A = V diag(e) Vᵀ` of a stack of symmetric matrices `[K, n, n]`.
#[derive(Debug, Clone)]
pub(crate) struct Spectrum {
    /// `e`, rising, one vector of `n` for each of the `K` matrices.
    pub(crate) values: Vec<Vec<f64>>,
    /// `V`, `[K, n, n]`, eigenvectors in columns, of the matrices' type and on their device.
    pub(crate) vectors: Tensor<3>,
}

impl Spectrum {
    /// Of the symmetric part of `matrices`; `what` names them in the error.
    ///
    /// The matrices are decomposed side by side; the result does not depend on the number of threads. Costs about
    /// `9 n³` operations each.
    ///
    /// # Errors
    /// [`LaplaceError::NotFinite`] if an entry is infinite or no number; [`LaplaceError::NoSpectrum`] if the iteration
    /// does not converge.
    pub(crate) fn of(matrices: Tensor<3>, what: &'static str) -> Result<Self, LaplaceError> {
        let [count, size, _] = matrices.dims();
        let (device, dtype) = (matrices.device(), matrices.dtype());
        let entries = host(matrices);
        if !entries.iter().all(|v| v.is_finite()) {
            return Err(LaplaceError::NotFinite { what });
        }
        let parts: Vec<(Vec<f64>, Vec<f64>)> = entries
            .par_chunks_exact((size * size).max(1))
            .map(|matrix| symmetric_eigen(matrix, size).ok_or(LaplaceError::NoSpectrum { what }))
            .collect::<Result<_, _>>()?;
        let mut values = Vec::with_capacity(count);
        let mut vectors = Vec::with_capacity(entries.len());
        for (e, v) in parts {
            values.push(e);
            vectors.extend(v);
        }
        let vectors = TensorData::new(vectors, [count, size, size]);
        Ok(Self {
            values,
            vectors: Tensor::from_data(vectors, (&device, dtype)),
        })
    }

    /// The nearest positive semi-definite matrices: negative eigenvalues set to 0, `[K, n, n]`.
    pub(crate) fn positive_part(&self) -> Tensor<3> {
        let scaled = self.vectors.clone() * self.rows(&self.values, |e| e.max(0.0));
        scaled.matmul(self.vectors.clone().swap_dims(1, 2))
    }

    /// `f` of numbers that belong to the eigenvectors, `[K, 1, n]`, like the vectors.
    pub(crate) fn rows(&self, numbers: &[Vec<f64>], f: impl Fn(f64) -> f64) -> Tensor<3> {
        let [count, size, _] = self.vectors.dims();
        let numbers: Vec<f64> = numbers.iter().flatten().map(|&e| f(e)).collect();
        Tensor::from_data(
            TensorData::new(numbers, [count, 1, size]),
            (&self.vectors.device(), self.vectors.dtype()),
        )
    }
}

/// Numbers of a tensor, row-major.
pub(crate) fn host<const R: usize>(tensor: Tensor<R>) -> Vec<f64> {
    tensor.into_data().iter::<f64>().collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use burn::tensor::{DType, Device};

    use super::*;

    fn matrices(values: Vec<f64>, dims: [usize; 3]) -> Tensor<3> {
        Tensor::from_data(TensorData::new(values, dims), (&Device::flex(), DType::F64))
    }

    #[test]
    fn vectors_and_values_give_the_matrices_back() {
        let size = 17;
        let entry = |k: usize, i: usize, j: usize| ((k + 3 * i * j + i + j) as f64).sin();
        let values: Vec<f64> = (0..2 * size * size)
            .map(|n| entry(n / (size * size), n / size % size, n % size))
            .collect();
        let spectrum = Spectrum::of(matrices(values.clone(), [2, size, size]), "test").unwrap();
        let scaled = spectrum.vectors.clone() * spectrum.rows(&spectrum.values, |e| e);
        let back = host(scaled.matmul(spectrum.vectors.clone().swap_dims(1, 2)));
        for (a, b) in back.iter().zip(&values) {
            assert!((a - b).abs() < 1e-12, "{a} {b}");
        }
        for values in &spectrum.values {
            assert!(values.is_sorted() && values[0] < -0.1 && values[size - 1] > 0.1);
        }
    }

    /// diag(2, −3) turned by 45°: the nearest semi-definite matrix keeps the first only.
    #[test]
    fn positive_part_drops_negative_eigenvalues() {
        let turned = matrices(vec![-0.5, 2.5, 2.5, -0.5], [1, 2, 2]);
        let spectrum = Spectrum::of(turned, "test").unwrap();
        for value in host(spectrum.positive_part()) {
            assert!((value - 1.0).abs() < 1e-14, "{value}");
        }
    }

    #[test]
    fn matrices_without_numbers_are_refused() {
        for bad in [f64::NAN, f64::INFINITY] {
            let error = Spectrum::of(matrices(vec![1.0, bad, bad, 1.0], [1, 2, 2]), "test");
            assert!(matches!(
                error,
                Err(LaplaceError::NotFinite { what: "test" })
            ));
        }
        assert!(Spectrum::of(matrices(vec![], [0, 2, 2]), "test").is_ok());
    }
}
