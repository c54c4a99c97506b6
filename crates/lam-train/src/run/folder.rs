//! The folder of a run: who may write there, and what it holds.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::atomic::{is_leftover_of, remove_leftovers, write_atomic};
use super::tensorboard::EVENT_FILE_PREFIX;
use super::{RunCurves, RunError, RunMetrics};
use crate::config::Config;

const CONFIG: &str = "config.yaml";
const LOCK: &str = ".lock";
const METRICS_JSON: &str = "metrics.json";
const METRICS_CSV: &str = "metrics.csv";
const CURVES: &str = "curves.json";
const LOG: &str = "log.jsonl";
const REPORT: &str = "report.html";
const RISK: &str = "risk.json";
const CHECKPOINTS: &str = "checkpoints";
const FIGURES: &str = "figures";
/// The run that trained a head, within the run that fits a posterior around it.
const HEAD: &str = "head";

/// What to do with a run that is already in the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// Refuse.
    New,
    /// Go on with it if it has the same configuration; begin where there is none yet.
    Resume,
    /// Remove it.
    Overwrite,
}

/// What the folder held when it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunState {
    /// Nothing: the run begins.
    New,
    /// A run without final metrics.
    Interrupted,
    /// A run with final metrics.
    Finished,
}

/// An open run folder. As long as it lives no other process can open it; the lock is the operating
/// system's and ends with the process, however that ends.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    state: RunState,
    _lock: File,
}

impl RunFolder {
    /// Where a run belongs: `<log_dir>/<dataset>/<name>/seed-<seed>`.
    pub fn path_for(config: &Config, name: &str) -> PathBuf {
        config
            .log_dir
            .join(config.dataset.to_string())
            .join(name)
            .join(format!("seed-{}", config.seed))
    }

    /// Opens a folder for training, making it if need be, and records the configuration of a new run
    /// in it. On resuming, keys that do not change results may differ from the recorded ones.
    ///
    /// # Errors
    /// The folder is in use, holds a run that `mode` does not cover, holds a run of another
    /// configuration on resuming, holds files that no run made, or cannot be written.
    pub fn open(path: &Path, config: &Config, mode: OpenMode) -> Result<Self, RunError> {
        fs::create_dir_all(path).map_err(RunError::io("create the folder", path))?;
        if state_of(path)? == RunState::New {
            // Before the lock file is made, so that nothing of ours is left among foreign files.
            refuse_foreign_files(path)?;
        }
        let lock = lock(path)?;
        let mut state = state_of(path)?;
        match (state, mode) {
            (RunState::New, _) => refuse_foreign_files(path)?,
            (_, OpenMode::Overwrite) => {
                remove_run(path)?;
                state = RunState::New;
            }
            (_, OpenMode::New) => return Err(occupied(path, config, state)?),
            (_, OpenMode::Resume) => refuse_other_run(path, &recorded_config(path)?, config)?,
        }
        let folder = Self {
            path: path.to_owned(),
            state,
            _lock: lock,
        };
        remove_leftovers(path)?;
        if state == RunState::New {
            // The first file of a run, and the last that is removed: without it, nothing here is ours.
            write_atomic(&folder.file(CONFIG), config.to_yaml().as_bytes())?;
        }
        for part in [folder.checkpoints(), folder.figures()] {
            fs::create_dir_all(&part).map_err(RunError::io("create the folder", &part))?;
            remove_leftovers(&part)?;
        }
        Ok(folder)
    }

    /// Opens the folder of a run that exists, with its recorded configuration.
    ///
    /// # Errors
    /// No run there, in use, or its configuration cannot be read.
    pub fn open_existing(path: &Path) -> Result<(Self, Config), RunError> {
        if !path.join(CONFIG).is_file() {
            return Err(RunError::NoRun {
                path: path.to_owned(),
            });
        }
        let lock = lock(path)?;
        let config = recorded_config(path)?;
        let folder = Self {
            path: path.to_owned(),
            state: state_of(path)?,
            _lock: lock,
        };
        Ok((folder, config))
    }

    /// The configuration of the run in a folder, without opening it: another process may work there.
    ///
    /// # Errors
    /// No run there, or its configuration cannot be read.
    pub fn configuration(path: &Path) -> Result<Config, RunError> {
        if !path.join(CONFIG).is_file() {
            return Err(RunError::NoRun {
                path: path.to_owned(),
            });
        }
        recorded_config(path)
    }

    /// What a folder holds for a run of `config`, without opening it: another process may work there.
    ///
    /// # Errors
    /// It holds a run of another configuration, or the recorded one cannot be read.
    pub fn look(path: &Path, config: &Config) -> Result<RunState, RunError> {
        let state = state_of(path)?;
        if state != RunState::New {
            refuse_other_run(path, &recorded_config(path)?, config)?;
        }
        Ok(state)
    }

    /// Whether another process, or another part of this one, works in a folder.
    pub fn is_in_use(path: &Path) -> bool {
        // Only an existing lock file is looked at: asking must not leave anything behind.
        path.join(LOCK).is_file() && matches!(lock(path), Err(RunError::Busy { .. }))
    }

    /// The metrics of the finished run in a folder, without opening it.
    ///
    /// # Errors
    /// The file cannot be read or is not one of ours.
    pub fn read_metrics(path: &Path) -> Result<RunMetrics, RunError> {
        RunMetrics::read(&path.join(METRICS_JSON))
    }

