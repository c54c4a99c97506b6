//! The results of a run, for people.

use comfy_table::Table;
use lam_train::Outcome;
use lam_train::evaluate::RiskReport;
use lam_train::metric::{BASELINE_PREFIX, meaning, number};
use lam_train::run::RunMetrics;

use crate::error::CliError;
use crate::printer::Printer;
use crate::table;

/// Prints what a run found and where it lies.
pub fn print(outcome: &Outcome, printer: &Printer) -> Result<(), CliError> {
    let paint = printer.paint();
    if outcome.was_finished {
        printer
            .note("this run was finished before; these are its results (--overwrite trains again)");
    }
    let about = outcome.metrics.metadata();
    printer.out(format!(
        "\n{} {}, {} on {}, seed {}, protocol: {}",
        paint.bold("Results of"),
        about.name,
        about.method,
        about.dataset,
        about.seed,
        about.protocol
    ))?;
    let parts = Parts::of(&outcome.metrics);
    if !parts.cutoffs.is_empty() {
        printer.out(table::text(&at_cutoffs(&parts, printer)))?;
    }
    if !parts.single.is_empty() {
        printer.out(table::text(&single_values(&parts, printer)))?;
    }
    if !parts.baselines.is_empty() {
        let heading = "Other scores beside it";
        printer.out(format!("\n{}", paint.bold(heading)))?;
        printer.out(table::text(&baseline_values(&parts, printer)))?;
    }
    if let Some(risk) = &outcome.risk {
        print_risk(risk, printer)?;
    }
    printer.out(format!(
        "\nreport   {}\nmetrics  {}",
        paint.bold(outcome.report.display()),
        outcome.folder.join("metrics.json").display()
    ))
}

/// What may be accepted, and what that leads to.
fn print_risk(risk: &RiskReport, printer: &Printer) -> Result<(), CliError> {
    let heading = format!("Accepted is {}", risk.rule());
    printer.out(format!("\n{}", printer.paint().bold(heading)))?;
    let mut table = table::new(printer, &RiskReport::HEADER);
    for row in risk.rows() {
        table.add_row(row);
    }
    (1..RiskReport::HEADER.len()).for_each(|column| table::align_right(&mut table, column));
    printer.out(table::text(&table))?;
    for sentence in [
        risk.guarantee(),
        risk.choice(),
        risk.joint_sentence(),
        risk.assumptions(),
    ] {
        printer.out(sentence)?;
    }
    Ok(())
}

/// Metrics, those named `metric@k` and `baseline.score.metric` apart.
struct Parts {
    /// Each `k`, in order.
    cutoffs: Vec<usize>,
    /// Each metric that has cutoffs, with its values.
    rows: Vec<(String, Vec<(usize, f64)>)>,
    single: Vec<(String, f64)>,
    /// Each score that stands beside the method's own, with its values.
    baselines: Vec<(String, Vec<(String, f64)>)>,
}

impl Parts {
    fn of(metrics: &RunMetrics) -> Self {
        let mut parts = Self {
            cutoffs: Vec::new(),
            rows: Vec::new(),
            single: Vec::new(),
            baselines: Vec::new(),
        };
        for (name, value) in metrics.values() {
            if let Some((score, metric)) = split_baseline(name) {
                parts.add_baseline(score, metric, *value);
                continue;
            }
            match split_cutoff(name) {
                Some((metric, k)) => parts.add_at(metric, k, *value),
                None => parts.single.push((name.clone(), *value)),
            }
        }
        parts.cutoffs.sort_unstable();
        parts
    }

    fn add_baseline(&mut self, score: &str, metric: &str, value: f64) {
        let value = (metric.to_owned(), value);
        match self.baselines.iter_mut().find(|(name, _)| name == score) {
            Some((_, values)) => values.push(value),
            None => self.baselines.push((score.to_owned(), vec![value])),
        }
    }

    fn add_at(&mut self, metric: &str, k: usize, value: f64) {
        if !self.cutoffs.contains(&k) {
            self.cutoffs.push(k);
        }
        match self.rows.iter_mut().find(|(name, _)| name == metric) {
            Some((_, values)) => values.push((k, value)),
            None => self.rows.push((metric.to_owned(), vec![(k, value)])),
        }
    }
}

fn split_baseline(name: &str) -> Option<(&str, &str)> {
    name.strip_prefix(BASELINE_PREFIX)?.split_once('.')
}

fn split_cutoff(name: &str) -> Option<(&str, usize)> {
    let (metric, k) = name.rsplit_once('@')?;
    Some((metric, k.parse().ok()?))
}

/// A row per metric, a column per cutoff.
fn at_cutoffs(parts: &Parts, printer: &Printer) -> Table {
    let mut header = vec!["metric".to_owned()];
    header.extend(parts.cutoffs.iter().map(|k| format!("@{k}")));
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = table::new(printer, &header);
    for (metric, values) in &parts.rows {
        let cells = parts.cutoffs.iter().map(|k| {
            let value = values.iter().find(|(at, _)| at == k);
            value.map_or_else(String::new, |(_, value)| number(*value))
        });
        table.add_row(std::iter::once(metric.clone()).chain(cells));
    }
    (1..header.len()).for_each(|column| table::align_right(&mut table, column));
    table
}

fn single_values(parts: &Parts, printer: &Printer) -> Table {
    let mut table = table::new(printer, &["metric", "value", "meaning"]);
    for (metric, value) in &parts.single {
        table.add_row([metric, &number(*value), meaning(metric)]);
    }
    table::align_right(&mut table, 1);
    table
}

/// Figures of which the baselines have their own.
const COMPARED: [&str; 4] = ["auroc", "auprc", "ausc", "r_auroc"];

/// A row per score, the method's own first where it has one.
fn baseline_values(parts: &Parts, printer: &Printer) -> Table {
    let mut header = vec!["uncertainty"];
    header.extend(COMPARED);
    let mut table = table::new(printer, &header);
    let own = ("the method's own".to_owned(), parts.single.clone());
    for (score, values) in std::iter::once(&own).chain(&parts.baselines) {
        let value = |metric: &&str| values.iter().find(|(name, _)| name == metric);
        if COMPARED.iter().all(|metric| value(metric).is_none()) {
            continue;
        }
        let cells = COMPARED
            .iter()
            .map(|metric| value(metric).map_or_else(String::new, |(_, value)| number(*value)));
        table.add_row(std::iter::once(score.replace('_', " ")).chain(cells));
    }
    (1..header.len()).for_each(|column| table::align_right(&mut table, column));
    table
}

#[cfg(test)]
mod tests {
    use super::{split_baseline, split_cutoff};

    #[test]
    fn baselines_are_told_by_their_prefix() {
        assert_eq!(
            split_baseline("baseline.feature_norm.auroc"),
            Some(("feature_norm", "auroc"))
        );
        assert_eq!(split_baseline("auroc"), None);
        assert_eq!(split_baseline("baseline.auroc"), None);
    }

    #[test]
    fn only_a_number_after_the_at_sign_is_a_cutoff() {
        assert_eq!(split_cutoff("map@10"), Some(("map", 10)));
        assert_eq!(split_cutoff("map@r"), None);
        assert_eq!(split_cutoff("auroc"), None);
    }
}
