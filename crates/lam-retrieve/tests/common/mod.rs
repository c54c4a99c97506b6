//! Small indices made by the tests.

use lam_retrieve::{Embeddings, Samples};
use lam_search::store::{Fingerprint, Item, Spec, Writer};
use tempfile::TempDir;

/// A generator of numbers in [0, 1) that is the same everywhere.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> f64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// The unit vector at an angle.
pub fn at(angle: f64) -> Vec<f32> {
    vec![angle.cos() as f32, angle.sin() as f32]
}

/// Items on a circle: angle, label and deviation of each; classes are called "c<label>".
pub fn index(items: &[(f64, Option<u32>, f32)]) -> (TempDir, Writer) {
    let folder = tempfile::tempdir().unwrap();
    let spec = Spec {
        dim: 2,
        spread: true,
        fingerprint: Fingerprint([7; 32]),
    };
    let mut writer = Writer::create(&folder.path().join("index"), spec).unwrap();
    let items: Vec<Item> = items
        .iter()
        .enumerate()
        .map(|(number, &(angle, label, sigma))| Item {
            label,
            class: label.map(|label| format!("c{label}")),
            metadata: format!("picture {number}"),
            sigma: Some(vec![sigma; 2]),
            uncertainty: Some(2.0 * f64::from(sigma)),
            ..Item::new(number as u64, at(angle))
        })
        .collect();
    writer.add(&items).unwrap();
    (folder, writer)
}

/// Queries at angles, each with a deviation and samples at further angles.
pub fn queries(all: &[(f64, f32, &[f64])]) -> Embeddings {
    let per_input = all.first().map_or(0, |(_, _, samples)| samples.len());
    let samples = all.iter().flat_map(|(_, _, samples)| samples.iter());
    Embeddings {
        dim: 2,
        means: all.iter().flat_map(|(angle, _, _)| at(*angle)).collect(),
        sigmas: Some(all.iter().flat_map(|(_, sigma, _)| [*sigma; 2]).collect()),
        uncertainties: Some(
            all.iter()
                .map(|(_, sigma, _)| 2.0 * f64::from(*sigma))
                .collect(),
        ),
        samples: (per_input > 0).then(|| Samples {
            per_input,
            values: samples.flat_map(|angle| at(*angle)).collect(),
        }),
    }
}
