//! A sum that does not depend on the order of its terms.

/// Sum of values within 0 to 1, in fixed point: integers add associatively, so threads may be merged
/// in any order and the result is the same to the last bit. A term is rounded to 2⁻⁶², finer than the
/// `f64` results need.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct UnitSum(u128);

const ONE: f64 = (1_u64 << 62) as f64;

impl UnitSum {
    pub(crate) fn add(&mut self, value: f64) {
        self.0 += (value * ONE) as u128;
    }

    pub(crate) fn merge(&mut self, other: Self) {
        self.0 += other.0;
    }

    /// The sum divided by `count`.
    pub(crate) fn mean(self, count: u64) -> f64 {
        self.0 as f64 / ONE / count as f64
    }
}
