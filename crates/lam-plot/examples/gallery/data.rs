//! Made-up data for every figure.

use lam_plot::*;

/// Numbers that depend on the index only.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn gauss(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

const CLASSES: [&str; 10] = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
];

fn names() -> Vec<String> {
    CLASSES.iter().map(|c| (*c).to_owned()).collect()
}

/// Scores of 2,000 images in and as many out of distribution, separated by `shift`.
fn scores(noise: &mut Noise, shift: f64) -> (Vec<f64>, Vec<f64>) {
    let mut draw = |center: f64, spread: f64| -> Vec<f64> {
        (0..2000)
            .map(|_| (center + spread * noise.gauss()).exp())
            .collect()
    };
    (draw(-4.0, 0.7), draw(-4.0 + shift, 0.5))
}

/// Rates as the threshold falls: (false positive, true positive, precision).
fn sweep(inside: &[f64], outside: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>, f64) {
    let mut all: Vec<(f64, bool)> = inside.iter().map(|s| (*s, false)).collect();
    all.extend(outside.iter().map(|s| (*s, true)));
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut fp, mut tp) = (0.0, 0.0);
    let (mut fpr, mut tpr, mut precision) = (vec![0.0], vec![0.0], vec![1.0]);
    let mut area = 0.0;
    for (_, out) in all {
        if out {
            tp += 1.0;
        } else {
            fp += 1.0;
            area += tp;
        }
        fpr.push(fp / inside.len() as f64);
        tpr.push(tp / outside.len() as f64);
        precision.push(tp / (tp + fp));
    }
    let area = area / (inside.len() * outside.len()) as f64;
    (fpr, tpr, precision, area)
}

fn detection(methods: &[(&str, f64)]) -> (Roc, PrecisionRecall, UncertaintyHistogram) {
    let mut noise = Noise(1);
    let (mut roc, mut pr) = (Roc::default(), PrecisionRecall::default());
    let mut histogram = UncertaintyHistogram::default();
    for (name, shift) in methods {
        let (inside, outside) = scores(&mut noise, *shift);
        let (fpr, tpr, precision, auroc) = sweep(&inside, &outside);
        pr.prevalence = Some(0.5);
        pr.curves.push(PrCurve {
            name: (*name).to_owned(),
            recall: tpr.clone(),
            precision,
            auprc: auroc - 0.004,
        });
        roc.curves.push(RocCurve {
            name: (*name).to_owned(),
            false_positive_rate: fpr,
            true_positive_rate: tpr,
            auroc,
        });
        let group = |name: &str, values| UncertaintyGroup {
            name: name.to_owned(),
            values,
        };
        histogram.panels.push(UncertaintyPanel {
            name: (*name).to_owned(),
            groups: vec![
                group("FashionMNIST (in)", inside),
                group("MNIST (out)", outside),
            ],
        });
    }
    (roc, pr, histogram)
}

fn calibration(methods: &[(&str, f64)]) -> Calibration {
    let models = methods.iter().map(|(name, over)| {
        let counts = [0u64, 3, 41, 120, 260, 431, 560, 803, 1320, 6462];
        let bins = (0..10).map(|i| {
            let confidence = 0.055 + 0.1 * f64::from(i);
            ReliabilityBin {
                count: counts[i as usize],
                mean_confidence: confidence,
                accuracy: (confidence - over * confidence * (1.3 - confidence)).clamp(0.0, 1.0),
            }
        });
        CalibrationModel {
            name: (*name).to_owned(),
            bins: bins.collect(),
            ece: over.abs() * 0.4,
            ece_open_last_bin: Some(over.abs() * 0.9),
        }
    });
    Calibration {
        models: models.collect(),
        ..Calibration::default()
    }
}

