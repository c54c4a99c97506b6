//! Comparisons: the plan, the statistics, and what the tables say.

use std::fs;
use std::path::{Path, PathBuf};

use lam_train::bench::{
    Plan, RunStatus, Statistic, Summary, average_curves, baseline_table, csv, json, main_table,
    markdown, missing_table, parse_seeds, runs_csv,
};
use lam_train::config::Override;
use lam_train::metric::{Direction, direction};
use lam_train::run::{OpenMode, RunCurves, RunFolder, RunMetadata, RunMetrics};
use proptest::prelude::*;
use serde_json::Value;

#[test]
fn seeds_are_ranges_and_lists() {
    assert_eq!(parse_seeds("1..5"), Ok(vec![1, 2, 3, 4, 5]));
    assert_eq!(parse_seeds("1..=5"), Ok(vec![1, 2, 3, 4, 5]));
    assert_eq!(parse_seeds("1,2,7"), Ok(vec![1, 2, 7]));
    assert_eq!(parse_seeds("9, 2..3"), Ok(vec![9, 2, 3]));
    assert_eq!(parse_seeds("4..4"), Ok(vec![4]));
    for wrong in [
        "",
        "a",
        "1..",
        "..3",
        "5..1",
        "1,1",
        "1..3,2",
        "-1",
        "1.5",
        "0..99999999999",
    ] {
        let message = parse_seeds(wrong).unwrap_err().to_string();
        assert!(message.contains("5 included"), "{wrong}: {message}");
    }
}

proptest! {
    /// Against the definition in another form: s² = (Σx² − (Σx)²/n)/(n − 1), on numbers where that is exact enough.
    #[test]
    fn mean_and_deviation(values in proptest::collection::vec(-10.0f64..10.0, 2..20)) {
        let found = Statistic::of(values.iter().copied()).unwrap();
        let n = values.len() as f64;
        let sum: f64 = values.iter().sum();
        let squares: f64 = values.iter().map(|x| x * x).sum();
        prop_assert!((found.mean - sum / n).abs() < 1e-12);
        let variance = (squares - sum * sum / n) / (n - 1.0);
        prop_assert!((found.deviation.unwrap().powi(2) - variance).abs() < 1e-10);
        prop_assert_eq!(found.count, values.len());
    }
}

#[test]
fn one_value_has_no_deviation_and_undefined_ones_do_not_count() {
    let one = Statistic::of([f64::NAN, 0.5]).unwrap();
    assert_eq!((one.mean, one.deviation, one.count), (0.5, None, 1));
    assert_eq!(Statistic::of([f64::NAN]), None);
}

#[test]
fn good_ends_of_metrics() {
    for name in [
        "recall@1",
        "map@20",
        "auroc",
        "baseline.isotropic.auprc",
        "r_auroc",
    ] {
        assert_eq!(direction(name), Direction::Higher, "{name}");
    }
    for name in ["ece", "ece_open_last_bin"] {
        assert_eq!(direction(name), Direction::Lower, "{name}");
    }
    for name in ["queries", "ece_open_last_bin_drops", "recall@x", "map@"] {
        assert_eq!(direction(name), Direction::Neutral, "{name}");
    }
}

/// Configurations `one` and `two`, and runs with made-up metrics.
struct Made {
    dir: tempfile::TempDir,
}

impl Made {
    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn config(&self, name: &str, more: &str) -> PathBuf {
        let path = self.dir.path().join(format!("{name}.yaml"));
        let runs = self.dir.path().join("runs");
        let text = format!(
            "model: laplace_online\ndataset: sample\nlog_dir: \"{}\"\n{more}",
            runs.display()
        );
        fs::write(&path, text).unwrap();
        path
    }

    fn plan(&self, files: &[PathBuf], seeds: &[u64]) -> Plan {
        Plan::load(files, &[], seeds).unwrap().0
    }

