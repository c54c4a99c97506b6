//! One number that makes a posterior's confidence honest: its temperature.

use std::sync::Arc;

use lam_data::Dataset;
use lam_metrics::Calibration;

use crate::TrainError;
use crate::config::{Config, Selection};
use crate::data::ImageDevice;
use crate::evaluate::embed;
use crate::method::Method;
use crate::observer::Observer;
use crate::randomness::{Purpose, Randomness};

/// Step of the search for two temperatures, one too cold and one too hot.
const STRIDE: f64 = 16.0;
/// Temperatures beyond mean that confidence does not depend on them.
const LIMITS: (f64, f64) = (1e-12, 1e12);
/// Halvings of the interval (on a logarithmic scale): 16 to 1.19.
const HALVINGS: usize = 4;
/// The error is looked at around the crossing too, since its least value need not be there.
const AROUND: [f64; 4] = [0.6, 0.8, 1.25, 1.6];

/// A temperature and how well it calibrates held-out images.
#[derive(Debug, Clone, PartialEq)]
pub struct Tried {
    /// Factor on the posterior's covariance.
    pub temperature: f32,
    /// Expected calibration error of the neighbours' votes, last bin closed.
    pub ece: f64,
    /// Mean confidence minus accuracy.
    pub overconfidence: f64,
}

/// Sets the method's temperature to the one with the least calibration error on `held_out`; returns all that were
/// tried, in order.
///
/// The confidence of a query is the share of weight samples that agree on its neighbour's label. The wider the
/// posterior, the less they agree: mean confidence falls with the temperature while accuracy hardly moves. So the
/// temperature where the two meet is found by bisection, and the error looked at around it. Training and the choice of
/// the checkpoint know nothing of it.
///
/// # Errors
/// A method without a posterior over weights; a run that holds nothing out; what evaluation can run into.
pub fn fit_temperature(
    method: &mut dyn Method,
    held_out: &Arc<dyn Dataset>,
    config: &Config,
    images: &ImageDevice,
    observer: &mut dyn Observer,
) -> Result<Vec<Tried>, TrainError> {
    if config.selection == Selection::Test {
        return Err(TrainError::NothingHeldOut("calibrate"));
    }
    let mut trials = Trials {
        method,
        held_out,
        config,
        images,
        observer,
        done: Vec::new(),
    };
    let mut cold = 1.0;
    let mut hot = 1.0;
    if trials.overconfident(1.0)? {
        while hot < LIMITS.1 && trials.overconfident(hot * STRIDE)? {
            hot *= STRIDE;
        }
        (cold, hot) = (hot, hot * STRIDE);
    } else {
        while cold > LIMITS.0 && !trials.overconfident(cold / STRIDE)? {
            cold /= STRIDE;
        }
        (cold, hot) = (cold / STRIDE, cold);
    }
    for _ in 0..HALVINGS {
        let middle = (cold * hot).sqrt();
        if trials.overconfident(middle)? {
            cold = middle;
        } else {
            hot = middle;
        }
    }
    let crossing = trials.best();
    for factor in AROUND {
        trials.overconfident(f64::from(crossing) * factor)?;
    }
    let best = trials.best();
    let done = trials.done;
    set(method, config, best)?;
    Ok(done)
}

fn set(method: &mut dyn Method, config: &Config, temperature: f32) -> Result<(), TrainError> {
    let known = method.temperature();
    *known.ok_or(TrainError::NoTemperature(config.model))? = temperature;
    Ok(())
}

/// Mean confidence minus accuracy.
fn overconfidence(calibration: &Calibration) -> f64 {
    let (mut gap, mut all) = (0.0, 0);
    for bin in &calibration.bins {
        gap += bin.count as f64 * (bin.mean_confidence - bin.accuracy);
        all += bin.count;
    }
    gap / all.max(1) as f64
}

struct Trials<'a> {
    method: &'a mut dyn Method,
    held_out: &'a Arc<dyn Dataset>,
    config: &'a Config,
    images: &'a ImageDevice,
    observer: &'a mut dyn Observer,
    done: Vec<Tried>,
}

impl Trials<'_> {
    /// Tries a temperature: whether mean confidence is above the accuracy.
    fn overconfident(&mut self, temperature: f64) -> Result<bool, TrainError> {
        // What is stored is what is tried, so that an evaluation can be repeated to the bit.
        let temperature = temperature as f32;
        set(self.method, self.config, temperature)?;
        let randomness = Randomness::new(self.config.seed);
        let mut generator = randomness.generator(Purpose::Calibration, 0);
        let samples = self.config.test_n_samples;
        let predictor = self.method.predictor(samples, &mut generator)?;
        self.observer
            .evaluation_started("calibration", self.held_out.len());
        let set = embed(&*predictor, self.held_out, self.images, self.observer)?;
        self.observer.evaluation_done();
        let calibration = set.vote_calibration()?;
        let calibration = calibration.ok_or(TrainError::NoTemperature(self.config.model))?;
        let tried = Tried {
            temperature,
            ece: calibration.ece,
            overconfidence: overconfidence(&calibration),
        };
        let overconfident = tried.overconfidence > 0.0;
        self.done.push(tried);
        Ok(overconfident)
    }

    /// The temperature with the least error so far.
    fn best(&self) -> f32 {
        let best = self.done.iter().min_by(|a, b| a.ece.total_cmp(&b.ece));
        best.map_or(1.0, |tried| tried.temperature)
    }
}
