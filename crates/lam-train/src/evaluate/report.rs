//! Figures and the HTML page of a run.

use lam_plot::{
    Block, Calibration, CalibrationModel, Embedding, Figure, Metric, PrCurve, PrecisionRecall,
    ReliabilityBin, Report, Roc, RocCurve, Section, Sparsification, SparsificationCurve,
    UncertaintyGroup, UncertaintyHistogram, UncertaintyPanel,
};

use super::{Evaluation, RiskReport, Sets, baseline_table, risk_report, sheets, training};
use crate::TrainError;
use crate::config::{Config, Selection};
use crate::data::{Items, RunData};
use crate::metric::{BASELINE_PREFIX, meaning, number};
use crate::run::{RunFolder, RunMetrics};
use crate::session::RunOptions;

/// Points of a drawn curve; more cannot be told apart.
const CURVE_POINTS: usize = 1000;

/// A result to be shown.
pub(crate) struct Shown<'a> {
    pub config: &'a Config,
    pub options: &'a RunOptions,
    pub data: &'a RunData,
    pub evaluation: &'a Evaluation,
    pub sets: &'a Sets,
    pub metrics: &'a RunMetrics,
    pub risk: Option<&'a RiskReport>,
}

impl Shown<'_> {
    /// Draws every figure into `figures/` and writes `report.html`.
    pub(crate) fn write(&self, folder: &RunFolder) -> Result<(), TrainError> {
        let quality = self.quality_figures()?;
        let embedding = self.embedding_figure()?;
        let sheets = sheets::draw(self.data, self.sets)?;
        let training = training::draw(&folder.log())?;
        let accepted = self.risk.map(risk_report::figure).transpose()?;
        let all = quality
            .iter()
            .chain(embedding.iter())
            .chain(&sheets)
            .chain(&accepted)
            .chain(training.iter());
        for figure in all {
            figure.save(&folder.figures())?;
        }
        let section = |heading: &str, figures: Vec<Figure>| Section {
            heading: heading.to_owned(),
            blocks: figures.into_iter().map(Block::Figure).collect(),
        };
        let mut trust = section("Does the uncertainty mean something?", quality);
        trust.blocks.extend(baseline_table::blocks(self.evaluation));
        let acceptance = self.risk.zip(accepted);
        let sections = [
            trust,
            Section {
                heading: "Which answers to accept".to_owned(),
                blocks: acceptance
                    .map(|(risk, figure)| risk_report::blocks(risk, figure))
                    .unwrap_or_default(),
            },
            section("Where the embeddings lie", embedding.into_iter().collect()),
            section("What is retrieved", sheets),
            section("Training", training.into_iter().collect()),
        ];
        self.page(
            sections
                .into_iter()
                .filter(|s| !s.blocks.is_empty())
                .collect(),
        )
        .save(&folder.report())?;
        Ok(())
    }

    fn method(&self) -> String {
        self.config.model.to_string()
    }

    fn quality_figures(&self) -> Result<Vec<Figure>, TrainError> {
        let measured = &self.evaluation.measured;
        let mut figures = Vec::new();
        if let Some(ood) = &measured.out_of_distribution {
            let roc_curve = ood.ranking.roc_curve(CURVE_POINTS);
            let roc = Roc {
                curves: vec![RocCurve {
                    name: self.method(),
                    false_positive_rate: roc_curve.x,
                    true_positive_rate: roc_curve.y,
                    auroc: ood.ranking.auroc(),
                }],
                ..Roc::default()
            };
            figures.push(roc.figure()?);
            let curve = ood.ranking.precision_recall_curve(CURVE_POINTS);
            let precision_recall = PrecisionRecall {
                curves: vec![PrCurve {
                    name: self.method(),
                    recall: curve.x,
                    precision: curve.y,
                    auprc: ood.ranking.average_precision(),
                }],
                prevalence: Some(
                    ood.foreign.len() as f64 / (ood.foreign.len() + ood.known.len()) as f64,
                ),
                ..PrecisionRecall::default()
            };
            figures.push(precision_recall.figure()?);
        }
        if let Some(calibration) = &measured.calibration {
            let before = self.evaluation.uncalibrated.as_ref();
            let models = match before {
                None => vec![calibration_model(self.method(), calibration)],
                Some(before) => vec![
                    calibration_model("uncalibrated".to_owned(), before),
                    calibration_model("calibrated".to_owned(), calibration),
                ],
            };
            let figure = Calibration {
                models,
                ..Calibration::default()
            };
            figures.push(figure.figure());
        }
        if let Some(sparsification) = &measured.sparsification {
            let figure = Sparsification {
                curves: vec![SparsificationCurve {
                    name: self.method(),
                    removed: sparsification.removed.clone(),
                    accuracy: sparsification.accuracy.clone(),
                    ausc: sparsification.area,
                    oracle: None,
                }],
                random: sparsification.accuracy.first().copied(),
                ..Sparsification::default()
            };
            figures.push(figure.figure()?);
        }
        figures.extend(self.uncertainty_figure());
        Ok(figures)
    }

    fn uncertainty_figure(&self) -> Option<Figure> {
        let scores = self.evaluation.measured.out_of_distribution.as_ref()?;
        let (inside, outside) = (scores.known.clone(), scores.foreign.clone());
        let group = |name: &str, values| UncertaintyGroup {
            name: name.to_owned(),
            values,
        };
        let ood_name = self.data.ood.as_ref().map_or("", |set| set.name());
        let histogram = UncertaintyHistogram {
            panels: vec![UncertaintyPanel {
                name: String::new(),
                groups: vec![
                    group(
                        &format!("{} (in distribution)", self.data.test.images.name()),
                        inside,
                    ),
                    group(&format!("{ood_name} (out of distribution)"), outside),
                ],
            }],
            ..UncertaintyHistogram::default()
        };
        Some(histogram.figure())
    }

    fn embedding_figure(&self) -> Result<Option<Figure>, TrainError> {
        let test = &self.sets.test;
        if test.dim < 2 {
            return Ok(None);
        }
        let labels: Vec<usize> = test.labels.iter().map(|&label| label as usize).collect();
        let uncertainty: Option<Vec<f32>> = test
            .scores()
            .map(|scores| scores.into_iter().map(|score| score as f32).collect());
        let figure = Embedding {
            title: "Embeddings of the test set",
            points: &test.mean,
            dim: test.dim,
            labels: &labels,
            class_names: self.data.test.images.class_names(),
            uncertainty: uncertainty.as_deref(),
        };
        Ok(Some(figure.figure()?))
    }

    fn page(&self, sections: Vec<Section>) -> Report {
        let config = self.config;
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let mut facts = vec![
            fact("method", self.method()),
            fact(
                "data set",
                format!("{} ({} test images)", config.dataset, self.data.test.images.len()),
            ),
            fact("trained on", trained_on(&self.data.train)),
            fact("epochs", config.epochs.to_string()),
            fact("seed", config.seed.to_string()),
            fact("protocol", config.selection.protocol().to_owned()),
        ];
        if let Some(gallery) = &self.data.test.gallery {
            facts.push(fact(
                "looked up in",
                format!("{} images of a gallery", gallery.images.len()),
            ));
        }
        if let Some(ood) = &self.data.ood {
            facts.push(fact(
                "out of distribution",
                format!("{} ({} images)", ood.name(), ood.len()),
            ));
        }
        let mut warnings = Vec::new();
        if config.selection == Selection::Test {
            warnings.push(
                "The checkpoint was selected on the test set, as in the paper: these figures are optimistic.".to_owned(),
            );
        }
        let lonely = self.evaluation.measured.retrieval.queries_without_positives;
        if lonely > 0 {
            warnings.push(format!(
                "{lonely} queries have no image of their class in the gallery and are left out of recall and mAP.",
            ));
        }
        Report {
            title: format!("{} on {}", self.options.name, config.dataset),
            lead: format!(
                "{} with embeddings of size {}, evaluated on the test set.",
                self.method(),
                config.latent_dim
            ),
            facts,
            warnings,
            metrics: self
                .metrics
                .values()
                .iter()
                // These have a table of their own.
                .filter(|(name, _)| !name.starts_with(BASELINE_PREFIX))
                .map(|(name, value)| Metric {
                    name: name.clone(),
                    value: number(*value),
                    explanation: meaning(name).to_owned(),
                })
                .collect(),
            sections,
            command: self.options.command.clone(),
            configuration: config.to_yaml(),
        }
    }
}

fn trained_on(items: &Items) -> String {
    let what = match items {
        Items::Images(_) => "images",
        Items::Pairs(_) => "pairs of images",
    };
    format!("{} {what}", items.len())
}

fn calibration_model(name: String, calibration: &lam_metrics::Calibration) -> CalibrationModel {
    let bins = calibration.bins.iter().map(|bin| ReliabilityBin {
        count: bin.count as u64,
        mean_confidence: bin.mean_confidence,
        accuracy: bin.accuracy,
    });
    CalibrationModel {
        name,
        bins: bins.collect(),
        ece: calibration.ece,
        ece_open_last_bin: calibration.ece_open_last_bin,
    }
}
