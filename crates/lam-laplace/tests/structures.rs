//! Curvature beyond the diagonal against the dense Hessian, pair by pair.

use crate::common::*;
use crate::common::{device, known};
use burn::tensor::{DType, Tensor, TensorData};
use lam_laplace::LaplaceError;
use lam_laplace::curvature::{
    Approximation, BlockCurvature, Curvature, FullCurvature, KronCurvature, PairHessian, Structure,
};
use lam_model::head::{HeadWeights, PerLayer};
use proptest::prelude::*;
use safetensors::SafeTensors;

const STRUCTURES: [Structure; 4] = [
    Structure::Diagonal,
    Structure::Kron,
    Structure::Block,
    Structure::Full,
];

/// Position in the golden order (weight row by row, then bias) of our order (output by output, bias last).
fn golden_order(outputs: usize, size: usize) -> Vec<usize> {
    (0..outputs)
        .flat_map(|k| {
            (0..=size).map(move |j| {
                if j < size {
                    k * size + j
                } else {
                    outputs * size + k
                }
            })
        })
        .collect()
}

/// A dense matrix in the golden order, row-major, brought into ours.
fn reordered(matrix: &[f64], outputs: usize, size: usize) -> Vec<f64> {
    let order = golden_order(outputs, size);
    let side = order.len();
    order
        .iter()
        .flat_map(|&i| order.iter().map(move |&j| matrix[i * side + j]))
        .collect()
}

fn full(case: &Case, h: PairHessian, a: Approximation, dtype: DType) -> FullCurvature {
    FullCurvature::of_batch(
        tensor(&case.features, dtype),
        tensor(&case.embeddings(), dtype),
        &case.counts(dtype),
        h,
        a,
    )
    .unwrap()
}

fn block(case: &Case, h: PairHessian, a: Approximation, dtype: DType) -> BlockCurvature {
    BlockCurvature::of_batch(
        tensor(&case.features, dtype),
        tensor(&case.embeddings(), dtype),
        &case.counts(dtype),
        h,
        a,
    )
    .unwrap()
}

fn kron(case: &Case, h: PairHessian, a: Approximation, dtype: DType) -> KronCurvature {
    KronCurvature::of_batch(
        tensor(&case.features, dtype),
        tensor(&case.embeddings(), dtype),
        &case.counts(dtype),
        h,
        a,
    )
    .unwrap()
}

/// The diagonal blocks of a dense matrix in our order.
fn blocks_of(matrix: &[f64], outputs: usize, size: usize) -> Vec<f64> {
    let (n, side) = (size + 1, outputs * (size + 1));
    let mut blocks = Vec::new();
    for k in 0..outputs {
        for i in 0..n {
            blocks.extend_from_slice(&matrix[(k * n + i) * side + k * n..][..n]);
        }
    }
    blocks
}

/// `T_kl = Σ_i M[(k,i),(l,i)]`.
fn partial_trace(matrix: &[f64], outputs: usize, size: usize) -> Vec<f64> {
    let (n, side) = (size + 1, outputs * (size + 1));
    let entry = |k: usize, l: usize, i: usize| matrix[(k * n + i) * side + l * n + i];
    (0..outputs * outputs)
        .map(|kl| (0..n).map(|i| entry(kl / outputs, kl % outputs, i)).sum())
        .collect()
}

