//! The index seen from above: its items in the plane of their two principal components.

use axum::body::Bytes;
use lam_plot::Plane;
use lam_search::store::View;
use serde::Serialize;
use utoipa::ToSchema;

/// Items on the map, at most.
const MOST_POINTS: usize = 2000;
/// Samples of a query that are shown.
const MOST_SAMPLES: usize = 64;

/// A map, and the answer that shows it.
#[derive(Debug)]
pub(crate) struct Map {
    version: u64,
    plane: Plane,
    pub(crate) json: Bytes,
}

/// Items of the index in the plane of their two principal components.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MapBody {
    /// Places of one version can be compared with one another and with those of queries.
    version: u64,
    /// Items in the index when it was made.
    items: usize,
    /// Share of the variance that each component explains; null without variance.
    explained: Option<[f64; 2]>,
    /// Places, at most 2,000 of an evenly spread part.
    points: Vec<[f64; 2]>,
    /// The class of each, a number in `classes`; null for none.
    classes_of: Vec<Option<usize>>,
    /// Names of classes, the most frequent first.
    classes: Vec<String>,
}

/// A query on the map.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PlaceBody {
    /// The map's version.
    version: u64,
    /// Where it lies.
    at: [f64; 2],
    /// Its deviations seen from above; null where the model gives none.
    spread: Option<EllipseBody>,
    /// Draws from the model, at most 64.
    samples: Vec<[f64; 2]>,
    /// The places of the neighbours, in their order.
    neighbours: Vec<[f64; 2]>,
}

/// One standard deviation in every direction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EllipseBody {
    /// Longer half axis.
    major: f64,
    /// Shorter half axis.
    minor: f64,
    /// Direction of the longer one against the first component, in radians.
    angle: f64,
}

impl Map {
    /// Of an evenly spread part of the items.
    pub(crate) fn new(view: &View, version: u64) -> Self {
        let dim = view.spec().dim;
        let stride = view.len().div_ceil(MOST_POINTS).max(1);
        let items: Vec<_> = view.items().step_by(stride).collect();
        let means: Vec<f32> = items.iter().flat_map(|item| item.mean).copied().collect();
        let plane = Plane::fit(&means, dim);
        let names: Vec<Option<String>> = items
            .iter()
            .map(|item| {
                let label = item.label?;
                Some(item.class.map_or_else(|| label.to_string(), str::to_owned))
            })
            .collect();
        let classes = by_frequency(names.iter().flatten());
        let number = |name: &String| classes.iter().position(|class| class == name);
        let classes_of = names.iter().map(|name| name.as_ref().and_then(number));
        let body = MapBody {
            version,
            items: view.len(),
            explained: Some(plane.explained()).filter(|[first, _]| first.is_finite()),
            points: items.iter().map(|item| place(&plane, item.mean)).collect(),
            classes_of: classes_of.collect(),
            classes,
        };
        // Numbers and texts alone.
        let json = serde_json::to_vec(&body).unwrap_or_default();
        Self {
            version,
            plane,
            json: json.into(),
        }
    }

    /// Where a query lies, with its spread.
    pub(crate) fn place(
        &self,
        mean: &[f32],
        sigma: Option<&[f32]>,
        samples: Option<&[f32]>,
        neighbours: Vec<[f64; 2]>,
    ) -> PlaceBody {
        let samples = samples.unwrap_or_default();
        let samples = samples.chunks_exact(mean.len().max(1)).take(MOST_SAMPLES);
        PlaceBody {
            version: self.version,
            at: self.at(mean),
            spread: sigma.map(|sigma| self.ellipse(sigma)),
            samples: samples.map(|sample| self.at(sample)).collect(),
            neighbours,
        }
    }

    /// Where a mean lies.
    pub(crate) fn at(&self, mean: &[f32]) -> [f64; 2] {
        place(&self.plane, mean)
    }

    /// The covariance of independent coordinates under the projection, `Σ_d a_d b_d σ_d²`, by its axes.
    fn ellipse(&self, sigma: &[f32]) -> EllipseBody {
        let [x, y] = self.plane.axes();
        let sum = |a: &[f64], b: &[f64]| -> f64 {
            let products = a.iter().zip(b).zip(sigma);
            products
                .map(|((a, b), &s)| a * b * f64::from(s).powi(2))
                .sum()
        };
        let (xx, xy, yy) = (sum(x, x), sum(x, y), sum(y, y));
        let (middle, half) = ((xx + yy) / 2.0, ((xx - yy) / 2.0).hypot(xy));
        EllipseBody {
            major: (middle + half).max(0.0).sqrt(),
            minor: (middle - half).max(0.0).sqrt(),
            angle: 0.5 * (2.0 * xy).atan2(xx - yy),
        }
    }
}

fn place(plane: &Plane, mean: &[f32]) -> [f64; 2] {
    plane.place(mean).into()
}

/// Different names, the most frequent first.
fn by_frequency<'n>(names: impl Iterator<Item = &'n String>) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::new();
    for name in names {
        *counts.entry(name).or_insert(0_usize) += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts.into_iter().map(|(name, _)| name.clone()).collect()
}
