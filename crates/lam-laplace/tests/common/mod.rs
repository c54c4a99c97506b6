//! Golden files, random cases and plain references shared by the tests.
#![allow(dead_code, clippy::unwrap_used)]

use std::path::PathBuf;

use burn::tensor::{DType, Device, Tensor, TensorData};
use lam_laplace::curvature::{Approximation, DiagonalCurvature, PairHessian};
use lam_model::miner::PairCounts;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use safetensors::{Dtype, SafeTensors};

pub const HESSIANS: [(PairHessian, &str); 2] = [
    (PairHessian::Contrastive, "contrastive"),
    (PairHessian::Arccos, "arccos"),
];
pub const APPROXIMATIONS: [(Approximation, &str); 3] = [
    (Approximation::Full, "full"),
    (Approximation::Pos, "pos"),
    (Approximation::Fix, "fix"),
];

/// Bytes of a golden file.
pub fn golden(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("LAM_GOLDEN_DIR").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../tests/fixtures/golden"
            ))
        },
        PathBuf::from,
    );
    let path = folder.join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Shape and numbers of a float tensor of a golden file.
pub fn floats(file: &SafeTensors, name: &str) -> (Vec<usize>, Vec<f64>) {
    let view = file.tensor(name).unwrap();
    assert_eq!(view.dtype(), Dtype::F64, "{name}");
    let numbers = view.data().as_chunks().0;
    (
        view.shape().to_vec(),
        numbers.iter().map(|b| f64::from_le_bytes(*b)).collect(),
    )
}

/// Numbers of an integer tensor of a golden file.
pub fn integers(file: &SafeTensors, name: &str) -> Vec<usize> {
    let view = file.tensor(name).unwrap();
    assert_eq!(view.dtype(), Dtype::I64, "{name}");
    let numbers = view.data().as_chunks().0;
    numbers
        .iter()
        .map(|b| i64::from_le_bytes(*b) as usize)
        .collect()
}

/// The device under test: the processor, or in a build that knows others what `BURN_DEVICE` names.
pub fn device() -> Device {
    Device::default()
}

/// `dtype` on the processor, `f32` elsewhere: what is computed with there. Some drivers know `f64` and get it wrong.
pub fn known(dtype: DType) -> DType {
    if lam_model::is_host(&device()) {
        dtype
    } else {
        DType::F32
    }
}

/// What agreement can be asked for: other devices sum in another order, and in `f32`.
pub fn tolerable(tolerance: f64) -> f64 {
    if lam_model::is_host(&device()) {
        tolerance
    } else {
        tolerance.max(1e-3)
    }
}

/// Rows of numbers.
pub type Matrix = Vec<Vec<f64>>;

pub fn rows(numbers: &[f64], columns: usize) -> Matrix {
    numbers.chunks_exact(columns).map(<[f64]>::to_vec).collect()
}

pub fn tensor(matrix: &Matrix, dtype: DType) -> Tensor<2> {
    let dims = [matrix.len(), matrix.first().map_or(0, Vec::len)];
    Tensor::from_data(
        TensorData::new(matrix.concat(), dims),
        (&device(), known(dtype)),
    )
}

pub fn numbers<const R: usize>(tensor: Tensor<R>) -> Vec<f64> {
    tensor.to_data().convert::<f64>().iter::<f64>().collect()
}

/// Weight row by row, then bias.
pub fn parameters(curvature: &DiagonalCurvature) -> Vec<f64> {
    let mut all = numbers(curvature.weight());
    all.extend(numbers(curvature.bias()));
    all
}

/// Fails unless all differences are within `tolerance` times the largest expected magnitude.
pub fn assert_close(actual: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(actual.len(), expected.len(), "{what}: length");
    let tolerance = tolerable(tolerance);
    let scale = expected.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
    for (i, (a, e)) in actual.iter().zip(expected).enumerate() {
        assert!(
            (a - e).abs() <= tolerance * scale,
            "{what}[{i}]: {a} instead of {e}; largest magnitude {scale}, error {:.1e}",
            (a - e).abs() / scale
        );
    }
}

/// A batch with a head and counted pairs.
#[derive(Debug, Clone)]
pub struct Case {
    pub features: Matrix,
    pub weight: Matrix,
    pub bias: Vec<f64>,
    pub positives: Matrix,
    pub negatives: Matrix,
}

impl Case {
    /// Random numbers; positives within three labels, negatives across, a share of the pairs uncounted.
    pub fn random(batch: usize, size: usize, outputs: usize, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut normal = |n: usize| -> Vec<f64> {
            (0..n)
                .map(|_| rng.sample::<f64, _>(rand_distr::StandardNormal))
                .collect()
        };
        let features = rows(&normal(batch * size), size);
        let weight = rows(&normal(outputs * size), size);
        let bias = normal(outputs);
        let labels: Vec<u32> = (0..batch).map(|_| rng.random_range(0..3)).collect();
        let mut count = |wanted: &dyn Fn(usize, usize) -> bool| -> Matrix {
            (0..batch)
                .map(|a| {
                    (0..batch)
                        .map(|b| {
                            let count = rng.random_range(0..4_u32).saturating_sub(1);
                            if a != b && wanted(a, b) {
                                f64::from(count)
                            } else {
                                0.0
                            }
                        })
                        .collect()
                })
                .collect()
        };
        let positives = count(&|a, b| labels[a] == labels[b]);
        let negatives = count(&|a, b| labels[a] != labels[b]);
        Self {
            features,
            weight,
            bias,
            positives,
            negatives,
        }
    }

