//! The golden case: every number, from the lowest functions and through the front door.

use std::collections::HashMap;
use std::path::PathBuf;

use lam_metrics::{
    BinaryRanking, Calibration, Cutoffs, LabelledSet, RetrievalAccumulator, Sparsification, Votes,
    evaluate, neighbour_votes, ood_scores, pair_uncertainty, r_auroc,
};
use lam_search::Ranking;
use safetensors::{Dtype, SafeTensors};

struct Golden {
    dim: usize,
    samples_per_image: usize,
    labels: Vec<u32>,
    embeddings: Vec<f64>,
    /// `[N, S, D]`
    samples: Vec<f64>,
    sigma: Vec<f64>,
    ood_sigma: Vec<f64>,
    expected: HashMap<String, f64>,
}

fn folder() -> PathBuf {
    std::env::var_os("LAM_GOLDEN_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/golden"),
        PathBuf::from,
    )
}

fn golden() -> Golden {
    let bytes = std::fs::read(folder().join("metrics.safetensors")).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let f64s = |name: &str| -> Vec<f64> {
        let tensor = tensors.tensor(name).unwrap();
        assert_eq!(tensor.dtype(), Dtype::F64);
        let (values, _) = tensor.data().as_chunks::<8>();
        values.iter().map(|&b| f64::from_le_bytes(b)).collect()
    };
    let labels = tensors.tensor("labels").unwrap();
    assert_eq!(labels.dtype(), Dtype::I64);
    let (labels, _) = labels.data().as_chunks::<8>();
    let shape = tensors.tensor("samples").unwrap().shape().to_vec();
    let text = std::fs::read_to_string(folder().join("metrics.json")).unwrap();
    Golden {
        dim: shape[2],
        samples_per_image: shape[1],
        labels: labels
            .iter()
            .map(|&b| u32::try_from(i64::from_le_bytes(b)).unwrap())
            .collect(),
        embeddings: f64s("embeddings"),
        samples: f64s("samples"),
        sigma: f64s("sigma"),
        ood_sigma: f64s("ood_sigma"),
        expected: serde_json::from_str(&text).unwrap(),
    }
}

impl Golden {
    fn check(&self, name: &str, value: f64, tolerance: f64) {
        let expected = self.expected[name];
        assert!(
            (value - expected).abs() <= tolerance * expected.abs(),
            "{name}: {value} instead of {expected}"
        );
    }

    /// All rows in the order of their distance to row `i`, without it: the slow plain search, in f64.
    fn ranked(&self, values: &[f64], i: usize) -> Vec<usize> {
        let row = |i: usize| &values[i * self.dim..(i + 1) * self.dim];
        let distance = |j: usize| -> f64 {
            let pairs = row(i).iter().zip(row(j));
            pairs.map(|(a, b)| (a - b) * (a - b)).sum()
        };
        let mut others: Vec<usize> = (0..self.labels.len()).filter(|&j| j != i).collect();
        others.sort_by(|&a, &b| distance(a).total_cmp(&distance(b)).then(a.cmp(&b)));
        others
    }

    /// The embeddings of one weight sample, `[N, D]`.
    fn sample(&self, s: usize) -> Vec<f64> {
        let rows = self.samples.chunks_exact(self.dim);
        rows.skip(s)
            .step_by(self.samples_per_image)
            .flatten()
            .copied()
            .collect()
    }

    fn votes(&self) -> Votes {
        let samples: Vec<f32> = (0..self.samples_per_image)
            .flat_map(|s| to_f32(&self.sample(s)))
            .collect();
        neighbour_votes(&samples, &self.labels, self.dim).unwrap()
    }
}

fn to_f32(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&x| x as f32).collect()
}

