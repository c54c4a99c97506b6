//! `lam data fetch`.

use std::path::PathBuf;

use clap::Args;
use lam_data::{DatasetEntry, Fetcher, SearchPath, Storage, find};

use crate::error::CliError;
use crate::printer::Printer;
use crate::progress::DownloadProgress;

const EXAMPLES: &str = "\
Examples:
  lam data fetch fashionmnist                     into the user's cache, where training finds it
  lam data fetch mnist --data-dir ~/data          into ~/data/mnist
  LAM_DATA_MIRROR=https://host/path lam data fetch mnist
                                                  from another mirror: https://host/path/mnist/FILE

Every file is checked against its published checksum; archives are unpacked. Running the command again goes on with a
partial download. For data sets that ask for consent it says where to get them and where to put them.";

/// Download a data set
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct FetchArgs {
    /// The data set, as named by `lam data list`
    name: String,

    /// Put its files into the data set's own folder below this one [default: the user's cache]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

pub fn run(args: &FetchArgs, printer: &Printer) -> Result<(), CliError> {
    let entry = find(&args.name)?;
    if let Storage::Embedded = entry.storage {
        return printer.out(format!("{} is built in: nothing to fetch", entry.name));
    }
    let folder = destination(args, entry)?;
    let progress = DownloadProgress::new(printer);
    let fetched = Fetcher::new().fetch(entry, &folder, &progress);
    progress.finish();
    fetched?;
    printer.out(format!("{} is in {}", entry.name, folder.display()))
}

/// Below a data folder each data set has its own, since several name their files alike.
fn destination(args: &FetchArgs, entry: &DatasetEntry) -> Result<PathBuf, CliError> {
    match &args.data_dir {
        Some(folder) => Ok(folder.join(entry.name)),
        None => SearchPath::standard(&[], None)
            .download_folder(entry)
            .ok_or(CliError::NoDownloadFolder),
    }
}
