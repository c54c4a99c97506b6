//! `lam bench`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use lam_train::bench::{
    BenchError, BenchFiles, BenchObserver, BenchOptions, ComparisonTable, Plan, PlannedRun,
    RunStatus, Summary, baseline_table, execute, main_table, missing_table, parse_seeds, report,
};
use lam_train::config::Override;
use lam_train::observer::Observer;

use crate::command_line;
use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::{RunProgress, units};
use crate::table;

const EXAMPLES: &str = "\
Examples:
  lam bench configs/fashionmnist/*.yaml --seeds 1..5        seeds 1, 2, 3, 4, 5 of every configuration
  lam bench a.yaml b.yaml --seeds 1,2,7 --set epochs=5
  lam bench a.yaml b.yaml --seeds 1..5 --dry-run            what would run
  lam bench a.yaml b.yaml --seeds 1..5 --collect            the tables of what is there

Runs stand where `lam train` puts them. Finished ones are taken as they are, interrupted ones go on exactly; one that
fails does not stop the others. Ctrl-C loses nothing: the same command goes on. Several processes may work on the same
configurations: each takes what no other is at. A configuration whose `resume` is the folder of another one's runs comes
after it.

The tables (table.md, table.csv, runs.csv, results.json) and report.html with the curves of all configurations over each
other stand in the folder of --out.

Exit status: 0 if every run is finished, 1 if any failed, 2 for wrong use.";

/// Run configurations over several seeds, what is missing, and compare them
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct BenchArgs {
    /// The configurations
    #[arg(required = true, value_name = "CONFIG")]
    configs: Vec<PathBuf>,

    /// Seeds: 1..5 is from 1 to 5, 5 included (as is 1..=5); or a list, 1,2,7
    #[arg(long, value_name = "SEEDS", default_value = "1", value_parser = seeds)]
    seeds: Seeds,

    #[command(flatten)]
    device: DeviceArgs,

    /// Override a key of every configuration; can be repeated, later ones win
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Passes over the training set
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,

    /// Where the tables go [default: <log_dir>/bench]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,

    /// Only list what would run
    #[arg(long, conflicts_with = "collect")]
    dry_run: bool,

    /// Run nothing, only make the tables of what is there
    #[arg(long)]
    collect: bool,
}

/// A list of seeds; one value on the command line.
#[derive(Clone, Debug)]
struct Seeds(Vec<u64>);

fn seeds(text: &str) -> Result<Seeds, String> {
    parse_seeds(text)
        .map(Seeds)
        .map_err(|error| error.to_string())
}

pub fn run(args: &BenchArgs, printer: &Printer) -> Result<(), CliError> {
    let mut overrides: Vec<Override> = args.set.iter().cloned().map(Override::Set).collect();
    if let Some(epochs) = args.epochs {
        overrides.push(Override::flag("--epochs", "epochs", &epochs));
    }
    overrides.extend(args.device.overriding());
    let (plan, warnings) = Plan::load(&args.configs, &overrides, &args.seeds.0)?;
    for warning in warnings {
        printer.warning(warning);
    }
    if args.dry_run {
        return list(&plan, printer);
    }
    let log_dir = plan.configs.first().map(|one| one.config.log_dir.clone());
    let out = args
        .out
        .clone()
        .unwrap_or_else(|| log_dir.unwrap_or_default().join("bench"));
    let files = BenchFiles::create(&out)?;
    let options = BenchOptions {
        data_dirs: args.data_dir.clone(),
        command: command_line::quoted(std::env::args_os()),
    };
    let statuses = if args.collect {
        plan.runs.iter().map(RunStatus::of).collect()
    } else {
        let mut progress = BenchProgress::new(&plan, &files, printer);
        execute(&plan, &options, &mut progress)?
    };
    let summary = Summary::new(&plan, &statuses);
    files.write_tables(&summary)?;
    for remark in report(&summary, &files, &options.command)? {
        printer.warning(remark);
    }
    print(&summary, &files, printer)?;
    match summary.failed() {
        0 => Ok(()),
        failed => Err(CliError::FailedRuns {
            failed,
            of: plan.runs.len(),
        }),
    }
}

/// What would be done, in its order.
fn list(plan: &Plan, printer: &Printer) -> Result<(), CliError> {
    let mut table = table::new(printer, &["configuration", "seed", "state", "folder"]);
    let mut open = 0;
    for run in &plan.runs {
        let status = RunStatus::of(run);
        open += usize::from(status.is_open());
        let state = match &status {
            RunStatus::Finished(_) => "finished, is taken as it is".to_owned(),
            RunStatus::Interrupted => "interrupted, would go on".to_owned(),
            RunStatus::Missing => "would run".to_owned(),
            RunStatus::Failed(reason) => format!("would fail: {reason}"),
        };
        table.add_row([
            plan.config_of(run).label.clone(),
            run.seed.to_string(),
            state,
            run.folder.display().to_string(),
        ]);
    }
    table::align_right(&mut table, 1);
    printer.out(table::text(&table))?;
    printer.out(format!("\n{open} of {} runs to make", plan.runs.len()))
}

fn print(summary: &Summary, files: &BenchFiles, printer: &Printer) -> Result<(), CliError> {
    let paint = printer.paint();
    let seeds: Vec<String> = summary.seeds.iter().map(u64::to_string).collect();
    printer.out(format!(
        "\n{} over {} {}, mean ± standard deviation; {} is the best",
        paint.bold("Comparison"),
        if seeds.len() == 1 { "seed" } else { "seeds" },
        seeds.join(", "),
        best("this", printer),
    ))?;
    printer.out(text(&main_table(summary, false), printer))?;
    if let Some(table) = baseline_table(summary) {
        printer.out(format!(
            "\n{}: scores that need no fitted posterior, and a posterior's other spread",
            paint.bold("Honest baselines")
        ))?;
        printer.out(text(&table, printer))?;
    }
    if let Some(table) = missing_table(summary) {
        printer.out(format!("\n{}", paint.bold("Runs without results")))?;
        printer.out(text(&table, printer))?;
    }
    printer.out(format!(
        "\nreport   {}\ntable    {}",
        paint.bold(files.report().display()),
        files.markdown().display()
    ))
}

/// Bold where there are colours, a star elsewhere.
fn best(text: &str, printer: &Printer) -> String {
    if printer.paint().is_on() {
        printer.paint().bold(text)
    } else {
        format!("{text}*")
    }
}

fn text(content: &ComparisonTable, printer: &Printer) -> String {
    let header: Vec<&str> = content.header.iter().map(String::as_str).collect();
    let mut table = table::new(printer, &header);
    for row in &content.rows {
        let cells = row.iter().enumerate().map(|(column, cell)| {
            // The star of others must not push the digits out of line.
            let plain = column >= content.words && !printer.paint().is_on();
            match (cell.best, plain) {
                (true, _) => best(&cell.text, printer),
                (false, true) => format!("{} ", cell.text),
                (false, false) => cell.text.clone(),
            }
        });
        table.add_row(cells);
    }
    (content.words..header.len()).for_each(|column| table::align_right(&mut table, column));
    table::text(&table)
}

/// Shows a comparison, and writes its tables as runs end.
struct BenchProgress<'a> {
    plan: &'a Plan,
    files: &'a BenchFiles,
    printer: &'a Printer,
    open: usize,
    ended: usize,
    run: Option<RunProgress<'a>>,
    times: Times,
}

impl<'a> BenchProgress<'a> {
    fn new(plan: &'a Plan, files: &'a BenchFiles, printer: &'a Printer) -> Self {
        let open = plan
            .runs
            .iter()
            .filter(|run| !RunStatus::of(run).is_finished())
            .count();
        printer.note(format!(
            "{} configurations, {} runs, {} of them finished",
            plan.configs.len(),
            plan.runs.len(),
            plan.runs.len() - open
        ));
        Self {
            plan,
            files,
            printer,
            open,
            ended: 0,
            run: None,
            times: Times::default(),
        }
    }

    fn name(&self, run: &PlannedRun) -> String {
        format!("{}, seed {}", self.plan.config_of(run).label, run.seed)
    }
}

impl BenchObserver for BenchProgress<'_> {
    fn run_started(&mut self, run: &PlannedRun) -> &mut dyn Observer {
        let left = self.times.left(self.open.saturating_sub(self.ended));
        self.printer.note(format!(
            "\n{} {}{}",
            self.printer.progress_paint().bold(format_args!(
                "run {} of {}:",
                self.ended + 1,
                self.open
            )),
            self.name(run),
            left.map_or_else(String::new, |left| format!(
                " · about {} left",
                units::duration(left)
            ))
        ));
        self.times.start();
        self.run.insert(RunProgress::new(self.printer))
    }

    fn run_ended(&mut self, run: &PlannedRun, all: &[RunStatus]) -> Result<(), BenchError> {
        let made_here = self.run.take().map(RunProgress::finish).is_some();
        self.times.end(made_here);
        self.ended += 1;
        let status = self.plan.runs.iter().zip(all).find_map(|(other, status)| {
            let same = other.of == run.of && other.seed == run.seed;
            same.then_some(status)
        });
        let paint = self.printer.progress_paint();
        match status {
            Some(RunStatus::Failed(reason)) => self.printer.note(format!(
                "{} {}: {reason}",
                paint.bad("failed:"),
                self.name(run)
            )),
            Some(RunStatus::Finished(_)) if !made_here => self
                .printer
                .note(format!("{}: finished by another process", self.name(run))),
            _ => {}
        }
        self.files.write_tables(&Summary::new(self.plan, all))
    }

    fn put_off(&mut self, run: &PlannedRun) {
        if let Some(progress) = self.run.take() {
            progress.finish();
            self.times.end(false);
        }
        self.printer.note(format!(
            "{}: in use by another process, or waiting for a run that is; looked at again at the end",
            self.name(run)
        ));
    }

    fn waiting(&mut self, runs: usize) {
        self.printer.note(format!(
            "waiting for {runs} {} of other processes",
            if runs == 1 { "run" } else { "runs" }
        ));
    }
}

/// How long runs take.
#[derive(Debug, Default)]
struct Times {
    started: Option<Instant>,
    made: u32,
    sum: Duration,
}

impl Times {
    fn start(&mut self) {
        self.started = Some(Instant::now());
    }

    fn end(&mut self, counts: bool) {
        let started = self.started.take();
        if let Some(started) = started.filter(|_| counts) {
            self.made += 1;
            self.sum += started.elapsed();
        }
    }

    /// For so many runs more, by the mean of those that were made here.
    fn left(&self, runs: usize) -> Option<Duration> {
        let mean = self.sum.checked_div(self.made)?;
        mean.checked_mul(u32::try_from(runs).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Times};

    #[test]
    fn the_time_left_is_that_of_the_runs_left() {
        let mut times = Times::default();
        assert_eq!(times.left(3), None);
        times.made = 2;
        times.sum = Duration::from_secs(20);
        assert_eq!(times.left(3), Some(Duration::from_secs(30)));
        times.start();
        times.end(false);
        assert_eq!(times.made, 2);
    }
}
