//! The closed-form Hessian diagonal against numbers obtained another way.

use crate::common::device;
use crate::common::*;
use burn::tensor::DType;
use lam_laplace::curvature::{
    Approximation, DiagonalCurvature, PairHessian, linear_head_diagonal,
    linear_head_diagonal_by_tensors, subsample_pairs,
};
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

fn by_tensors(case: &Case, hessian: PairHessian, approximation: Approximation) -> Vec<f64> {
    parameters(&linear_head_diagonal_by_tensors(
        tensor(&case.features, DType::F64),
        tensor(&case.embeddings(), DType::F64),
        &case.counts(DType::F64),
        hessian,
        approximation,
    ))
}

fn in_f32(case: &Case, hessian: PairHessian, approximation: Approximation) -> DiagonalCurvature {
    linear_head_diagonal(
        tensor(&case.features, DType::F32),
        tensor(&case.embeddings(), DType::F32),
        &case.counts(DType::F32),
        hessian,
        approximation,
    )
}

#[test]
fn golden_diagonals() {
    let bytes = golden("hessian.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let case = golden_case(&file);
    for (hessian, loss) in HESSIANS {
        for (approximation, name) in APPROXIMATIONS {
            let key = format!("linear.{loss}.{name}.diag");
            let (_, expected) = floats(&file, &key);
            assert_close(
                &by_tensors(&case, hessian, approximation),
                &expected,
                1e-9,
                &key,
            );
            let single = parameters(&in_f32(&case, hessian, approximation));
            assert_close(&single, &expected, 1e-5, &key);
            let single = parameters(&linear_head_diagonal_by_tensors(
                tensor(&case.features, DType::F32),
                tensor(&case.embeddings(), DType::F32),
                &case.counts(DType::F32),
                hessian,
                approximation,
            ));
            assert_close(&single, &expected, 1e-5, &key);
        }
    }
}

/// Cosine loss and directions as functions of one weight, differentiated numerically: no formula of the Hessian is used.
#[test]
fn finite_differences() {
    let case = Case::random(7, 3, 4, 5);
    let size = case.features[0].len();
    let outputs = case.bias.len();
    let moved = |parameter: usize, step: f64| -> Matrix {
        let mut case = case.clone();
        if parameter < outputs * size {
            case.weight[parameter / size][parameter % size] += step;
        } else {
            case.bias[parameter - outputs * size] += step;
        }
        case.embeddings()
    };
    let cosine = |a: &[f64], b: &[f64]| dot(&direction(a), &direction(b));
    // Differences of order h⁴ with h = 2e-3.
    let h = 2e-3;
    let steps = [-2.0, -1.0, 0.0, 1.0, 2.0];
    let first = [1.0 / 12.0, -8.0 / 12.0, 0.0, 8.0 / 12.0, -1.0 / 12.0];
    let second = [
        -1.0 / 12.0,
        16.0 / 12.0,
        -30.0 / 12.0,
        16.0 / 12.0,
        -1.0 / 12.0,
    ];

    for (approximation, name) in APPROXIMATIONS {
        let pairs = case.pairs(approximation);
        let mut contrastive = Vec::new();
        let mut arccos = Vec::new();
        for parameter in 0..outputs * size + outputs {
            let at: Vec<Matrix> = steps.iter().map(|s| moved(parameter, s * h)).collect();
            let slope = |sample: usize| -> Vec<f64> {
                (0..outputs)
                    .map(|i| {
                        (0..5)
                            .map(|s| first[s] * direction(&at[s][sample])[i] / h)
                            .sum()
                    })
                    .collect()
            };
            let bend = |value: &dyn Fn(usize) -> f64| -> f64 {
                (0..5).map(|s| second[s] * value(s) / (h * h)).sum()
            };
            let fixed = &at[2];
            contrastive.push(
                pairs
                    .iter()
                    .map(|&(a, b, count)| {
                        let mut change = slope(b);
                        if approximation != Approximation::Fix {
                            change.iter_mut().zip(slope(a)).for_each(|(b, a)| *b -= a);
                        }
                        count * dot(&change, &change)
                    })
                    .sum::<f64>(),
            );
            arccos.push(
                pairs
                    .iter()
                    .map(|&(a, b, count)| {
                        let bend = if approximation == Approximation::Fix {
                            bend(&|s| -cosine(&at[s][a], &fixed[b]))
                                + bend(&|s| -cosine(&fixed[a], &at[s][b]))
                        } else {
                            bend(&|s| -cosine(&at[s][a], &at[s][b]))
                        };
                        count * bend
                    })
                    .sum::<f64>(),
            );
        }
        let ours = by_tensors(&case, PairHessian::Contrastive, approximation);
        assert_close(&ours, &contrastive, 1e-6, &format!("contrastive {name}"));
        let ours = by_tensors(&case, PairHessian::Arccos, approximation);
        assert_close(&ours, &arccos, 1e-6, &format!("arccos {name}"));
    }
}

/// The host's kernels against tensor operations in f64, with every Hessian.
fn assert_as_by_tensors(case: &Case, what: &str) {
    for (hessian, loss) in HESSIANS {
        for (approximation, name) in APPROXIMATIONS {
            let expected = by_tensors(case, hessian, approximation);
            let actual = parameters(&in_f32(case, hessian, approximation));
            assert_close(&actual, &expected, 1e-5, &format!("{loss} {name}, {what}"));
        }
    }
}

/// Shapes beyond one group of rows, one panel and one task of the host's kernels.
#[test]
fn large_shapes() {
    for (batch, size, outputs) in [(70, 1100, 3), (37, 193, 20), (9, 2049, 9)] {
        let case = Case::random(batch, size, outputs, 11);
        assert_as_by_tensors(&case, &format!("{batch} {size} {outputs}"));
    }
}

/// Where few pairs were counted, most columns of the host's triangle and some samples are left out.
#[test]
fn few_pairs() {
    for left_out in [60, 97] {
        let mut case = Case::random(90, 200, 3, 5);
        let rows = case.positives.iter_mut().chain(&mut case.negatives);
        for (a, row) in rows.enumerate() {
            for (b, count) in row.iter_mut().enumerate() {
                if (a * 37 + b * 71 + a * b) % 100 < left_out || (20..29).contains(&b) {
                    *count = 0.0;
                }
            }
        }
        assert_as_by_tensors(&case, &format!("{left_out} % left out"));
    }
}

/// Rectified features: the host's kernels leave out samples and whole panels whose features are 0, of either sign.
#[test]
fn features_that_are_mostly_zero() {
    for (batch, size, outputs) in [(70, 1100, 3), (37, 193, 20), (9, 50, 2)] {
        for zeros in [50, 90, 100] {
            let mut case = Case::random(batch, size, outputs, 7);
            for (b, row) in case.features.iter_mut().enumerate() {
                for (j, x) in row.iter_mut().enumerate() {
                    // Half of the zeros by runs of 16, a third of these in every sample; the last feature is one of few.
                    let run = j / 16;
                    let of_run = run % 3 == 0 || (b * 29 + run * 53 + b * run) % 100 < zeros / 2;
                    if of_run || (b * 37 + j * 71 + b * j) % 100 < zeros {
                        *x *= 0.0;
                    }
                }
                row[size - 1] = f64::from(b % 5 == 0);
            }
            assert_as_by_tensors(&case, &format!("{batch} {size} {outputs}, {zeros} % are 0"));
        }
    }
}

/// A feature that is no number makes its own entries none, among zeros as well.
#[test]
fn not_a_number_is_not_left_out() {
    let mut case = Case::random(20, 100, 3, 9);
    for (b, row) in case.features.iter_mut().enumerate() {
        row[16..].fill(0.0);
        row[60] = if b == 11 { f64::NAN } else { 0.0 };
    }
    // The embeddings of a real batch would be none either; here only the features are looked at.
    let embeddings = rows(&Case::random(20, 3, 3, 9).features.concat(), 3);
    for (approximation, name) in APPROXIMATIONS {
        let curvature = linear_head_diagonal(
            tensor(&case.features, DType::F32),
            tensor(&embeddings, DType::F32),
            &case.counts(DType::F32),
            PairHessian::Arccos,
            approximation,
        );
        let weight = numbers(curvature.weight());
        for (i, value) in weight.iter().enumerate() {
            assert_eq!(value.is_nan(), i % 100 == 60, "{name} {i}: {value}");
        }
    }
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let case = Case::random(150, 700, 16, 3);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            HESSIANS.map(|(hessian, _)| {
                APPROXIMATIONS.map(|(kind, _)| parameters(&in_f32(&case, hessian, kind)))
            })
        })
    };
    assert_eq!(with_threads(1), with_threads(3));
}

