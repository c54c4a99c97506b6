//! The loop: epochs, steps, validation, checkpoints, log.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lam_data::{Augmentation, Batch, Loader};
use serde_json::Value;

use crate::TrainError;
use crate::checkpoint::{Checkpoint, CheckpointOrigin, Progress};
use crate::config::{Config, Selection};
use crate::data::{ImageDevice, Items, ResidentImages, RunData};
use crate::evaluate::{self, Evaluation};
use crate::method::{Method, Report, StepInput, StepReport};
use crate::observer::Observer;
use crate::randomness::{Purpose, Randomness};
use crate::run::{EventWriter, JsonLog, RunFolder};
use crate::session::planned_epochs;
use crate::starts::Starts;

/// The metric that chooses the best checkpoint.
pub const SELECTING_METRIC: &str = "map@5";

/// Trains a method in a run folder.
pub(crate) struct Trainer<'a> {
    pub config: &'a Config,
    pub name: &'a str,
    pub data: &'a RunData,
    pub images: &'a ImageDevice,
    pub folder: &'a RunFolder,
    pub randomness: Randomness,
    pub method: Box<dyn Method>,
    pub observer: &'a mut dyn Observer,
}

/// Where a run's steps are recorded.
struct Record {
    log: JsonLog,
    events: EventWriter,
}

impl Record {
    fn open(folder: &RunFolder, progress: &Progress) -> Result<Self, TrainError> {
        let step = progress.global_step;
        let (log, resumed_after) = if step > 0 {
            (JsonLog::resume(&folder.log(), step)?, Some(step))
        } else {
            (JsonLog::create(&folder.log())?, None)
        };
        let events = EventWriter::create(folder.path(), resumed_after)?;
        Ok(Self { log, events })
    }

    fn add(
        &mut self,
        step: u64,
        event: &str,
        epoch: usize,
        values: &[(String, f64)],
    ) -> Result<(), TrainError> {
        let mut fields: Vec<(&str, Value)> = vec![("epoch", epoch.into())];
        fields.extend(
            values
                .iter()
                .map(|(name, value)| (name.as_str(), (*value).into())),
        );
        self.log.append(step, event, &fields)?;
        let tags: Vec<(String, f32)> = values
            .iter()
            .map(|(name, value)| (format!("{event}/{name}"), *value as f32))
            .collect();
        let scalars: Vec<(&str, f32)> = tags.iter().map(|(tag, v)| (tag.as_str(), *v)).collect();
        self.events.add_scalars(step, &scalars)?;
        Ok(())
    }
}