    fn finish(plan: &Plan, run: usize, values: &[(&str, f64)]) {
        let run = &plan.runs[run];
        let folder = RunFolder::open(&run.folder, &run.config, OpenMode::New).unwrap();
        let metadata = RunMetadata::of(&run.config, &plan.config_of(run).name);
        let values = values.iter().map(|(n, x)| ((*n).to_owned(), *x)).collect();
        let metrics = RunMetrics::new(metadata, values).unwrap();
        metrics.write(&folder).unwrap();
    }

    fn summary(plan: &Plan) -> Summary {
        let statuses: Vec<RunStatus> = plan.runs.iter().map(RunStatus::of).collect();
        Summary::new(plan, &statuses)
    }
}

fn labels(plan: &Plan) -> Vec<&str> {
    plan.configs.iter().map(|one| one.label.as_str()).collect()
}

#[test]
fn what_others_start_from_comes_first() {
    let made = Made::new();
    let runs = made.dir.path().join("runs/sample/plain");
    let roundabout = made.dir.path().join("runs/../runs/sample/./plain");
    let files = [
        made.config(
            "posthoc",
            &format!("resume: \"{}\"\n", roundabout.display()),
        ),
        made.config("other", "resume: ../nowhere/else\n"),
        made.config("plain", ""),
        made.config("ensemble", "resume: ../not/there/plain\n"),
    ];
    let plan = made.plan(&files, &[2, 1]);
    assert_eq!(labels(&plan), ["other", "plain", "posthoc", "ensemble"]);
    let needs: Vec<&[usize]> = plan
        .configs
        .iter()
        .map(|c| c.starts_from.as_slice())
        .collect();
    let expected: [&[usize]; 4] = [&[], &[], &[1], &[1]];
    assert_eq!(needs, expected);
    let order: Vec<(usize, u64)> = plan.runs.iter().map(|run| (run.of, run.seed)).collect();
    assert_eq!(order[..4], [(0, 2), (0, 1), (1, 2), (1, 1)]);
    assert_eq!(plan.runs[2].folder, runs.join("seed-2"));
    assert_eq!(plan.runs[2].config.seed, 2);
}

#[test]
fn members_of_an_ensemble_that_are_missing_are_planned_before_it() {
    let made = Made::new();
    made.config("deterministic", "");
    let ensemble = made.config("ensemble", "seeds: [3, 4, 5]\n");
    let text = fs::read_to_string(&ensemble).unwrap();
    fs::write(&ensemble, text.replace("laplace_online", "deep_ensemble")).unwrap();
    let member = made.dir.path().join("deterministic.yaml");
    let text = fs::read_to_string(&member).unwrap();
    fs::write(&member, text.replace("laplace_online", "deterministic")).unwrap();
    let runs = |plan: &Plan| -> Vec<(String, u64)> {
        let of = |run: &lam_train::bench::PlannedRun| plan.config_of(run).name.clone();
        plan.runs.iter().map(|run| (of(run), run.seed)).collect()
    };
    let named = |all: &[(&str, u64)]| -> Vec<(String, u64)> {
        all.iter()
            .map(|(name, seed)| ((*name).to_owned(), *seed))
            .collect()
    };
    let of_ensemble = |overrides: &[Override]| {
        Plan::load(std::slice::from_ref(&ensemble), overrides, &[1])
            .unwrap()
            .0
    };
    let plan = of_ensemble(&[]);
    let all = [
        ("deterministic", 3),
        ("deterministic", 4),
        ("deterministic", 5),
        ("ensemble", 1),
    ];
    assert_eq!(runs(&plan), named(&all));
    let folder = made.dir.path().join("runs/sample/deterministic/seed-4");
    assert_eq!(plan.runs[1].folder, folder);
    // What is set for the comparison holds for members too, but for what is the ensemble's own.
    let epochs = Override::Set("epochs=3".to_owned());
    let model = Override::Set("model=deep_ensemble".to_owned());
    let plan = of_ensemble(&[epochs, model]);
    assert_eq!(plan.runs[0].config.epochs, 3);
    assert_eq!(
        plan.runs[0].config.model,
        lam_train::config::Method::Deterministic
    );
    // Seeds of the comparison and those of the ensemble are made once each.
    let both = [member.clone(), ensemble.clone()];
    let plan = made.plan(&both, &[4, 1]);
    let all = [
        ("deterministic", 4),
        ("deterministic", 1),
        ("deterministic", 3),
        ("deterministic", 5),
        ("ensemble", 4),
        ("ensemble", 1),
    ];
    assert_eq!(runs(&plan), named(&all));
    // Without a configuration for members, the ensemble says itself what it lacks.
    fs::remove_file(&member).unwrap();
    assert_eq!(runs(&of_ensemble(&[])), named(&[("ensemble", 1)]));
}

