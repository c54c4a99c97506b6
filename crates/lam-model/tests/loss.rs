//! Losses and the miner against the golden case, against plain loops over triplets, and their invariants.
#![allow(clippy::unwrap_used, missing_docs)]

use crate::common::{assert_close, device, golden, values};
use burn::tensor::{Tensor, TensorData};
use lam_model::distance::Distance;
use lam_model::miner::{PairRelation, Relation, TripletMiner, TripletType};
use lam_model::{loss, normalise};
use proptest::prelude::*;
use safetensors::SafeTensors;

const KINDS: [&str; 4] = ["all", "hard", "semihard", "easy"];

fn host(tensor: Tensor<2>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// Value of the loss and its gradient with respect to the embeddings before normalisation.
fn loss_and_gradient(
    loss_name: &str,
    kind: TripletType,
    margin: f32,
    embeddings: &[f32],
    labels: &[u32],
    distance: Distance,
) -> (f32, Vec<f32>) {
    let device = device().autodiff();
    let batch = labels.len();
    let data = TensorData::new(embeddings.to_vec(), [batch, embeddings.len() / batch]);
    let z = Tensor::<2>::from_data(data, &device).require_grad();
    let loss = loss::by_name(loss_name, margin).unwrap();
    let distances = distance.pairwise(normalise(z.clone()));
    let mined = loss
        .miner(kind)
        .mine(&host(distances.clone().inner()), labels);
    let value = loss.forward(distances, &mined.to_device(&device));
    let scalar = value.clone().inner().into_scalar::<f32>();
    let grads = value.backward();
    (scalar, host(z.grad(&grads).unwrap()))
}

#[test]
fn golden_triplets() {
    let bytes = golden("loss");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (shape, embeddings) = values(&file, "embeddings");
    let labels: Vec<u32> = values(&file, "labels")
        .1
        .iter()
        .map(|&l| l as u32)
        .collect();
    let margin = values(&file, "margin").1[0] as f32;
    let z: Vec<f32> = embeddings.iter().map(|&v| v as f32).collect();
    let z = Tensor::<2>::from_data(TensorData::new(z, [shape[0], shape[1]]), &device());
    let distances = host(Distance::Euclidean.pairwise(normalise(z)));
    for kind in KINDS {
        let mined = TripletMiner::new(kind.parse().unwrap(), margin).mine(&distances, &labels[..]);
        let (triplet_shape, triplets) = values(&file, &format!("triplets.{kind}"));
        let (batch, count) = (shape[0], triplet_shape[1]);
        let mut positives = vec![0.0; batch * batch];
        let mut negatives = vec![0.0; batch * batch];
        for t in 0..count {
            let [a, p, n] = [0, 1, 2].map(|row| triplets[row * count + t] as usize);
            positives[a * batch + p] += 1.0;
            negatives[a * batch + n] += 1.0;
        }
        assert_eq!(mined.triplets as usize, count, "{kind}");
        assert_eq!(mined.positives, positives, "{kind}");
        assert_eq!(mined.negatives, negatives, "{kind}");
    }
}

#[test]
fn golden_contrastive_and_triplet() {
    let bytes = golden("loss");
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let embeddings: Vec<f32> = values(&file, "embeddings")
        .1
        .iter()
        .map(|&v| v as f32)
        .collect();
    let labels: Vec<u32> = values(&file, "labels")
        .1
        .iter()
        .map(|&l| l as u32)
        .collect();
    let margin = values(&file, "margin").1[0] as f32;
    let check = |case: &str, loss: &str, kind: &str| {
        let (value, gradient) = loss_and_gradient(
            loss,
            kind.parse().unwrap(),
            margin,
            &embeddings,
            &labels,
            Distance::Euclidean,
        );
        assert_close(
            &format!("{case}.loss"),
            &[value],
            &values(&file, &format!("{case}.loss")).1,
            1e-5,
        );
        assert_close(
            &format!("{case}.grad"),
            &gradient,
            &values(&file, &format!("{case}.grad")).1,
            1e-5,
        );
    };
    for kind in KINDS {
        check(&format!("contrastive.{kind}"), "contrastive", kind);
        check(&format!("contrastive.{kind}"), "arccos", kind);
    }
    check("triplet", "triplet", "all");
}

/// The definition, in double precision, by a loop over every triplet.
fn plain_loss(
    loss: &str,
    kind: &str,
    margin: f64,
    z: &[f64],
    dim: usize,
    labels: &[u32],
    distance: Distance,
) -> f64 {
    let u: Vec<Vec<f64>> = z
        .chunks(dim)
        .map(|row| {
            let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt();
            row.iter().map(|v| v / norm).collect()
        })
        .collect();
    let d = |i: usize, j: usize| -> f64 {
        let pair = || u[i].iter().zip(&u[j]);
        match distance {
            Distance::Euclidean => pair().map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt(),
            Distance::Cosine => 1.0 - pair().map(|(a, b)| a * b).sum::<f64>(),
        }
    };
    let (mut pos, mut neg, mut trip) = (vec![], vec![], vec![]);
    for a in 0..labels.len() {
        for p in 0..labels.len() {
            for n in 0..labels.len() {
                if a == p || labels[a] != labels[p] || labels[a] == labels[n] {
                    continue;
                }
                let m = d(a, n) - d(a, p);
                let mined = match kind {
                    "all" => m <= margin,
                    "hard" => m <= margin && m <= 0.0,
                    "semihard" => m <= margin && m > 0.0,
                    "easy" => m > margin,
                    _ => true,
                };
                if mined {
                    pos.push(d(a, p));
                    neg.push((margin - d(a, n)).max(0.0));
                    trip.push((margin - m).max(0.0));
                }
            }
        }
    }
    let mean = |values: &[f64]| {
        let active: Vec<f64> = values.iter().copied().filter(|&v| v > 0.0).collect();
        if active.is_empty() {
            0.0
        } else {
            active.iter().sum::<f64>() / active.len() as f64
        }
    };
    if loss == "triplet" {
        mean(&trip)
    } else {
        mean(&pos) + mean(&neg)
    }
}

fn batch() -> impl Strategy<Value = (usize, Vec<u32>, Vec<f64>)> {
    (2_usize..6, 4_usize..14).prop_flat_map(|(dim, batch)| {
        (
            Just(dim),
            prop::collection::vec(0_u32..3, batch),
            prop::collection::vec(-1.0_f64..1.0, batch * dim),
        )
    })
}

/// Batches in which a triplet lies on a decision boundary, where single and double precision may disagree.
fn near_boundary(z: &[f64], dim: usize, labels: &[u32], margin: f64, distance: Distance) -> bool {
    let single: Vec<f32> = z.iter().map(|&v| v as f32).collect();
    let tensor = Tensor::<2>::from_data(TensorData::new(single, [labels.len(), dim]), &device());
    let d = host(distance.pairwise(normalise(tensor.clone())));
    let norms = host(tensor.square().sum_dim(1));
    let b = labels.len();
    norms.iter().any(|&n| n < 1e-2)
        || (0..b).any(|a| {
            (0..b).any(|p| {
                a != p
                    && (d[a * b + p] < 1e-2
                        || (f64::from(d[a * b + p]) - margin).abs() < 1e-3
                        || (0..b).any(|n| {
                            let m = f64::from(d[a * b + n] - d[a * b + p]);
                            n != p && n != a && ((m - margin).abs() < 1e-4 || m.abs() < 1e-4)
                        }))
            })
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn equals_the_loop_over_triplets(
        (dim, labels, z) in batch(), kind in 0_usize..5, loss in 0_usize..2, cosine: bool,
    ) {
        let kind = ["all", "hard", "semihard", "easy", "none"][kind];
        let loss = ["contrastive", "triplet"][loss];
        let distance = if cosine { Distance::Cosine } else { Distance::Euclidean };
        prop_assume!(!near_boundary(&z, dim, &labels, 0.5, distance));
        let single: Vec<f32> = z.iter().map(|&v| v as f32).collect();
        let (value, gradient) =
            loss_and_gradient(loss, kind.parse().unwrap(), 0.5, &single, &labels, distance);
        let want = plain_loss(loss, kind, 0.5, &z, dim, &labels, distance);
        prop_assert!((f64::from(value) - want).abs() <= 1e-5 * want.abs().max(1.0), "{value} {want}");
        // Central differences of the double-precision definition.
        let h = 1e-6;
        for i in 0..z.len() {
            let at = |delta: f64| {
                let mut moved = z.clone();
                moved[i] += delta;
                plain_loss(loss, kind, 0.5, &moved, dim, &labels, distance)
            };
            let numeric = (at(h) - at(-h)) / (2.0 * h);
            prop_assert!((f64::from(gradient[i]) - numeric).abs() <= 2e-3 * (1.0 + numeric.abs()),
                "{loss} {kind} [{i}]: {} against {numeric}", gradient[i]);
        }
    }

    #[test]
    fn order_of_the_batch_does_not_matter((dim, labels, z) in batch(), rotation in 1_usize..4) {
        prop_assume!(!near_boundary(&z, dim, &labels, 0.5, Distance::Euclidean));
        let z: Vec<f32> = z.iter().map(|&v| v as f32).collect();
        let (mut turned_z, mut turned_labels) = (z.clone(), labels.clone());
        turned_z.rotate_left(rotation * dim);
        turned_labels.rotate_left(rotation);
        let run = |z: &[f32], l: &[u32]| {
            loss_and_gradient("contrastive", TripletType::All, 0.5, z, l, Distance::Euclidean)
        };
        let (value, mut gradient) = run(&z, &labels);
        let (turned_value, turned_gradient) = run(&turned_z, &turned_labels);
        gradient.rotate_left(rotation * dim);
        prop_assert!((value - turned_value).abs() < 1e-5);
        for (a, b) in gradient.iter().zip(&turned_gradient) {
            prop_assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }
}

#[test]
fn nothing_mined_gives_zero_and_no_nan() {
    let z = [1.0, 0.0, 0.0, 1.0, 1.0, 0.0];
    for labels in [[0, 1, 2], [0, 0, 0]] {
        for loss in ["contrastive", "triplet"] {
            let (value, gradient) = loss_and_gradient(
                loss,
                TripletType::All,
                0.7,
                &z,
                &labels,
                Distance::Euclidean,
            );
            assert_eq!(value, 0.0);
            assert!(gradient.iter().all(|g| *g == 0.0), "{gradient:?}");
        }
    }
}

#[test]
fn coincident_and_zero_embeddings_have_finite_gradients() {
    let z = [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, -1.0, 0.5];
    for distance in [Distance::Euclidean, Distance::Cosine] {
        let (value, gradient) = loss_and_gradient(
            "contrastive",
            TripletType::None,
            0.7,
            &z,
            &[0, 0, 0, 1, 1],
            distance,
        );
        assert!(value.is_finite());
        assert!(gradient.iter().all(|g| g.is_finite()), "{gradient:?}");
    }
}

#[test]
fn a_pair_that_is_neither_takes_no_part() {
    struct OnlyFirstTwo;
    impl PairRelation for OnlyFirstTwo {
        fn batch(&self) -> usize {
            3
        }
        fn between(&self, anchor: usize, other: usize) -> Relation {
            match (anchor, other) {
                (0, 1) => Relation::Positive,
                (0, 2) => Relation::Negative,
                _ => Relation::Neither,
            }
        }
    }
    let mined = TripletMiner::new(TripletType::None, 0.7).mine(&[0.5; 9], &OnlyFirstTwo);
    assert_eq!(mined.triplets, 1);
    assert_eq!(mined.positives.iter().sum::<f32>(), 1.0);
    assert_eq!(mined.negatives[2], 1.0);
}
