//! Serves an index of embeddings without a model: `serve_vectors INDEX [--dim D] [--port P] [--ef EF]`. With `--dim` an index
//! that is missing is made; with `--ef` searches go along the graph.

use std::path::PathBuf;
use std::process::ExitCode;

use lam_retrieve::RetrieveOptions;
use lam_search::retrieval::Method;
use lam_search::store::{Fingerprint, Spec, StoreError, Writer};
use lam_serve::{ServeOptions, Service, run};

struct Arguments {
    index: PathBuf,
    dim: Option<usize>,
    port: u16,
    ef: Option<usize>,
}

fn arguments() -> Option<Arguments> {
    let mut given = std::env::args().skip(1);
    let mut arguments = Arguments {
        index: given.next()?.into(),
        dim: None,
        port: 8080,
        ef: None,
    };
    while let Some(name) = given.next() {
        let value = given.next()?;
        match name.as_str() {
            "--dim" => arguments.dim = Some(value.parse().ok()?),
            "--port" => arguments.port = value.parse().ok()?,
            "--ef" => arguments.ef = Some(value.parse().ok()?),
            _ => return None,
        }
    }
    Some(arguments)
}

fn open(arguments: &Arguments) -> Result<Writer, StoreError> {
    match (Writer::open(&arguments.index), arguments.dim) {
        (Err(StoreError::NotAnIndex { .. }), Some(dim)) => {
            let spec = Spec {
                dim,
                spread: false,
                fingerprint: Fingerprint([0; 32]),
            };
            Writer::create(&arguments.index, spec)
        }
        (opened, _) => opened,
    }
}

fn main() -> ExitCode {
    let Some(arguments) = arguments() else {
        eprintln!("usage: serve_vectors INDEX [--dim D] [--port P] [--ef EF]");
        return ExitCode::from(2);
    };
    let method = match arguments.ef {
        None => Method::Exact,
        Some(ef) => Method::Approximate { ef },
    };
    let options = ServeOptions::local(arguments.port).with_search(RetrieveOptions {
        method,
        ..RetrieveOptions::exact(10)
    });
    let served = open(&arguments)
        .map_err(|error| error.to_string())
        .and_then(|writer| Service::new(writer, None).map_err(|error| error.to_string()))
        .and_then(|service| {
            run(service, options, |address| println!("http://{address}"))
                .map_err(|error| error.to_string())
        });
    if let Err(error) = served {
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