#[test]
fn two_files_of_one_folder_and_all_faults_of_all_files() {
    let made = Made::new();
    let one = made.config("one", "");
    let error = Plan::load(&[one.clone(), one.clone()], &[], &[1]).unwrap_err();
    assert!(error.is_usage());
    assert!(
        error
            .to_string()
            .contains("give one of the files another name"),
        "{error}"
    );
    let two = made.config("two", "lerning_rate: 1\n");
    let three = made.config("three", "epochs: many\n");
    let error = Plan::load(&[two, one, three], &[], &[1, 2])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("two.yaml:4") && error.contains("did you mean 'lr'"),
        "{error}"
    );
    assert_eq!(error.matches("three.yaml:4").count(), 1, "{error}");
}

#[test]
fn configurations_of_several_data_sets_are_told_apart() {
    let made = Made::new();
    let one = made.config("one", "");
    let two = made.dir.path().join("two.yaml");
    fs::write(&two, "model: pfe\ndataset: mnist\n").unwrap();
    assert_eq!(
        labels(&made.plan(&[one, two], &[1])),
        ["one (sample)", "two (mnist)"]
    );
}

/// Means and deviations by hand: of .80 and .84 they are .82 and .04/√2 = .0283; of .30 and .10, .20 and .1414.
#[test]
fn the_table_by_hand() {
    let made = Made::new();
    let files = [made.config("one", ""), made.config("two", "margin: 0.5\n")];
    let plan = made.plan(&files, &[1, 2]);
    let a = [
        ("recall@1", 0.80),
        ("ece", 0.30),
        ("queries", 1000.0),
        ("map@20", 0.5),
    ];
    let b = [
        ("recall@1", 0.84),
        ("ece", 0.10),
        ("queries", 1000.0),
        ("map@20", 0.7),
    ];
    let c = [
        ("recall@1", 0.81),
        ("ece", 0.19),
        ("queries", 1000.0),
        ("auroc", f64::NAN),
    ];
    Made::finish(&plan, 0, &a);
    Made::finish(&plan, 1, &b);
    Made::finish(&plan, 2, &c);
    let summary = Made::summary(&plan);
    let table = main_table(&summary, false);
    assert_eq!(
        table.header,
        ["configuration", "runs", "recall@1 ↑", "ece ↓"]
    );
    let text = |row: usize| -> Vec<&str> {
        table.rows[row]
            .iter()
            .map(|cell| cell.text.as_str())
            .collect()
    };
    assert_eq!(text(0), ["one", "2", ".820 ± .028", ".200 ± .141"]);
    assert_eq!(text(1), ["two", "1, 1 not run", ".810", ".190"]);
    let best = |row: usize| -> Vec<bool> { table.rows[row].iter().map(|c| c.best).collect() };
    assert_eq!(best(0), [false, false, true, false]);
    assert_eq!(best(1), [false, false, false, true]);

    let text = markdown(&summary);
    assert!(
        text.contains("| one | 2 | **.820 ± .028** | .200 ± .141 |"),
        "{text}"
    );
    assert!(text.contains("| two | 2 | not run |"), "{text}");
    assert!(
        text.contains("seeds 1, 2") && text.contains("held-out selection"),
        "{text}"
    );

    let table = csv(&summary);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split(',').collect())
        .collect();
    let value = |row: usize, name: &str| -> String {
        let column = rows[0].iter().position(|cell| *cell == name).unwrap();
        rows[row][column].to_owned()
    };
    assert!((value(1, "recall@1.sd").parse::<f64>().unwrap() - 0.04 / 2f64.sqrt()).abs() < 1e-12);
    assert_eq!(value(1, "map@20.mean"), "0.6");
    assert_eq!(value(2, "recall@1.sd"), "");
    assert_eq!(value(2, "recall@1.n"), "1");
    assert_eq!(value(2, "map@20.mean"), "");
    assert_eq!(value(2, "map@20.n"), "0");

    let root: Value = serde_json::from_str(&json(&summary)).unwrap();
    let one = &root["configurations"][0]["metrics"];
    assert_eq!(one["recall@1"]["best"], true);
    assert_eq!(one["ece"]["best"], false);
    assert_eq!(one["ece"]["better"], "lower");
    assert_eq!(
        root["configurations"][1]["metrics"]["recall@1"]["sd"],
        Value::Null
    );
    assert_eq!(root["configurations"][1]["runs"][1]["state"], "not run");
    assert_eq!(runs_csv(&summary).lines().count(), 5);
}

