//! Squared distances in `f32`, by which walks go from item to item.

use pulp::{Arch, Simd, WithSimd};

/// Whatever vectors the machine has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SquaredDistance {
    arch: Arch,
}

impl SquaredDistance {
    pub(crate) fn new() -> Self {
        Self { arch: Arch::new() }
    }

    /// `Σ (a_i − b_i)²`; both are of one length.
    #[inline]
    pub(crate) fn between(&self, a: &[f32], b: &[f32]) -> f32 {
        self.arch.dispatch(Pair { a, b })
    }
}

struct Pair<'p> {
    a: &'p [f32],
    b: &'p [f32],
}

impl WithSimd for Pair<'_> {
    type Output = f32;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> f32 {
        let (a, a_rest) = S::as_simd_f32s(self.a);
        let (b, b_rest) = S::as_simd_f32s(self.b);
        // Four sums, so that no addition waits for the one before.
        let mut sums = [simd.splat_f32s(0.0); 4];
        let (a_fours, a_last) = a.as_chunks::<4>();
        let (b_fours, b_last) = b.as_chunks::<4>();
        for (a, b) in a_fours.iter().zip(b_fours) {
            for i in 0..4 {
                let difference = simd.sub_f32s(a[i], b[i]);
                sums[i] = simd.mul_add_e_f32s(difference, difference, sums[i]);
            }
        }
        for (a, b) in a_last.iter().zip(b_last) {
            let difference = simd.sub_f32s(*a, *b);
            sums[0] = simd.mul_add_e_f32s(difference, difference, sums[0]);
        }
        let low = simd.add_f32s(sums[0], sums[1]);
        let high = simd.add_f32s(sums[2], sums[3]);
        let mut sum = simd.reduce_sum_f32s(simd.add_f32s(low, high));
        for (a, b) in a_rest.iter().zip(b_rest) {
            sum += (a - b) * (a - b);
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::on_every_instruction_set;
    use crate::squared_distance;

    #[test]
    fn agrees_with_the_plain_sum() {
        for dim in [1, 3, 8, 16, 31, 64, 67, 128, 300] {
            let a: Vec<f32> = (0..dim).map(|i| (i as f32 * 0.7).sin()).collect();
            let b: Vec<f32> = (0..dim).map(|i| (i as f32 * 1.1).cos()).collect();
            let expected = squared_distance(&a, &b);
            for (name, sum) in on_every_instruction_set(|| Pair { a: &a, b: &b }) {
                let error = (f64::from(sum) - expected).abs();
                assert!(
                    error <= 1e-6 * expected,
                    "{name}, {dim}: {sum} for {expected}"
                );
            }
        }
    }
}
