//! The configuration of a sum of runs.

use lam_data::FilePart;

use super::shard::{Shard, wrong};
use crate::TrainError;
use crate::config::{Calibrate, Config, DatasetChoice, FileParts, Override};

/// The configuration of one fit over the data of all shards, `first` among them.
pub(super) fn merged_config(first: &Shard, shards: &[Shard]) -> Result<Config, TrainError> {
    let mut overrides = Vec::new();
    if first.config.dataset.is_features() {
        let (mut files, mut labels) = (FileParts::new(), FileParts::new());
        let (mut test, mut test_labels) = (FileParts::new(), FileParts::new());
        // Whether all labels are in the files of vectors themselves, and need not be named.
        let mut inside = true;
        for shard in shards {
            let DatasetChoice::Features(own) = &shard.config.dataset else {
                let reason = "fitted on images, and the first run on vectors".to_owned();
                return Err(wrong(&shard.path, reason));
            };
            let config = &shard.config;
            files.extend(own.iter().cloned());
            labels.extend(labels_of(own, &config.labels));
            inside &= config.labels.is_empty() && config.test_labels.is_empty();
            let tested = config.test_features.iter().cloned();
            for (file, label) in tested.zip(labels_of(&config.test_features, &config.test_labels)) {
                if !test.contains(&file) {
                    test.push(file);
                    test_labels.push(label);
                }
            }
        }
        let without = |config: &Config| config.test_features.is_empty();
        let unlike = shards
            .iter()
            .find(|s| without(&s.config) != without(&first.config));
        if let Some(unlike) = unlike {
            let reason = "one of the runs has test_features and the other has not".to_owned();
            return Err(wrong(&unlike.path, reason));
        }
        if inside {
            labels.clear();
            test_labels.clear();
        }
        let dataset = DatasetChoice::Features(files);
        overrides.push(Override::flag("lam merge", "dataset", &dataset));
        overrides.push(Override::flag("lam merge", "labels", &labels));
        overrides.push(Override::flag("lam merge", "test_features", &test));
        overrides.push(Override::flag("lam merge", "test_labels", &test_labels));
    }
    let calibrated = shards
        .iter()
        .any(|s| s.config.calibrate == Calibrate::Temperature);
    if calibrated {
        let flag = Override::flag("lam merge", "calibrate", &Calibrate::Temperature);
        overrides.push(flag);
    }
    let text = first.config.to_yaml();
    Ok(Config::parse(&text, &first.path.join("config.yaml"), &overrides)?.config)
}

/// Where the labels of each file are: in a file of their own, or in the file itself.
fn labels_of(files: &[FilePart], labels: &[FilePart]) -> Vec<FilePart> {
    if labels.is_empty() {
        return files
            .iter()
            .map(|part| FilePart::file(&part.file))
            .collect();
    }
    labels.to_vec()
}
