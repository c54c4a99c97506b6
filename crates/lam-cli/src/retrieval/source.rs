//! Pictures that are named on the command line.

use std::io::{self, BufRead};
use std::path::PathBuf;

use clap::Args;
use lam_data::{Collection, SearchPath};
use lam_train::RunEncoder;
use lam_train::data::EmbedSource;

use crate::error::CliError;

/// Where data sets are.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,
}

/// Opens what a word names, `-` being paths on standard input; also says what it is, for people.
pub fn open_source(
    word: &str,
    args: &SourceArgs,
    encoder: &RunEncoder,
) -> Result<(String, Collection), CliError> {
    let Some(presentation) = encoder.presentation() else {
        return Err(CliError::Usage(format!(
            "the run in {} takes features, not pictures",
            encoder.path().display()
        )));
    };
    let source = if word == "-" {
        EmbedSource::Paths(paths_from_input()?)
    } else {
        EmbedSource::parse(word)?
    };
    let search = SearchPath::standard(&args.data_dir, encoder.config().data_dir.as_deref());
    let collection = source.open(presentation, &search)?;
    Ok((source.to_string(), collection))
}

fn paths_from_input() -> Result<Vec<String>, CliError> {
    let lines = io::stdin().lock().lines();
    let lines = lines.collect::<io::Result<Vec<String>>>();
    let lines = lines.map_err(CliError::Input)?;
    Ok(lines.into_iter().filter(|line| !line.is_empty()).collect())
}
