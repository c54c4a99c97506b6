//! What embeds for an index.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use lam_retrieve::{Accepts, Encoder, IndexModel, Retriever, plain_fingerprint};
use lam_search::store::{Spec, View};
use lam_train::{EncoderOptions, RunEncoder};

use crate::device_args::DeviceArgs;
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

    #[command(flatten)]
    device: DeviceArgs,
}

impl ModelArgs {
    /// With this run where none is named.
    pub fn or_run(&self, run: Option<&PathBuf>) -> Self {
        Self {
            run: self.run.clone().or_else(|| run.cloned()),
            ..self.clone()
        }
    }
}

/// Turns what is named on the command line into embeddings.
pub enum Model {
    /// A run.
    Run(Arc<RunEncoder>),
    /// Vectors are directions as they are.
    Plain,
}

impl Model {
    /// Opens a run; only embeddings are asked of it.
    pub fn of_run(run: &Path, device: DeviceArgs) -> Result<Self, CliError> {
        let options = EncoderOptions {
            votes: 0,
            device: device.device,
        };
        let encoder = RunEncoder::open(run, options)?;
        Ok(Self::Run(Arc::new(encoder)))
    }

    /// The model of an index: the run named, the run that the index remembers, or none where it holds plain vectors. A run
    /// whose embeddings are others is refused.
    pub fn of_index(index: &Path, view: &View, args: &ModelArgs) -> Result<Self, CliError> {
        let remembered = IndexModel::load(index)?.and_then(|model| model.run);
        Self::of_spec(view.spec(), &args.or_run(remembered.as_ref()))
    }

    /// The model of items: the run named, or none where they are plain vectors. A run whose embeddings are others is
    /// refused.
    pub fn of_spec(spec: &Spec, args: &ModelArgs) -> Result<Self, CliError> {
        let Some(run) = &args.run else {
            if spec.fingerprint == plain_fingerprint(spec.dim) {
                return Ok(Self::Plain);
            }
            return Err(CliError::Usage(
                "it is not known which run these items were embedded with: name it with --run"
                    .to_owned(),
            ));
        };
        let options = EncoderOptions {
            votes: args.votes,
            device: args.device.device,
        };
        let encoder = RunEncoder::open(run, options)?;
        Retriever::check_model(spec.fingerprint, encoder.fingerprint())?;
        Ok(Self::Run(Arc::new(encoder)))
    }

    /// The run, if it is one.
    pub fn run(&self) -> Option<&RunEncoder> {
        match self {
            Self::Run(encoder) => Some(encoder),
            Self::Plain => None,
        }
    }

    /// The run to keep, if it is one.
    pub fn into_run(self) -> Option<Arc<RunEncoder>> {
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
