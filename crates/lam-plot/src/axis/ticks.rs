//! Ticks at round numbers.

use crate::svg::number::superscript;

/// A place on an axis and its label.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) value: f64,
    pub(crate) label: String,
}

/// The step of 1, 2 or 5 times a power of ten that cuts `span` into about `target` parts.
pub(crate) fn nice_step(span: f64, target: usize) -> f64 {
    let rough = span / target.max(1) as f64;
    let power = 10f64.powf(rough.log10().floor());
    // Limits between the candidates: their geometric means.
    let factor = match rough / power {
        f if f < 2f64.sqrt() => 1.0,
        f if f < 10f64.sqrt() => 2.0,
        f if f < 50f64.sqrt() => 5.0,
        _ => 10.0,
    };
    factor * power
}

/// Ticks inside `[lo, hi]` at multiples of the nice step. Needs `lo < hi`, both drawable.
pub(crate) fn linear_ticks(lo: f64, hi: f64, target: usize, percent: bool) -> Vec<Tick> {
    let inside = |step: f64| {
        // A little slack, so that a bound which is a multiple up to rounding keeps its tick.
        let first = (lo / step - 1e-6).ceil();
        (first, (hi / step + 1e-6).floor() - first + 1.0)
    };
    // Two ticks at least: one alone does not tell the scale.
    let step = (target..target + 10)
        .map(|parts| nice_step(hi - lo, parts))
        .find(|step| inside(*step).1 >= 2.0)
        .unwrap_or((hi - lo) / 2.0);
    let (first, count) = inside(step);
    let count = (count as usize).min(100);
    (0..count)
        .map(|i| {
            let value = (first + i as f64) * step;
            Tick {
                value,
                label: linear_label(value, step, lo.abs().max(hi.abs()), percent),
            }
        })
        .collect()
}

fn linear_label(value: f64, step: f64, magnitude: f64, percent: bool) -> String {
    // Percents beyond these bounds would be long rows of digits; they are written as shares.
    if percent && (1e-6..1e3).contains(&magnitude) {
        let decimals = (-(step * 100.0).log10().floor()).max(0.0) as usize;
        return format!("{:.*} %", decimals.min(12), value * 100.0).replace('-', "−");
    }
    let step_exponent = (step.log10() + 1e-9).floor() as i32;
    if !(1e-3..1e5).contains(&magnitude) {
        return scientific_label(value, step_exponent, magnitude);
    }
    let decimals = (-step_exponent).max(0) as usize;
    let text = format!("{value:.*}", decimals.min(12));
    if value == 0.0 {
        return text.replace('-', "");
    }
    text.replace('-', "−")
}

/// `m×10ⁿ`, all ticks of an axis with the same power.
fn scientific_label(value: f64, step_exponent: i32, magnitude: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let exponent = magnitude.log10().floor() as i32;
    let decimals = (exponent - step_exponent).clamp(0, 12) as usize;
    // 10^exponent may lie outside f64 where the value does not: divide in two steps.
    let half = exponent / 2;
    let mantissa = value / 10f64.powi(half) / 10f64.powi(exponent - half);
    let mantissa = format!("{mantissa:.decimals$}").replace('-', "−");
    format!("{mantissa}×10{}", superscript(exponent))
}

/// Ticks inside `[lo, hi]` of a logarithmic axis: powers of ten, with 2 and 5 between them where
/// the range is short. Needs `0 < lo < hi`.
pub(crate) fn log_ticks(lo: f64, hi: f64, target: usize) -> Vec<Tick> {
    let decades = hi.log10() - lo.log10();
    let multiples: &[f64] = if decades < 2.2 {
        &[1.0, 2.0, 5.0]
    } else {
        &[1.0]
    };
    let stride = ((decades / target.max(1) as f64).ceil() as i32).max(1);
    let first = lo.log10().floor() as i32;
    let last = hi.log10().ceil() as i32;
    let mut ticks = Vec::new();
    for exponent in (first..=last).filter(|e| e.rem_euclid(stride) == 0) {
        for &multiple in multiples {
            let value = multiple * 10f64.powi(exponent);
            if value >= lo * (1.0 - 1e-9) && value <= hi * (1.0 + 1e-9) {
                ticks.push(Tick {
                    value,
                    label: log_label(multiple, exponent),
                });
            }
        }
    }
    if ticks.len() < 2 {
        return linear_ticks(lo, hi, target.min(4), false);
    }
    ticks
}

