//! The trained runs that a method begins with.

use std::path::{Path, PathBuf};

use lam_model::backbone::Backbone;
use lam_model::{Encoder, ModelError, StateDict, load_state, state_dict};

use crate::TrainError;
use crate::checkpoint::Checkpoint;
use crate::config::{Config, Method, Selection};
use crate::pretrained;

/// Name of the file that holds a frozen backbone, in the folder of checkpoints.
pub(crate) const FROZEN_BACKBONE: &str = "backbone.safetensors";

/// Beginning of the names of a head's tensors, and of those of its fixed map.
const HEAD: &str = "head.";
const HEAD_MAP: &str = "head.random_features.";

/// Finds the deterministic runs that post-hoc methods and ensembles build on.
///
/// `resume` names a checkpoint (ours, or one of the released code), a run folder, or a folder of runs with one `seed-<seed>` each. Released configurations
/// name a folder of their authors' machine: where nothing is there, the run of the same name under our own `log_dir` is
/// taken, and said so.
#[derive(Debug)]
pub struct Starts<'a> {
    config: &'a Config,
    notes: Vec<String>,
    /// That members of an ensemble have seen what this run holds out.
    seen: Option<String>,
}

/// A trained model to begin with.
#[derive(Debug, Clone)]
pub struct Start {
    /// The encoder's weights by name; none where they are still in a file that is not ours.
    model: Option<StateDict>,
    /// The checkpoint.
    path: PathBuf,
}

impl Start {
    /// `encoder` with the start's weights.
    ///
    /// # Errors
    /// Weights of another network.
    pub fn load_into(&self, encoder: Encoder) -> Result<Encoder, TrainError> {
        match &self.model {
            Some(model) if matches!(encoder.backbone, Backbone::Given(_)) => {
                let head = model.iter().filter(|(name, _)| name.starts_with(HEAD));
                let head = head.map(|(name, values)| (name.clone(), values.clone()));
                self.fitting(load_state(encoder, &head.collect()))
            }
            Some(model) => self.fitting(load_state(encoder, model)),
            None => Ok(pretrained::load(encoder, &self.path)?.0),
        }
    }

    /// Whether `encoder` begins with a map to random features and the start has a head for features as they are: then what
    /// can go on is the backbone.
    fn lacks_map(&self, encoder: &Encoder) -> bool {
        let mapped = |model: &StateDict| model.keys().any(|name| name.starts_with(HEAD_MAP));
        encoder.head.random_features.is_some() && self.model.as_ref().is_some_and(|m| !mapped(m))
    }

    /// `encoder` with the start's backbone and its own head.
    fn load_backbone_into(&self, encoder: Encoder) -> Result<Encoder, TrainError> {
        let mut state = state_dict(&encoder);
        state.retain(|name, _| name.starts_with(HEAD));
        let backbone = self.model.iter().flatten();
        let backbone = backbone.filter(|(name, _)| !name.starts_with(HEAD));
        state.extend(backbone.map(|(name, values)| (name.clone(), values.clone())));
        self.fitting(load_state(encoder, &state))
    }

    /// What was loaded, or which file does not fit.
    fn fitting(&self, loaded: Result<Encoder, ModelError>) -> Result<Encoder, TrainError> {
        loaded.map_err(|error| TrainError::Start {
            path: self.path.clone(),
            reason: format!(
                "{error}; name a run of the same network and head, as in --set resume=FOLDER"
            ),
        })
    }

    /// The file of the backbone beside a checkpoint whose run kept it frozen, if there is one.
    pub(crate) fn frozen_backbone(&self) -> Option<PathBuf> {
        let path = self.path.with_file_name(FROZEN_BACKBONE);
        path.is_file().then_some(path)
    }
}

impl<'a> Starts<'a> {
    /// For a run of this configuration.
    pub fn new(config: &'a Config) -> Self {
        Self {
            config,
            notes: Vec::new(),
            seen: None,
        }
    }

    /// What was found where, a sentence each.
    pub fn into_notes(self) -> Vec<String> {
        self.notes.into_iter().chain(self.seen).collect()
    }

