//! A fitted whitening.

use burn::tensor::{Device, Tensor, TensorData};
use faer::{Mat, MatRef};

use crate::head::Head;

/// `x ↦ P (x − m)`.
#[derive(Debug, Clone)]
pub struct Whitening {
    /// `m`, `[F, 1]`.
    pub(super) mean: Mat<f64>,
    /// `P`, `[D, F]`.
    pub(super) projection: Mat<f64>,
}

impl Whitening {
    /// `D` and `F`: outputs, inputs.
    pub fn dims(&self) -> [usize; 2] {
        [self.projection.nrows(), self.projection.ncols()]
    }

    /// Whitened rows.
    ///
    /// # Shapes
    /// - `rows`: `[N, F]`; a last row that is not complete is left out
    /// - output: `[N, D]`
    pub fn apply(&self, rows: &[f64]) -> Vec<f64> {
        let [outputs, inputs] = self.dims();
        let count = rows.len() / inputs.max(1);
        let rows = MatRef::from_row_major_slice(&rows[..count * inputs], count, inputs);
        let centred = Mat::from_fn(count, inputs, |i, j| rows[(i, j)] - self.mean[(j, 0)]);
        let whitened = centred * self.projection.transpose();
        let places = (0..count).flat_map(|i| (0..outputs).map(move |j| (i, j)));
        places.map(|place| whitened[place]).collect()
    }

    /// A linear head that does the same: weight `P`, bias `−P m`.
    pub fn head(&self, device: &Device) -> Head {
        let [outputs, inputs] = self.dims();
        let places = (0..outputs).flat_map(|i| (0..inputs).map(move |j| (i, j)));
        let weight: Vec<f32> = places.map(|p| self.projection[p] as f32).collect();
        let shift = &self.projection * &self.mean;
        let bias: Vec<f32> = (0..outputs).map(|i| -shift[(i, 0)] as f32).collect();
        Head::of_linear(
            Tensor::from_data(TensorData::new(weight, [outputs, inputs]), device),
            Tensor::from_data(TensorData::new(bias, [outputs]), device),
        )
    }
}