impl Trainer<'_> {
    /// `checkpoints/best.safetensors`.
    pub fn best(folder: &RunFolder) -> PathBuf {
        folder.checkpoints().join("best.safetensors")
    }

    /// `checkpoints/last.safetensors`.
    pub fn last(folder: &RunFolder) -> PathBuf {
        folder.checkpoints().join("last.safetensors")
    }

    /// Trains until the configured epoch, from the last checkpoint if there is one.
    pub fn train(&mut self) -> Result<(), TrainError> {
        let mut progress = self.resume()?;
        let mut record = Record::open(self.folder, &progress)?;
        if progress.epoch > 0 && progress.step_in_epoch == 0 {
            self.ask(&progress)?;
        }
        if progress.global_step == 0 && !Self::last(self.folder).exists() {
            let mut starts = Starts::new(self.config);
            self.method.initialise(&mut starts)?;
            for note in starts.into_notes() {
                self.observer.note(&note);
            }
            // From here on there is something to go back to, whatever happens.
            self.save_last(&progress)?;
        }
        if self.method.plan(self.config).epochs == 0 {
            return self.judge_untrained(&progress, &mut record);
        }
        while progress.epoch < planned_epochs(&*self.method, self.config) {
            self.epoch(&mut progress, &mut record)?;
        }
        Ok(())
    }

    /// What is never trained, such as an ensemble, is validated once all the same, where images are held out for that.
    fn judge_untrained(
        &mut self,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<(), TrainError> {
        if self.config.selection == Selection::HeldOut {
            let metrics = self.validation(progress, record)?;
            self.observer.validated(progress.epoch, &metrics, true);
        }
        self.ask(progress)
    }

    fn resume(&mut self) -> Result<Progress, TrainError> {
        let path = Self::last(self.folder);
        if !path.exists() {
            return Ok(Progress::default());
        }
        let checkpoint = Checkpoint::load(&path)?;
        self.method.restore(checkpoint.state)?;
        let progress = checkpoint.origin.progress;
        if progress.global_step > 0 {
            self.observer.note(&format!(
                "going on after epoch {}, step {} (step {} in all)",
                progress.epoch, progress.step_in_epoch, progress.global_step
            ));
        }
        Ok(progress)
    }

    /// The rest of the current epoch, and what follows it.
    fn epoch(&mut self, progress: &mut Progress, record: &mut Record) -> Result<(), TrainError> {
        let config = self.config;
        let plan = self.method.plan(config);
        let learning_rate = config.learning_rate(progress.epoch, 1);
        let augmentation = if plan.augments {
            let (flip, shift) = (config.augment_flip, config.augment_shift);
            Augmentation::new(flip, shift, config.augment_erase)?
        } else {
            Augmentation::default()
        };
        let loader = Loader::builder(self.data.train.dataset());
        let resident = self.resident_images(&augmentation)?;
        let loader = match &resident {
            Some(_) => loader.without_images(),
            None => loader,
        };
        let mut loader = loader
            .batch_size(config.batch_size)
            .shuffle(config.seed, progress.epoch as u64)
            .augment(augmentation)
            .drop_last(plan.drop_last)
            .within_files(plan.within_files)
            .start_batch(progress.step_in_epoch)
            .build()?;
        let steps = loader.batches_in_epoch();
        let started = progress.step_in_epoch;
        self.observer
            .epoch_started(progress.epoch + 1, plan.epochs, started, steps);
        let interval = Duration::from_secs_f64(config.checkpoint_every_n_seconds);
        let (mut saved, clock) = (Instant::now(), Instant::now());
        let mut unread = Vec::new();
        while let Some(batch) = loader.next() {
            let batch = batch?;
            let report = self.step(&batch, resident.as_ref(), learning_rate, progress)?;
            loader.recycle(batch);
            let is_read = report.is_read();
            unread.push(report);
            progress.step_in_epoch += 1;
            progress.global_step += 1;
            let logs = progress
                .global_step
                .is_multiple_of(config.log_every_n_steps as u64);
            // Not after the last step: the validation that follows belongs to the same checkpoint.
            let saves = progress.step_in_epoch < steps && saved.elapsed() >= interval;
            if is_read || logs || saves {
                let report = self.read(&mut unread, learning_rate, progress)?;
                if logs {
                    let values = self.step_values(&report, learning_rate);
                    record.add(progress.global_step, "step", progress.epoch + 1, &values)?;
                }
            }
            if saves {
                self.save_last(progress)?;
                saved = Instant::now();
            }
        }
        self.read(&mut unread, learning_rate, progress)?;
        let waited = loader.waited().as_secs_f64() / clock.elapsed().as_secs_f64().max(1e-9);
        self.observer.input_share(waited);
        // A matter of the clock, which the log must not depend on.
        let share = [("epoch/input_share", waited as f32)];
        record.events.add_scalars(progress.global_step, &share)?;
        let mean_loss = progress.loss_sum / steps.max(1) as f64;
        self.observer.epoch_done(progress.epoch + 1, mean_loss);
        *progress = Progress {
            epoch: progress.epoch + 1,
            step_in_epoch: 0,
            loss_sum: 0.0,
            ..progress.clone()
        };
        if progress.epoch == 1
            && let Some(note) = self.data.unreadable_note()
        {
            self.observer.note(&note);
        }
        let values = [("mean_loss".to_owned(), mean_loss)];
        record.add(progress.global_step, "epoch", progress.epoch, &values)?;
        if progress
            .epoch
            .is_multiple_of(config.check_val_every_n_epoch)
            || progress.epoch == plan.epochs
        {
            self.validate(progress, record)?;
            self.save_last(progress)?;
            return self.ask(progress);
        }
        self.save_last(progress)
    }

    /// Ends the run if whoever watches it wants that.
    fn ask(&mut self, progress: &Progress) -> Result<(), TrainError> {
        let epoch = progress.epoch;
        let epochs = planned_epochs(&*self.method, self.config);
        if self.observer.wants_stop(epoch, epochs) {
            return Err(TrainError::Stopped { epoch });
        }
        Ok(())
    }

    /// The training images on the device, where they fit and are the same in every epoch.
    fn resident_images(
        &self,
        augmentation: &Augmentation,
    ) -> Result<Option<ResidentImages>, TrainError> {
        match &self.data.train {
            Items::Images(dataset) if augmentation.is_none() => self.images.resident(dataset),
            _ => Ok(None),
        }
    }

    fn step(
        &mut self,
        batch: &Batch,
        resident: Option<&ResidentImages>,
        learning_rate: f64,
        progress: &Progress,
    ) -> Result<Report, TrainError> {
        let occasion = (self.config.seed, progress.epoch as u64);
        let items = &self.data.train;
        let step = items.step_images(batch, occasion, self.config)?;
        let targets = step.targets();
        let input = StepInput {
            images: match resident {
                Some(resident) => resident.select(&batch.indices),
                None => step.to_device(items.image_shape(), self.images.device()),
            },
            targets,
            learning_rate,
            step: progress.global_step,
        };
        self.method.step(input, self.randomness)
    }

    /// Reads the reports of the steps that led to `progress`, and returns the last one.
    fn read(
        &mut self,
        reports: &mut Vec<Report>,
        learning_rate: f64,
        progress: &mut Progress,
    ) -> Result<StepReport, TrainError> {
        let mut last = StepReport::default();
        let count = reports.len();
        for (at, report) in Report::read(std::mem::take(reports))?
            .into_iter()
            .enumerate()
        {
            if !report.loss.is_finite() {
                return Err(TrainError::NotFinite {
                    loss: report.loss,
                    epoch: progress.epoch + 1,
                    step: progress.step_in_epoch + 1 + at - count,
                    learning_rate,
                    checkpoints: self.folder.checkpoints(),
                });
            }
            progress.loss_sum += report.loss;
            self.observer.step_done(&report);
            last = report;
        }
        Ok(last)
    }

    fn step_values(&self, report: &StepReport, learning_rate: f64) -> Vec<(String, f64)> {
        let mut values = vec![
            ("loss".to_owned(), report.loss),
            ("learning_rate".to_owned(), learning_rate),
            ("triplets".to_owned(), report.triplets as f64),
        ];
        let distances = [
            ("positive_distance", report.positive_distance),
            ("negative_distance", report.negative_distance),
        ];
        values.extend(
            distances
                .into_iter()
                .filter_map(|(n, v)| Some((n.to_owned(), v?))),
        );
        let summary = self.method.posterior_summary();
        values.extend(
            summary
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value)),
        );
        values
    }

    /// Evaluates on the selection set and keeps the weights if they are the best so far.
    fn validate(&mut self, progress: &mut Progress, record: &mut Record) -> Result<(), TrainError> {
        let metrics = self.validation(progress, record)?;
        let value = metrics
            .iter()
            .find(|(name, _)| name == SELECTING_METRIC)
            .map_or(f64::NAN, |m| m.1);
        // Of equally good ones the last: where training does not move the embeddings, it still moves their uncertainty.
        let best = progress.best.is_none_or(|(best, _)| value >= best);
        if best {
            progress.best = Some((value, progress.epoch));
            self.checkpoint(progress)?.save(&Self::best(self.folder))?;
        }
        self.observer.validated(progress.epoch, &metrics, best);
        Ok(())
    }

    /// Metrics on the selection set, recorded.
    fn validation(
        &mut self,
        progress: &Progress,
        record: &mut Record,
    ) -> Result<Vec<(String, f64)>, TrainError> {
        let mut generator = self
            .randomness
            .generator(Purpose::Validation, progress.epoch as u64);
        let predictor = self
            .method
            .predictor(self.config.val_n_samples, &mut generator)?;
        let metrics = self.evaluate(&*predictor)?.metrics;
        record.add(progress.global_step, "validation", progress.epoch, &metrics)?;
        Ok(metrics)
    }

    fn evaluate(
        &mut self,
        predictor: &dyn crate::method::Predict,
    ) -> Result<Evaluation, TrainError> {
        let (selection, ood) = (&self.data.selection, self.data.ood.as_ref());
        Ok(evaluate::evaluate(
            predictor,
            selection,
            ood,
            self.config.ranking,
            self.images,
            "validation",
            self.observer,
        )?
        .0)
    }

    fn checkpoint(&self, progress: &Progress) -> Result<Checkpoint, TrainError> {
        Ok(Checkpoint {
            state: self.method.state()?,
            origin: CheckpointOrigin {
                name: self.name.to_owned(),
                progress: progress.clone(),
                config: self.config.to_yaml(),
            },
        })
    }

    fn save_last(&self, progress: &Progress) -> Result<(), TrainError> {
        self.checkpoint(progress)?.save(&Self::last(self.folder))
    }
}