#[test]
fn no_pairs_no_curvature() {
    let mut case = Case::random(5, 4, 3, 1);
    for row in case.positives.iter_mut().chain(&mut case.negatives) {
        row.fill(0.0);
    }
    for (hessian, _) in HESSIANS {
        for (approximation, _) in APPROXIMATIONS {
            let none = parameters(&in_f32(&case, hessian, approximation));
            assert!(none.iter().all(|v| *v == 0.0));
        }
    }
}

#[test]
fn embeddings_without_direction_contribute_nothing() {
    let mut case = Case::random(6, 4, 3, 2);
    case.bias = vec![0.0; 3];
    case.features[2] = vec![0.0; 4];
    let mut without = case.clone();
    for other in 0..6 {
        for counts in [&mut without.positives, &mut without.negatives] {
            counts[2][other] = 0.0;
            counts[other][2] = 0.0;
        }
    }
    for (approximation, name) in APPROXIMATIONS {
        let actual = parameters(&in_f32(&case, PairHessian::Arccos, approximation));
        assert!(actual.iter().all(|v| v.is_finite()), "{name}");
        let tensors = by_tensors(&case, PairHessian::Arccos, approximation);
        assert_close(&actual, &tensors, 1e-5, name);
        // In the contrastive loss the other sample of such a pair still moves.
        let actual = parameters(&in_f32(&case, PairHessian::Contrastive, approximation));
        assert!(actual.iter().all(|v| v.is_finite()), "{name}");
        assert_close(
            &actual,
            &by_tensors(&case, PairHessian::Contrastive, approximation),
            1e-5,
            name,
        );
        // In arccos the zero vector's cosine is 0 with everything: the pair drops out.
        assert_close(
            &tensors,
            &by_tensors(&without, PairHessian::Arccos, approximation),
            1e-9,
            name,
        );
    }
}

