//! A posterior on vectors that others computed: a head, taken or trained, and one pass over the vectors.

use std::path::{Path, PathBuf};

use lam_data::{DataError, FilePart, LabelColumn, VectorsError, open_vectors};

use crate::TrainError;
use crate::config::{Config, ConfigValue, DatasetChoice, FileParts, HeadInit, Override};
use crate::observer::Observer;
use crate::run::{OpenMode, RunFolder, RunState};
use crate::session::{Outcome, RunOptions, train};

/// Folder of the run that trains the head, in that of the fit.
const HEAD: &str = "head";
/// Rows of a batch, where there are enough.
const BATCH: usize = 256;
/// Batches of an epoch at least, where [`BATCH`] would make fewer.
const BATCHES: usize = 8;
/// Rate of the optimiser: lr × batch_size.
const RATE: f64 = 1e-3;
/// Passes that train a head.
const EPOCHS: usize = 10;
/// Numbers of all weight samples together: 32 MiB.
const SAMPLED_NUMBERS: usize = 1 << 23;
/// Weight samples with which the evaluation is repeated.
const MOST_SAMPLES: usize = 100;
const FEWEST_SAMPLES: usize = 10;

/// Keys that concern the posterior, and not the run that trains the head.
const NOT_OF_THE_HEAD: &[&str] = &[
    "model",
    "resume",
    "head_init",
    "calibrate",
    "predictive",
    "uncertainty",
    "posterior",
    "prior_prec",
    "optimize_prior_prec",
    "loss_approx",
    "type_of_triplets_hessian",
    "max_pairs",
    "subsample_pairs",
    "test_n_samples",
    "val_n_samples",
];

/// What a posterior is fitted on, and around which head.
#[derive(Debug, Clone)]
pub struct Fit {
    /// The vectors, and their labels; none where these are in the same files.
    pub features: FileParts,
    /// A file for each of `features`, or none.
    pub labels: FileParts,
    /// Vectors to test on; none to test on a fifth of `features`.
    pub test_features: FileParts,
    /// A file for each of `test_features`, or none.
    pub test_labels: FileParts,
    /// The head; [`HeadInit::Random`] is trained.
    pub head: HeadInit,
    /// Whether a temperature is fitted to held-out rows.
    pub calibrate: bool,
    /// What the configuration says otherwise.
    pub overrides: Vec<Override>,
}

/// Sorts files into those of vectors and those of labels, by what is in them.
///
/// # Errors
/// Files that are neither.
pub fn tell_apart(files: &[FilePart]) -> Result<(FileParts, FileParts), TrainError> {
    let (mut features, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        match open_vectors(file) {
            Ok(_) => features.push(file.clone()),
            // Several kinds of vectors, of which one has to be named.
            Err(DataError::Vectors(error @ VectorsError::Name { .. }))
                if file.name.is_none()
                    && matches!(&error, VectorsError::Name { known, .. } if !known.is_empty()) =>
            {
                return Err(DataError::Vectors(error).into());
            }
            Err(error) => match LabelColumn::read(file) {
                Ok(_) => labels.push(file.clone()),
                // Of a file that is neither, what is said of vectors, unless none can be in it.
                Err(other) => {
                    let is_text = !DatasetChoice::is_vector_file(file);
                    return Err(if is_text { other } else { error }.into());
                }
            },
        }
    }
    Ok((features, labels))
}

/// Fits a posterior into the run folder `options.out`; a head that has to be trained is a run in its folder `head`.
///
/// # Errors
/// See [`TrainError`].
pub fn fit(
    fit: &Fit,
    run: &Path,
    options: &RunOptions,
    observer: &mut dyn Observer,
) -> Result<Outcome, TrainError> {
    let options = RunOptions {
        out: Some(run.to_owned()),
        ..options.clone()
    };
    let head = (fit.head == HeadInit::Random).then(|| run.join(HEAD));
    let config = fit.config(head.as_deref())?;
    if let Some(folder) = head {
        if RunFolder::look(run, &config).is_ok_and(|state| state == RunState::New)
            || options.mode != OpenMode::New
        {
            let mode = match options.mode {
                // What an interrupted fit left of it.
                OpenMode::New => OpenMode::Resume,
                mode => mode,
            };
            let options = RunOptions {
                out: Some(folder),
                mode,
                ..options.clone()
            };
            observer.note("training a head");
            train(&fit.head_config()?, &options, observer)?;
        }
        observer.note("fitting the posterior");
    }
    train(&config, &options, observer)
}