fn sparsification(methods: &[(&str, f64)]) -> Sparsification {
    let removed: Vec<f64> = (0..99).map(|i| f64::from(i) / 100.0).collect();
    let curves = methods.iter().map(|(name, gain)| SparsificationCurve {
        name: (*name).to_owned(),
        accuracy: removed.iter().map(|r| 0.82 + gain * r.powf(0.8)).collect(),
        ausc: 0.82 + gain * 0.55,
        oracle: Some(
            removed
                .iter()
                .map(|r| (0.82 / (1.0 - r)).min(1.0))
                .collect(),
        ),
        removed: removed.clone(),
    });
    Sparsification {
        curves: curves.collect(),
        random: Some(0.82),
        ..Sparsification::default()
    }
}

/// Held-out and test answers of a model whose few surest answers are not its best.
fn risk_coverage(target: f64, chosen: Option<f64>) -> RiskCoverage {
    let curve = |name: &str, shift: f64| {
        let risk = |c: f64| shift + 0.02 + 0.16 * c.powi(3) + 0.05 * (-40.0 * c).exp();
        let coverage: Vec<f64> = (1..=200).map(|i| f64::from(i) / 200.0).collect();
        RiskCoverageCurve {
            name: name.to_owned(),
            risk: coverage.iter().map(|c| risk(*c)).collect(),
            coverage,
            chosen: chosen.map(|c| (c, risk(c))),
        }
    };
    RiskCoverage {
        curves: vec![curve("held out", 0.0), curve("test", 0.006)],
        target: Some(target),
        ..RiskCoverage::default()
    }
}

/// Clusters of `n` points in `dim` dimensions: coordinates, labels, uncertainty.
fn clusters(n: usize, dim: usize) -> (Vec<f32>, Vec<usize>, Vec<f32>) {
    let mut noise = Noise(7);
    let centres: Vec<Vec<f64>> = (0..10)
        .map(|_| (0..dim).map(|_| noise.gauss()).collect())
        .collect();
    let (mut points, mut labels, mut uncertainty) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..n {
        let label = i % 10;
        let spread = 0.05 + 0.45 * noise.uniform().powi(3);
        let norm = centres[label].iter().map(|c| c * c).sum::<f64>().sqrt();
        points.extend(
            centres[label]
                .iter()
                .map(|c| (c / norm + spread * noise.gauss()) as f32),
        );
        labels.push(label);
        uncertainty.push((0.02 * (spread * 6.0 + 0.3 * noise.gauss()).exp()) as f32);
    }
    (points, labels, uncertainty)
}

/// A disc, ring or bar of 28×28 pixels, by class.
fn picture(class: usize, noise: &mut Noise) -> Vec<u8> {
    let (cx, cy) = (13.5 + noise.gauss(), 13.5 + noise.gauss());
    (0..784)
        .map(|i| {
            let (x, y) = (f64::from(i % 28) - cx, f64::from(i / 28) - cy);
            let radius = x.hypot(y);
            let inside = match class % 3 {
                0 => radius < 9.0,
                1 => (radius - 8.0).abs() < 3.0,
                _ => x.abs() < 4.0 + (class as f64) / 3.0 && y.abs() < 11.0,
            };
            let level = if inside { 205.0 } else { 8.0 };
            (level + 18.0 * noise.gauss()).clamp(0.0, 255.0) as u8
        })
        .collect()
}

fn sheet(name: &str, title: &str, uncertainty: f64, errors: u64) -> Result<Figure, PlotError> {
    let mut noise = Noise(errors);
    let pictures: Vec<(usize, Vec<u8>)> = (0..36)
        .map(|i| {
            let query = i / 6;
            let wrong = i % 6 > 0 && (noise.uniform() * 10.0) < errors as f64;
            let class = if wrong { (query + 2) % 10 } else { query };
            (class, picture(class, &mut noise))
        })
        .collect();
    let image = |i: usize| Image {
        width: 28,
        height: 28,
        pixels: Pixels::Grey(&pictures[i].1),
    };
    let queries = (0..6)
        .map(|q| Query {
            image: image(q * 6),
            class_name: CLASSES[q],
            uncertainty: uncertainty * (1.0 + q as f64 * 0.13),
            neighbours: (1..6)
                .map(|k| Neighbour {
                    image: image(q * 6 + k),
                    class_name: CLASSES[pictures[q * 6 + k].0],
                    correct: pictures[q * 6 + k].0 == q,
                    distance: 0.011 * (k as f64 + q as f64 * 0.3),
                })
                .collect(),
        })
        .collect();
    RetrievalSheet {
        name,
        title,
        queries,
    }
    .figure()
}

