//! The metrics of a predictor on a test set and its out-of-distribution partner.

use std::sync::Arc;

use burn::tensor::Device;
use lam_data::Dataset;
use lam_metrics::{BaselineInputs, Baselines, Calibration, Cutoffs, LabelledSet};
use lam_search::{Index, Rows};

use super::{EmbeddedSet, embed};
use crate::TrainError;
use crate::method::Predict;
use crate::observer::Observer;

/// `k` of recall@k.
const RECALL_AT: [usize; 4] = [1, 5, 10, 20];
/// `k` of mAP@k.
const MAP_AT: [usize; 3] = [5, 10, 20];
/// Neighbours kept for the sheets.
const SHOWN_NEIGHBOURS: usize = 6;

/// The embedded sets of an evaluation.
#[derive(Debug, Clone)]
pub struct Sets {
    /// Queries and gallery.
    pub test: EmbeddedSet,
    /// What should be uncertain.
    pub ood: Option<EmbeddedSet>,
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Everything, curves included.
    pub measured: lam_metrics::Evaluation,
    /// The same figures for scores that need no fitted posterior.
    pub baselines: Baselines,
    /// The metrics that are defined, by name, in the order they are reported.
    pub metrics: Vec<(String, f64)>,
    /// Calibration of the votes before a temperature was fitted, if one was.
    pub uncalibrated: Option<Calibration>,
}

impl Evaluation {
    /// Adds the temperature of what was measured, and the calibration without it.
    pub(crate) fn add_temperature(&mut self, temperature: f32, before: Option<Calibration>) {
        self.metrics
            .push(("temperature".to_owned(), f64::from(temperature)));
        if let Some(before) = &before {
            self.metrics
                .push(("ece_uncalibrated".to_owned(), before.ece));
        }
        self.uncalibrated = before;
    }
}

/// Embeds `test` and `ood` and measures everything that the predictor allows; `what` names the occasion to the observer.
///
/// # Errors
/// Images that cannot be read; embeddings that are not finite.
pub fn evaluate(
    predictor: &dyn Predict,
    test: &Arc<dyn Dataset>,
    ood: Option<&Arc<dyn Dataset>>,
    device: &Device,
    what: &str,
    observer: &mut dyn Observer,
) -> Result<(Evaluation, Sets), TrainError> {
    observer.evaluation_started(what, test.len() + ood.map_or(0, |set| set.len()));
    let sets = Sets {
        test: embed(predictor, test, device, observer)?,
        ood: ood
            .map(|set| embed(predictor, set, device, observer))
            .transpose()?,
    };
    observer.evaluation_done();
    Ok((measure(&sets)?, sets))
}

fn measure(sets: &Sets) -> Result<Evaluation, TrainError> {
    let test = &sets.test;
    let votes = test.votes()?;
    let set = LabelledSet {
        embeddings: &test.mean,
        dim: test.dim,
        labels: &test.labels,
        sigma: test.deviation.as_deref(),
        votes: votes.as_ref(),
        ood_sigma: sets.ood.as_ref().and_then(|ood| ood.deviation.as_deref()),
    };
    let cutoffs = Cutoffs::new(RECALL_AT.to_vec(), MAP_AT.to_vec())?;
    let measured = lam_metrics::evaluate(&set, &cutoffs)?;
    let ood = sets.ood.as_ref().map(baseline_inputs);
    let known = baseline_inputs(test);
    let baselines = Baselines::measure(&known, ood.as_ref(), test.dim, &measured.nearest)?;
    let values = measured.values().into_iter().chain(baselines.values());
    let metrics = values
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
    Ok(Evaluation {
        measured,
        baselines,
        metrics,
        uncalibrated: None,
    })
}

fn baseline_inputs(set: &EmbeddedSet) -> BaselineInputs<'_> {
    BaselineInputs {
        embeddings: &set.mean,
        feature_norm: Some(&set.feature_norm),
        isotropic: set.isotropic.as_deref(),
    }
}

/// The nearest images of each query, nearest first: index and Euclidean distance.
///
/// # Errors
/// Embeddings that are not finite.
pub(super) fn nearest_images(set: &EmbeddedSet) -> Result<Vec<Vec<(usize, f32)>>, TrainError> {
    let rows = Rows::new(&set.mean, set.dim)?;
    let found = Index::new(rows).map_rows(SHOWN_NEIGHBOURS, |_, neighbours| {
        let shown = neighbours.iter();
        shown
            .map(|n| (n.index as usize, n.distance.sqrt() as f32))
            .collect()
    })?;
    Ok(found)
}
