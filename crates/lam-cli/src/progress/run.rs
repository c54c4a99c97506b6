//! Training and evaluation: bars for what is being done, a line for each epoch that is done.

use std::time::{Duration, Instant};

use lam_train::method::StepReport;
use lam_train::observer::Observer;

use super::stage::{Counting, Stage};
use super::units;
use crate::paint::Paint;
use crate::printer::{Mode, Printer};

/// The metrics in an epoch's line, those that there are.
const MAIN_METRICS: [&str; 4] = ["recall@1", "map@5", "auroc", "ece"];
/// The evaluation that a report follows.
const TEST: &str = "test";
/// Waiting for images is worth a word from this share of the time on.
const WORTH_MENTIONING: f64 = 0.05;

/// Shows a run.
pub struct RunProgress<'a> {
    stage: Stage<'a>,
    mode: Mode,
    paint: Paint,
    epochs: Epochs,
    loss: RunningLoss,
    /// The line of an epoch that is done, until it is known whether a validation belongs to it.
    pending: Option<String>,
    waited: Option<f64>,
    /// What follows the evaluation that is going on.
    next: &'static str,
}

impl<'a> RunProgress<'a> {
    /// Nothing yet.
    pub fn new(printer: &'a Printer) -> Self {
        Self {
            stage: Stage::new(printer),
            mode: printer.mode(),
            paint: printer.progress_paint(),
            epochs: Epochs::default(),
            loss: RunningLoss::default(),
            pending: None,
            waited: None,
            next: "",
        }
    }

    /// Writes the last line and removes the bar.
    pub fn finish(mut self) {
        self.write_pending();
    }

    fn write_pending(&mut self) {
        if let Some(line) = self.pending.take() {
            self.stage.line(line);
        }
    }

    fn step_message(&self) -> String {
        let run = self.epochs.left().map_or_else(String::new, |left| {
            format!(", run {}", units::duration(left))
        });
        format!("{run} · loss {:.4}", self.loss.value())
    }
}

impl Observer for RunProgress<'_> {
    fn epoch_started(&mut self, epoch: usize, epochs: usize, done: usize, steps: usize) {
        self.write_pending();
        self.loss = RunningLoss::default();
        self.epochs.start(epoch, epochs, done, steps);
        let name = format!("epoch {epoch}/{epochs}");
        self.stage
            .bar(Counting::Steps, name, done as u64, steps as u64);
    }

    fn step_done(&mut self, report: &StepReport) {
        self.loss.add(report.loss);
        self.epochs.step();
        self.stage.set_message(|| self.step_message());
        self.stage.advance(1);
    }

    fn input_share(&mut self, share: f64) {
        self.waited = Some(share);
    }

    fn epoch_done(&mut self, epoch: usize, mean_loss: f64) {
        let of = self.epochs.count;
        let width = of.to_string().len();
        let time = units::duration(self.epochs.elapsed_in_epoch());
        let waited = match self.waited.take() {
            Some(share) if share >= WORTH_MENTIONING => {
                format!(", {:.0} % of it waiting for images", share * 100.0)
            }
            _ => String::new(),
        };
        self.pending = Some(format!(
            "epoch {epoch:>width$}/{of}  loss {mean_loss:.4}  {}",
            self.paint.dim(format_args!("({time}{waited})"))
        ));
    }

    fn evaluation_started(&mut self, what: &str, images: usize) {
        self.next = match what {
            TEST => "metrics, figures and report",
            _ => "metrics",
        };
        self.stage
            .bar(Counting::Images, what.to_owned(), 0, images as u64);
    }

    fn images_embedded(&mut self, images: usize) {
        self.stage.advance(images as u64);
    }

    fn evaluation_done(&mut self) {
        self.stage.spinner(self.next.to_owned());
    }

    fn validated(&mut self, epoch: usize, metrics: &[(String, f64)], best: bool) {
        self.stage.clear();
        let start = self
            .pending
            .take()
            .unwrap_or_else(|| format!("epoch {epoch}"));
        let mut line = start;
        for name in MAIN_METRICS {
            if let Some((_, value)) = metrics.iter().find(|(known, _)| known == name) {
                line.push_str(&format!("  {name} {value:.4}"));
            }
        }
        if best {
            let mark = if self.mode == Mode::Terminal {
                "★ best"
            } else {
                "best"
            };
            line.push_str(&format!("  {}", self.paint.good(mark)));
        }
        self.stage.line(line);
    }

    fn note(&mut self, text: &str) {
        self.stage.line(text);
    }
}

/// How far the run is, to foretell its end.
#[derive(Debug, Default)]
struct Epochs {
    count: usize,
    steps_left: usize,
    steps_done: usize,
    run_started: Option<Instant>,
    epoch_started: Option<Instant>,
}

impl Epochs {
    fn start(&mut self, epoch: usize, epochs: usize, done: usize, steps: usize) {
        let now = Instant::now();
        self.count = epochs;
        self.steps_left = (steps - done.min(steps)) + epochs.saturating_sub(epoch) * steps;
        self.run_started.get_or_insert(now);
        self.epoch_started = Some(now);
    }

    fn step(&mut self) {
        self.steps_done += 1;
        self.steps_left = self.steps_left.saturating_sub(1);
    }

    fn elapsed_in_epoch(&self) -> Duration {
        self.epoch_started
            .map_or(Duration::ZERO, |start| start.elapsed())
    }

    /// Time to the end of training, from the mean time of this process's steps, validations included.
    fn left(&self) -> Option<Duration> {
        let elapsed = self.run_started?.elapsed();
        let per_step = elapsed.as_secs_f64() / self.steps_done.max(1) as f64;
        Duration::try_from_secs_f64(per_step * self.steps_left as f64).ok()
    }
}

/// Exponentially weighted mean of the losses, about the last fifty, without bias towards zero.
#[derive(Debug, Default)]
struct RunningLoss {
    sum: f64,
    weight: f64,
}

impl RunningLoss {
    fn add(&mut self, loss: f64) {
        const KEPT: f64 = 0.98;
        self.sum = KEPT * self.sum + loss;
        self.weight = KEPT * self.weight + 1.0;
    }

    fn value(&self) -> f64 {
        self.sum / self.weight.max(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{Epochs, RunningLoss};

    #[test]
    fn the_running_loss_is_a_mean_from_the_first_step_on() {
        let mut loss = RunningLoss::default();
        loss.add(3.0);
        assert_eq!(loss.value(), 3.0);
        loss.add(1.0);
        // (0.98·3 + 1) / (0.98 + 1)
        assert!((loss.value() - 3.94 / 1.98).abs() < 1e-12);
        (0..2000).for_each(|_| loss.add(1.0));
        assert!((loss.value() - 1.0).abs() < 1e-12);
    }

    #[test]
    fn steps_left_are_those_of_this_epoch_and_of_all_that_follow() {
        let mut epochs = Epochs::default();
        epochs.start(2, 5, 30, 84);
        assert_eq!(epochs.steps_left, 54 + 3 * 84);
        epochs.step();
        assert_eq!(epochs.steps_left, 53 + 3 * 84);
        epochs.start(5, 5, 84, 84);
        assert_eq!(epochs.steps_left, 0);
    }
}
