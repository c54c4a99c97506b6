//! Ends a trial with its last validation, or where it is hopeless.

use std::path::Path;

use super::history::{Validation, validations};
use super::spec::SweepSpec;
use super::trials::TrialState;
use crate::method::StepReport;
use crate::observer::Observer;
use crate::run::RunError;

/// Passes on what a run tells, and ends it with its last validation or where it is hopeless.
pub(super) struct Watch<'a> {
    pub inner: &'a mut dyn Observer,
    pub spec: &'a SweepSpec,
    pub log: &'a Path,
    pub others: &'a [&'a [Validation]],
    /// How the trial ended.
    pub judged: Result<Option<TrialState>, RunError>,
}

impl Watch<'_> {
    /// How the trial ends after so many epochs, if it does. A later look at the same epoch gives the same answer: the log
    /// beyond it does not count, and earlier trials have ended.
    fn judge(&self, epoch: usize, epochs: usize) -> Result<Option<TrialState>, RunError> {
        if epoch >= epochs {
            return Ok(Some(TrialState::Complete));
        }
        let spec = self.spec;
        let own = validations(self.log, &spec.metric, epoch)?;
        let validated = own.last().is_some_and(|last| last.epoch == epoch);
        let hopeless = validated && spec.stopping.ends(spec.goal, &own, self.others);
        Ok(hopeless.then_some(TrialState::Stopped))
    }
}

impl Observer for Watch<'_> {
    fn epoch_started(&mut self, epoch: usize, epochs: usize, done: usize, steps: usize) {
        self.inner.epoch_started(epoch, epochs, done, steps);
    }

    fn step_done(&mut self, report: &StepReport) {
        self.inner.step_done(report);
    }

    fn epoch_done(&mut self, epoch: usize, mean_loss: f64) {
        self.inner.epoch_done(epoch, mean_loss);
    }

    fn evaluation_started(&mut self, what: &str, images: usize) {
        self.inner.evaluation_started(what, images);
    }

    fn images_embedded(&mut self, images: usize) {
        self.inner.images_embedded(images);
    }

    fn evaluation_done(&mut self) {
        self.inner.evaluation_done();
    }

    fn validated(&mut self, epoch: usize, metrics: &[(String, f64)], best: bool) {
        self.inner.validated(epoch, metrics, best);
    }

    fn wants_stop(&mut self, epoch: usize, epochs: usize) -> bool {
        self.judged = self.judge(epoch, epochs);
        !matches!(self.judged, Ok(None))
    }

    fn input_share(&mut self, share: f64) {
        self.inner.input_share(share);
    }

    fn note(&mut self, text: &str) {
        self.inner.note(text);
    }
}