impl Fit {
    /// The configuration of the posterior, around the head of the run in `head` where one is trained.
    ///
    /// # Errors
    /// Everything that is wrong with it; vectors that cannot be read.
    pub fn config(&self, head: Option<&Path>) -> Result<Config, TrainError> {
        let mut text = self.common("laplace_posthoc")?;
        let mut set = |key: &str, value: String| text.push_str(&format!("{key}: {value}\n"));
        set("epochs", "1".to_owned());
        set("loss_approx", "fix".to_owned());
        // A line of the log says how wide the posterior is, for which some structures are decomposed.
        set("log_every_n_steps", "100".to_owned());
        set("head_init", self.head.write());
        if let Some(head) = head {
            set("resume", head.to_owned().write());
        }
        let calibrate = if self.calibrate {
            "temperature"
        } else {
            "none"
        };
        set("calibrate", calibrate.to_owned());
        let mut overrides = self.overrides.clone();
        // Passes of the head's training: the posterior needs one.
        overrides.retain(|one| one.key() != "epochs");
        let config = parse(&text, &overrides)?;
        if overrides.iter().any(|one| one.key() == "test_n_samples") {
            return Ok(config);
        }
        let outputs = config.latent_dim.unwrap_or(self.dim()?);
        let samples = SAMPLED_NUMBERS / outputs.saturating_mul(self.dim()? + 1).max(1);
        let samples = samples.clamp(FEWEST_SAMPLES, MOST_SAMPLES);
        text.push_str(&format!("test_n_samples: {samples}\n"));
        parse(&text, &overrides)
    }

    /// The configuration of the run that trains the head.
    ///
    /// # Errors
    /// As [`Fit::config`].
    pub fn head_config(&self) -> Result<Config, TrainError> {
        let mut text = self.common("deterministic")?;
        text.push_str(&format!("epochs: {EPOCHS}\n"));
        let mut overrides = self.overrides.clone();
        overrides.retain(|one| !NOT_OF_THE_HEAD.contains(&one.key()));
        parse(&text, &overrides)
    }

    fn common(&self, model: &str) -> Result<String, TrainError> {
        let rows = self.rows()?;
        let batch = BATCH.min(rows / BATCHES).max(2);
        // As chosen on the command line, so that the optimiser's rate does not depend on it.
        let mut chosen = self.overrides.iter().rev();
        let chosen = chosen.find(|one| one.key() == "batch_size");
        let chosen = chosen.and_then(|one| one.value().parse::<usize>().ok());
        let lr = RATE / chosen.unwrap_or(batch).max(1) as f64;
        let dataset = DatasetChoice::Features(self.features.clone());
        let mut text = format!(
            "model: {model}\ndataset: {}\nloss: arccos\nbatch_size: {batch}\nlr: {}\n",
            dataset.write(),
            lr.write()
        );
        let parts = [
            ("labels", &self.labels),
            ("test_features", &self.test_features),
            ("test_labels", &self.test_labels),
        ];
        for (key, files) in parts {
            if !files.is_empty() {
                text.push_str(&format!("{key}: {}\n", files.write()));
            }
        }
        Ok(text)
    }

    fn rows(&self) -> Result<usize, TrainError> {
        let mut rows = 0_usize;
        for file in &self.features {
            rows = rows.saturating_add(open_vectors(file)?.rows());
        }
        Ok(rows)
    }

    fn dim(&self) -> Result<usize, TrainError> {
        match self.features.first() {
            Some(file) => Ok(open_vectors(file)?.dim()),
            None => Ok(0),
        }
    }
}

fn parse(text: &str, overrides: &[Override]) -> Result<Config, TrainError> {
    let loaded = Config::parse(text, &PathBuf::from("lam fit"), overrides)?;
    Ok(loaded.config)
}