fn contact_sheet() -> Result<Figure, PlotError> {
    let mut noise = Noise(5);
    let pictures: Vec<Vec<u8>> = (0..40).map(|i| picture(i / 8, &mut noise)).collect();
    let rows = |classes: std::ops::Range<usize>, shown: usize| {
        let images = |class: usize| pictures[class * 8..][..shown].iter();
        classes
            .map(|class| ContactRow {
                class_name: CLASSES[class],
                images: 6_000,
                shown: images(class)
                    .map(|pixels| Image {
                        width: 28,
                        height: 28,
                        pixels: Pixels::Grey(pixels),
                    })
                    .collect(),
            })
            .collect()
    };
    ContactSheet {
        name: "contact_sheet",
        title: "sample",
        subtitle: "The first images of each class.",
        sections: vec![
            ContactSection {
                heading: "train",
                rows: rows(0..5, 8),
            },
            ContactSection {
                heading: "test",
                rows: rows(0..2, 5),
            },
        ],
    }
    .figure()
}

fn training() -> TrainingCurves {
    let mut noise = Noise(3);
    let steps: Vec<f64> = (0..18_000).map(|i| f64::from(i) / 900.0).collect();
    let epochs: Vec<f64> = (1..=20).map(f64::from).collect();
    let series = |name: &str, x: &[f64], y: Vec<f64>| Series {
        name: name.to_owned(),
        x: x.to_vec(),
        y,
    };
    let loss = steps
        .iter()
        .map(|t| 0.55 + 0.5 * (-t / 2.0).exp() + 0.05 * noise.gauss());
    let loss = loss.collect();
    let rate = steps
        .iter()
        .map(|t| 6.4e-4 * (-0.01 * t.floor()).exp())
        .collect();
    let rise = |end: f64, noise: &mut Noise| -> Vec<f64> {
        epochs
            .iter()
            .map(|t| end - 0.2 * (-t / 3.0).exp() + 0.004 * noise.gauss())
            .collect()
    };
    TrainingCurves {
        title: "Training of LAM online, arccos fix".to_owned(),
        panels: vec![
            TrainingPanel {
                title: "Loss".to_owned(),
                series: vec![
                    series("train", &steps, loss),
                    series(
                        "held out",
                        &epochs,
                        epochs
                            .iter()
                            .map(|t| 0.6 + 0.4 * (-t / 2.0).exp())
                            .collect(),
                    ),
                ],
                scale: VerticalScale::Linear,
            },
            TrainingPanel {
                title: "Learning rate".to_owned(),
                series: vec![series("", &steps, rate)],
                scale: VerticalScale::Linear,
            },
            TrainingPanel {
                title: "Held-out metrics".to_owned(),
                series: vec![
                    series("recall@1", &epochs, rise(0.823, &mut noise)),
                    series("mAP@5", &epochs, rise(0.783, &mut noise)),
                    series("mAP@10", &epochs, rise(0.772, &mut noise)),
                    series("AUROC", &epochs, rise(0.95, &mut noise)),
                ],
                scale: VerticalScale::Linear,
            },
        ],
        ..TrainingCurves::default()
    }
}

fn embeddings() -> Result<Vec<Figure>, PlotError> {
    let names = names();
    [
        ("embedding", 10_000, 3),
        ("embedding_small", 500, 3),
        ("embedding_pca", 4000, 16),
    ]
    .iter()
    .map(|(name, n, dim)| {
        let (points, labels, uncertainty) = clusters(*n, *dim);
        Embedding {
            title: "Embedding of the test images",
            points: &points,
            dim: *dim,
            labels: &labels,
            class_names: &names,
            uncertainty: Some(&uncertainty),
        }
        .figure()
        .map(|figure| figure.with_name(name))
    })
    .collect()
}

