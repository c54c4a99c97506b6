//! The command line's grammar; the arguments of each verb stand with the verb.

use clap::Parser;

use crate::verbs::Verb;

const EXAMPLES: &str = "\
Examples:
  lam train configs/quickstart.yaml         train on the built-in sample, evaluate, write a report
  lam eval runs/sample/quickstart/seed-1    repeat the evaluation of that run
  lam fit features.npy labels.npy -o runs/clip   a posterior on embeddings of another model
  lam index create my.index RUN photos/     embed a folder and keep it
  lam search my.index query.jpg             neighbours, and how sure they are
  lam serve RUN my.index                    the same over HTTP, with a page
  lam data list                             data sets, and where they were found
  lam config keys                           everything that a configuration can say

Exit status: 0 success, 1 the work failed, 2 wrong use or a wrong configuration.
Colours are off when NO_COLOR is set; piped output is plain text.";

/// Train and evaluate image retrieval that knows how uncertain it is (Laplacian metric learning).
#[derive(Debug, Parser)]
#[command(name = "lam", version, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    /// Print nothing but results and errors
    #[arg(short, long, global = true)]
    pub quiet: bool,

    #[command(subcommand)]
    pub verb: Verb,
}
