//! `lam sweep`.

use std::path::PathBuf;

use clap::Args;
use lam_train::config::{Choice, Override};
use lam_train::observer::Observer;
use lam_train::sweep::{Sweep, SweepFiles, SweepObserver, SweepOptions, Trial, TrialState};

use crate::command_line;
use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::table;

/// Trials in the table.
const SHOWN: usize = 10;

const EXAMPLES: &str = "\
Examples:
  lam sweep configs/sweeps/quickstart.yaml
  lam sweep configs/sweeps/quickstart.yaml --trials 40      go on to forty trials
  lam sweep sweep.yaml --config configs/quickstart.yaml --set epochs=3 --out runs/search

A sweep file is that of Weights & Biases: method (grid, random, bayes), metric (name, goal), parameters (value, values,
min and max, distribution), early_terminate (hyperband, median), run_cap, and config, the configuration that is varied.

Trials are judged by the metric on held-out images. The test set is never looked at: train best.yaml, which the sweep
leaves in its folder, to have its results. An ensemble does not train: its trials compare members that are trained already,
by seeds or resume. A sweep that was interrupted, by Ctrl-C or in any other way, goes on with the
same command and makes the very trials of an uninterrupted one.";

/// Search for the best values of configuration keys
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct SweepArgs {
    /// The sweep, a YAML file
    #[arg(value_name = "SWEEP")]
    sweep: PathBuf,

    /// The configuration that is varied, instead of the one that the file names
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// How many trials to make, instead of the file's run_cap
    #[arg(long, value_name = "N")]
    trials: Option<usize>,

    #[command(flatten)]
    device: DeviceArgs,

    /// Override a key of the configuration; can be repeated, later ones win
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Passes over the training set in a trial
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// Seed of the search; the runs' own is that of the configuration
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,

    /// The sweep's folder [default: <log_dir>/sweeps/<name of the file>]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub fn run(args: &SweepArgs, printer: &Printer) -> Result<(), CliError> {
    let mut overrides: Vec<Override> = args.set.iter().cloned().map(Override::Set).collect();
    if let Some(epochs) = args.epochs {
        overrides.push(Override::flag("--epochs", "epochs", &epochs));
    }
    overrides.extend(args.device.overriding());
    let options = SweepOptions {
        config: args.config.clone(),
        overrides,
        trials: args.trials,
        seed: args.seed,
        out: args.out.clone(),
        data_dirs: args.data_dir.clone(),
        command: command_line::quoted(std::env::args_os()),
    };
    let (sweep, warnings) = Sweep::load(&args.sweep, options)?;
    for warning in warnings {
        printer.warning(warning);
    }
    printer.note(format!(
        "{} search over {}, {} trials, to {} {} on held-out images, in {}",
        sweep.spec.method.name(),
        sweep.config.display(),
        sweep.trials,
        sweep.spec.goal.name(),
        printer.progress_paint().bold(&sweep.spec.metric),
        sweep.folder.display()
    ));
    let mut progress = SweepProgress { printer, run: None };
    let trials = sweep.run(&mut progress)?;
    let files = SweepFiles::of(&sweep);
    let ranked = files.write(&sweep, &trials)?;
    print(&sweep, &ranked, &files, printer)
}

fn print(
    sweep: &Sweep,
    ranked: &[Trial],
    files: &SweepFiles,
    printer: &Printer,
) -> Result<(), CliError> {
    let paint = printer.paint();
    printer.out(format!(
        "\n{} by {} on held-out images; the test set was not looked at",
        paint.bold("The best trials"),
        sweep.spec.metric
    ))?;
    let mut header = vec!["trial", sweep.spec.metric.as_str()];
    header.extend(sweep.spec.parameters.iter().map(|p| p.key));
    header.push("state");
    let mut table = table::new(printer, &header);
    for trial in ranked.iter().take(SHOWN) {
        let mut row = vec![
            trial.index.to_string(),
            format!("{:.4}", trial.value.unwrap_or(f64::NAN)),
        ];
        row.extend(trial.values.iter().map(|(_, value)| value.clone()));
        row.push(match trial.state {
            TrialState::Stopped => {
                let epochs = trial.history.last().map_or(0, |last| last.epoch);
                format!("ended after {epochs} epochs")
            }
            state => state.word().to_owned(),
        });
        table.add_row(row);
    }
    (0..2).for_each(|column| table::align_right(&mut table, column));
    printer.out(table::text(&table))?;
    printer.out(format!(
        "\nreport   {}\nbest     {}   (lam train it for its results on the test set)",
        paint.bold(files.report().display()),
        files.best().display()
    ))
}

/// Shows a sweep.
struct SweepProgress<'a> {
    printer: &'a Printer,
    run: Option<RunProgress<'a>>,
}

impl SweepObserver for SweepProgress<'_> {
    fn trial_started(&mut self, trial: &Trial, of: usize) -> &mut dyn Observer {
        let values: Vec<String> = trial
            .values
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let number = format!("trial {} of {of}:", trial.index + 1);
        self.printer.note(format!(
            "\n{} {}",
            self.printer.progress_paint().bold(number),
            values.join(" ")
        ));
        self.run.insert(RunProgress::new(self.printer))
    }

    fn trial_ended(&mut self, trial: &Trial, _: usize) {
        if let Some(run) = self.run.take() {
            run.finish();
        }
        let paint = self.printer.progress_paint();
        match (trial.state, trial.value) {
            (TrialState::Failed, _) => self.printer.note(format!(
                "{} {}",
                paint.bad("failed:"),
                trial.reason.as_deref().unwrap_or_default()
            )),
            (TrialState::Stopped, _) => self.printer.note("ended early: hopeless"),
            _ => {}
        }
    }
}
