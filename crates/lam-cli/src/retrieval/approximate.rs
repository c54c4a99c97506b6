//! `--approximate`.

use clap::Args;
use lam_search::retrieval::Method;

/// How items are found.
#[derive(Debug, Clone, Copy, Args)]
pub struct ApproximateArgs {
    /// Search along the graph of `lam index build`, with a walk of width EF: more finds more and takes longer
    #[arg(
        long,
        value_name = "EF",
        num_args = 0..=1,
        default_missing_value = "64",
        value_parser = clap::value_parser!(u32).range(1..=100_000)
    )]
    approximate: Option<u32>,
}

impl ApproximateArgs {
    /// The method asked for.
    pub fn method(self) -> Method {
        match self.approximate {
            None => Method::Exact,
            Some(ef) => Method::Approximate { ef: ef as usize },
        }
    }
}