    /// `encoder` with the weights of this run's own start where the configuration names one, else with the pretrained ones
    /// it asks for, else as it is. A head on random features begins anew on the backbone of a start that has none.
    ///
    /// # Errors
    /// As [`own`](Self::own); weights of another network.
    pub fn continued(&mut self, encoder: Encoder) -> Result<Encoder, TrainError> {
        if self.config.resume.is_some() {
            let start = self.own()?;
            if start.lacks_map(&encoder) {
                let note = "its head is for features as they are: the head on random features begins with random weights";
                self.notes.push(note.to_owned());
                return start.load_backbone_into(encoder);
            }
            return start.load_into(encoder);
        }
        let (encoder, note) = pretrained::begin(self.config, encoder)?;
        self.notes.extend(note);
        Ok(encoder)
    }

    /// The deterministic run of this run's own seed. What this run holds out, that run must not have seen.
    ///
    /// # Errors
    /// No such run; a run of something else; other images held out.
    pub fn own(&mut self) -> Result<Start, TrainError> {
        let config = self.config;
        let (start, trained) = self.load(config.seed)?;
        let Some(trained) = trained else {
            if config.selection == Selection::HeldOut {
                return Err(TrainError::Start {
                    path: start.path,
                    reason: "nothing tells which images it was trained on, and so whether it has seen those that this run holds out; use --set selection=test, the protocol of the paper".to_owned(),
                });
            }
            return Ok(start);
        };
        if self.has_seen_held_out(&trained) {
            return Err(TrainError::Start {
                path: start.path,
                reason: format!(
                    "it was trained with selection {}, held_out_seed {}, held_out_fraction {}: it has seen images that this run holds out; train it with selection {}, held_out_seed {}, held_out_fraction {}",
                    trained.selection,
                    trained.held_out_seed,
                    trained.held_out_fraction,
                    config.selection,
                    config.held_out_seed,
                    config.held_out_fraction
                ),
            });
        }
        Ok(start)
    }

    /// The deterministic runs of these seeds, the members of an ensemble.
    ///
    /// Without a common `held_out_seed` every member holds out other images and has seen most of those that this run holds out;
    /// that is said in a note.
    ///
    /// # Errors
    /// All seeds of which there is no run; a run of something else.
    pub fn members(&mut self, seeds: &[u64]) -> Result<Vec<Start>, TrainError> {
        let missing = seeds.iter().copied().filter(|&seed| !self.exists(seed));
        let missing: Vec<u64> = missing.collect();
        if !missing.is_empty() {
            return Err(TrainError::NoMembers {
                seeds: missing,
                looked: self.looked(),
                dataset: self.config.dataset.to_string(),
            });
        }
        let mut members = Vec::with_capacity(seeds.len());
        let mut seeing = 0;
        for &seed in seeds {
            let (start, trained) = self.load(seed)?;
            if let Some(trained) = &trained
                && trained.seed != seed
            {
                // `resume` names one run, which would otherwise stand for every seed.
                return Err(TrainError::Start {
                    path: start.path,
                    reason: format!(
                        "it has seed {}, expected seed {seed}: let resume name the folder that holds a run of each seed",
                        trained.seed
                    ),
                });
            }
            seeing += usize::from(trained.is_none_or(|trained| self.has_seen_held_out(&trained)));
            members.push(start);
        }
        if self.config.selection == Selection::HeldOut && seeing > 0 {
            self.seen = Some(format!(
                "{seeing} of {} members were trained on images that this run holds out: its metrics on held-out images can compare ensembles, but are too good for new images; where all have the same held_out_seed, none has seen them",
                seeds.len()
            ));
        }
        Ok(members)
    }

    /// Whether this run holds out images and a run of that configuration was trained on some of them.
    fn has_seen_held_out(&self, trained: &Config) -> bool {
        let config = self.config;
        config.selection == Selection::HeldOut
            && (trained.selection != Selection::HeldOut
                || trained.held_out_fraction != config.held_out_fraction
                || trained.held_out_seed != config.held_out_seed)
    }

    /// Whether there is a finished run of this seed.
    pub fn exists(&self, seed: u64) -> bool {
        self.find(seed).is_some()
    }

    /// The folder of runs under our own `log_dir`: named as the last part of `resume`.
    pub fn folder(&self) -> PathBuf {
        let named = self.config.resume.as_deref().and_then(Path::file_name);
        let named = named.map_or_else(|| Method::Deterministic.to_string().into(), PathBuf::from);
        self.config
            .log_dir
            .join(self.config.dataset.to_string())
            .join(named)
    }

