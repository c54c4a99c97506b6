//! The prior's precision by the marginal likelihood.

use crate::common::*;
use lam_laplace::prior::{Evidence, LARGEST_PRECISION, Optimum, SMALLEST_PRECISION};
use proptest::prelude::*;
use safetensors::SafeTensors;

/// The formula as it is printed.
fn formula(h: &[f64], squared_norm: f64, precision: f64) -> f64 {
    let logs: f64 = h.iter().map(|h| (h.max(0.0) + precision).ln()).sum();
    -0.5 * (logs - h.len() as f64 * precision.ln() + precision * squared_norm)
}

/// Adam with PyTorch's defaults on `log λ`, from `λ = 1`: what the released code does, one step of it. The gradient is
/// a difference quotient.
fn after_adam_steps(evidence: &Evidence, steps: i32) -> f64 {
    let (mut t, mut first, mut second) = (0.0_f64, 0.0, 0.0);
    for step in 1..=steps {
        let at = |t: f64| -evidence.log_marginal_likelihood(t.exp());
        let h = 1e-3;
        let slope =
            (8.0 * (at(t + h) - at(t - h)) - (at(t + 2.0 * h) - at(t - 2.0 * h))) / (12.0 * h);
        first = 0.9 * first + 0.1 * slope;
        second = 0.999 * second + 0.001 * slope * slope;
        let corrected = first / (1.0 - 0.9_f64.powi(step));
        let scale = (second / (1.0 - 0.999_f64.powi(step))).sqrt();
        t -= 0.1 * corrected / (scale + 1e-8);
    }
    t.exp()
}

#[test]
fn golden_prior() {
    let bytes = golden("prior.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mean = floats(&file, "mean").1;
    let evidence = Evidence::new(floats(&file, "hessian").1, dot(&mean, &mean)).unwrap();
    let Optimum::Inside(optimum) = evidence.optimum() else {
        panic!("{:?}", evidence.optimum())
    };
    assert_close(&[optimum], &floats(&file, "optimum").1, 1e-9, "optimum");
    for (steps, name) in [(1, "after_1"), (100, "after_100")] {
        let expected = floats(&file, name).1;
        assert_close(&[after_adam_steps(&evidence, steps)], &expected, 1e-9, name);
    }
}

#[test]
fn degenerate_cases_have_a_clear_answer() {
    let optimum = |h: Vec<f64>, squared: f64| Evidence::new(h, squared).unwrap().optimum();
    assert_eq!(optimum(vec![0.0; 4], 0.0), Optimum::Undetermined);
    assert_eq!(optimum(vec![], 0.0), Optimum::Undetermined);
    assert_eq!(optimum(vec![0.0, -3.0], 2.0), Optimum::Smallest);
    assert_eq!(optimum(vec![1.0, 0.0], 0.0), Optimum::Largest);
    assert_eq!(optimum(vec![1e300; 3], 1e-300), Optimum::Largest);
    assert_eq!(optimum(vec![1e-300], 1.0), Optimum::Smallest);
    assert_eq!(Optimum::Undetermined.precision(7.0), 7.0);
    assert_eq!(Optimum::Smallest.precision(7.0), SMALLEST_PRECISION);
    assert_eq!(Optimum::Largest.precision(7.0), LARGEST_PRECISION);
    assert_eq!(Optimum::Inside(2.0).precision(7.0), 2.0);
    // h → ∞ determines all weights: λ = P/|μ|².
    let Optimum::Inside(all) = optimum(vec![1e30; 6], 3.0) else {
        panic!("inside")
    };
    assert!((all - 2.0).abs() < 1e-12, "{all}");
}

#[test]
fn numbers_that_are_none_are_refused() {
    for (h, squared) in [
        (vec![f64::NAN], 1.0),
        (vec![f64::INFINITY], 1.0),
        (vec![1.0], -1.0),
        (vec![1.0], f64::NAN),
    ] {
        assert!(Evidence::new(h, squared).is_err());
    }
}

proptest! {
    #[test]
    fn likelihood_follows_the_formula(
        h in prop::collection::vec(-1.0_f64..1e6, 1..40), squared in 0.0_f64..1e3, t in -9.0_f64..9.0,
    ) {
        let expected = formula(&h, squared, t.exp());
        let actual = Evidence::new(h.clone(), squared).unwrap().log_marginal_likelihood(t.exp());
        let size = h.len() as f64 * 25.0 + squared * t.exp();
        prop_assert!((actual - expected).abs() <= 1e-12 * size, "{} {}", actual, expected);
    }

    /// Fixed point and neighbourhood, over 40 orders of magnitude.
    #[test]
    fn optimum_is_the_maximum(
        h in prop::collection::vec(-20.0_f64..20.0, 1..40), length in -8.0_f64..8.0,
    ) {
        let h: Vec<f64> = h.into_iter().map(|e| 10_f64.powf(e)).collect();
        let squared = 10_f64.powf(length);
        let evidence = Evidence::new(h.clone(), squared).unwrap();
        let determined = |l: f64| h.iter().map(|h| h / (h + l)).sum::<f64>();
        match evidence.optimum() {
            Optimum::Inside(l) => {
                prop_assert!((determined(l) / (l * squared) - 1.0).abs() < 1e-10, "{}", l);
                let best = evidence.log_marginal_likelihood(l);
                for factor in [0.5, 0.9, 1.1, 2.0] {
                    prop_assert!(evidence.log_marginal_likelihood(l * factor) <= best);
                }
            }
            Optimum::Smallest => prop_assert!(determined(SMALLEST_PRECISION) <= SMALLEST_PRECISION * squared),
            Optimum::Largest => prop_assert!(determined(LARGEST_PRECISION) >= LARGEST_PRECISION * squared),
            Optimum::Undetermined => prop_assert!(false, "determined"),
        }
    }
}