#[test]
fn golden_matrices() {
    let bytes = golden("hessian.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let case = golden_case(&file);
    let (outputs, size) = (case.bias.len(), case.features[0].len());
    for (hessian, loss) in HESSIANS {
        for (approximation, name) in APPROXIMATIONS {
            let key = format!("linear.{loss}.{name}.matrix");
            let expected = reordered(&floats(&file, &key).1, outputs, size);
            let blocks = blocks_of(&expected, outputs, size);
            let trace = partial_trace(&expected, outputs, size);
            for (dtype, tolerance) in [(DType::F64, 1e-9), (DType::F32, 1e-5)] {
                let ours = full(&case, hessian, approximation, dtype);
                assert_close(&numbers(ours.matrix()), &expected, tolerance, &key);
                let ours = block(&case, hessian, approximation, dtype);
                assert_close(&numbers(ours.blocks()), &blocks, tolerance, &key);
                let ours = kron(&case, hessian, approximation, dtype);
                assert_close(&numbers(ours.outputs()), &trace, tolerance, &key);
            }
        }
    }
}

#[test]
fn every_diagonal_is_the_diagonal() {
    let case = Case::random(9, 5, 3, 21);
    let (outputs, size) = (3, 5);
    let order = golden_order(outputs, size);
    for (hessian, loss) in HESSIANS {
        for (approximation, name) in APPROXIMATIONS {
            let expected = reference(&case, hessian, approximation);
            let expected: Vec<f64> = order.iter().map(|&i| expected[i]).collect();
            let side = expected.len();
            let matrix = numbers(full(&case, hessian, approximation, DType::F64).matrix());
            let diagonal: Vec<f64> = (0..side).map(|i| matrix[i * side + i]).collect();
            assert_close(&diagonal, &expected, 1e-9, &format!("{loss} {name}"));
        }
    }
}

/// Where all inputs are the same, no entry of the Hessian is lost in the product.
#[test]
fn kron_is_exact_for_equal_inputs() {
    let mut case = Case::random(6, 4, 3, 22);
    case.features = vec![case.features[0].clone(); 6];
    let embeddings = tensor(&Case::random(6, 4, 3, 23).embeddings(), DType::F64);
    for (hessian, loss) in HESSIANS {
        for (approximation, name) in APPROXIMATIONS {
            let features = tensor(&case.features, DType::F64);
            let counts = case.counts(DType::F64);
            let product = KronCurvature::of_batch(
                features.clone(),
                embeddings.clone(),
                &counts,
                hessian,
                approximation,
            )
            .unwrap();
            let dense = FullCurvature::of_batch(
                features,
                embeddings.clone(),
                &counts,
                hessian,
                approximation,
            )
            .unwrap();
            let (t, r) = (numbers(product.outputs()), numbers(product.inputs()));
            let trace: f64 = (0..5).map(|i| r[i * 5 + i]).sum();
            let ours: Vec<f64> = (0..15 * 15)
                .map(|n| {
                    let ((k, i), (l, j)) = ((n / 15 / 5, n / 15 % 5), (n % 15 / 5, n % 15 % 5));
                    t[k * 3 + l] * r[i * 5 + j] / trace
                })
                .collect();
            assert_close(
                &ours,
                &numbers(dense.matrix()),
                1e-9,
                &format!("{loss} {name}"),
            );
        }
    }
}

#[test]
fn negative_eigenvalues_are_cut_and_positive_ones_kept() {
    let case = Case::random(8, 4, 3, 24);
    let h = full(
        &case,
        PairHessian::Contrastive,
        Approximation::Full,
        DType::F64,
    );
    let before = numbers(h.matrix());
    let clamped = h.clone().clamp().unwrap();
    let after = numbers(clamped.matrix());
    let side = 15;
    // What was cut, A₊ − A, is itself positive semi-definite and orthogonal to what was kept.
    let product: f64 = (0..side * side)
        .map(|n| (after[n] - before[n]) * after[n])
        .sum();
    let size: f64 = before.iter().map(|v| v * v).sum();
    assert!(product.abs() < 1e-10 * size, "{product}");
    let trace = |m: &[f64]| (0..side).map(|i| m[i * side + i]).sum::<f64>();
    assert!(trace(&after) > trace(&before) + 1e-3);
    let again = numbers(clamped.clamp().unwrap().matrix());
    assert_close(&again, &after, 1e-10, "idempotent");
    let blocks = block(
        &case,
        PairHessian::Contrastive,
        Approximation::Full,
        DType::F64,
    );
    let once = numbers(blocks.clone().clamp().unwrap().blocks());
    assert_ne!(once, numbers(blocks.blocks()));
}

#[test]
fn heads_beyond_the_limits_are_refused_before_memory_is_taken() {
    let device = device();
    for (structure, dims) in [
        (Structure::Full, [16, 1024]),
        (Structure::Block, [2048, 2048]),
        (Structure::Kron, [3, 1 << 20]),
        (Structure::Full, [usize::MAX, usize::MAX]),
    ] {
        let error =
            Curvature::constant(structure, PerLayer::single(dims), 0.0, &device).unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, LaplaceError::TooLarge { .. }), "{message}");
        assert!(
            message.contains("posterior: ") && message.contains(structure.name()),
            "{message}"
        );
    }
    assert!(Structure::Block.check(&PerLayer::single([3, 9216])).is_ok());
    assert!(Structure::Kron.check(&PerLayer::single([3, 9216])).is_ok());
    let deep = PerLayer {
        hidden: vec![[6, 12]],
        last: [4, 6],
    };
    assert!(Structure::Diagonal.check(&deep).is_ok());
    for structure in [Structure::Kron, Structure::Block, Structure::Full] {
        let error = structure.check(&deep).unwrap_err();
        assert!(error.to_string().contains("posterior: diag"), "{error}");
    }
}

fn of_batch(case: &Case, structure: Structure) -> Curvature {
    let head = HeadWeights::linear(
        tensor(&case.weight, DType::F64),
        Tensor::from_data(
            TensorData::new(case.bias.clone(), [case.bias.len()]),
            (&device(), known(DType::F64)),
        ),
    );
    Curvature::of_batch(
        structure,
        &head,
        tensor(&case.features, DType::F64),
        tensor(&case.embeddings(), DType::F64),
        &case.counts(DType::F64),
        PairHessian::Arccos,
        Approximation::Full,
    )
    .unwrap()
}

fn state_numbers(curvature: &Curvature) -> Vec<(String, Vec<f64>)> {
    curvature
        .state()
        .into_iter()
        .map(|(name, data)| (name, data.convert::<f64>().iter::<f64>().collect()))
        .collect()
}