    /// The start of a seed with the configuration it was trained by, if it says.
    fn load(&mut self, seed: u64) -> Result<(Start, Option<Config>), TrainError> {
        let path = self.find(seed).ok_or_else(|| self.missing(seed))?;
        if is_foreign(&path) {
            self.notes.push(format!("begins with {}", path.display()));
            return Ok((Start { model: None, path }, None));
        }
        let checkpoint = Checkpoint::load(&path)?;
        let trained = Config::parse(&checkpoint.origin.config, &path, &[])?.config;
        let (config, wrong) = (self.config, |reason: String| TrainError::Start {
            path: path.clone(),
            reason,
        });
        if trained.model != Method::Deterministic {
            return Err(wrong(format!(
                "a run of {}, expected one of deterministic",
                trained.model
            )));
        }
        if trained.dataset != config.dataset {
            return Err(wrong(format!(
                "trained on {}, this run is on {}",
                trained.dataset, config.dataset
            )));
        }
        self.notes.push(format!(
            "begins with {} ({} epochs)",
            path.display(),
            checkpoint.origin.progress.epoch
        ));
        let mut tensors = checkpoint.state.tensors;
        let model = crate::method::take_prefixed("model", &mut tensors);
        let model = Some(model);
        Ok((Start { model, path }, Some(trained)))
    }

    /// The checkpoint of the run of `seed`: where `resume` says, else under `log_dir`.
    fn find(&self, seed: u64) -> Option<PathBuf> {
        let named = self.config.resume.iter();
        let found = named.filter(|path| path.exists()).find_map(|path| {
            if path.is_file() {
                return Some(path.clone());
            }
            let runs = [format!("seed-{seed}"), seed.to_string()].map(|run| path.join(run));
            let found = runs.iter().find_map(|run| best_of(run));
            found.or_else(|| best_of(path))
        });
        found.or_else(|| best_of(&self.folder().join(format!("seed-{seed}"))))
    }

    fn missing(&self, seed: u64) -> TrainError {
        TrainError::NoStart {
            method: self.config.model,
            seed,
            looked: self.looked(),
            dataset: self.config.dataset.to_string(),
        }
    }

    /// Where runs are looked for, in words.
    fn looked(&self) -> String {
        let named = self.config.resume.as_ref();
        let named = named.map_or_else(String::new, |path| format!("{} or ", path.display()));
        format!("{named}{}", self.folder().display())
    }
}

/// That members of this ensemble were trained on images that it holds out, if they did and are there to tell.
pub(crate) fn seen_by_members(config: &Config) -> Option<String> {
    let mut starts = Starts::new(config);
    starts.members(config.seeds.as_deref()?).ok()?;
    starts.seen
}

/// `encoder` with the head of a finished run, whatever that was trained on and by which method.
///
/// # Errors
/// No finished run there; a head of another shape.
pub(crate) fn head_of(run: &Path, encoder: Encoder) -> Result<Encoder, TrainError> {
    let path = best_of(run)
        .filter(|path| !is_foreign(path))
        .ok_or_else(|| TrainError::Start {
            path: run.to_owned(),
            reason: "no finished run is in this folder, which should have the head to begin with"
                .to_owned(),
        })?;
    let mut tensors = Checkpoint::load(&path)?.state.tensors;
    let mut model = crate::method::take_prefixed("model", &mut tensors);
    model.retain(|name, _| name.starts_with(HEAD));
    with_head(encoder, &model).map_err(|error| TrainError::Start {
        path,
        reason: error.to_string(),
    })
}

/// `encoder` with these tensors of a head, and its own backbone.
///
/// # Errors
/// A head of another shape.
pub(crate) fn with_head(encoder: Encoder, head: &StateDict) -> Result<Encoder, TrainError> {
    let mut state = state_dict(&encoder);
    state.retain(|name, _| !name.starts_with(HEAD));
    state.extend(head.clone());
    Ok(load_state(encoder, &state)?)
}

/// Whether a file is a checkpoint of the released LAM code or other weights, and none of ours.
fn is_foreign(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str());
    matches!(ending, Some("ckpt" | "pth" | "pt"))
}

/// The checkpoint of a finished run, ours or the released code's.
fn best_of(run: &Path) -> Option<PathBuf> {
    let checkpoints = run.join("checkpoints");
    let released = ["best.ckpt", "last.ckpt"].map(|name| checkpoints.join(name));
    if let Some(file) = released.into_iter().find(|file| file.is_file()) {
        return Some(file);
    }
    let files = ["best.safetensors", "last.safetensors"].map(|name| checkpoints.join(name));
    // Metrics are written last; a folder without them that has a best checkpoint is not finished.
    run.join("metrics.json").is_file().then_some(())?;
    files.into_iter().find(|file| file.is_file())
}
