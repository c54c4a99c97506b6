//! Small indices.

pub mod qdrant_server;

use std::sync::Arc;
use std::time::Duration;

use lam_remote::{ExportOptions, Nearest, Retry};
use lam_search::retrieval::{Queries, SearchOptions};
use lam_search::store::{Fingerprint, Item, ItemId, Spec, View, Writer};
use tempfile::TempDir;

/// An index in a folder that goes with it.
pub struct Index {
    pub writer: Writer,
    _folder: TempDir,
}

impl Index {
    pub fn new(spec: Spec, items: &[Item]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(&folder.path().join("index"), spec).unwrap();
        writer.add(items).unwrap();
        Self {
            writer,
            _folder: folder,
        }
    }

    /// Of these items, whose first says what they have in common.
    pub fn of(items: &[Item]) -> Self {
        Self::new(spec_of(&items[0]), items)
    }

    pub fn view(&self) -> Arc<View> {
        self.writer.view()
    }
}

pub fn spec_of(item: &Item) -> Spec {
    Spec {
        dim: item.mean.len(),
        spread: item.sigma.is_some(),
        fingerprint: Fingerprint([7; 32]),
    }
}

/// Numbers between 0 and 1, the same every time.
pub struct Draws(u64);

impl Draws {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    pub fn direction(&mut self, dim: usize) -> Vec<f32> {
        let values: Vec<f64> = (0..dim).map(|_| self.unit() - 0.5).collect();
        let length = values.iter().map(|v| v * v).sum::<f64>().sqrt();
        values.iter().map(|v| (v / length) as f32).collect()
    }
}

/// Items of which some have a label, a class, an uncertainty, and others not; ids are numbers and texts.
pub fn items(count: usize, dim: usize) -> Vec<Item> {
    let mut draws = Draws::new(count as u64);
    let item = |number: usize| {
        let id = match number % 3 {
            0 => ItemId::Number(number as u64),
            1 => ItemId::Text(number.to_string()),
            _ => ItemId::Text(format!("photos/naïve 猫 {number}.jpg")),
        };
        let label = (number % 4 != 3).then_some(number as u32 % 4);
        let mean = draws.direction(dim);
        Item {
            label,
            class: label
                .filter(|label| *label > 0)
                .map(|label| format!("class “{label}”")),
            metadata: match number % 2 {
                0 => String::new(),
                _ => format!("{{\"n\": {number}, \"text\": \"🦊\\n\"}}"),
            },
            sigma: Some((0..dim).map(|_| draws.unit() as f32 * 0.1).collect()),
            uncertainty: (!number.is_multiple_of(5)).then(|| draws.unit()),
            ..Item::new(id, mean)
        }
    };
    (0..count).map(item).collect()
}

pub fn options(batch: usize) -> ExportOptions {
    ExportOptions {
        batch,
        ..ExportOptions::default()
    }
}

/// Patient, but fast.
pub fn quick() -> Retry<'static> {
    Retry {
        tries: 8,
        first: Duration::from_millis(50),
        longest: Duration::from_millis(500),
        ..Retry::patient()
    }
}

/// Holds what a database found against the exact search of the index: the same items with all that is known of
/// them, the same distances within 1e-5.
pub fn assert_equals_exact(view: &View, query: &[f32], nearest: &[Nearest], k: usize) {
    let queries = Queries::new(query, query.len()).unwrap();
    let exact = view.search(&queries, &SearchOptions::exact(k)).unwrap();
    let hits = &exact[0].hits;
    assert_eq!(nearest.len(), hits.len());
    for (near, hit) in nearest.iter().zip(hits) {
        let item = view.item(hit.slot).unwrap().to_item();
        assert_eq!(near.found.id, item.id);
        assert_eq!(near.found.label, item.label);
        assert_eq!(near.found.class, item.class);
        assert_eq!(near.found.metadata, item.metadata);
        assert_eq!(near.found.uncertainty, item.uncertainty);
        assert_eq!(near.found.expected, None);
        assert_eq!(near.sigma, item.sigma);
        let difference = (near.found.distance - hit.distance.sqrt()).abs();
        assert!(
            difference < 1e-5,
            "{} from {}",
            near.found.distance,
            hit.distance.sqrt()
        );
    }
}
