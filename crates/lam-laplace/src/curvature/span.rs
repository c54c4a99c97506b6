//! The space in which the curvature of a batch lies.
//!
//! The blocks of a batch are `X̃ᵀ W X̃`: nothing of them lies outside the span of the rows of `X̃ [B, F+1]`. With an
//! orthonormal basis `Q` of that span a block is `Q M Qᵀ`, and where a batch has fewer rows than a block the eigenvalues of
//! `M` cost a small part of those of the block.

use burn::tensor::{Tensor, TensorData};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::householder::{
    apply_block_householder_sequence_on_the_left_in_place_scratch as apply_householders_scratch,
    apply_block_householder_sequence_on_the_left_in_place_with_conj as apply_householders,
};
use faer::linalg::qr::no_pivoting::factor::{
    qr_in_place, qr_in_place_scratch, recommended_block_size,
};
use faer::{Conj, Mat, MatRef, Par};

use crate::spectrum::host;

/// Rows whose span holds a matrix, as far as they are known and fewer than its side.
#[derive(Debug, Clone)]
pub(super) struct Span {
    rows: Option<Tensor<2>>,
}

impl Span {
    /// The span of these rows, `[B, n]`.
    pub(super) fn of(rows: Tensor<2>) -> Self {
        let [count, side] = rows.dims();
        Self {
            rows: (count < side).then_some(rows),
        }
    }

    /// No less than all.
    pub(super) fn whole() -> Self {
        Self { rows: None }
    }

    /// What holds the sum of two matrices.
    pub(super) fn merge(self, other: Self) -> Self {
        match (self.rows, other.rows) {
            (Some(a), Some(b)) => Self::of(Tensor::cat(vec![a, b], 0)),
            _ => Self::whole(),
        }
    }

    /// Orthonormal columns `[n, B]`, if it is not all; computed on the host in double precision.
    pub(super) fn basis(&self) -> Option<Tensor<2>> {
        let rows = self.rows.clone()?;
        let (device, dtype) = (rows.device(), rows.dtype());
        let [count, side] = rows.dims();
        let entries = host(rows);
        let columns = MatRef::from_column_major_slice(&entries, side, count);
        let basis = orthonormal(columns.to_owned());
        let mut values = Vec::with_capacity(side * count);
        for i in 0..side {
            values.extend(basis.row(i).iter().copied());
        }
        let values = TensorData::new(values, [side, count]);
        Some(Tensor::from_data(values, (&device, dtype)))
    }
}

/// Orthonormal columns with the span of `columns`, no more of them than rows. On one thread, so that no sum depends on
/// how many there are.
fn orthonormal(mut columns: Mat<f64>) -> Mat<f64> {
    let (rows, count) = columns.shape();
    let block = recommended_block_size::<f64>(rows, count);
    let mut coefficients = Mat::zeros(block, count);
    let scratch = qr_in_place_scratch::<f64>(rows, count, block, Par::Seq, Default::default());
    qr_in_place(
        columns.as_mut(),
        coefficients.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
        Default::default(),
    );
    let mut basis = Mat::identity(rows, count);
    let scratch = apply_householders_scratch::<f64>(rows, block, count);
    apply_householders(
        columns.as_ref(),
        coefficients.as_ref(),
        Conj::No,
        basis.as_mut(),
        Par::Seq,
        MemStack::new(&mut MemBuffer::new(scratch)),
    );
    basis
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use burn::tensor::Device;
    use rayon::ThreadPoolBuilder;

    use super::*;

    #[test]
    fn threads_change_nothing() {
        let (count, side) = (96, 700);
        let values: Vec<f32> = (0..count * side).map(|n| (n as f32).sin()).collect();
        let rows = Tensor::from_data(TensorData::new(values, [count, side]), &Device::flex());
        let span = Span::of(rows);
        let with = |threads: usize| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| host(span.basis().unwrap()))
        };
        let alone = with(1);
        assert_eq!(alone.len(), count * side);
        // Columns `[side, count]` of length 1, at right angles.
        for (i, j) in [(0, 0), (0, 1), (7, 90), (95, 95)] {
            let product = |row: &[f64]| row[i] * row[j];
            let product: f64 = alone.chunks_exact(count).map(product).sum();
            let expected = if i == j { 1.0 } else { 0.0 };
            assert!((product - expected).abs() < 1e-6, "{i}, {j}: {product}");
        }
        for threads in [2, 3] {
            assert!(with(threads) == alone, "{threads} threads");
        }
    }
}