#[test]
fn state_comes_back_and_a_foreign_one_is_refused() {
    let case = Case::random(6, 4, 3, 25);
    for structure in STRUCTURES {
        let curvature = of_batch(&case, structure);
        let mut state = curvature.state();
        let layers = PerLayer::single([3, 4]);
        let empty = Curvature::constant(structure, layers, 7.0, &device()).unwrap();
        let loaded = empty.load(&state).unwrap();
        for ((name, a), (_, b)) in state_numbers(&loaded).iter().zip(state_numbers(&curvature)) {
            assert_close(a, &b, 1e-6, name);
        }
        state.insert("more".into(), TensorData::new(vec![0.0_f32], [1]));
        let error = empty.load(&state).unwrap_err().to_string();
        assert!(error.contains("unexpected tensor more"), "{error}");
        let layers = PerLayer::single([3, 5]);
        let other = Curvature::constant(structure, layers, 7.0, &device()).unwrap();
        state.remove("more");
        let error = other.load(&state).unwrap_err().to_string();
        assert!(error.contains("expected"), "{error}");
        let error = empty.load(&Default::default()).unwrap_err().to_string();
        assert!(error.contains("missing tensor"), "{error}");
    }
}

#[test]
fn constant_and_scaled_curvature_is_isotropic() {
    for structure in STRUCTURES {
        let layers = PerLayer::single([2, 3]);
        let curvature = Curvature::constant(structure, layers, 8.0, &device())
            .unwrap()
            .scale(0.5)
            .scale_by(Tensor::from_data([1.5_f32], &device()))
            .fade(0.5);
        let mean = HeadWeights::linear(
            Tensor::zeros([2, 3], &device()),
            Tensor::zeros([2], &device()),
        );
        let summary = curvature.posterior(mean, 1.0).unwrap().summary();
        let expected = 1.0 / (2.0 + 1e-6);
        assert!(
            (summary.mean - expected).abs() < 1e-6,
            "{structure:?} {summary:?}"
        );
        assert!(
            (summary.largest - expected).abs() < 1e-6,
            "{structure:?} {summary:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Two shards between which no pair is counted.
    #[test]
    fn shards_merge_exactly(first in 1_usize..8, second in 1_usize..8, seed in any::<u64>()) {
        let case = Case::random(first + second, 4, 3, seed);
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
        for structure in STRUCTURES {
            let shards = [first..first + second, 0..first].map(|range| of_batch(&part(range), structure));
            let [a, b] = shards.clone();
            let merged = a.merge(b);
            // Their states add up to the same, in 32 bits.
            let [a, b] = shards.map(|shard| shard.state());
            let states = Curvature::merge_states(&a, &b).unwrap();
            for (name, data) in merged.state() {
                let expected: Vec<f64> = data.iter::<f64>().collect();
                let scale = expected.iter().fold(1.0_f64, |m, v| m.max(v.abs()));
                for (sum, expected) in states[&name].iter::<f64>().zip(expected) {
                    prop_assert!((sum - expected).abs() <= 1e-6 * scale, "{} {}", sum, expected);
                }
            }
            let expected = state_numbers(&of_batch(&whole, structure));
            for ((name, a), (_, b)) in state_numbers(&merged).iter().zip(&expected) {
                assert_close(a, b, 1e-9, &format!("{structure:?} {name}"));
            }
        }
    }

    /// `[D, D]` blocks summed over the inputs are those of the dense Hessian, whatever the inputs.
    #[test]
    fn kron_keeps_every_trace(batch in 1_usize..10, size in 1_usize..6, seed in any::<u64>()) {
        let case = Case::random(batch, size, 3, seed);
        for (hessian, loss) in HESSIANS {
            for (approximation, name) in APPROXIMATIONS {
                let dense = numbers(full(&case, hessian, approximation, DType::F64).matrix());
                let ours = numbers(kron(&case, hessian, approximation, DType::F64).outputs());
                let expected = partial_trace(&dense, 3, size);
                let scale = dense.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
                for (a, e) in ours.iter().zip(&expected) {
                    prop_assert!((a - e).abs() <= 1e-9 * scale, "{} {}: {} {}", loss, name, a, e);
                }
            }
        }
    }
}

#[test]
fn states_of_different_curvature_do_not_add_up() {
    let state = |structure, size| of_batch(&Case::random(4, size, 3, 1), structure).state();
    let said = |a, b| Curvature::merge_states(&a, &b).unwrap_err().to_string();
    let other = said(state(Structure::Diagonal, 4), state(Structure::Diagonal, 5));
    assert!(other.contains("weight has shape"), "{other}");
    let other = said(state(Structure::Diagonal, 4), state(Structure::Block, 4));
    assert!(
        other.contains("missing tensor bias") && other.contains("unexpected tensor blocks"),
        "{other}"
    );
}
