//! `lam train`.

use std::path::{Path, PathBuf};

use clap::Args;
use lam_train::config::{Config, Method, Override};
use lam_train::run::{OpenMode, RunFolder};
use lam_train::starts::Starts;
use lam_train::{RunOptions, member_overrides};

use crate::command_line;
use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::results;

const EXAMPLES: &str = "\
Examples:
  lam train configs/quickstart.yaml
  lam train configs/quickstart.yaml --set lr=2e-5 --epochs 10 --out runs/faster
  lam train configs/fashionmnist/laplace_online_arccos_fix.yaml --set selection=test
                                                  the paper's protocol
  lam train configs/quickstart.yaml --resume      go on with an interrupted run
  lam train configs/fashionmnist/deepensemble.yaml --train-members
                                                  with the members it lacks

The run folder is <log_dir>/<dataset>/<name of the file>/seed-<seed>, or that of --out. It holds
report.html, metrics.json, metrics.csv, log.jsonl, figures, checkpoints, the resolved config.yaml and
events for TensorBoard.

A run that was interrupted, by Ctrl-C or in any other way, goes on with --resume and ends with the very
numbers of an uninterrupted one. `lam config keys` lists the keys for --set.";

/// Train as a configuration says, evaluate, and write a report
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct TrainArgs {
    /// The configuration, a YAML file
    config: PathBuf,

    /// Override a key of the configuration; can be repeated, later ones win
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Start of every random number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Passes over the training set
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    #[command(flatten)]
    device: DeviceArgs,

    /// The run folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,

    /// Go on with an interrupted run; begin one if there is none
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,

    /// Replace the run that is in the folder
    #[arg(long)]
    overwrite: bool,

    /// Deep ensemble: first train the members that are missing, as deterministic.yaml beside the configuration says
    #[arg(long)]
    train_members: bool,

    /// With --train-members: the configuration of a member
    #[arg(long, value_name = "FILE", requires = "train_members")]
    member_config: Option<PathBuf>,
}

impl TrainArgs {
    /// Flags after `--set`, so that they win.
    fn overrides(&self) -> Vec<Override> {
        let set = self.set.iter().cloned().map(Override::Set);
        let flags = [
            self.seed
                .map(|seed| Override::flag("--seed", "seed", &seed)),
            self.epochs
                .map(|epochs| Override::flag("--epochs", "epochs", &epochs)),
            self.device.overriding(),
        ];
        set.chain(flags.into_iter().flatten()).collect()
    }

    fn options(&self) -> RunOptions {
        RunOptions {
            name: name_of(&self.config),
            out: self.out.clone(),
            mode: match (self.resume, self.overwrite) {
                (true, _) => OpenMode::Resume,
                (_, true) => OpenMode::Overwrite,
                _ => OpenMode::New,
            },
            data_dirs: self.data_dir.clone(),
            command: command_line::quoted(std::env::args_os()),
            risk: None,
            calibrate: false,
            device: None,
        }
    }
}

fn name_of(config: &Path) -> String {
    let stem = config.file_stem().unwrap_or_default();
    stem.to_string_lossy().into_owned()
}

pub fn run(args: &TrainArgs, printer: &Printer) -> Result<(), CliError> {
    let loaded = Config::load(&args.config, &args.overrides())?;
    for warning in &loaded.warnings {
        printer.warning(warning);
    }
    let (config, options) = (&loaded.config, args.options());
    let folder = options
        .out
        .clone()
        .unwrap_or_else(|| RunFolder::path_for(config, &options.name));
    printer.note(format!(
        "{} on {}, seed {}, in {}",
        printer.progress_paint().bold(config.model),
        printer.progress_paint().bold(&config.dataset),
        config.seed,
        folder.display()
    ));
    if args.train_members {
        train_members(args, config, printer)?;
    }
    let mut progress = RunProgress::new(printer);
    let outcome = lam_train::train(config, &options, &mut progress);
    progress.finish();
    results::print(&outcome?, printer)
}

/// Trains the members of an ensemble that are missing, one after the other; interrupted ones go on.
fn train_members(args: &TrainArgs, config: &Config, printer: &Printer) -> Result<(), CliError> {
    if config.model != Method::DeepEnsemble {
        return Err(CliError::Usage(format!(
            "--train-members: 'model' is {}, only deep_ensemble has members",
            config.model
        )));
    }
    let starts = Starts::new(config);
    let seeds = config.seeds.iter().flatten().copied();
    let missing: Vec<u64> = seeds.filter(|&seed| !starts.exists(seed)).collect();
    let beside = args.config.with_file_name("deterministic.yaml");
    let file = args.member_config.as_ref().unwrap_or(&beside);
    for (done, &seed) in missing.iter().enumerate() {
        let set = args.overrides();
        let overrides = member_overrides(config, &set, "--train-members", seed);
        let member = Config::load(file, &overrides)?.config;
        let folder = starts.folder().join(format!("seed-{seed}"));
        printer.note(format!(
            "member {} of {}, seed {seed}, in {}",
            done + 1,
            missing.len(),
            folder.display()
        ));
        let options = RunOptions {
            name: name_of(file),
            out: Some(folder),
            mode: OpenMode::Resume,
            ..args.options()
        };
        let mut progress = RunProgress::new(printer);
        let outcome = lam_train::train(&member, &options, &mut progress);
        progress.finish();
        outcome?;
    }
    Ok(())
}