fn log_label(multiple: f64, exponent: i32) -> String {
    if (-3..4).contains(&exponent) {
        let decimals = (-exponent).max(0) as usize;
        return format!("{:.decimals$}", multiple * 10f64.powi(exponent));
    }
    if multiple == 1.0 {
        return format!("10{}", superscript(exponent));
    }
    format!("{multiple}×10{}", superscript(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|t| t.label.as_str()).collect()
    }

    #[test]
    fn steps_are_one_two_five() {
        for (span, target, step) in [
            (1.0, 5, 0.2),
            (1.0, 10, 0.1),
            (10.0, 5, 2.0),
            (20.0, 5, 5.0),
            (100.0, 4, 20.0),
            (0.03, 5, 0.005),
            (7.0, 4, 2.0),
        ] {
            let found = nice_step(span, target);
            assert!(
                (found - step).abs() < 1e-12 * step,
                "{span}/{target}: {found}"
            );
        }
    }

    #[test]
    fn linear_labels_are_exact_and_aligned() {
        assert_eq!(
            labels(&linear_ticks(0.0, 1.0, 5, false)),
            ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
        );
        assert_eq!(
            labels(&linear_ticks(-0.3, 0.31, 4, false)),
            ["−0.2", "0.0", "0.2"]
        );
        assert_eq!(
            labels(&linear_ticks(0.0, 1.0, 4, true)),
            ["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"]
        );
        assert_eq!(
            labels(&linear_ticks(0.0, 4e6, 4, false)),
            ["0", "1×10⁶", "2×10⁶", "3×10⁶", "4×10⁶"]
        );
        assert_eq!(
            labels(&linear_ticks(0.0, 3e-7, 3, false)),
            ["0", "1×10⁻⁷", "2×10⁻⁷", "3×10⁻⁷"]
        );
    }

    #[test]
    fn log_labels_name_the_decades() {
        assert_eq!(
            labels(&log_ticks(1e-4, 1.0, 6)),
            ["10⁻⁴", "0.001", "0.01", "0.1", "1"]
        );
        assert_eq!(
            labels(&log_ticks(0.04, 1.2, 6)),
            ["0.05", "0.1", "0.2", "0.5", "1"]
        );
        assert_eq!(
            labels(&log_ticks(1.1, 1.4, 5)),
            ["1.1", "1.2", "1.3", "1.4"]
        );
    }

    proptest! {
        #[test]
        fn linear_ticks_lie_inside_in_order(
            a in -1e300f64..1e300, exponent in -12i32..300, target in 1usize..12
        ) {
            let (lo, hi) = crate::axis::range::widened((a, (a + 10f64.powi(exponent)).min(1e300)));
            prop_assume!(lo < hi);
            let ticks = linear_ticks(lo, hi, target, false);
            prop_assert!(ticks.len() >= 2 && ticks.len() <= 4 * target + 4, "{}", ticks.len());
            let slack = (hi - lo) * 1e-3;
            for pair in ticks.windows(2) {
                prop_assert!(pair[0].value < pair[1].value);
            }
            for tick in &ticks {
                prop_assert!(tick.value >= lo - slack && tick.value <= hi + slack);
            }
        }

        #[test]
        fn step_is_round_and_near_the_target(span in 1e-200f64..1e200, target in 1usize..20) {
            let step = nice_step(span, target);
            let mantissa = step / 10f64.powf((step.log10() + 1e-9).floor());
            prop_assert!([1.0, 2.0, 5.0].iter().any(|m| (mantissa - m).abs() < 1e-6), "{mantissa}");
            let parts = span / step;
            prop_assert!(parts > target as f64 / 1.6 && parts < target as f64 * 1.6, "{parts}");
        }

        #[test]
        fn log_ticks_lie_inside(lo_exponent in -290.0f64..290.0, decades in 0.01f64..8.0) {
            let (lo, hi) = (10f64.powf(lo_exponent), 10f64.powf(lo_exponent + decades));
            let ticks = log_ticks(lo, hi, 6);
            prop_assert!(ticks.len() <= 24);
            for tick in &ticks {
                prop_assert!(tick.value >= lo * 0.999 && tick.value <= hi * 1.001);
            }
        }
    }
}
