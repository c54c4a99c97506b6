//! The Hessian diagonal and the posterior over the weights of a head of several layers.

use crate::common::{device, known};
use std::num::NonZeroUsize;

use crate::common::*;
use burn::tensor::{DType, Tensor, TensorData};
use lam_laplace::curvature::{
    Approximation, DiagonalCurvature, PairHessian, head_diagonal, linear_head_diagonal,
};
use lam_laplace::posterior::{DiagonalPosterior, Posterior};
use lam_model::head::{Activation, HeadWeights, LayerWeights, PerLayer};
use lam_model::miner::PairCounts;
use proptest::prelude::*;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use safetensors::SafeTensors;

fn vector(values: &[f64], dtype: DType) -> Tensor<1> {
    let data = TensorData::new(values.to_vec(), [values.len()]);
    Tensor::from_data(data, (&device(), known(dtype)))
}

/// Weights and biases of a head, layer by layer.
#[derive(Clone)]
struct Stack {
    layers: Vec<(Matrix, Vec<f64>)>,
    activation: Activation,
}

impl Stack {
    /// Random layers of these sizes, features first.
    fn random(sizes: &[usize], activation: Activation, seed: u64) -> Self {
        let layers = sizes.windows(2).zip(seed..).map(|(pair, seed)| {
            let case = Case::random(1, pair[0], pair[1], seed);
            (case.weight, case.bias)
        });
        Self {
            layers: layers.collect(),
            activation,
        }
    }

    fn weights(&self, dtype: DType) -> HeadWeights {
        let mut layers: Vec<LayerWeights> = self
            .layers
            .iter()
            .map(|(weight, bias)| LayerWeights {
                weight: tensor(weight, dtype),
                bias: vector(bias, dtype),
            })
            .collect();
        let last = layers.pop().unwrap();
        HeadWeights {
            layers: PerLayer {
                hidden: layers,
                last,
            },
            activation: self.activation,
        }
    }

    /// One sample through the layers, number by number.
    fn forward(&self, x: &[f64]) -> Vec<f64> {
        let mut a = x.to_vec();
        for (l, (weight, bias)) in self.layers.iter().enumerate() {
            let m = weight.iter().zip(bias).map(|(w, b)| dot(w, &a) + b);
            a = if l + 1 == self.layers.len() {
                m.collect()
            } else {
                match self.activation {
                    Activation::Tanh => m.map(f64::tanh).collect(),
                    Activation::Relu => m.map(|m| m.max(0.0)).collect(),
                }
            };
        }
        a
    }

    fn parameters(&self) -> usize {
        self.layers
            .iter()
            .map(|(w, b)| w.len() * w[0].len() + b.len())
            .sum()
    }

    /// The parameter with this number (weight, bias, layer by layer) moved.
    fn moved(&self, mut parameter: usize, step: f64) -> Self {
        let mut stack = self.clone();
        for (weight, bias) in &mut stack.layers {
            let columns = weight[0].len();
            if parameter < weight.len() * columns {
                weight[parameter / columns][parameter % columns] += step;
                break;
            }
            parameter -= weight.len() * columns;
            if parameter < bias.len() {
                bias[parameter] += step;
                break;
            }
            parameter -= bias.len();
        }
        stack
    }
}

/// Layer by layer, weight and then bias.
fn all_parameters(curvature: &DiagonalCurvature) -> Vec<f64> {
    let layers = curvature.layers().iter();
    layers
        .flat_map(|layer| [numbers(layer.weight.clone()), numbers(layer.bias.clone())])
        .flatten()
        .collect()
}

fn diagonal(
    stack: &Stack,
    features: &Matrix,
    counts: &PairCounts,
    hessian: PairHessian,
    approximation: Approximation,
    dtype: DType,
) -> Vec<f64> {
    let head = stack.weights(dtype);
    let features = tensor(features, dtype);
    let embeddings = head.forward(features.clone());
    let curvature = head_diagonal(&head, features, embeddings, counts, hessian, approximation);
    all_parameters(&curvature)
}

