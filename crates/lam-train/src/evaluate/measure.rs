//! The metrics of a predictor on a test set and its out-of-distribution partner.

use std::sync::Arc;

use lam_data::Dataset;
use lam_metrics::{
    BaselineInputs, Baselines, Calibration, Cutoffs, LabelledSet, ListedPositives, PlaceSet, Spread,
};
use lam_search::{Index, Neighbour, Ranking, Rows};

use super::{EmbeddedSet, embed};
use crate::TrainError;
use crate::data::{Gallery, ImageDevice, Queries};
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
    /// Queries, and gallery too where there is no other.
    pub test: EmbeddedSet,
    /// What the queries are looked up in, where it is apart from them.
    pub gallery: Option<EmbeddedGallery>,
    /// What should be uncertain.
    pub ood: Option<EmbeddedSet>,
    /// What the nearest is.
    pub ranking: Ranking,
}

/// A gallery apart from the queries.
#[derive(Clone)]
pub struct EmbeddedGallery {
    /// Its images.
    pub set: EmbeddedSet,
    /// Which of them each query should find.
    pub truth: Gallery,
}

impl std::fmt::Debug for EmbeddedGallery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedGallery")
            .field("set", &self.set)
            .finish_non_exhaustive()
    }
}

/// What was measured.
#[derive(Debug, Clone)]
pub struct Evaluation {
    /// Everything, curves included.
    pub measured: lam_metrics::Evaluation,
    /// The same figures for other scores.
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

/// Embeds `test` and `ood` and measures everything that the predictor allows, neighbours in the order of `ranking`; `what` names
/// the occasion to the observer.
///
/// # Errors
/// Images that cannot be read; embeddings that are not finite.
pub fn evaluate(
    predictor: &dyn Predict,
    test: &Queries,
    ood: Option<&Arc<dyn Dataset>>,
    ranking: Ranking,
    images: &ImageDevice,
    what: &str,
    observer: &mut dyn Observer,
) -> Result<(Evaluation, Sets), TrainError> {
    observer.evaluation_started(what, test.len() + ood.map_or(0, |set| set.len()));
    let sets = Sets {
        test: embed(predictor, &test.images, images, observer)?,
        gallery: match &test.gallery {
            None => None,
            Some(truth) => Some(EmbeddedGallery {
                set: embed(predictor, &truth.images, images, observer)?,
                truth: truth.clone(),
            }),
        },
        ood: ood
            .map(|set| embed(predictor, set, images, observer))
            .transpose()?,
        ranking,
    };
    observer.evaluation_done();
    Ok((measure(&sets)?, sets))
}

fn measure(sets: &Sets) -> Result<Evaluation, TrainError> {
    let (mut measured, baselines) = match &sets.gallery {
        None => among_themselves(sets)?,
        Some(gallery) => in_gallery(sets, gallery)?,
    };
    let ood = sets.ood.as_ref();
    let foreign = ood.and_then(EmbeddedSet::given_scores);
    if let Some((known, foreign)) = sets.test.given_scores().zip(foreign) {
        measured = measured.with_image_uncertainty(known, foreign)?;
    }
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

fn cutoffs() -> Result<Cutoffs, TrainError> {
    Ok(Cutoffs::new(RECALL_AT.to_vec(), MAP_AT.to_vec())?)
}

fn ood_sigma(sets: &Sets) -> Option<&[f32]> {
    sets.ood.as_ref()?.deviation.as_deref()
}

/// Every image is looked up among the others.
fn among_themselves(sets: &Sets) -> Result<(lam_metrics::Evaluation, Baselines), TrainError> {
    let test = &sets.test;
    let votes = test.votes()?;
    let set = LabelledSet {
        embeddings: &test.mean,
        dim: test.dim,
        labels: &test.labels,
        sigma: test.deviation.as_deref(),
        votes: votes.as_ref(),
        ood_sigma: ood_sigma(sets),
        ranking: sets.ranking,
    };
    let measured = lam_metrics::evaluate(&set, &cutoffs()?)?;
    let ood = sets.ood.as_ref().map(baseline_inputs);
    let terms = test.ranking_terms(sets.ranking);
    let known = BaselineInputs {
        terms: terms.as_deref(),
        ..baseline_inputs(test)
    };
    let baselines = Baselines::measure(&known, ood.as_ref(), test.dim, &measured.nearest)?;
    Ok((measured, baselines))
}

/// Queries are looked up in a gallery apart from them. Without votes: what a sample of the weights would vote for is a
/// label, which places do not have.
fn in_gallery(
    sets: &Sets,
    gallery: &EmbeddedGallery,
) -> Result<(lam_metrics::Evaluation, Baselines), TrainError> {
    let (test, database) = (&sets.test, &gallery.set);
    let deviations = test.deviation.as_deref().zip(database.deviation.as_deref());
    let set = PlaceSet {
        queries: &test.mean,
        database: &database.mean,
        dim: test.dim,
        itself: gallery.truth.itself.as_deref(),
        sigma: deviations.map(|(queries, database)| Spread { queries, database }),
        ood_sigma: ood_sigma(sets),
        ranking: sets.ranking,
    };
    let positives = ListedPositives::new(gallery.truth.positives.iter(), database.labels.len())?;
    let measured = lam_metrics::evaluate_places(&set, &positives, &cutoffs()?)?;
    let ood = sets.ood.as_ref().map(baseline_inputs);
    let terms = database.ranking_terms(sets.ranking);
    let gallery = BaselineInputs {
        terms: terms.as_deref(),
        ..baseline_inputs(database)
    };
    let baselines = Baselines::measure_between(
        &baseline_inputs(test),
        &gallery,
        ood.as_ref(),
        test.dim,
        &measured.nearest,
    )?;
    Ok((measured, baselines))
}

fn baseline_inputs(set: &EmbeddedSet) -> BaselineInputs<'_> {
    BaselineInputs {
        embeddings: &set.mean,
        feature_norm: Some(&set.feature_norm),
        isotropic: set.isotropic.as_deref(),
        output_spread: set.output_spread.as_deref(),
        sigma: set.uncertainty.as_ref().and(set.deviation.as_deref()),
        terms: None,
    }
}

/// The nearest images of each query, nearest first: index and the root of what they are ranked by.
///
/// # Errors
/// Embeddings that are not finite.
pub(super) fn nearest_images(sets: &Sets) -> Result<Vec<Vec<(usize, f32)>>, TrainError> {
    let shown = |neighbours: &[Neighbour]| {
        let shown = neighbours.iter();
        shown
            .map(|n| (n.index as usize, n.distance.sqrt() as f32))
            .collect()
    };
    let searched = sets.gallery.as_ref().map_or(&sets.test, |g| &g.set);
    let terms = searched.ranking_terms(sets.ranking);
    let rows = Rows::new(&searched.mean, searched.dim)?;
    let index = Index::ranked(rows, terms.as_deref())?;
    Ok(match sets.gallery {
        None => index.map_rows(SHOWN_NEIGHBOURS, |_, found| shown(found))?,
        Some(_) => {
            let queries = Rows::new(&sets.test.mean, sets.test.dim)?;
            index.map(queries, SHOWN_NEIGHBOURS, |_, found| shown(found))?
        }
    })
}
