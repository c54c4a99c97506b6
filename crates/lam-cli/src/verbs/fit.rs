//! `lam fit`.

use std::path::PathBuf;

use clap::Args;
use lam_data::FilePart;
use lam_train::RunOptions;
use lam_train::config::{Choice, HeadInit, HessianApprox, Loss, Override, Posterior};
use lam_train::fit::{Fit, fit, tell_apart};
use lam_train::run::OpenMode;

use crate::command_line;
use crate::device_args::DeviceArgs;
use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::RunProgress;
use crate::results;

const EXAMPLES: &str = "\
Examples:
  lam fit features.npy labels.npy -o runs/clip
                                      train a linear head, fit the posterior around it
  lam fit features.npy labels.npy -o runs/clip --identity-head
                                      keep the embeddings as they are, only add uncertainty
  lam fit clip.parquet -o runs/clip   columns of lists of floats and of labels in one file
  lam fit a.npy b.npy a_labels.txt b_labels.txt -o runs/ab
                                      several files are shards of one data set
  lam fit b.npy b_labels.npy --head runs/a -o runs/b
                                      around the head of another run; `lam merge` adds such runs up

Files are .npy, .safetensors or .parquet; FILE:NAME names a tensor or column. Labels may be lines of
.txt or a column of .csv too. A fifth of each class is kept to test on, unless --test-features names
other files. The run folder is like that of `lam train`, and `lam eval` works on it. docs/embeddings.md
says more.";

/// Fit a posterior to vectors that others computed, such as embeddings of CLIP or DINO
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct FitArgs {
    /// Files of vectors [N, D], and files of their labels in the same order
    #[arg(required = true, value_name = "FILE")]
    files: Vec<FilePart>,

    /// The run folder
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,

    /// Test on these vectors instead of a part of the others; can be repeated
    #[arg(long, value_name = "FILE")]
    test_features: Vec<FilePart>,

    /// Labels of --test-features, where these do not hold them; can be repeated
    #[arg(long, value_name = "FILE", requires = "test_features")]
    test_labels: Vec<FilePart>,

    /// Take the vectors for embeddings, as they are: the head is the identity
    #[arg(long, conflicts_with_all = ["head", "latent_dim"])]
    identity_head: bool,

    /// Take the head of this run
    #[arg(long, value_name = "RUN", conflicts_with = "latent_dim")]
    head: Option<PathBuf>,

    /// Numbers in an embedding, where a head is trained
    #[arg(long, value_name = "D")]
    latent_dim: Option<usize>,

    /// The loss, and so the Hessian
    #[arg(long, value_parser = names::<Loss>())]
    loss: Option<Loss>,

    /// Terms of the Hessian that are kept
    #[arg(long, value_parser = names::<HessianApprox>())]
    hessian: Option<HessianApprox>,

    /// Which weights depend on each other
    #[arg(long, value_parser = names::<Posterior>())]
    posterior: Option<Posterior>,

    /// Prior precision of the weights, or auto: by the marginal likelihood
    #[arg(long, value_name = "X", value_parser = PriorPrecision::parse)]
    prior_prec: Option<PriorPrecision>,

    /// Passes that train a head
    #[arg(long, value_name = "N")]
    epochs: Option<usize>,

    /// Rows of a batch
    #[arg(long, value_name = "N")]
    batch_size: Option<usize>,

    /// Start of every random number
    #[arg(long, value_name = "N")]
    seed: Option<u64>,

    /// Leave the posterior as wide as it is, instead of fitting its temperature to held-out rows
    #[arg(long)]
    no_calibrate: bool,

    #[command(flatten)]
    device: DeviceArgs,

    /// Override a key of the configuration; can be repeated, later ones win
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,

    /// Go on with an interrupted fit
    #[arg(long, conflicts_with = "overwrite")]
    resume: bool,

    /// Replace the run that is in the folder
    #[arg(long)]
    overwrite: bool,
}

/// A number, or to be found.
#[derive(Debug, Clone, Copy)]
enum PriorPrecision {
    Fixed(f64),
    Auto,
}

impl PriorPrecision {
    fn parse(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            number => number
                .parse()
                .map(Self::Fixed)
                .map_err(|_| "expected a number or auto".to_owned()),
        }
    }
}

/// The names of a key's values.
fn names<T: Choice + Send + Sync>() -> impl clap::builder::TypedValueParser<Value = T> {
    use clap::builder::{PossibleValuesParser, TypedValueParser};
    PossibleValuesParser::new(T::ALL.iter().map(|&(_, name)| name))
        .try_map(|name| T::from_name(&name).ok_or("no such name"))
}

impl FitArgs {
    fn overrides(&self) -> Vec<Override> {
        let set = self.set.iter().cloned().map(Override::Set);
        let (fixed, auto) = match self.prior_prec {
            None => (None, None),
            Some(PriorPrecision::Fixed(value)) => (Some(value), None),
            Some(PriorPrecision::Auto) => (None, Some(true)),
        };
        let flags = [
            flag("--latent-dim", "latent_dim", self.latent_dim.map(Some)),
            flag("--loss", "loss", self.loss),
            flag("--hessian", "loss_approx", self.hessian),
            flag("--posterior", "posterior", self.posterior),
            flag("--prior-prec", "prior_prec", fixed),
            flag("--prior-prec", "optimize_prior_prec", auto),
            flag("--epochs", "epochs", self.epochs),
            flag("--batch-size", "batch_size", self.batch_size),
            flag("--seed", "seed", self.seed),
            self.device.overriding(),
        ];
        set.chain(flags.into_iter().flatten()).collect()
    }

    fn head(&self) -> HeadInit {
        match &self.head {
            _ if self.identity_head => HeadInit::Identity,
            // A bare word is a folder here, which a configuration would take for a misspelt one.
            Some(run) if run.components().count() < 2 => {
                HeadInit::Run(PathBuf::from(".").join(run))
            }
            Some(run) => HeadInit::Run(run.clone()),
            None => HeadInit::Random,
        }
    }

    fn options(&self) -> RunOptions {
        let name = self.out.file_name().unwrap_or_default();
        RunOptions {
            name: name.to_string_lossy().into_owned(),
            out: None,
            mode: match (self.resume, self.overwrite) {
                (true, _) => OpenMode::Resume,
                (_, true) => OpenMode::Overwrite,
                _ => OpenMode::New,
            },
            data_dirs: Vec::new(),
            command: command_line::quoted(std::env::args_os()),
            risk: None,
            calibrate: false,
            device: None,
        }
    }
}

fn flag<T: lam_train::config::ConfigValue>(
    flag: &str,
    key: &'static str,
    value: Option<T>,
) -> Option<Override> {
    value.map(|value| Override::flag(flag, key, &value))
}

pub fn run(args: &FitArgs, printer: &Printer) -> Result<(), CliError> {
    let (features, labels) = tell_apart(&args.files)?;
    if features.is_empty() {
        return Err(CliError::Usage(
            "no file of vectors was named, only labels: expected .npy, .safetensors or .parquet with floats [N, D]"
                .to_owned(),
        ));
    }
    let request = Fit {
        features,
        labels,
        test_features: args.test_features.clone(),
        test_labels: args.test_labels.clone(),
        head: args.head(),
        calibrate: !args.no_calibrate,
        overrides: args.overrides(),
    };
    let mut progress = RunProgress::new(printer);
    let outcome = fit(&request, &args.out, &args.options(), &mut progress);
    progress.finish();
    results::print(&outcome?, printer)
}
