//! What a run tells whoever watches it.

use crate::method::StepReport;

/// Receives the events of a run as they happen. Everything has a default: a watcher takes what it needs.
pub trait Observer {
    /// An epoch begins (counted from 1), `done` of its `steps` being done already.
    fn epoch_started(&mut self, _epoch: usize, _epochs: usize, _done: usize, _steps: usize) {}

    /// A step is done.
    fn step_done(&mut self, _report: &StepReport) {}

    /// An epoch ends with this mean loss.
    fn epoch_done(&mut self, _epoch: usize, _mean_loss: f64) {}

    /// Images are about to be embedded and compared.
    fn evaluation_started(&mut self, _what: &str, _images: usize) {}

    /// So many images more are embedded.
    fn images_embedded(&mut self, _images: usize) {}

    /// Embedding is over; metrics follow.
    fn evaluation_done(&mut self) {}

    /// A validation's metrics; `best` if they are the best so far.
    fn validated(&mut self, _epoch: usize, _metrics: &[(String, f64)], _best: bool) {}

    /// Whether training should end after `epoch` complete epochs of `epochs`. Asked after each validation, once its checkpoint
    /// is written, and where a run goes on after a whole epoch, since the answer may not have been heard. A run that is
    /// ended so is not evaluated; it can be resumed like any interrupted one.
    fn wants_stop(&mut self, _epoch: usize, _epochs: usize) -> bool {
        false
    }

    /// Share of an epoch's time in which the loop waited for images.
    fn input_share(&mut self, _share: f64) {}

    /// Something worth a sentence.
    fn note(&mut self, _text: &str) {}
}

/// Watches nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Observer for Silent {}
