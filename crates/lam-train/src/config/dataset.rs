//! Names of data sets, their out-of-distribution partners and the defaults that depend on them.

use std::fmt;
use std::path::{Path, PathBuf};

use lam_data::FilePart;

use super::choice::choices;
use super::file_parts::names_vectors;
use super::value::Required;
use super::yaml::Node;
use super::{Allowed, Arch, ConfigValue, FileParts, HeadInit, TripletType, write_text};

/// The data set of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatasetChoice {
    /// One with a built-in layout.
    Known(DatasetName),
    /// Somebody's own images: a folder of classes or a CSV table.
    Own(PathBuf),
    /// Vectors that others computed.
    Features(FileParts),
}

/// Size of an embedding of vectors that others computed.
const LATENT_DIM_OF_FEATURES: usize = 128;
/// Vectors of a set that are evaluated: enough for figures of two digits.
const EVALUATED_FEATURES: usize = 2000;

impl DatasetChoice {
    /// Its name, if it has a built-in layout.
    pub fn known(&self) -> Option<DatasetName> {
        match self {
            Self::Known(name) => Some(*name),
            Self::Own(_) | Self::Features(_) => None,
        }
    }

    /// The data set its uncertainty is tested against, if there is a customary one.
    pub fn ood_partner(&self) -> Option<Self> {
        self.known()?.ood_partner().map(Self::Known)
    }

    /// Whether labels are coordinates and evaluation has queries and a database.
    pub fn is_place_recognition(&self) -> bool {
        self.known().is_some_and(DatasetName::is_place_recognition)
    }

    /// Whether training draws pairs of images that show the same.
    pub fn has_pairs(&self) -> bool {
        self.is_place_recognition() || self.known() == Some(DatasetName::Lfw)
    }

    /// Whether there are vectors instead of images, and so no network but a head.
    pub fn is_features(&self) -> bool {
        matches!(self, Self::Features(_))
    }

    /// Whether a file's name ends like that of a file of vectors.
    pub fn is_vector_file(file: &FilePart) -> bool {
        names_vectors(&file.to_string())
    }

    /// What an absent `latent_dim` means.
    pub(super) fn default_latent_dim(&self, arch: Arch, head: &HeadInit) -> Option<usize> {
        match (self, head) {
            (_, HeadInit::Identity) => None,
            (Self::Features(_), _) => Some(LATENT_DIM_OF_FEATURES),
            _ => arch.default_latent_dim(),
        }
    }

    /// What an absent `evaluate_at_most` means.
    pub(super) fn default_evaluate_at_most(&self) -> Option<usize> {
        self.is_features().then_some(EVALUATED_FEATURES)
    }

    /// What an absent `type_of_triplets` means.
    pub fn default_triplets(&self) -> TripletType {
        self.known()
            .map_or(TripletType::All, DatasetName::default_triplets)
    }
}

/// The name under which results are reported: of a folder or table, without what surrounds it.
impl fmt::Display for DatasetChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(name) => name.fmt(f),
            Self::Own(path) => {
                let name = if is_table(path) {
                    path.file_stem()
                } else {
                    path.file_name()
                };
                f.pad(&name.map_or_else(|| "images".into(), |name| name.to_string_lossy()))
            }
            Self::Features(files) => {
                let name = files.first().and_then(|part| part.file.file_stem());
                f.pad(&name.map_or_else(|| "features".into(), |name| name.to_string_lossy()))
            }
        }
    }
}

impl ConfigValue for DatasetChoice {
    fn describe(allowed: &Allowed) -> String {
        format!(
            "{}; or the path of a folder of classes or of a CSV table, with a / in it or .csv at its end; or files of vectors, with .npy, .safetensors or .parquet at their end",
            <DatasetName as ConfigValue>::describe(allowed)
        )
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        if let Node::List(items) = node {
            let files = FileParts::read(node, allowed)?;
            let all = items
                .iter()
                .all(|item| item.text().is_some_and(names_vectors));
            return if all && !files.is_empty() {
                Ok(Self::Features(files))
            } else {
                Err(None)
            };
        }
        if node.text().is_some_and(names_vectors) {
            return FileParts::read(node, allowed).map(Self::Features);
        }
        match DatasetName::read(node, allowed) {
            Ok(name) => Ok(Self::Known(name)),
            Err(nearest) => match PathBuf::read(node, allowed) {
                Ok(path) if is_path(&path) => Ok(Self::Own(path)),
                _ => Err(nearest),
            },
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Known(name) => name.write(),
            Self::Own(path) => write_text(&path.to_string_lossy()),
            Self::Features(files) => files.write(),
        }
    }
}

impl Required for DatasetChoice {
    fn stand_in() -> Self {
        Self::Known(DatasetName::stand_in())
    }
}

/// A bare word is a misspelt name, not a folder.
fn is_path(path: &Path) -> bool {
    is_table(path) || path.components().count() > 1 || path.has_root()
}

fn is_table(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("csv"))
}

choices! {
    /// A data set with a built-in layout.
    DatasetName, "data set":
    /// The sample shipped with the program: FashionMNIST, 6,000 training and 1,000 test images.
    Sample = "sample" ~ "demo" ~ "quickstart",
    /// The sample's partner: 1,000 MNIST digits.
    SampleMnist = "sample_mnist" ~ "sample_ood",
    /// MNIST.
    Mnist = "mnist",
    /// FashionMNIST.
    FashionMnist = "fashionmnist" ~ "fashion_mnist" ~ "fashion-mnist" ~ "fmnist",
    /// CIFAR-10.
    Cifar10 = "cifar10" ~ "cifar" ~ "cifar-10",
    /// SVHN.
    Svhn = "svhn",
    /// CUB-200-2011.
    Cub200 = "cub200" ~ "cub" ~ "cub_200_2011",
    /// Cars196.
    Cars196 = "cars196" ~ "cars" ~ "stanford_cars",
    /// Labelled Faces in the Wild.
    Lfw = "lfw" ~ "faces",
    /// Mapillary Street-Level Sequences (place recognition).
    Msls = "msls" ~ "mapillary",
    /// Aerial–street (place recognition).
    Dag = "dag" ~ "aerialstreet",
}

impl DatasetName {
    /// The data set its uncertainty is tested against, if there is a customary one.
    pub fn ood_partner(self) -> Option<Self> {
        match self {
            Self::Sample => Some(Self::SampleMnist),
            Self::FashionMnist => Some(Self::Mnist),
            Self::Mnist => Some(Self::FashionMnist),
            Self::Cifar10 => Some(Self::Svhn),
            Self::Cub200 => Some(Self::Cars196),
            Self::Lfw => Some(Self::Cub200),
            Self::SampleMnist | Self::Svhn | Self::Cars196 | Self::Msls | Self::Dag => None,
        }
    }

    /// Whether labels are coordinates and evaluation has queries and a database.
    pub fn is_place_recognition(self) -> bool {
        matches!(self, Self::Msls | Self::Dag)
    }

    /// What an absent `type_of_triplets` means: the released code falls back to `semihard` in place
    /// recognition, while in image retrieval a missing key leaves its miner unfiltered by kind (`all`).
    pub fn default_triplets(self) -> TripletType {
        if self.is_place_recognition() {
            TripletType::Semihard
        } else {
            TripletType::All
        }
    }
}