#[test]
fn different_protocols_do_not_compete() {
    let made = Made::new();
    let files = [
        made.config("one", ""),
        made.config("two", "selection: test\n"),
    ];
    let plan = made.plan(&files, &[1]);
    Made::finish(&plan, 0, &[("recall@1", 0.5)]);
    Made::finish(&plan, 1, &[("recall@1", 0.9)]);
    let table = main_table(&Made::summary(&plan), false);
    assert!(
        table.rows.iter().flatten().all(|cell| !cell.best),
        "{table:?}"
    );
}

#[test]
fn baselines_stand_beside_the_method_itself() {
    let made = Made::new();
    let plan = made.plan(&[made.config("one", "")], &[1]);
    let values = [
        ("auroc", 0.9),
        ("r_auroc", 0.6),
        ("baseline.isotropic.auroc", 0.7),
        ("baseline.feature_norm.auroc", 0.95),
        ("baseline.feature_norm.r_auroc", 0.5),
    ];
    Made::finish(&plan, 0, &values);
    let summary = Made::summary(&plan);
    assert_eq!(summary.metric_names(), ["auroc", "r_auroc"]);
    let table = baseline_table(&summary).unwrap();
    assert_eq!(
        table.header,
        ["configuration", "uncertainty", "auroc ↑", "r_auroc ↑"]
    );
    let rows: Vec<Vec<(&str, bool)>> = table
        .rows
        .iter()
        .map(|row| {
            row.iter()
                .map(|cell| (cell.text.as_str(), cell.best))
                .collect()
        })
        .collect();
    assert_eq!(
        rows[0][1..],
        [("its own", false), (".900", false), (".600", true)]
    );
    assert_eq!(
        rows[1][1..],
        [("isotropic", false), (".700", false), ("–", false)]
    );
    assert_eq!(
        rows[2][1..],
        [("feature norm", false), (".950", true), (".500", false)]
    );
}

#[test]
fn a_run_of_another_configuration_fails_alone() {
    let made = Made::new();
    let file = made.config("one", "");
    let plan = made.plan(std::slice::from_ref(&file), &[1, 2]);
    Made::finish(&plan, 0, &[("recall@1", 0.5)]);
    let overrides = [Override::Set("margin=0.1".to_owned())];
    let (other, _) = Plan::load(&[file], &overrides, &[1, 2]).unwrap();
    let summary = Made::summary(&other);
    assert_eq!(summary.failed(), 1);
    let table = missing_table(&summary).unwrap();
    assert_eq!(table.rows[0][2].text, "failed");
    assert!(
        table.rows[0][3].text.contains("margin: 0.7 there, 0.1 now"),
        "{table:?}"
    );
    assert_eq!(table.rows[1][2].text, "not run");
}

