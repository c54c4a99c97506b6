//! Makes the runs of a plan that are missing.

use std::path::PathBuf;
use std::time::Duration;

use super::BenchError;
use super::plan::{Plan, PlannedRun};
use super::summary::RunStatus;
use crate::TrainError;
use crate::observer::Observer;
use crate::run::{OpenMode, RunError, RunFolder};
use crate::session::{RunOptions, train};

/// Between two looks at runs that other processes are making.
const PAUSE: Duration = Duration::from_millis(500);

/// What a comparison is told besides its plan.
#[derive(Clone, Debug, Default)]
pub struct BenchOptions {
    /// Folders in which data is looked for first.
    pub data_dirs: Vec<PathBuf>,
    /// The command line, for the reports.
    pub command: String,
}

/// Receives the events of a comparison.
pub trait BenchObserver {
    /// A run begins or goes on; what it tells goes to the observer that is returned.
    fn run_started(&mut self, run: &PlannedRun) -> &mut dyn Observer;

    /// A run has ended, here or in another process. `all` is what is known of every run of the plan.
    ///
    /// # Errors
    /// Those of writing tables; they end the comparison.
    fn run_ended(&mut self, run: &PlannedRun, all: &[RunStatus]) -> Result<(), BenchError>;

    /// Another process makes this run, or one that it starts from: it is looked at again at the end.
    fn put_off(&mut self, run: &PlannedRun);

    /// Nothing is left but this many runs that other processes are making, or that wait for those.
    fn waiting(&mut self, runs: usize);
}

/// Makes every run that is not finished. An interrupted one goes on exactly, one that fails does not stop the others; one
/// that another process is making is awaited after all else, and taken over if that process ends before it is done.
///
/// # Errors
/// Those of the observer. What a run fails with stands in its status.
pub fn execute(
    plan: &Plan,
    options: &BenchOptions,
    observer: &mut dyn BenchObserver,
) -> Result<Vec<RunStatus>, BenchError> {
    let mut execution = Execution {
        plan,
        options,
        all: plan.runs.iter().map(RunStatus::of).collect(),
    };
    let open = (0..plan.runs.len()).filter(|&i| !execution.all[i].is_finished());
    let mut waiting: Vec<usize> = Vec::new();
    for index in open.collect::<Vec<_>>() {
        if execution.needs_one_of(index, &waiting) || !execution.attempt(index, observer)? {
            observer.put_off(&plan.runs[index]);
            waiting.push(index);
        }
    }
    let mut told = false;
    while !waiting.is_empty() {
        let mut still: Vec<usize> = Vec::new();
        for &index in &waiting {
            if execution.needs_one_of(index, &still) || !execution.attempt(index, observer)? {
                still.push(index);
            }
        }
        if still.len() == waiting.len() {
            if !told {
                observer.waiting(still.len());
                told = true;
            }
            std::thread::sleep(PAUSE);
        }
        waiting = still;
    }
    Ok(execution.all)
}

struct Execution<'a> {
    plan: &'a Plan,
    options: &'a BenchOptions,
    all: Vec<RunStatus>,
}

impl Execution<'_> {
    /// Whether a run starts from one of these.
    fn needs_one_of(&self, index: usize, others: &[usize]) -> bool {
        let runs = &self.plan.runs;
        let needed = &self.plan.configs[runs[index].of].starts_from;
        others.iter().any(|&other| needed.contains(&runs[other].of))
    }

    /// Makes a run; false if another process is at it.
    fn attempt(
        &mut self,
        index: usize,
        observer: &mut dyn BenchObserver,
    ) -> Result<bool, BenchError> {
        let run = &self.plan.runs[index];
        if RunFolder::is_in_use(&run.folder) {
            return Ok(false);
        }
        self.all[index] = RunStatus::of(run);
        if self.all[index].is_open() {
            let options = RunOptions {
                name: self.plan.configs[run.of].name.clone(),
                out: Some(run.folder.clone()),
                mode: OpenMode::Resume,
                data_dirs: self.options.data_dirs.clone(),
                command: self.options.command.clone(),
                calibrate: false,
                risk: None,
                device: None,
            };
            self.all[index] = match train(&run.config, &options, observer.run_started(run)) {
                Ok(outcome) => RunStatus::Finished(outcome.metrics),
                // It came between the look and the attempt.
                Err(TrainError::Run(RunError::Busy { .. })) => return Ok(false),
                Err(error) => RunStatus::Failed(error.to_string()),
            };
        }
        observer.run_ended(run, &self.all)?;
        Ok(true)
    }
}