#[test]
fn metrics_in_f64() {
    let golden = golden();
    let mut accumulator = RetrievalAccumulator::new(Cutoffs::default());
    let mut nearest = Vec::new();
    let mut correct = Vec::new();
    for (i, label) in golden.labels.iter().enumerate() {
        let ranked = golden.ranked(&golden.embeddings, i);
        let flags: Vec<bool> = ranked.iter().map(|&j| golden.labels[j] == *label).collect();
        let positives = flags.iter().filter(|&&flag| flag).count();
        accumulator.add(&flags, positives).unwrap();
        nearest.push(ranked[0] as u32);
        correct.push(flags[0]);
    }
    let summary = accumulator.summary().unwrap();
    for (k, value) in summary.recall {
        golden.check(&format!("recall@{k}"), value, 1e-9);
    }
    for (k, value) in summary.map {
        golden.check(&format!("map@{k}"), value, 1e-9);
    }
    golden.check("map@r", summary.map_at_r, 1e-9);

    let known = ood_scores(&golden.sigma, golden.dim).unwrap();
    let foreign = ood_scores(&golden.ood_sigma, golden.dim).unwrap();
    let ranking = BinaryRanking::new(&known, &foreign).unwrap();
    golden.check("auroc", ranking.auroc(), 1e-9);
    golden.check("average_precision", ranking.average_precision(), 1e-9);
    golden.check("auprc_trapezoid", ranking.auprc_trapezoid(), 1e-9);
    golden.check("r_auroc", r_auroc(&known, &correct).unwrap(), 1e-9);

    let pairs = pair_uncertainty(&golden.sigma, &golden.sigma, golden.dim, &nearest).unwrap();
    let sparsification = Sparsification::new(&pairs, &correct).unwrap();
    golden.check("ausc", sparsification.area, 1e-9);
}

/// Votes counted from the slow search, calibrated by the library.
#[test]
fn calibration_in_f64() {
    let golden = golden();
    let samples: Vec<Vec<f64>> = (0..golden.samples_per_image)
        .map(|s| golden.sample(s))
        .collect();
    let mut confidence = Vec::new();
    let mut correct = Vec::new();
    for (i, &label) in golden.labels.iter().enumerate() {
        let mut counts: HashMap<u32, usize> = HashMap::new();
        for sample in &samples {
            let nearest = golden.ranked(sample, i)[0];
            *counts.entry(golden.labels[nearest]).or_default() += 1;
        }
        let most = *counts.values().max().unwrap();
        let winners = counts.iter().filter(|&(_, &count)| count == most);
        let predicted = *winners.map(|(label, _)| label).min().unwrap();
        confidence.push(most as f64 / samples.len() as f64);
        correct.push(predicted == label);
    }
    let calibration = Calibration::new(&confidence, &correct).unwrap();
    golden.check("ece", calibration.ece, 1e-9);
    let open = calibration.ece_open_last_bin.unwrap();
    golden.check("ece_open_last_bin", open, 1e-9);

    let votes = golden.votes();
    assert_eq!(votes.confidence, confidence);
    assert_eq!(votes.calibration(&golden.labels).unwrap(), calibration);
}

/// The same through the search in f32. The neighbours are the same, so the metrics are, to 1e-9; sigma
/// in f32 may only reorder what differs by less than its rounding.
#[test]
fn front_door_in_f32() {
    let golden = golden();
    let embeddings = to_f32(&golden.embeddings);
    let sigma = to_f32(&golden.sigma);
    let ood_sigma = to_f32(&golden.ood_sigma);
    let votes = golden.votes();
    let set = LabelledSet {
        embeddings: &embeddings,
        dim: golden.dim,
        labels: &golden.labels,
        sigma: Some(&sigma),
        votes: Some(&votes),
        ood_sigma: Some(&ood_sigma),
        ranking: Ranking::Distance,
    };
    let evaluation = evaluate(&set, &Cutoffs::default()).unwrap();
    for (i, nearest) in evaluation.nearest.iter().enumerate() {
        let expected = golden.ranked(&golden.embeddings, i)[0];
        assert_eq!(nearest.index as usize, expected, "neighbour of {i}");
    }
    let mut checked = 0;
    for (name, value) in evaluation.values() {
        let name = if name == "auprc" {
            "average_precision"
        } else {
            &name
        };
        if golden.expected.contains_key(name) {
            golden.check(name, value.unwrap(), 1e-9);
            checked += 1;
        }
    }
    assert_eq!(checked, golden.expected.len());
}
