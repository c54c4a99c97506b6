//! What embeds for an index.

use std::path::{Path, PathBuf};

use clap::Args;
use lam_retrieve::{Accepts, Encoder, IndexModel, Retriever, plain_fingerprint};
use lam_search::store::{Spec, View};
use lam_train::{EncoderOptions, RunEncoder};

use crate::error::CliError;

/// Which run embeds.
#[derive(Debug, Clone, Args)]
pub struct ModelArgs {
    /// The run that the index was made with, where it has moved
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,

    /// Samples of the posterior that vote on an answer
    #[arg(long, value_name = "N", default_value_t = EncoderOptions::default().votes)]
    votes: usize,
}

/// Turns what is named on the command line into embeddings.
pub enum Model {
    /// A run.
    Run(Box<RunEncoder>),
    /// Vectors are directions as they are.
    Plain,
}

impl Model {
    /// Opens a run; only embeddings are asked of it.
    pub fn of_run(run: &Path) -> Result<Self, CliError> {
        let encoder = RunEncoder::open(run, EncoderOptions { votes: 0 })?;
        Ok(Self::Run(Box::new(encoder)))
    }

    /// The model of an index: the run named, the run that the index remembers, or none where it holds plain vectors. A run
    /// whose embeddings are others is refused.
    pub fn of_index(index: &Path, view: &View, args: &ModelArgs) -> Result<Self, CliError> {
        let spec = view.spec();
        let run = match &args.run {
            None if spec.fingerprint == plain_fingerprint(spec.dim) => return Ok(Self::Plain),
            None => match IndexModel::load(index)? {
                Some(model) => model.run,
                None => {
                    return Err(CliError::Usage(format!(
                        "{} does not say which run it was made with: name it with --run",
                        index.display()
                    )));
                }
            },
            Some(run) => run.clone(),
        };
        let encoder = RunEncoder::open(&run, EncoderOptions { votes: args.votes })?;
        Retriever::check_model(view, encoder.fingerprint())?;
        Ok(Self::Run(Box::new(encoder)))
    }

    /// The run, if it is one.
    pub fn run(&self) -> Option<&RunEncoder> {
        match self {
            Self::Run(encoder) => Some(encoder),
            Self::Plain => None,
        }
    }

    /// Whether it takes pictures.
    pub fn takes_pictures(&self) -> bool {
        self.run()
            .is_some_and(|run| run.accepts() == Accepts::Images)
    }
}

/// What an index of a run's embeddings is like.
pub fn spec_of(encoder: &RunEncoder) -> Result<Spec, CliError> {
    let probe = encoder.embed_values(vec![0.0; encoder.input_shape().numel()])?;
    Ok(Spec {
        dim: probe.dim,
        spread: probe.sigmas.is_some(),
        fingerprint: encoder.fingerprint(),
    })
}