#[test]
fn golden_diagonals_of_two_layers() {
    let bytes = golden("hessian.safetensors");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (shape, features) = floats(&file, "features");
    let features = rows(&features, shape[1]);
    let layer = |n: usize| {
        let (shape, weight) = floats(&file, &format!("mlp_w{n}"));
        (
            rows(&weight, shape[1]),
            floats(&file, &format!("mlp_b{n}")).1,
        )
    };
    let stack = Stack {
        layers: vec![layer(1), layer(2)],
        activation: Activation::Tanh,
    };
    let triplets = integers(&file, "triplets");
    let count = triplets.len() / 3;
    let mut positives = vec![vec![0.0; shape[0]]; shape[0]];
    let mut negatives = positives.clone();
    for t in 0..count {
        positives[triplets[t]][triplets[count + t]] += 1.0;
        negatives[triplets[t]][triplets[2 * count + t]] += 1.0;
    }
    for (hessian, loss) in HESSIANS {
        for (approximation, name) in APPROXIMATIONS {
            let key = format!("mlp.{loss}.{name}.diag");
            let expected = floats(&file, &key).1;
            for (dtype, tolerance) in [(DType::F64, 1e-9), (DType::F32, 1e-5)] {
                let counts = PairCounts {
                    positives: tensor(&positives, dtype),
                    negatives: tensor(&negatives, dtype),
                };
                let ours = diagonal(&stack, &features, &counts, hessian, approximation, dtype);
                assert_close(&ours, &expected, tolerance, &key);
            }
        }
    }
}

/// `J` of every sample by differences, the pair Hessians multiplied out: three layers, both activations.
#[test]
fn jacobians_by_differences_give_the_same() {
    let case = Case::random(6, 4, 3, 41);
    for activation in [Activation::Tanh, Activation::Relu] {
        let stack = Stack::random(&[4, 5, 4, 3], activation, 7);
        // Jacobian of z with respect to every parameter: [sample][parameter][output].
        let h = 1e-5;
        let slopes: Vec<Matrix> = case
            .features
            .iter()
            .map(|x| {
                (0..stack.parameters())
                    .map(|p| {
                        let plus = stack.moved(p, h).forward(x);
                        let minus = stack.moved(p, -h).forward(x);
                        plus.iter()
                            .zip(&minus)
                            .map(|(a, b)| (a - b) / (2.0 * h))
                            .collect()
                    })
                    .collect()
            })
            .collect();
        let z: Matrix = case.features.iter().map(|x| stack.forward(x)).collect();
        for (hessian, loss) in HESSIANS {
            for (approximation, name) in APPROXIMATIONS {
                let mut expected = vec![0.0; stack.parameters()];
                for (a, b, count) in case.pairs(approximation) {
                    let form = |j1: &[f64], j2: &[f64]| {
                        pair_form(hessian, approximation, &z[a], &z[b], j1, j2)
                    };
                    for (p, expected) in expected.iter_mut().enumerate() {
                        *expected += count * form(&slopes[a][p], &slopes[b][p]);
                    }
                }
                let counts = case.counts(DType::F64);
                let ours = diagonal(
                    &stack,
                    &case.features,
                    &counts,
                    hessian,
                    approximation,
                    DType::F64,
                );
                assert_close(
                    &ours,
                    &expected,
                    1e-6,
                    &format!("{activation:?} {loss} {name}"),
                );
            }
        }
    }
}

/// `[j₁ j₂] H [j₁ j₂]ᵀ` of one pair.
fn pair_form(
    hessian: PairHessian,
    approximation: Approximation,
    z1: &[f64],
    z2: &[f64],
    j1: &[f64],
    j2: &[f64],
) -> f64 {
    let (u1, u2) = (direction(z1), direction(z2));
    let (r1, r2) = (dot(z1, z1).sqrt(), dot(z2, z2).sqrt());
    let c = dot(&u1, &u2);
    let project = |u: &[f64], r: f64, j: &[f64]| -> Vec<f64> {
        let along = dot(u, j);
        j.iter().zip(u).map(|(j, u)| (j - along * u) / r).collect()
    };
    let (t1, t2) = (project(&u1, r1, j1), project(&u2, r2, j2));
    let cross = -2.0 * dot(&t1, &t2);
    let own = |u: &[f64], v: &[f64], r: f64, j: &[f64]| {
        (c * dot(j, j) + 2.0 * dot(u, j) * dot(v, j) - 3.0 * c * dot(u, j).powi(2)) / (r * r)
    };
    let (own1, own2) = match hessian {
        PairHessian::Contrastive => (dot(&t1, &t1), dot(&t2, &t2)),
        PairHessian::Arccos => (own(&u1, &u2, r1, j1), own(&u2, &u1, r2, j2)),
    };
    match (approximation, hessian) {
        (Approximation::Fix, PairHessian::Contrastive) => own2,
        (Approximation::Fix, PairHessian::Arccos) => own1 + own2,
        _ => own1 + own2 + cross,
    }
}

