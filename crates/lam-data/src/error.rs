use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::{ImageFault, ImageShape, LayoutError, LookedIn, Split, UnreadableImage, VectorsError};

/// Whatever can be wrong with data. Every message names the file, what was expected, and what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// The operating system refused to read or write.
    #[error("{}: {action} failed: {source}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// What was tried, for instance "reading".
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Something is wrong with the folder of a data set, or with a list of its images.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// Something is wrong with a file of vectors, labels or embeddings.
    #[error(transparent)]
    Vectors(#[from] VectorsError),
    /// An IDX file does not begin with two zero bytes.
    #[error(
        "{}: not an IDX file: it begins with {found:#010x}, expected {expected:#010x}; \
         check that this is the right file and that its download was complete",
        file.display()
    )]
    WrongMagic {
        /// The file.
        file: PathBuf,
        /// Its first four bytes.
        found: u32,
        /// What they should be.
        expected: u32,
    },
    /// An IDX file holds something else than unsigned bytes.
    #[error(
        "{}: an IDX file of type {found:#04x}, expected 0x08 (unsigned bytes); convert its values to bytes",
        file.display()
    )]
    WrongType {
        /// The file.
        file: PathBuf,
        /// Its type code.
        found: u8,
    },
    /// An IDX file has the wrong number of dimensions.
    #[error(
        "{}: an IDX file with {found} dimension(s), expected {expected} (images have 3, labels 1); \
         are the image file and the label file exchanged?",
        file.display()
    )]
    WrongRank {
        /// The file.
        file: PathBuf,
        /// Its number of dimensions.
        found: usize,
        /// The right number.
        expected: usize,
    },
    /// Images of another size than the data set's.
    #[error("{}: images of {found}, expected {expected} (channels×height×width); use the data set's own file", file.display())]
    WrongShape {
        /// The file.
        file: PathBuf,
        /// Its image shape.
        found: ImageShape,
        /// The data set's.
        expected: ImageShape,
    },
    /// The header promises more than is ever read.
    #[error(
        "{}: the header promises {dims:?} values, more than the {limit} bytes that are read at most; \
         the file is damaged or not meant for this",
        file.display()
    )]
    TooLarge {
        /// The file.
        file: PathBuf,
        /// The promised dimensions.
        dims: Vec<u32>,
        /// The limit in bytes.
        limit: u64,
    },
    /// The file ends inside the header.
    #[error("{}: the file ends within its header; download it again", file.display())]
    TruncatedHeader {
        /// The file.
        file: PathBuf,
    },
    /// The file ends before the promised values.
    #[error(
        "{}: the file is cut off: its header promises {expected} values, {}; download it again",
        file.display(),
        match found { Some(found) => format!("{found} could be read"), None => "more than a file of its size can hold".to_owned() }
    )]
    Truncated {
        /// The file.
        file: PathBuf,
        /// Number of values that the header promises.
        expected: u64,
        /// Number of values read; `None` if the file was too short to try.
        found: Option<u64>,
    },
    /// Values go on after the promised ones.
    #[error(
        "{}: more values than the {expected} that the header promises; the file is damaged, download it again",
        file.display()
    )]
    TrailingBytes {
        /// The file.
        file: PathBuf,
        /// Number of values that the header promises.
        expected: u64,
    },
    /// Something follows the gzip stream.
    #[error("{}: bytes follow the end of the gzip stream; the file is damaged, download it again", file.display())]
    TrailingGarbage {
        /// The file.
        file: PathBuf,
    },
    /// The gzip stream is damaged.
    #[error("{}: the gzip stream is damaged ({source}); download it again", file.display())]
    CorruptGzip {
        /// The file.
        file: PathBuf,
        /// What the decoder says.
        source: io::Error,
    },
    /// As many labels as images are needed.
    #[error(
        "{} holds {images} images, but {} holds {labels} labels; take both files from the same source",
        images_file.display(),
        labels_file.display()
    )]
    CountMismatch {
        /// The image file.
        images_file: PathBuf,
        /// Its number of images.
        images: usize,
        /// The label file.
        labels_file: PathBuf,
        /// Its number of labels.
        labels: usize,
    },
    /// A label that names no class.
    #[error("{}: label {index} is {label}, expected less than {classes}, the number of classes", file.display())]
    LabelOutOfRange {
        /// The file.
        file: PathBuf,
        /// Position of the label.
        index: usize,
        /// The label.
        label: u32,
        /// Number of classes.
        classes: usize,
    },
    /// A class without an image.
    #[error("{}: class {class} ({name}) has no image; every class needs at least one", file.display())]
    EmptyClass {
        /// The file.
        file: PathBuf,
        /// The class.
        class: usize,
        /// Its name.
        name: String,
    },
    /// No image at all.
    #[error("{}: holds no image", file.display())]
    EmptySet {
        /// The file.
        file: PathBuf,
    },
    /// No data set of that name.
    #[error(
        "unknown data set '{name}'{}; known: {}",
        match nearest { Some(nearest) => format!(", did you mean '{nearest}'?"), None => String::new() },
        known.join(", ")
    )]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// The nearest known name, if one is near.
        nearest: Option<&'static str>,
        /// All known names.
        known: Vec<&'static str>,
    },
    /// A data set whose images have classes, not places.
    #[error("data set '{dataset}' is not one of places: its images have classes")]
    NoPlaces {
        /// The data set.
        dataset: &'static str,
    },
    /// The data set has no such part.
    #[error("data set '{dataset}' has no {split} images")]
    NoSuchSplit {
        /// The data set.
        dataset: &'static str,
        /// The part asked for.
        split: Split,
    },
    /// The files of a data set are nowhere along the search path.
    #[error("{0}")]
    FilesNotFound(Box<FilesNotFound>),
    /// One image cannot be used; the others may be well.
    #[error("{image}: {fault}")]
    UnreadableImage {
        /// Its file, or its place in one.
        image: String,
        /// Why.
        fault: ImageFault,
    },
    /// More images cannot be used than is tolerated.
    #[error(
        "{found} of the {total} images of data set '{dataset}' could not be read, more than the {tolerated} that are \
         skipped; replace or remove them:{}",
        list_unreadable(first, *found)
    )]
    TooManyUnreadable {
        /// The data set.
        dataset: String,
        /// Number of unreadable images so far.
        found: usize,
        /// Number of images.
        total: usize,
        /// Number that is tolerated.
        tolerated: usize,
        /// The first few.
        first: Vec<UnreadableImage>,
    },
    /// An index beyond the end.
    #[error("image {index} of data set '{dataset}' was asked for, which has {len}")]
    IndexOutOfRange {
        /// The data set.
        dataset: String,
        /// The index asked for.
        index: usize,
        /// Number of images.
        len: usize,
    },
    /// A buffer that does not hold one image.
    #[error("a buffer of {found} values was given for an image of {expected}")]
    WrongBuffer {
        /// Length of the buffer.
        found: usize,
        /// Number of values of an image.
        expected: usize,
    },
    /// An argument outside of its range.
    #[error("{argument}: {value} is not valid, expected {expected}")]
    InvalidArgument {
        /// What it is.
        argument: &'static str,
        /// Its value.
        value: String,
        /// What would be valid.
        expected: &'static str,
    },
    /// A coordinate that says nothing.
    #[error(
        "{field} of place {number} of the {set} is {value}, expected a finite number{}; correct or remove its row",
        if *field == "heading" { " of degrees" } else { " of metres within ±1e9" }
    )]
    NoPlace {
        /// Queries or references.
        set: &'static str,
        /// Position among them, from 0.
        number: usize,
        /// easting, northing or heading.
        field: &'static str,
        /// Its value.
        value: f64,
    },
    /// Headings count, but one is missing.
    #[error(
        "place {number} of the {set} has no heading, which positives of this data set must share; \
         complete its row or leave the headings out of account"
    )]
    NoHeading {
        /// Queries or references.
        set: &'static str,
        /// Position among them, from 0.
        number: usize,
    },
    /// Almost everything is near to everything.
    #[error(
        "more than {limit} of the pairs of {queries} queries and {references} references are nearer than {metres} m; \
         are the coordinates metres (UTM) and not degrees?"
    )]
    TooManyNear {
        /// The radius.
        metres: f64,
        /// Number of queries.
        queries: usize,
        /// Number of references.
        references: usize,
        /// Most pairs allowed.
        limit: usize,
    },
    /// The thread that reads ahead died.
    #[error("reading ahead in data set '{dataset}' ended unexpectedly: {message}")]
    ReaderDied {
        /// The data set.
        dataset: String,
        /// Its last words.
        message: String,
    },
    /// Nothing to download: the data set is compiled in.
    #[error("data set '{dataset}' is built in; there is nothing to fetch")]
    NothingToFetch {
        /// The data set.
        dataset: &'static str,
    },
    /// People fetch this one themselves.
    #[error(
        "data set '{dataset}' cannot be fetched by this program: get it from {homepage}, then {put}, or name its folder \
         with --data-dir"
    )]
    FetchByHand {
        /// The data set.
        dataset: &'static str,
        /// Where it is.
        homepage: &'static str,
        /// What to put where, for people.
        put: String,
    },
    /// A Parquet file without the columns of pictures and labels, or damaged.
    #[error("{}: {reason}; expected the columns `img` or `image` (with encoded pictures in `bytes`) and `label`", file.display())]
    WrongParquet {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process is downloading into the same folder.
    #[error("{}: another download into this folder is running; wait for it to end", folder.display())]
    FetchInProgress {
        /// The folder.
        folder: PathBuf,
    },
    /// No address delivered a file that belongs to no data set.
    #[error(
        "{file} could not be fetched:{}{advice}",
        mirrors.iter().map(|mirror| format!("\n  {}: {}", mirror.url, mirror.reason)).collect::<String>()
    )]
    FileNotFetched {
        /// The file.
        file: &'static str,
        /// What happened at each address.
        mirrors: Vec<FailedMirror>,
        /// What to do instead, for people.
        advice: String,
    },
    /// No mirror delivered a file.
    #[error(
        "{file} of data set '{dataset}' could not be fetched:{}{advice}",
        mirrors.iter().map(|mirror| format!("\n  {}: {}", mirror.url, mirror.reason)).collect::<String>()
    )]
    FetchFailed {
        /// The data set.
        dataset: &'static str,
        /// The file.
        file: &'static str,
        /// What happened at each mirror.
        mirrors: Vec<FailedMirror>,
        /// What to do instead, for people.
        advice: String,
    },
}