fn curves(text: &str) -> RunCurves {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("curves.json");
    fs::write(&path, text).unwrap();
    RunCurves::read(&path).unwrap().unwrap()
}

const NONE: &str = r#""roc":null,"precision_recall":null,"prevalence":null"#;

#[test]
fn curves_of_several_seeds_become_one() {
    let one = curves(&format!(
        r#"{{"version":1,{NONE},"sparsification":{{"x":[0,0.5],"y":[0.6,0.8]}},
        "calibration":[{{"count":3,"confidence":0.2,"accuracy":0.4}},{{"count":0,"confidence":0,"accuracy":0}}]}}"#
    ));
    let two = curves(&format!(
        r#"{{"version":1,{NONE},"sparsification":{{"x":[0,0.5],"y":[0.8,0.9]}},
        "calibration":[{{"count":1,"confidence":0.6,"accuracy":0.8}},{{"count":0,"confidence":0,"accuracy":0}}]}}"#
    ));
    assert_eq!(average_curves(std::slice::from_ref(&one)), one);
    let mean = average_curves(&[one, two]);
    let line = mean.sparsification.unwrap();
    assert!((line.y[0] - 0.7).abs() < 1e-12 && (line.y[1] - 0.85).abs() < 1e-12);
    let bins = mean.calibration.unwrap();
    assert_eq!((bins[0].count, bins[1].count), (4, 0));
    // (3·0.2 + 1·0.6)/4 and (3·0.4 + 1·0.8)/4
    assert!((bins[0].confidence - 0.3).abs() < 1e-12 && (bins[0].accuracy - 0.5).abs() < 1e-12);
    assert!(mean.roc.is_none());
}

/// Vertical averages of curves with different places: on straight lines the mean is a straight line.
#[test]
fn curves_with_different_places_are_averaged_by_height() {
    let roc = |x: &str, y: &str| {
        curves(&format!(
            r#"{{"version":1,"roc":{{"x":{x},"y":{y}}},"precision_recall":null,"prevalence":0.5,"sparsification":null,"calibration":null}}"#
        ))
    };
    let diagonal = roc("[0,0.25,1]", "[0,0.25,1]");
    let upright = roc("[0,0,1]", "[0,1,1]");
    let mean = average_curves(&[diagonal, upright]).roc.unwrap();
    assert!(mean.x.len() > 100);
    for (x, y) in mean.x.iter().zip(&mean.y) {
        assert!((y - (x + 1.0) / 2.0).abs() < 1e-12, "{x}: {y}");
    }
}

#[test]
fn damaged_curves_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("curves.json");
    assert_eq!(RunCurves::read(&path).unwrap(), None);
    let with = |roc: &str| {
        format!(
            r#"{{"version":1,"roc":{roc},"precision_recall":null,"prevalence":null,"sparsification":null,"calibration":null}}"#
        )
    };
    let future = with("null").replace(":1,", ":2,");
    for (text, says) in [
        (with(r#"{"x":[0,1],"y":[0]}"#), "2 places and 1 heights"),
        (with(r#"{"x":[1,0],"y":[0,1]}"#), "fall"),
        (with(r#"{"x":[],"y":[]}"#), "0 places"),
        (future, "version 2"),
        ("{".to_owned(), "EOF"),
    ] {
        fs::write(&path, &text).unwrap();
        let message = RunCurves::read(Path::new(&path)).unwrap_err().to_string();
        assert!(
            message.contains(says) && message.contains("lam eval"),
            "{message}"
        );
    }
}
