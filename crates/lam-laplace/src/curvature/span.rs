//! The space in which the curvature of a batch lies.
//!
//! The blocks of a batch are `X̃ᵀ W X̃`: nothing of them lies outside the span of the rows of `X̃ [B, F+1]`. With an
//! orthonormal basis `Q` of that span a block is `Q M Qᵀ`, and where a batch has fewer rows than a block the eigenvalues of
//! `M` cost a small part of those of the block.

use burn::tensor::{Tensor, TensorData};
use faer::MatRef;

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
        let basis = columns.qr().compute_thin_Q();
        let mut values = Vec::with_capacity(side * count);
        for i in 0..side {
            values.extend(basis.row(i).iter().copied());
        }
        let values = TensorData::new(values, [side, count]);
        Some(Tensor::from_data(values, (&device, dtype)))
    }
}
