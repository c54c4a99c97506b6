//! Weights that a run begins with and others trained.

use std::path::{Path, PathBuf};

use lam_data::{Fetcher, NamedFile, SearchPath};
use lam_model::weights::{self, WeightsFile};
use lam_model::{Encoder, ModelError};

use crate::TrainError;
use crate::config::{Config, Method, Pretrained};
use crate::observer::Observer;

/// Name of the folder, in the user's cache and on a mirror.
const KIND: &str = "weights";
/// No file that torchvision offers for these networks is as large.
const MAX_BYTES: u64 = 1 << 30;

/// What a configuration begins with, if it begins with weights that others trained: a run that takes its weights from
/// another one does not.
fn wanted(config: &Config) -> Option<&Pretrained> {
    let from_runs = matches!(
        config.model,
        Method::Pfe | Method::LaplacePosthoc | Method::DeepEnsemble
    );
    let drawn = config.pretrained == Pretrained::No;
    (!drawn && !from_runs && config.resume.is_none()).then_some(&config.pretrained)
}

/// Fetches what `config` begins with into the user's cache, unless it is there.
///
/// # Errors
/// What the download can run into; offline, with what to put where.
pub fn fetch(config: &Config, observer: &mut dyn Observer) -> Result<(), TrainError> {
    let Some(Pretrained::Torchvision) = wanted(config) else {
        return Ok(());
    };
    let (named, folder) = torchvision(config)?;
    if !named.is_at(&folder.join(named.name))? {
        observer.note(&format!(
            "fetching {} into {}",
            named.name,
            folder.display()
        ));
        Fetcher::new().fetch_named(&named, &folder, &|_: lam_data::FetchEvent<'_>| {})?;
    }
    Ok(())
}

/// `encoder` with the weights that `config` asks for, and a sentence about them; as it is where it asks for none.
///
/// # Errors
/// A file that is missing, damaged or of another network.
pub fn begin(config: &Config, encoder: Encoder) -> Result<(Encoder, Option<String>), TrainError> {
    let path = match wanted(config) {
        None | Some(Pretrained::No) => return Ok((encoder, None)),
        Some(Pretrained::File(path)) => path.clone(),
        Some(Pretrained::Torchvision) => {
            let (named, folder) = torchvision(config)?;
            folder.join(named.name)
        }
    };
    let (encoder, what) = load(encoder, &path)?;
    Ok((encoder, Some(what)))
}

/// `encoder` with the weights of a file that is none of our checkpoints, and a sentence about them.
///
/// # Errors
/// A file that is missing, damaged or of another network.
pub fn load(encoder: Encoder, path: &Path) -> Result<(Encoder, String), TrainError> {
    let file = WeightsFile::open(path).map_err(ModelError::from)?;
    let (encoder, taken) = weights::load(encoder, &file).map_err(ModelError::from)?;
    let what = match (taken.pool, taken.head) {
        (false, false) => "its backbone",
        (true, false) => "its backbone and pooling",
        (false, true) => "its backbone and head",
        (true, true) => "its backbone, pooling and head",
    };
    Ok((encoder, format!("begins with {} ({what})", path.display())))
}

fn torchvision(config: &Config) -> Result<(NamedFile, PathBuf), TrainError> {
    let arch = config.arch.to_string();
    let known = weights::known(&arch).ok_or_else(|| TrainError::NoWeights {
        what: format!("torchvision has no weights of '{arch}'"),
    })?;
    let cache = SearchPath::standard(&[], None).cache_folder(KIND);
    let folder = cache.ok_or_else(|| TrainError::NoWeights {
        what: format!(
            "no user cache to keep {} in: set XDG_CACHE_HOME or HOME",
            known.file
        ),
    })?;
    let named = NamedFile {
        kind: KIND,
        name: known.file,
        folder: known.folder(),
        sha256_prefix: known.sha256_prefix(),
        max_bytes: MAX_BYTES,
    };
    Ok((named, folder))
}