/// A report of the figures.
pub fn report(figures: &[(&str, Vec<Figure>)]) -> Report {
    let text = str::to_owned;
    let metric = |name: &str, value: &str, explanation: &str| Metric {
        name: text(name),
        value: text(value),
        explanation: text(explanation),
    };
    let mut sections: Vec<Section> = figures
        .iter()
        .map(|(heading, figures)| Section {
            heading: text(heading),
            blocks: figures.iter().cloned().map(Block::Figure).collect(),
        })
        .collect();
    sections.insert(
        0,
        Section {
            heading: text("Retrieval"),
            blocks: vec![
                Block::Text(text("Recall and mean average precision at several depths.")),
                Block::Table(Table {
                    caption: text("Metrics at depth k"),
                    header: ["k", "recall", "mAP"].map(text).to_vec(),
                    rows: [
                        ["1", "0.823", "–"],
                        ["5", "0.944", "0.783"],
                        ["10", "0.967", "0.772"],
                    ]
                    .iter()
                    .map(|row| row.map(text).to_vec())
                    .collect(),
                    strong: vec![(0, 1)],
                }),
            ],
        },
    );
    Report {
        title: text("LAM online (arccos, fix) on FashionMNIST"),
        lead: text("Made-up numbers: this page shows what a report looks like."),
        facts: [
            ("Method", "laplace_online"),
            ("Data set", "FashionMNIST, 60,000 training images"),
            ("Out of distribution", "MNIST"),
            ("Seed", "1"),
            (
                "Selection",
                "best map@5 on 10 % held out of the training set",
            ),
            ("Weight samples", "100"),
        ]
        .iter()
        .map(|(name, value)| (text(name), text(value)))
        .collect(),
        warnings: vec![text(
            "12 queries have no positive in the gallery and are left out of recall and mAP.",
        )],
        metrics: vec![
            metric(
                "recall@1",
                "0.823",
                "Share of queries whose nearest neighbour is of their class.",
            ),
            metric(
                "mAP@5",
                "0.783",
                "Mean average precision over the five nearest neighbours.",
            ),
            metric(
                "AUROC",
                "0.983",
                "How well the uncertainty tells unknown images from known ones; 0.5 is chance.",
            ),
            metric(
                "AUSC",
                "0.837",
                "Mean accuracy as the most uncertain images are removed; higher is better.",
            ),
            metric(
                "ECE",
                "0.176",
                "Mean gap between confidence and accuracy, all bins closed; 0 is perfect.",
            ),
        ],
        sections,
        command: text("lam train configs/fashionmnist/laplace_online_arccos_fix.yaml --seed 1"),
        configuration: text(
            "model: laplace_online\nloss: arccos\nhessian: fix\nlr: 1.0e-5\nbatch_size: 64\n",
        ),
    }
}

