//! Whatever the numbers, there is a valid figure or an error, never a panic.

use std::sync::OnceLock;

use lam_plot::*;
use proptest::prelude::*;
use resvg::usvg;

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -2.0f64..2.0,
        2 => 0.0f64..1.0,
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(vec![
            0.0, -0.0, 1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN,
            f64::MIN_POSITIVE, 5e-324, 1e-300, 1e300, 0.1 + f64::EPSILON,
        ]),
    ]
}

fn numbers() -> impl Strategy<Value = Vec<f64>> {
    prop_oneof![
        prop::collection::vec(number(), 0..40),
        (number(), 0usize..20).prop_map(|(value, n)| vec![value; n]),
    ]
}

fn pairs() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    prop::collection::vec((number(), number()), 0..40).prop_map(|p| p.into_iter().unzip())
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        ".{0,12}",
        prop::collection::vec(any::<char>(), 0..200).prop_map(|c| c.into_iter().collect())
    ]
}

fn options() -> &'static usvg::Options<'static> {
    static OPTIONS: OnceLock<usvg::Options<'static>> = OnceLock::new();
    OPTIONS.get_or_init(|| {
        let mut options = usvg::Options::default();
        for file in ["Inter-Regular.otf", "Inter-SemiBold.otf"] {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/assets/");
            let data = std::fs::read(format!("{folder}{file}")).unwrap();
            options.fontdb_mut().load_font_data(data);
        }
        options
    })
}

/// Boxes of all texts under a node.
fn texts(group: &usvg::Group, out: &mut Vec<usvg::Rect>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => texts(group, out),
            usvg::Node::Text(text) => out.push(text.abs_bounding_box()),
            _ => {}
        }
    }
}

