//! The gradient of ReLU on its own.

use rayon::prelude::*;

use crate::KernelError;
use crate::error::check_len;
use crate::level::{Kernel, Lanes, Level, keep_where_positive};

/// Numbers per task.
const CHUNK: usize = 1 << 14;

/// `dx = dy` where the output `y` of a ReLU is above zero (or NaN), else 0.
///
/// # Errors
/// If the lengths differ.
pub fn relu_grad(y: &[f32], dy: &[f32], dx: &mut [f32]) -> Result<(), KernelError> {
    check_len("the gradient of the output", dy.len(), y.len())?;
    check_len("the gradient of the input", dx.len(), y.len())?;
    let level = Level::best();
    dx.par_chunks_mut(CHUNK)
        .zip(y.par_chunks(CHUNK).zip(dy.par_chunks(CHUNK)))
        .for_each(|(dx, (y, dy))| level.run(ReluGrad { y, dy, dx }));
    Ok(())
}

/// [`relu_grad`] of equally long slices on one thread.
pub(crate) struct ReluGrad<'a> {
    pub y: &'a [f32],
    pub dy: &'a [f32],
    pub dx: &'a mut [f32],
}

impl Kernel for ReluGrad<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Lanes>(self, simd: S) {
        let (y, y_rest) = S::as_simd_f32s(self.y);
        let (dy, dy_rest) = S::as_simd_f32s(self.dy);
        let (dx, dx_rest) = S::as_mut_simd_f32s(self.dx);
        for (dx, (&y, &dy)) in dx.iter_mut().zip(y.iter().zip(dy)) {
            *dx = keep_where_positive(simd, y, dy);
        }
        for (dx, (&y, &dy)) in dx_rest.iter_mut().zip(y_rest.iter().zip(dy_rest)) {
            *dx = if y <= 0.0 { 0.0 } else { dy };
        }
    }
}