/// The direction of a number is its sign, which no small step changes.
#[test]
fn one_dimensional_embeddings_have_no_curvature() {
    let case = Case::random(6, 4, 1, 3);
    for (hessian, _) in HESSIANS {
        for (approximation, _) in APPROXIMATIONS {
            let curvature = parameters(&in_f32(&case, hessian, approximation));
            let bound = 1e-4
                / case
                    .embeddings()
                    .iter()
                    .map(|z| z[0] * z[0])
                    .fold(1.0, f64::min);
            assert!(curvature.iter().all(|v| v.abs() < bound), "{curvature:?}");
        }
    }
}

#[test]
fn curvature_does_not_join_the_gradient_graph() {
    let case = Case::random(6, 4, 3, 4);
    let features = tensor(&case.features, DType::F32).autodiff().require_grad();
    let embeddings = features.clone().slice([0..6, 0..3]);
    let curvature = linear_head_diagonal(
        features,
        embeddings,
        &case.counts(DType::F32),
        PairHessian::Arccos,
        Approximation::Full,
    );
    assert!(!curvature.weight().is_autodiff() && !curvature.bias().is_autodiff());
}

#[test]
fn drawn_pairs_average_to_all_pairs() {
    let case = Case::random(8, 3, 2, 6);
    let counts = case.counts(DType::F32);
    let total = numbers(counts.positives.clone()).iter().sum::<f64>();
    let draws = 4000;
    let kept = 7;
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let mut sum = vec![0.0; 64];
    for _ in 0..draws {
        let drawn = subsample_pairs(counts.clone(), kept, &mut rng);
        let drawn = numbers(drawn.positives);
        assert_eq!(drawn.iter().sum::<f64>(), kept as f64);
        sum.iter_mut()
            .zip(drawn)
            .for_each(|(sum, count)| *sum += count);
    }
    for (sum, count) in sum.iter().zip(numbers(counts.positives)) {
        let expected = kept as f64 / total * count;
        // Five standard errors of a count that is at most `count`.
        let error = 5.0 * (expected.max(1e-9) * count.max(1.0) / draws as f64).sqrt();
        assert!(
            (sum / draws as f64 - expected).abs() <= error,
            "{sum} {expected}"
        );
    }
}

