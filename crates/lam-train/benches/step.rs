//! Times training steps and forward passes of a method; prints one JSON line of milliseconds.
//!
//! Every step of another method stands beside one of `deterministic` on the same batch (`beside`), so that whatever
//! else the machine does meets both. The method has been trained for some steps before, and `deterministic` goes on
//! with the same network where that has just one.
//!
//! `cargo bench -p lam-train --bench step -- METHOD SIDE BATCH TRAINED ROUNDS [key=value…]`, SIDE 28 or 32. With
//! `device=…` on another device than the processor (and the feature for it); a round is then the mean of ten steps, whose
//! reports are read together as in training.
#![allow(missing_docs)]

mod state;

use std::time::Instant;

use burn::tensor::Tensor;
use lam_train::config::Override;
use lam_train::device;
use lam_train::method::{Method, Predict, Report};
use lam_train::randomness::Purpose;
use state::{Batch, Failure, State, milliseconds};

fn main() -> Result<(), Failure> {
    lam_train::prepare_process();
    // `cargo bench` and `cargo test` add options of their own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let [method, side, batch, trained, rounds, settings @ ..] = &arguments[..] else {
        println!("usage: step METHOD SIDE BATCH TRAINED ROUNDS [key=value…]");
        return Ok(());
    };
    let (batch, trained, rounds): (usize, u64, u64) =
        (batch.parse()?, trained.parse()?, rounds.parse()?);
    let settings: Vec<Override> = settings.iter().cloned().map(Override::Set).collect();
    let state = State::new(side, batch, &settings)?;
    let steps_at_once = if device::is_host(&state.device) {
        1
    } else {
        10
    };
    let mut timed = state.method(method, &settings)?;
    state.train(&mut *timed, trained)?;
    let mut beside = match method.as_str() {
        "deterministic" => None,
        _ => {
            let mut beside = state.method("deterministic", &[])?;
            if !state::adopt(&mut *beside, &*timed)? {
                state.train(&mut *beside, trained)?;
            }
            Some(beside)
        }
    };
    let (mut steps, mut steps_beside) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let first = trained + round * steps_at_once;
        let batches: Vec<Batch> = (first..first + steps_at_once)
            .map(|number| state.batch(number))
            .collect();
        if let Some(beside) = &mut beside {
            steps_beside.push(step(&state, &mut **beside, &batches, first)?);
        }
        steps.push(step(&state, &mut *timed, &batches, first)?);
    }
    let predictor = timed.predictor(1, &mut state.randomness().generator(Purpose::Test, 0))?;
    let forwards: Vec<f64> = (0..rounds)
        .map(|round| forward(&*predictor, state.batch(round).images))
        .collect();
    println!("{{\"step\": {steps:?}, \"beside\": {steps_beside:?}, \"forward\": {forwards:?}}}");
    Ok(())
}

/// Milliseconds of a training step, the mean over the batches.
fn step(
    state: &State,
    method: &mut dyn Method,
    batches: &[Batch],
    first: u64,
) -> Result<f64, Failure> {
    let start = Instant::now();
    let mut reports = Vec::new();
    for (batch, number) in batches.iter().zip(first..) {
        reports.push(method.step(state.input(batch, number), state.randomness())?);
    }
    std::hint::black_box(Report::read(reports)?);
    Ok(milliseconds(start) / batches.len() as f64)
}

/// Milliseconds until the mean embeddings are there.
fn forward(predictor: &dyn Predict, images: Tensor<4>) -> f64 {
    let start = Instant::now();
    let embedded = predictor.embed(images);
    std::hint::black_box(embedded.mean.into_data());
    milliseconds(start)
}