impl DataError {
    pub(crate) fn io(file: &Path, action: &'static str, source: io::Error) -> Self {
        Self::Io {
            file: file.into(),
            action,
            source,
        }
    }
}

fn list_unreadable(first: &[UnreadableImage], found: usize) -> String {
    let mut list: String = first
        .iter()
        .map(|unreadable| format!("\n  {}: {}", unreadable.image, unreadable.reason))
        .collect();
    if found > first.len() {
        list.push_str(&format!("\n  and {} more", found - first.len()));
    }
    list
}

/// A mirror that did not deliver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedMirror {
    /// Address of the file.
    pub url: String,
    /// What happened.
    pub reason: String,
}

/// Where the files of a data set were looked for, and how to get them.
#[derive(Debug)]
pub struct FilesNotFound {
    /// The data set.
    pub dataset: &'static str,
    /// The part looked for.
    pub split: Split,
    /// The folders looked in.
    pub looked_in: Vec<LookedIn>,
    /// Folders below each of them.
    pub layouts: Vec<&'static str>,
    /// Names of the files.
    pub expected: Vec<String>,
    /// Debian package that has them.
    pub package: Option<&'static str>,
    /// Whether `lam data fetch` can get them.
    pub can_fetch: bool,
    /// Where people get them.
    pub homepage: Option<&'static str>,
}

impl fmt::Display for FilesNotFound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "the {} files of data set '{}' were not found",
            self.split, self.dataset
        )?;
        writeln!(
            f,
            "expected, as they are or unpacked: {}",
            self.expected.join(", ")
        )?;
        let layouts: Vec<_> = self
            .layouts
            .iter()
            .map(|layout| if layout.is_empty() { "." } else { layout })
            .collect();
        writeln!(f, "looked in, and there in {}:", layouts.join(", "))?;
        for place in &self.looked_in {
            writeln!(
                f,
                "  {} ({}): {}",
                place.path.display(),
                place.origin,
                place.finding
            )?;
        }
        if self.looked_in.is_empty() {
            writeln!(f, "  (no folder was given)")?;
        }
        write!(f, "to get them: ")?;
        if self.can_fetch {
            write!(f, "`lam data fetch {}`, or ", self.dataset)?;
        }
        if let Some(package) = self.package {
            write!(f, "`apt install {package}`, or ")?;
        }
        if let Some(homepage) = self.homepage {
            write!(f, "take them from {homepage}, ")?;
        }
        write!(
            f,
            "put the files into one folder and name it with --data-dir"
        )
    }
}
