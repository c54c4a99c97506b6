//! Times the pass that forms the Hessian of a trained encoder beside a plain forward pass over the same images, in
//! turns; prints one JSON line of milliseconds a batch.
//!
//! `cargo bench -p lam-train --bench posthoc -- SIDE BATCH TRAINED ROUNDS [key=value…]`, SIDE 28 or 32; the encoder has been
//! trained for some steps before.
#![allow(missing_docs)]

mod state;

use std::time::Instant;

use lam_train::config::Override;
use lam_train::method::Report;
use lam_train::randomness::Purpose;
use state::{Failure, State, milliseconds};

fn main() -> Result<(), Failure> {
    lam_train::prepare_process();
    // `cargo bench` and `cargo test` add options of their own.
    let arguments: Vec<String> = std::env::args()
        .skip(1)
        .filter(|a| !a.starts_with("--"))
        .collect();
    let [side, batch, trained, rounds, settings @ ..] = &arguments[..] else {
        println!("usage: posthoc SIDE BATCH TRAINED ROUNDS [key=value…]");
        return Ok(());
    };
    let (batch, trained, rounds): (usize, u64, u64) =
        (batch.parse()?, trained.parse()?, rounds.parse()?);
    let settings: Vec<Override> = settings.iter().cloned().map(Override::Set).collect();
    let state = State::new(side, batch, &settings)?;

    let mut deterministic = state.method("deterministic", &[])?;
    state.train(&mut *deterministic, trained)?;
    let mut posthoc = state.method("laplace_posthoc", &settings)?;
    if !state::adopt(&mut *posthoc, &*deterministic)? {
        return Err("the methods differ in their networks".into());
    }
    let generator = &mut state.randomness().generator(Purpose::Test, 0);
    let predictor = deterministic.predictor(1, generator)?;

    let (mut passes, mut forwards) = (Vec::new(), Vec::new());
    for round in 0..rounds {
        let batch = state.batch(trained + round);
        let start = Instant::now();
        let embedded = predictor.embed(batch.images.clone());
        std::hint::black_box(embedded.mean.into_data());
        forwards.push(milliseconds(start));

        let start = Instant::now();
        let report = posthoc.step(state.input(&batch, round), state.randomness())?;
        std::hint::black_box(Report::read(vec![report])?);
        passes.push(milliseconds(start));
    }
    println!("{{\"pass\": {passes:?}, \"forward\": {forwards:?}}}");
    Ok(())
}