    pub fn embeddings(&self) -> Matrix {
        self.features
            .iter()
            .map(|x| {
                self.weight
                    .iter()
                    .zip(&self.bias)
                    .map(|(w, b)| dot(w, x) + b)
                    .collect()
            })
            .collect()
    }

    pub fn counts(&self, dtype: DType) -> PairCounts {
        PairCounts {
            positives: tensor(&self.positives, dtype),
            negatives: tensor(&self.negatives, dtype),
        }
    }

    /// Counted pairs of an approximation with their signed counts: anchor, other, count.
    pub fn pairs(&self, approximation: Approximation) -> Vec<(usize, usize, f64)> {
        let batch = self.features.len();
        let mut pairs = Vec::new();
        for a in 0..batch {
            for b in 0..batch {
                let positive = self.positives[a][b];
                let negative = match approximation {
                    Approximation::Pos => 0.0,
                    Approximation::Full | Approximation::Fix => self.negatives[a][b],
                };
                if positive != negative {
                    pairs.push((a, b, positive - negative));
                }
            }
        }
        pairs
    }
}

pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub fn direction(z: &[f64]) -> Vec<f64> {
    let norm = dot(z, z).sqrt();
    z.iter().map(|v| v / norm).collect()
}

/// The Hessian diagonal pair by pair with explicit matrices, as method and paper state it.
pub fn reference(case: &Case, hessian: PairHessian, approximation: Approximation) -> Vec<f64> {
    let embeddings = case.embeddings();
    let outputs = case.bias.len();
    let size = case.features[0].len();
    let mut diagonal = vec![0.0; outputs * size + outputs];
    for (first, second, count) in case.pairs(approximation) {
        let (z1, z2) = (&embeddings[first], &embeddings[second]);
        let (h11, h12, h22) = blocks(hessian, z1, z2);
        for k in 0..outputs {
            let (j1, j2) = (
                jacobian_column(hessian, z1, k),
                jacobian_column(hessian, z2, k),
            );
            let form = |left: &[f64], h: &Matrix, right: &[f64]| -> f64 {
                h.iter().zip(left).map(|(row, l)| l * dot(row, right)).sum()
            };
            let own_first = form(&j1, &h11, &j1);
            let own_second = form(&j2, &h22, &j2);
            let cross = 2.0 * form(&j1, &h12, &j2);
            let mut add = |parameter: usize, x1: f64, x2: f64| {
                diagonal[parameter] += count
                    * match (approximation, hessian) {
                        (Approximation::Fix, PairHessian::Contrastive) => own_second * x2 * x2,
                        (Approximation::Fix, PairHessian::Arccos) => {
                            own_first * x1 * x1 + own_second * x2 * x2
                        }
                        _ => own_first * x1 * x1 + own_second * x2 * x2 + cross * x1 * x2,
                    };
            };
            for j in 0..size {
                add(
                    k * size + j,
                    case.features[first][j],
                    case.features[second][j],
                );
            }
            add(outputs * size + k, 1.0, 1.0);
        }
    }
    diagonal
}

/// `J e_k`: how the quantity that the pair Hessian is taken in moves with `z_k`.
fn jacobian_column(hessian: PairHessian, z: &[f64], k: usize) -> Vec<f64> {
    let unit = |i: usize| if i == k { 1.0 } else { 0.0 };
    match hessian {
        PairHessian::Arccos => (0..z.len()).map(unit).collect(),
        PairHessian::Contrastive => {
            let (u, r) = (direction(z), dot(z, z).sqrt());
            (0..z.len()).map(|i| (unit(i) - u[i] * u[k]) / r).collect()
        }
    }
}

fn blocks(hessian: PairHessian, z1: &[f64], z2: &[f64]) -> (Matrix, Matrix, Matrix) {
    let (u1, u2) = (direction(z1), direction(z2));
    let (r1, r2) = (dot(z1, z1).sqrt(), dot(z2, z2).sqrt());
    let c = dot(&u1, &u2);
    let size = z1.len();
    let build = |entry: &dyn Fn(usize, usize, f64) -> f64| -> Matrix {
        (0..size)
            .map(|i| {
                (0..size)
                    .map(|j| entry(i, j, if i == j { 1.0 } else { 0.0 }))
                    .collect()
            })
            .collect()
    };
    match hessian {
        PairHessian::Contrastive => (
            build(&|_, _, identity| identity),
            build(&|_, _, identity| -identity),
            build(&|_, _, identity| identity),
        ),
        PairHessian::Arccos => {
            let own = |a: &[f64], b: &[f64], r: f64| {
                build(&|i, j, identity| {
                    (c * identity + a[i] * b[j] + b[i] * a[j] - 3.0 * c * a[i] * a[j]) / (r * r)
                })
            };
            let cross = build(&|i, j, identity| {
                -(identity - u1[i] * u1[j] - u2[i] * u2[j] + c * u1[i] * u2[j]) / (r1 * r2)
            });
            (own(&u1, &u2, r1), cross, own(&u2, &u1, r2))
        }
    }
}

/// The golden case of the Hessian of a linear head.
pub fn golden_case(file: &SafeTensors) -> Case {
    let (shape, features) = floats(file, "features");
    let (batch, size) = (shape[0], shape[1]);
    let triplets = integers(file, "triplets");
    let count = triplets.len() / 3;
    let mut positives = vec![vec![0.0; batch]; batch];
    let mut negatives = positives.clone();
    for t in 0..count {
        let [a, p, n] = [triplets[t], triplets[count + t], triplets[2 * count + t]];
        positives[a][p] += 1.0;
        negatives[a][n] += 1.0;
    }
    Case {
        features: rows(&features, size),
        weight: rows(&floats(file, "weight").1, size),
        bias: floats(file, "bias").1,
        positives,
        negatives,
    }
}