#[test]
fn drawing_at_least_all_pairs_changes_nothing() {
    let case = Case::random(8, 3, 2, 6);
    let counts = case.counts(DType::F32);
    let drawn = subsample_pairs(counts.clone(), 1_000_000, &mut ChaCha8Rng::seed_from_u64(1));
    assert_eq!(numbers(drawn.positives), numbers(counts.positives));
    assert_eq!(numbers(drawn.negatives), numbers(counts.negatives));
}

#[test]
fn parts_of_different_heads_are_refused() {
    let device = device();
    let weight = burn::tensor::Tensor::zeros([3, 4], &device);
    let bias = burn::tensor::Tensor::zeros([2], &device);
    let error = DiagonalCurvature::new(weight, bias).unwrap_err();
    assert!(error.to_string().contains("[3, 4]"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn equals_the_sum_over_pairs(
        batch in 1_usize..30, size in 1_usize..60, outputs in 1_usize..6, seed in any::<u64>(),
    ) {
        let case = Case::random(batch, size, outputs, seed);
        for (hessian, loss) in HESSIANS {
            for (approximation, name) in APPROXIMATIONS {
                let what = format!("{loss} {name}");
                let expected = reference(&case, hessian, approximation);
                let scale = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
                // In one dimension everything cancels: nothing is left to compare with.
                if outputs > 1 && scale > 0.0 {
                    assert_close(&by_tensors(&case, hessian, approximation), &expected, 1e-9, &what);
                    assert_close(&parameters(&in_f32(&case, hessian, approximation)), &expected, 1e-5, &what);
                }
            }
        }
    }

    #[test]
    fn order_of_the_batch_does_not_matter(
        batch in 2_usize..20, shift in 1_usize..20, seed in any::<u64>(),
    ) {
        let case = Case::random(batch, 9, 3, seed);
        let order: Vec<usize> = (0..batch).rev().map(|i| (i + shift) % batch).collect();
        let permute = |m: &Matrix| -> Matrix {
            order.iter().map(|&a| order.iter().map(|&b| m[a][b]).collect()).collect()
        };
        let permuted = Case {
            features: order.iter().map(|&i| case.features[i].clone()).collect(),
            positives: permute(&case.positives),
            negatives: permute(&case.negatives),
            ..case.clone()
        };
        for (hessian, loss) in HESSIANS {
            for (approximation, name) in APPROXIMATIONS {
                let expected = parameters(&in_f32(&case, hessian, approximation));
                let actual = parameters(&in_f32(&permuted, hessian, approximation));
                assert_close(&actual, &expected, 1e-5, &format!("{loss} {name}"));
            }
        }
    }

    /// Two shards between which no pair is counted: the curvature of the whole is the merged one.
    #[test]
    fn shards_merge_exactly(first in 1_usize..15, second in 1_usize..15, seed in any::<u64>()) {
        let case = Case::random(first + second, 7, 3, seed);
        let part = |range: std::ops::Range<usize>| -> Case {
            let inner = |m: &Matrix| -> Matrix {
                m[range.clone()].iter().map(|row| row[range.clone()].to_vec()).collect()
            };
            Case {
                features: case.features[range.clone()].to_vec(),
                positives: inner(&case.positives),
                negatives: inner(&case.negatives),
                ..case.clone()
            }
        };
        let mut whole = case.clone();
        for a in 0..first + second {
            for b in 0..first + second {
                if (a < first) != (b < first) {
                    whole.positives[a][b] = 0.0;
                    whole.negatives[a][b] = 0.0;
                }
            }
        }
        for (hessian, loss) in HESSIANS {
            for (approximation, name) in APPROXIMATIONS {
                let merged = in_f32(&part(0..first), hessian, approximation)
                    .merge(in_f32(&part(first..first + second), hessian, approximation))
                    .merge(DiagonalCurvature::zeros(3, 7, &device()));
                let expected = reference(&whole, hessian, approximation);
                assert_close(&parameters(&merged), &expected, 1e-5, &format!("{loss} {name}"));
            }
        }
    }
}
