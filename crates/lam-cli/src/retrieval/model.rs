//! The run that embeds for an index.

use std::path::{Path, PathBuf};

use clap::Args;
use lam_retrieve::{Encoder, IndexModel, Retriever};
use lam_search::store::View;
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

/// Opens the run of an index: the one named, or the one that the index remembers. A run whose embeddings are others is
/// refused.
pub fn open_model(index: &Path, view: &View, args: &ModelArgs) -> Result<RunEncoder, CliError> {
    let run = match &args.run {
        Some(run) => run.clone(),
        None => match IndexModel::load(index)? {
            Some(model) => model.run,
            None => {
                return Err(CliError::Usage(format!(
                    "{} does not say which run it was made with: name it with --run",
                    index.display()
                )));
            }
        },
    };
    let encoder = RunEncoder::open(&run, EncoderOptions { votes: args.votes })?;
    Retriever::check_model(view, encoder.fingerprint())?;
    Ok(encoder)
}
