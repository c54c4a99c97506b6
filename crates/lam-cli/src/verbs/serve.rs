//! `lam serve`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use lam_data::SearchPath;
use lam_retrieve::{Encoder, IndexModel, RetrieveOptions};
use lam_search::Ranking;
use lam_search::store::Writer;
use lam_serve::{Limits, ServeOptions, Service, Token};

use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{
    ApproximateArgs, IndexPictures, Model, ModelArgs, NoveltyArgs, RiskArgs, SourceArgs,
};

const EXAMPLES: &str = "\
Examples:
  lam serve runs/shop/seed-1 shop.index                   then open the address that it prints
  lam serve shop.index --risk 0.05 --approximate          with the run that the index remembers
  LAM_TOKEN=... lam serve shop.index --address 0.0.0.0 --port 80

  curl --data-binary @query.jpg -H 'Content-Type: image/jpeg' 'http://127.0.0.1:8080/search?k=5'

The page at / takes a picture and shows its neighbours. /openapi.json describes every route, /metrics is for
Prometheus. Items that are added are on the disk when the answer comes. Other machines are served with a token
only, from the environment variable LAM_TOKEN, which callers send as Authorization: Bearer. Pictures of items
are shown where their folder was indexed, or is named with --pictures.";

/// Serve an index over HTTP, with a page to look at it
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct ServeArgs {
    /// The index; before it the run, where the index does not say which
    #[arg(value_name = "[RUN] INDEX", required = true, num_args = 1..=2)]
    words: Vec<PathBuf>,

    /// Listen on this address
    #[arg(long, value_name = "IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    address: IpAddr,

    /// Listen on this port; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 8080)]
    port: u16,

    /// Neighbours of a query that does not say how many
    #[arg(short, value_name = "K", default_value_t = 10)]
    k: usize,

    /// Rank by the expected distance under both spreads, where a query does not say otherwise
    #[arg(long)]
    expected: bool,

    #[command(flatten)]
    risk: RiskArgs,

    #[command(flatten)]
    novelty: NoveltyArgs,

    #[command(flatten)]
    approximate: ApproximateArgs,

    /// Show pictures of items from this folder too; can be repeated
    #[arg(long, value_name = "DIR")]
    pictures: Vec<PathBuf>,

    /// Requests answered at a time
    #[arg(long, value_name = "N", default_value_t = Limits::default().concurrency)]
    concurrency: usize,

    /// Seconds until a request is given up
    #[arg(long, value_name = "S", default_value_t = Limits::default().timeout.as_secs())]
    timeout: u64,

    /// Bytes of a request
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().body_bytes)]
    max_body: usize,

    /// Pixels of a picture
    #[arg(long, value_name = "N", default_value_t = Limits::default().pixels)]
    max_pixels: u64,

    #[command(flatten)]
    model: ModelArgs,

    #[command(flatten)]
    source: SourceArgs,
}

pub fn run(args: &ServeArgs, printer: &Printer) -> Result<(), CliError> {
    let (run, index) = match args.words.as_slice() {
        [run, index] => (Some(run), index),
        [index] => (None, index),
        _ => return Err(CliError::Usage("an index is needed".to_owned())),
    };
    let options = options(args)?;
    let writer = Writer::open(index)?;
    let retriever = args.risk.retriever(index, printer)?;
    let retriever = args.novelty.retriever(retriever, &writer.view(), printer)?;
    let model = Model::of_index(index, &writer.view(), &args.model.or_run(run))?;
    let pictures = pictures(args, index, &model)?;
    let encoder = model.into_run().map(|run| run as Arc<dyn Encoder>);
    let items = writer.view().len();
    let service = Service::new(writer, encoder)?
        .with_retriever(retriever)?
        .with_pictures(Arc::new(pictures));
    lam_serve::run(service, options, |address| {
        // To standard output: scripts wait for it.
        let _ = printer.out(format!("http://{address}"));
        printer.note(format!(
            "{} with {items} items; end it with Ctrl-C",
            index.display()
        ));
    })?;
    printer.note("ended; everything acknowledged is on the disk");
    Ok(())
}

fn options(args: &ServeArgs) -> Result<ServeOptions, CliError> {
    let address = SocketAddr::new(args.address, args.port);
    let token = std::env::var("LAM_TOKEN")
        .ok()
        .filter(|token| !token.is_empty());
    let token = token.map(Token::new).transpose()?;
    let limits = Limits {
        concurrency: args.concurrency,
        timeout: Duration::from_secs(args.timeout),
        body_bytes: args.max_body,
        pixels: args.max_pixels,
        ..Limits::default()
    };
    let search = RetrieveOptions {
        k: args.k,
        method: args.approximate.method(),
        ranking: if args.expected {
            Ranking::Expected
        } else {
            Ranking::Distance
        },
    };
    Ok(ServeOptions::new(address, token)?
        .with_limits(limits)
        .with_search(search))
}

fn pictures(args: &ServeArgs, index: &Path, model: &Model) -> Result<IndexPictures, CliError> {
    let mut folders = IndexModel::load(index)?.unwrap_or_default().pictures;
    folders.extend(args.pictures.iter().cloned());
    let data_dir = model.run().and_then(|run| run.config().data_dir.clone());
    let search: SearchPath = args.source.search_path(data_dir.as_deref());
    Ok(IndexPictures::new(&folders, search))
}
