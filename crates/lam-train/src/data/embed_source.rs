//! What is embedded and indexed: a data set, a folder, a table, a list of paths.

use std::fmt;
use std::path::{Path, PathBuf};

use lam_data::{Collection, DataError, LayoutError, Presentation, SearchPath, Split, find};

/// Names of the endings of pictures.
const PICTURES: [&str; 4] = ["jpg", "jpeg", "png", "webp"];

/// Pictures that somebody names on a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedSource {
    /// A data set known by name, and the part of it.
    Known(String, Split),
    /// All pictures below a folder.
    Folder(PathBuf),
    /// Pictures of a CSV table.
    Table(PathBuf),
    /// Pictures by their paths.
    Paths(Vec<String>),
}

impl EmbedSource {
    /// What a word means: an existing folder, picture or table, or else `NAME` or `NAME:SPLIT` of a data set; its test
    /// images unless the split says otherwise.
    ///
    /// # Errors
    /// [`DataError::UnknownDataset`], [`LayoutError::NoSuchFolder`] for a path at which nothing is, and
    /// [`DataError::InvalidArgument`] for a split that is none.
    pub fn parse(word: &str) -> Result<Self, DataError> {
        let path = Path::new(word);
        let ending = path.extension().and_then(|ending| ending.to_str());
        let is = |known: &str| ending.is_some_and(|ending| ending.eq_ignore_ascii_case(known));
        if path.is_dir() {
            return Ok(Self::Folder(path.into()));
        }
        if is("csv") {
            return Ok(Self::Table(path.into()));
        }
        if PICTURES.iter().any(|known| is(known)) {
            return Ok(Self::Paths(vec![word.to_owned()]));
        }
        let (name, split) = word.rsplit_once(':').unwrap_or((word, "test"));
        let is_path = path.components().count() > 1 || path.has_root();
        if is_path {
            return Err(LayoutError::NoSuchFolder {
                folder: path.into(),
                expected: "a folder of pictures, a picture, a CSV table, or the name of a data set",
            }
            .into());
        }
        let split = match split {
            "train" => Split::Train,
            "validation" => Split::Validation,
            "test" => Split::Test,
            other => {
                return Err(DataError::InvalidArgument {
                    argument: "split of a data set",
                    value: other.to_owned(),
                    expected: "train, test, or validation where there is one, as in fashionmnist:train",
                });
            }
        };
        Ok(Self::Known(find(name)?.name.to_owned(), split))
    }

    /// Opens it as a network wants to see it.
    ///
    /// # Errors
    /// Whatever is wrong with the files.
    pub fn open(
        &self,
        presentation: &Presentation,
        search: &SearchPath,
    ) -> Result<Collection, DataError> {
        match self {
            Self::Known(name, split) => {
                let images = find(name)?.open(search, *split)?;
                Ok(Collection::of_dataset(
                    presentation.adapted(images)?,
                    &format!("{name}/{split}"),
                ))
            }
            Self::Folder(root) => Collection::of_folder(root, presentation),
            Self::Table(file) => Collection::of_table(file, presentation),
            Self::Paths(paths) => Collection::of_paths(paths.clone(), presentation),
        }
    }
}

impl fmt::Display for EmbedSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name, split) => write!(f, "{name}:{split}"),
            Self::Folder(path) | Self::Table(path) => path.display().fmt(f),
            Self::Paths(paths) => match paths.as_slice() {
                [path] => path.fmt(f),
                paths => write!(f, "{} pictures", paths.len()),
            },
        }
    }
}