    /// The curves of the finished run in a folder, without opening it; none where they were not written.
    ///
    /// # Errors
    /// The file is damaged.
    pub fn read_curves(path: &Path) -> Result<Option<RunCurves>, RunError> {
        RunCurves::read(&path.join(CURVES))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it held when it was opened.
    pub fn state(&self) -> RunState {
        self.state
    }

    /// `config.yaml`: the resolved configuration.
    pub fn config_yaml(&self) -> PathBuf {
        self.file(CONFIG)
    }

    /// `metrics.json`; its presence marks a finished run, so it is written last.
    pub fn metrics_json(&self) -> PathBuf {
        self.file(METRICS_JSON)
    }

    /// `metrics.csv`.
    pub fn metrics_csv(&self) -> PathBuf {
        self.file(METRICS_CSV)
    }

    /// `curves.json`.
    pub fn curves_json(&self) -> PathBuf {
        self.file(CURVES)
    }

    /// `log.jsonl`.
    pub fn log(&self) -> PathBuf {
        self.file(LOG)
    }

    /// `report.html`.
    pub fn report(&self) -> PathBuf {
        self.file(REPORT)
    }

    /// `risk.json`: the threshold of `lam eval --risk` and what it accepts.
    pub fn risk_json(&self) -> PathBuf {
        self.file(RISK)
    }

    /// `checkpoints/`.
    pub fn checkpoints(&self) -> PathBuf {
        self.file(CHECKPOINTS)
    }

    /// `figures/`.
    pub fn figures(&self) -> PathBuf {
        self.file(FIGURES)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// Takes a folder's lock, or says who has it.
pub(crate) fn lock(folder: &Path) -> Result<File, RunError> {
    let path = folder.join(LOCK);
    let mut file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(RunError::io("write", &path))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(RunError::Busy {
                path: folder.to_owned(),
                holder: holder(&mut file),
            });
        }
        Err(TryLockError::Error(source)) => return Err(RunError::io("lock", &path)(source)),
    }
    // Only for the message of whoever comes second; the lock does not depend on it.
    file.set_len(0)
        .and_then(|()| write!(file, "{}", std::process::id()))
        .map_err(RunError::io("write", &path))?;
    Ok(file)
}

fn holder(file: &mut File) -> String {
    let mut text = String::new();
    let read = file.take(20).read_to_string(&mut text);
    match (read, text.trim().parse::<u32>()) {
        (Ok(_), Ok(process)) => format!(" (process {process})"),
        _ => String::new(),
    }
}

fn state_of(path: &Path) -> Result<RunState, RunError> {
    let exists = |name: &str| {
        let file = path.join(name);
        file.try_exists().map_err(RunError::io("read", &file))
    };
    Ok(match (exists(CONFIG)?, exists(METRICS_JSON)?) {
        (false, _) => RunState::New,
        (true, false) => RunState::Interrupted,
        (true, true) => RunState::Finished,
    })
}

fn recorded_config(path: &Path) -> Result<Config, RunError> {
    Config::load(&path.join(CONFIG), &[])
        .map(|loaded| loaded.config)
        .map_err(|source| RunError::RecordedConfig { source })
}

fn refuse_other_run(path: &Path, recorded: &Config, config: &Config) -> Result<(), RunError> {
    let differences = config.differences(recorded);
    if differences.is_empty() {
        return Ok(());
    }
    Err(RunError::DifferentRun {
        path: path.to_owned(),
        differences,
    })
}

/// Why a new run may not begin here: another configuration, or this one's earlier run.
fn occupied(path: &Path, config: &Config, state: RunState) -> Result<RunError, RunError> {
    refuse_other_run(path, &recorded_config(path)?, config)?;
    let (state, resume_effect) = match state {
        RunState::Finished => ("a finished", "keeps its results"),
        _ => ("an interrupted", "goes on with it"),
    };
    Ok(RunError::Occupied {
        path: path.to_owned(),
        state,
        resume_effect,
    })
}

/// Whether a file or folder of this name belongs to a run.
fn is_of_a_run(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    let fixed = [
        CONFIG,
        METRICS_JSON,
        METRICS_CSV,
        CURVES,
        LOG,
        REPORT,
        RISK,
        CHECKPOINTS,
        FIGURES,
    ];
    fixed.contains(&name.as_ref()) || name.starts_with(EVENT_FILE_PREFIX)
}

fn names_in(path: &Path) -> Result<Vec<PathBuf>, RunError> {
    let failed = || RunError::io("read the folder", path);
    fs::read_dir(path)
        .map_err(failed())?
        .map(|entry| Ok(entry.map_err(failed())?.path()))
        .collect()
}

/// A folder without a run must not become one if it holds someone's files: only the lock may be
/// there, the run of a head, and a configuration that a killed process had begun to write.
fn refuse_foreign_files(path: &Path) -> Result<(), RunError> {
    for file in names_in(path)? {
        let name = file.file_name().unwrap_or_default();
        let is_head = name == HEAD && file.join(CONFIG).is_file();
        if name != LOCK && !is_head && !is_leftover_of(name, CONFIG) {
            return Err(RunError::NotARun {
                path: path.to_owned(),
                found: name.to_string_lossy().into_owned(),
            });
        }
    }
    Ok(())
}

/// Removes what belongs to a run: its results first, so that an interruption cannot leave what looks
/// like a finished run, and its configuration last. Other files stay.
fn remove_run(path: &Path) -> Result<(), RunError> {
    let config = path.join(CONFIG);
    let mut parts: Vec<PathBuf> = names_in(path)?
        .into_iter()
        .filter(|file| file.file_name().is_some_and(is_of_a_run))
        .collect();
    parts.sort_by_key(|file| (*file == config, !file.ends_with(METRICS_JSON)));
    for part in parts {
        let is_folder = fs::symlink_metadata(&part)
            .map_err(RunError::io("read", &part))?
            .is_dir();
        let removed = if is_folder {
            fs::remove_dir_all(&part)
        } else {
            fs::remove_file(&part)
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(RunError::io("remove", &part)(error));
            }
            _ => {}
        }
    }
    Ok(())
}
