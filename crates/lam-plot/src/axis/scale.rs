//! One axis: its range, its ticks, and where a value stands on it.

use super::range::widened;
use super::ticks::{Tick, linear_ticks, log_ticks};

/// How tick labels are written.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum TickFormat {
    Number,
    /// 0.2 is "20 %".
    Percent,
}

/// One axis.
#[derive(Clone, Debug)]
pub(crate) struct Axis {
    lo: f64,
    hi: f64,
    logarithmic: bool,
    pub(crate) ticks: Vec<Tick>,
    pub(crate) label: String,
}

impl Axis {
    /// A linear axis over exactly `[lo, hi]` (widened where that is empty), about `target` ticks.
    pub(crate) fn linear(
        (lo, hi): (f64, f64),
        target: usize,
        format: TickFormat,
        label: &str,
    ) -> Self {
        let (lo, hi) = widened((lo, hi));
        Self {
            lo,
            hi,
            logarithmic: false,
            ticks: linear_ticks(lo, hi, target, format == TickFormat::Percent),
            label: label.to_owned(),
        }
    }

    /// A linear axis whose ends lie a little beyond the values.
    pub(crate) fn padded(
        (lo, hi): (f64, f64),
        target: usize,
        format: TickFormat,
        label: &str,
    ) -> Self {
        let (lo, hi) = widened((lo, hi));
        let pad = (hi - lo) * 0.05;
        Self::linear((lo - pad, hi + pad), target, format, label)
    }

    /// A logarithmic axis over `[lo, hi]`, which must be above zero.
    pub(crate) fn log((lo, hi): (f64, f64), target: usize, label: &str) -> Self {
        let lo = lo.max(1e-300);
        let hi = hi.max(lo * 1.05);
        Self {
            lo,
            hi,
            logarithmic: true,
            ticks: log_ticks(lo, hi, target),
            label: label.to_owned(),
        }
    }

    /// Without ticks between whole numbers.
    pub(crate) fn whole(mut self) -> Self {
        self.ticks
            .retain(|tick| (tick.value - tick.value.round()).abs() < 1e-9);
        for tick in &mut self.ticks {
            tick.label = format!("{:.0}", tick.value.round());
        }
        self
    }

    /// Where `value` stands: 0 at the start, 1 at the end; beyond them, at the nearer one.
    pub(crate) fn fraction(&self, value: f64) -> f64 {
        let t = if self.logarithmic {
            (value.max(1e-300).ln() - self.lo.ln()) / (self.hi.ln() - self.lo.ln())
        } else {
            (value - self.lo) / (self.hi - self.lo)
        };
        t.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn logarithmic_places_are_equal_ratios() {
        let axis = Axis::log((0.01, 100.0), 5, "");
        assert!((axis.fraction(1.0) - 0.5).abs() < 1e-12);
        assert!((axis.fraction(10.0) - 0.75).abs() < 1e-12);
        assert_eq!(axis.fraction(-1.0), 0.0);
        assert_eq!(axis.fraction(1e9), 1.0);
    }

    proptest! {
        #[test]
        fn order_is_kept_inside_the_range(
            lo in -1e300f64..1e300, hi in -1e300f64..1e300, a in -1e300f64..1e300, b in -1e300f64..1e300
        ) {
            let (lo, hi) = (lo.min(hi), lo.max(hi));
            let axis = Axis::linear((lo, hi), 5, TickFormat::Number, "");
            let (first, second) = (axis.fraction(a.min(b)), axis.fraction(a.max(b)));
            prop_assert!((0.0..=1.0).contains(&first) && first <= second && second <= 1.0);
            prop_assert!(axis.fraction(lo) < 0.51 && axis.fraction(hi) > 0.49);
        }
    }
}