#[test]
fn a_head_of_one_layer_is_the_linear_head() {
    let case = Case::random(9, 5, 3, 42);
    let stack = Stack {
        layers: vec![(case.weight.clone(), case.bias.clone())],
        activation: Activation::Relu,
    };
    let counts = case.counts(DType::F32);
    let (h, a) = (PairHessian::Arccos, Approximation::Full);
    let ours = diagonal(&stack, &case.features, &counts, h, a, DType::F32);
    let head = stack.weights(DType::F32);
    let features = tensor(&case.features, DType::F32);
    let embeddings = head.forward(features.clone());
    let linear = linear_head_diagonal(features, embeddings, &counts, h, a);
    assert_eq!(ours, parameters(&linear));
}

fn posterior(stack: &Stack, curvature: f64) -> DiagonalPosterior {
    let mean = stack.weights(DType::F32);
    let sizes = mean.layers.clone().map(|layer| layer.dims());
    let curvature = DiagonalCurvature::constant_layers(sizes, curvature, &device());
    DiagonalPosterior::new(mean, &curvature, 1.0).unwrap()
}

#[test]
fn samples_pass_through_every_layer() {
    let stack = Stack::random(&[5, 4, 6, 3], Activation::Tanh, 9);
    let features = Case::random(7, 5, 3, 43).features;
    let drawn = posterior(&stack, 8.0).sample(
        NonZeroUsize::new(4).unwrap(),
        &mut ChaCha8Rng::seed_from_u64(3),
    );
    assert_eq!(drawn.count(), 4);
    let outputs = drawn.outputs(tensor(&features, DType::F32));
    assert_eq!(outputs.dims(), [7, 4, 3]);
    for sample in 0..4 {
        let one = drawn.head(sample);
        let layers = one.layers.iter().map(|layer| {
            let size = layer.dims()[1];
            (
                rows(&numbers(layer.weight.clone()), size),
                numbers(layer.bias.clone()),
            )
        });
        let drawn = Stack {
            layers: layers.collect(),
            activation: Activation::Tanh,
        };
        assert_ne!(drawn.layers[0].0, stack.layers[0].0);
        let expected: Vec<f64> = features.iter().flat_map(|x| drawn.forward(x)).collect();
        let ours = numbers(outputs.clone().narrow(1, sample, 1));
        assert_close(&ours, &expected, 1e-5, "outputs");
    }
    assert!(posterior(&stack, 8.0).moments().is_none());
}

#[test]
fn evidence_counts_every_layer() {
    let stack = Stack::random(&[5, 4, 3], Activation::Tanh, 10);
    let posterior = posterior(&stack, 8.0);
    let squared: f64 = stack
        .layers
        .iter()
        .map(|(w, b)| dot(&w.concat(), &w.concat()) + dot(b, b))
        .sum();
    let count = stack.parameters() as f64;
    let expected = -0.5 * (count * (9.0_f64.ln()) + squared);
    let actual = posterior.evidence().unwrap().log_marginal_likelihood(1.0);
    assert!(
        (actual - expected).abs() < 1e-5 * expected.abs(),
        "{actual} {expected}"
    );
}

#[test]
fn curvature_of_another_depth_is_refused() {
    let stack = Stack::random(&[5, 4, 3], Activation::Tanh, 11);
    let linear = DiagonalCurvature::zeros(3, 4, &device());
    let error = DiagonalPosterior::new(stack.weights(DType::F32), &linear, 1.0).unwrap_err();
    assert!(error.to_string().contains("[4, 5], [3, 4]"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn order_of_the_batch_does_not_matter(batch in 2_usize..12, seed in any::<u32>()) {
        let case = Case::random(batch, 4, 3, u64::from(seed));
        let stack = Stack::random(&[4, 5, 3], Activation::Tanh, u64::from(seed));
        let flip = |m: &Matrix| -> Matrix {
            m.iter().rev().map(|row| row.iter().rev().copied().collect()).collect()
        };
        let flipped = PairCounts {
            positives: tensor(&flip(&case.positives), DType::F64),
            negatives: tensor(&flip(&case.negatives), DType::F64),
        };
        let features: Matrix = case.features.iter().rev().cloned().collect();
        let (h, a) = (PairHessian::Contrastive, Approximation::Full);
        let one = diagonal(&stack, &case.features, &case.counts(DType::F64), h, a, DType::F64);
        let other = diagonal(&stack, &features, &flipped, h, a, DType::F64);
        assert_close(&other, &one, 1e-9, "order");
    }
}
