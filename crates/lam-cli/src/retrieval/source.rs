//! What is named on the command line to be embedded: pictures, or vectors in a file.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use clap::Args;
use lam_data::{Collection, FilePart, Labels, SearchPath, read_embeddings, read_labels};
use lam_train::data::EmbedSource;

use super::Model;
use crate::error::CliError;

/// Endings of files of vectors.
const VECTORS: [&str; 3] = ["npy", "safetensors", "parquet"];

/// Where data sets are.
#[derive(Debug, Clone, Args)]
pub struct SourceArgs {
    /// Look for data sets in this folder first; can be repeated
    #[arg(long, value_name = "DIR")]
    data_dir: Vec<PathBuf>,

    /// Labels of a file of vectors that has none itself: .npy, .safetensors, .parquet, .csv, or .txt with one a line
    #[arg(long, value_name = "FILE")]
    labels: Option<FilePart>,
}

impl SourceArgs {
    /// Where data sets are looked for, in the folder that a configuration names too.
    pub fn search_path(&self, configured: Option<&Path>) -> SearchPath {
        SearchPath::standard(&self.data_dir, configured)
    }
}

/// Things with a name each, that can be embedded.
pub struct Source {
    /// What they are, for people.
    pub name: String,
    pub(super) content: Content,
    roots: Vec<PathBuf>,
}

pub(super) enum Content {
    Pictures(Collection),
    /// Features for a run of features, or embeddings that were computed before.
    Vectors(Box<lam_data::Embeddings>),
}

impl Source {
    /// Opens what a word names, `-` being paths of pictures on standard input.
    pub fn open(word: &str, args: &SourceArgs, model: &Model) -> Result<Self, CliError> {
        let path = Path::new(word);
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is = |known: &&str| ending.is_some_and(|ending| ending.eq_ignore_ascii_case(known));
        if VECTORS.iter().any(is) && !path.is_dir() {
            let mut vectors = read_embeddings(path)?;
            if let Some(file) = &args.labels {
                vectors.labels = Some(labels_of(&vectors, file)?);
            }
            return Ok(Self {
                name: word.to_owned(),
                content: Content::Vectors(Box::new(vectors)),
                roots: Vec::new(),
            });
        }
        let Some((run, presentation)) =
            model.run().and_then(|run| Some((run, run.presentation()?)))
        else {
            return Err(CliError::Usage(format!(
                "{word}: vectors are needed here, in a file .npy, .safetensors or .parquet"
            )));
        };
        let source = if word == "-" {
            EmbedSource::Paths(paths_from_input()?)
        } else {
            EmbedSource::parse(word)?
        };
        let search = args.search_path(run.config().data_dir.as_deref());
        Ok(Self {
            name: source.to_string(),
            content: Content::Pictures(source.open(presentation, &search)?),
            roots: roots_of(&source),
        })
    }

    /// Size of the vectors and whether they have a spread, if it is a file of vectors.
    pub fn vectors(&self) -> Option<(usize, bool)> {
        match &self.content {
            Content::Pictures(_) => None,
            Content::Vectors(vectors) => Some((vectors.dim(), vectors.sigma.is_some())),
        }
    }

    /// Folders that its pictures are in, absolute: none of data sets, whose pictures are shown by their names.
    pub fn roots(&self) -> Vec<PathBuf> {
        self.roots.clone()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Pictures(collection) => collection.len(),
            Content::Vectors(vectors) => vectors.rows(),
        }
    }

    /// Names, `[N]`.
    pub fn ids(&self) -> &[String] {
        match &self.content {
            Content::Pictures(collection) => collection.ids(),
            Content::Vectors(vectors) => &vectors.ids,
        }
    }

    /// Class of one, where it is known.
    pub fn class(&self, position: usize) -> Option<&str> {
        match &self.content {
            Content::Pictures(collection) => collection.classes()[position].as_deref(),
            Content::Vectors(vectors) => {
                let labels = vectors.labels.as_ref()?;
                let label = *labels.labels.get(position)? as usize;
                let name = labels.class_names.get(label)?;
                Some(name.as_str()).filter(|name| !name.is_empty())
            }
        }
    }

    /// Where one comes from: the absolute path of a picture's file, or a name.
    pub fn origin(&self, position: usize) -> String {
        match &self.content {
            Content::Pictures(collection) => collection.origin(position),
            Content::Vectors(vectors) => vectors.ids[position].clone(),
        }
    }
}

fn labels_of(vectors: &lam_data::Embeddings, file: &FilePart) -> Result<Labels, CliError> {
    let labels = read_labels(file)?;
    if labels.labels.len() == vectors.rows() {
        return Ok(labels);
    }
    Err(CliError::Usage(format!(
        "{file} has {} labels, but {} has {} vectors",
        labels.labels.len(),
        vectors.file.display(),
        vectors.rows()
    )))
}

fn paths_from_input() -> Result<Vec<String>, CliError> {
    let lines = io::stdin().lock().lines();
    let lines = lines.collect::<io::Result<Vec<String>>>();
    let lines = lines.map_err(CliError::Input)?;
    Ok(lines.into_iter().filter(|line| !line.is_empty()).collect())
}

/// Folders of pictures that somebody named on the command line, and with it allowed to be shown.
fn roots_of(source: &EmbedSource) -> Vec<PathBuf> {
    let parent = |path: &Path| path.parent().map(Path::to_owned);
    let folders: BTreeSet<PathBuf> = match source {
        EmbedSource::Known(..) => BTreeSet::new(),
        EmbedSource::Folder(folder) => [folder.clone()].into(),
        EmbedSource::Table(table) => parent(table).into_iter().collect(),
        EmbedSource::Paths(paths) => paths
            .iter()
            .filter_map(|path| parent(Path::new(path)))
            .collect(),
    };
    // The folder of a bare name is the empty path: this one.
    let folders = folders.iter().map(|folder| Path::new(".").join(folder));
    folders
        .filter_map(|folder| std::fs::canonicalize(folder).ok())
        .collect()
}