/// The figure parses, has a bounded size, and no text is cut off.
fn check(figure: &Figure) -> Result<(), TestCaseError> {
    let tree = usvg::Tree::from_str(figure.svg(), options());
    prop_assert!(tree.is_ok(), "{:?}\n{}", tree.err(), figure.svg());
    let (width, height) = figure.size();
    prop_assert!((100.0..=1000.0).contains(&width) && (40.0..=6000.0).contains(&height));
    let mut found = Vec::new();
    texts(tree.unwrap().root(), &mut found);
    for area in found {
        let inside = area.left() >= -1.0
            && area.top() >= -1.0
            && f64::from(area.right()) <= width + 1.0
            && f64::from(area.bottom()) <= height + 1.0;
        prop_assert!(
            inside,
            "{area:?} in {width}×{height}\n{:.3000}",
            figure.svg()
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn curves(
        many in prop::collection::vec((name(), pairs(), number()), 0..12),
        prevalence in prop::option::of(number()),
        title in name(),
    ) {
        let roc = many.iter().map(|(name, (x, y), area)| RocCurve {
            name: name.clone(),
            false_positive_rate: x.clone(),
            true_positive_rate: y.clone(),
            auroc: *area,
        });
        check(&Roc { title: title.clone(), curves: roc.collect() }.figure().unwrap())?;
        let pr = many.iter().map(|(name, (x, y), area)| PrCurve {
            name: name.clone(),
            recall: x.clone(),
            precision: y.clone(),
            auprc: *area,
        });
        let pr = PrecisionRecall { title: title.clone(), curves: pr.collect(), prevalence };
        check(&pr.figure().unwrap())?;
        let sparse = many.iter().map(|(name, (x, y), area)| SparsificationCurve {
            name: name.clone(),
            removed: x.clone(),
            accuracy: y.clone(),
            ausc: *area,
            oracle: (name.len() % 2 == 0).then(|| x.clone()),
        });
        let accepted = many.iter().map(|(name, (x, y), area)| RiskCoverageCurve {
            name: name.clone(),
            coverage: x.clone(),
            risk: y.clone(),
            chosen: prevalence.map(|p| (p, *area)),
        });
        let accepted = RiskCoverage { title: title.clone(), curves: accepted.collect(), target: prevalence };
        check(&accepted.figure().unwrap())?;
        let sparse = Sparsification { title, curves: sparse.collect(), random: prevalence };
        check(&sparse.figure().unwrap())?;
    }

    #[test]
    fn calibration(
        models in prop::collection::vec(
            (name(), prop::collection::vec((any::<u64>(), number(), number()), 0..15), number()),
            0..6
        ),
    ) {
        let models = models.into_iter().map(|(name, bins, ece)| CalibrationModel {
            name,
            bins: bins
                .into_iter()
                .map(|(count, mean_confidence, accuracy)| ReliabilityBin { count, mean_confidence, accuracy })
                .collect(),
            ece,
            ece_open_last_bin: Some(ece),
        });
        check(&Calibration { models: models.collect(), ..Calibration::default() }.figure())?;
    }

    #[test]
    fn histograms(
        panels in prop::collection::vec(
            (name(), prop::collection::vec((name(), numbers()), 0..4)),
            0..4
        ),
        axis in name(),
    ) {
        let panels = panels.into_iter().map(|(name, groups)| UncertaintyPanel {
            name,
            groups: groups
                .into_iter()
                .map(|(name, values)| UncertaintyGroup { name, values })
                .collect(),
        });
        let histogram = UncertaintyHistogram {
            axis,
            panels: panels.collect(),
            ..UncertaintyHistogram::default()
        };
        check(&histogram.figure())?;
    }

    #[test]
    fn training(
        panels in prop::collection::vec(
            (name(), prop::collection::vec((name(), pairs(), 1usize..60), 0..9), any::<bool>()),
            0..4
        ),
    ) {
        let panels = panels.into_iter().map(|(title, series, log)| TrainingPanel {
            title,
            series: series
                .into_iter()
                .map(|(name, (x, y), times)| Series { name, x: x.repeat(times), y: y.repeat(times) })
                .collect(),
            scale: if log { VerticalScale::Logarithmic } else { VerticalScale::Linear },
        });
        let training = TrainingCurves { panels: panels.collect(), ..TrainingCurves::default() };
        check(&training.figure().unwrap())?;
    }

    #[test]
    fn embeddings(
        dim in 1usize..12,
        values in prop::collection::vec(
            prop_oneof![5 => -1.0f32..1.0, 1 => prop::num::f32::ANY], 0..120
        ),
        classes in 1usize..40,
        names in prop::collection::vec(name(), 0..5),
        certain in any::<bool>(),
        constant in any::<bool>(),
    ) {
        let n = values.len() / dim;
        let mut points = values[..n * dim].to_vec();
        if constant {
            points.fill(0.5);
        }
        let labels: Vec<usize> = (0..n).map(|i| i * 7 % classes).collect();
        let uncertainty: Vec<f32> = (0..n).map(|i| values[i]).collect();
        let figure = Embedding {
            title: "",
            points: &points,
            dim,
            labels: &labels,
            class_names: &names,
            uncertainty: certain.then_some(&uncertainty),
        };
        check(&figure.figure().unwrap())?;
    }

    #[test]
    fn sheets(
        rows in prop::collection::vec((name(), number(), prop::collection::vec(number(), 0..14)), 0..40),
        width in 1u32..300, height in 1u32..4,
    ) {
        let pixels = vec![90; (width * height * 3) as usize];
        let image = Image { width, height, pixels: Pixels::Rgb(&pixels) };
        let queries = rows.iter().map(|(name, uncertainty, distances)| Query {
            image,
            class_name: name,
            uncertainty: *uncertainty,
            neighbours: distances
                .iter()
                .map(|d| Neighbour { image, class_name: name, correct: *d > 0.0, distance: *d })
                .collect(),
        });
        let sheet = RetrievalSheet { name: "", title: "", queries: queries.collect() };
        check(&sheet.figure().unwrap())?;
        let rows = rows.iter().map(|(name, _, distances)| ContactRow {
            class_name: name,
            images: distances.len(),
            shown: vec![image; distances.len()],
        });
        let sections = vec![ContactSection { heading: "", rows: rows.collect() }];
        let sheet = ContactSheet { name: "", title: "", subtitle: "", sections };
        check(&sheet.figure().unwrap())?;
    }
}

#[test]
fn many_points_are_thinned_and_counted() {
    let n = 30_000;
    let points: Vec<f32> = (0..n * 3).map(|i| ((i * 37 % 101) as f32) - 50.0).collect();
    let labels: Vec<usize> = (0..n).map(|i| i % 10).collect();
    let figure = Embedding {
        title: "many",
        points: &points,
        dim: 3,
        labels: &labels,
        class_names: &[],
        uncertainty: None,
    }
    .figure()
    .unwrap();
    assert!(figure.svg().contains("20000 of 30000 points are drawn"));
    assert!(figure.svg().len() < 2_000_000, "{}", figure.svg().len());
}

#[test]
fn values_without_a_place_are_counted() {
    let figure = Roc {
        curves: vec![RocCurve {
            name: String::new(),
            false_positive_rate: vec![0.0, f64::NAN, 0.5, 1.0],
            true_positive_rate: vec![0.0, 0.5, f64::INFINITY, 1.0],
            auroc: f64::NAN,
        }],
        ..Roc::default()
    }
    .figure()
    .unwrap();
    assert!(figure.svg().contains("2 points are not finite numbers"));
    assert!(figure.svg().contains("AUROC n/a"));
}

#[test]
fn a_long_curve_becomes_a_small_file() {
    let n = 1_000_000;
    let x: Vec<f64> = (0..=n).map(|i| f64::from(i) / f64::from(n)).collect();
    let figure = Roc {
        curves: vec![RocCurve {
            name: "long".to_owned(),
            true_positive_rate: x.iter().map(|v| v.powf(0.1)).collect(),
            false_positive_rate: x,
            auroc: 0.9,
        }],
        ..Roc::default()
    }
    .figure()
    .unwrap();
    assert!(figure.svg().len() < 20_000, "{}", figure.svg().len());
}

#[test]
fn too_many_rows_to_rasterise_are_an_error() {
    let panels = vec![UncertaintyPanel::default(); 400];
    let figure = UncertaintyHistogram {
        panels,
        ..UncertaintyHistogram::default()
    }
    .figure();
    assert!(matches!(figure.png(), Err(PlotError::Raster { .. })));
}