/// Figures under their headings.
pub type Headed = (&'static str, Vec<Figure>);

/// Thirty trials over a number, a number on a logarithmic scale, and names; every fourth was ended early.
fn search() -> Result<Vec<Figure>, PlotError> {
    let mut noise = Noise(11);
    let names = [
        "contrastive",
        "arccos",
        "a name that is too long for its place",
    ];
    let (mut points, mut rates, mut margins, mut losses) = (vec![], vec![], vec![], vec![]);
    for trial in 0..30 {
        let rate = 10f64.powf(-6.0 + 4.0 * noise.uniform());
        let margin = noise.uniform();
        let loss = (noise.uniform() * 3.0) as usize;
        let value = 0.8
            - 0.05 * (rate.log10() + 4.0).powi(2)
            - 0.1 * (margin - 0.6).powi(2)
            - 0.02 * loss as f64
            + 0.01 * noise.gauss();
        points.push(SearchPoint {
            trial,
            value,
            complete: trial % 4 != 3,
        });
        rates.push(rate);
        margins.push(margin);
        losses.push(loss);
    }
    let parameter = |name: &str, values| SearchParameter {
        name: name.to_owned(),
        values,
    };
    let number = |values, logarithmic| SearchValues::Number {
        values,
        logarithmic,
    };
    let history = SearchHistory {
        metric: "map@5".to_owned(),
        points: points.clone(),
        ..SearchHistory::default()
    };
    let parameters = SearchParameters {
        metric: "map@5".to_owned(),
        points,
        parameters: vec![
            parameter("lr", number(rates, true)),
            parameter("margin", number(margins, false)),
            parameter(
                "loss",
                SearchValues::Category {
                    names: names.map(str::to_owned).to_vec(),
                    indices: losses,
                },
            ),
        ],
        ..SearchParameters::default()
    };
    Ok(vec![history.figure(), parameters.figure()?])
}

/// All figures, alone, with several methods, and without data.
pub fn figures() -> Result<Vec<Headed>, PlotError> {
    let several = [
        ("LAM online, arccos fix", 1.9),
        ("LAM post hoc, arccos fix", 2.4),
        ("MC dropout", 1.6),
        ("Deep ensemble", 1.3),
        ("PFE", 0.4),
        ("HIB", 0.1),
        ("Deterministic, |x|", 0.8),
        ("Isotropic posterior", 1.1),
    ];
    let errors = [
        ("LAM online", 0.05),
        ("LAM post hoc", 0.3),
        ("MC dropout", -0.3),
    ];
    let gains = [("LAM online", 0.13), ("MC dropout", 0.08), ("PFE", -0.12)];
    let (roc, pr, histogram) = detection(&several[..1]);
    let (roc_all, pr_all, _) = detection(&several);
    let (.., histogram_all) = detection(&several[..3]);
    Ok(vec![
        (
            "Out-of-distribution detection",
            vec![
                roc.figure()?,
                pr.figure()?,
                histogram.figure(),
                roc_all.figure()?.with_name("roc_methods"),
                pr_all.figure()?.with_name("precision_recall_methods"),
                histogram_all.figure().with_name("uncertainty_methods"),
            ],
        ),
        (
            "Calibration",
            vec![
                calibration(&[("", 0.4)]).figure(),
                calibration(&errors)
                    .figure()
                    .with_name("calibration_methods"),
                calibration(&[
                    ("before, temperature 1", 0.6),
                    ("after, temperature 41.7", 0.03),
                ])
                .figure()
                .with_name("calibration_before_and_after"),
            ],
        ),
        (
            "Sparsification",
            vec![
                sparsification(&[("", 0.13)]).figure()?,
                sparsification(&gains)
                    .figure()?
                    .with_name("sparsification_methods"),
            ],
        ),
        (
            "Accepted answers",
            vec![
                risk_coverage(0.05, Some(0.52)).figure()?,
                risk_coverage(0.01, None)
                    .figure()?
                    .with_name("risk_coverage_nothing"),
            ],
        ),
        ("Embedding", embeddings()?),
        (
            "Queries",
            vec![
                sheet("queries_certain", "The most certain queries", 0.0021, 1)?,
                sheet("queries_uncertain", "The least certain queries", 0.21, 6)?,
            ],
        ),
        ("Data", vec![contact_sheet()?]),
        ("Training", vec![training().figure()?]),
        ("Search", search()?),
        (
            "Without data",
            vec![
                Roc::default().figure()?.with_name("roc_empty"),
                Calibration::default()
                    .figure()
                    .with_name("calibration_empty"),
                TrainingCurves::default()
                    .figure()?
                    .with_name("training_empty"),
                SearchHistory::default()
                    .figure()
                    .with_name("search_history_empty"),
                SearchParameters::default()
                    .figure()?
                    .with_name("search_parameters_empty"),
            ],
        ),
    ])
}
