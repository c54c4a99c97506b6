//! Names of data sets, their out-of-distribution partners and the defaults that depend on them.

use super::TripletType;
use super::choice::choices;

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
