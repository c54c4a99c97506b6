//! A calibration on disk.

use std::fs;

use lam_retrieve::{AnsweredQuery, Calibration, RetrieveOptions};

use crate::common::{index, queries};

fn calibration() -> (tempfile::TempDir, std::path::PathBuf, Calibration) {
    let (folder, writer) = index(&[(0.0, Some(0), 0.1), (1.0, Some(1), 0.2)]);
    let rows: Vec<(f64, f32, &[f64])> = (0..60)
        .map(|i| (f64::from(i) / 60.0, 0.1, &[0.1, 0.9][..]))
        .collect();
    let labels = vec![Some(0); 60];
    let options = RetrieveOptions::exact(1);
    let measured =
        Calibration::measure(&writer.view(), &queries(&rows), &labels, &options, "ä test").unwrap();
    let path = writer.folder().to_owned();
    (folder, path, measured)
}

#[test]
fn what_is_read_is_what_was_written() {
    let (_folder, path, measured) = calibration();
    assert_eq!(Calibration::load(&path).unwrap(), None);
    measured.save(&path).unwrap();
    assert_eq!(Calibration::load(&path).unwrap(), Some(measured));
}

#[test]
fn damage_is_an_error_that_says_what_to_do() {
    let (_folder, path, measured) = calibration();
    measured.save(&path).unwrap();
    let file = path.join("calibration.json");
    let whole = fs::read(&file).unwrap();
    for damaged in [
        whole[..whole.len() / 2].to_vec(),
        Vec::new(),
        String::from_utf8(whole.clone())
            .unwrap()
            .replace("lam calibration 1", "other")
            .into_bytes(),
        String::from_utf8(whole)
            .unwrap()
            .replacen("\"distance\":", "\"distance\":1e999,\"x\":", 1)
            .into_bytes(),
    ] {
        fs::write(&file, damaged).unwrap();
        let error = Calibration::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("calibration.json") && error.contains("lam index calibrate"),
            "{error}"
        );
    }
}

#[test]
fn scores_are_those_of_the_answers() {
    let (_folder, _, measured) = calibration();
    let AnsweredQuery {
        uncertainty,
        agreement,
        distance,
        correct,
    } = measured.answered()[0];
    // The query at 0 beside the item at 0: deviations 0.1 and 0.1; one of two samples is nearest to it.
    assert!((uncertainty.unwrap() - 0.2).abs() < 1e-6);
    assert_eq!(agreement, Some(0.5));
    assert!(distance < 1e-3 && correct);
}
