//! Turns any supported source into labelled images and batches.
//!
//! - [`Dataset`]: length, labels, and the i-th image as `[C, H, W]` in \[0, 1\]; [`Subset`] is a choice
//!   of its images, [`held_out_split`] makes one, stratified by class.
//! - [`Collection`]: pictures from anywhere with a name each, shown to a network as its [`Presentation`] says.
//! - [`PhotoDataset`]: photographs decoded when they are asked for, shown as [`Views`] say.
//! - [`registry`]: the data sets known by name. A new one is one file under `datasets/` and one line
//!   in `registry.rs`.
//! - [`SearchPath`]: where their files are looked for; [`report`] says what was found where.
//! - [`Fetcher`]: downloads them, checked and resumable.
//! - [`places`]: for place recognition, who stands near whom, and which reference accompanies a query in training.
//! - [`open_vectors`], [`FeatureSet`]: vectors that others computed, from NumPy, safetensors and Parquet;
//!   [`EmbeddingWriter`] and [`read_embeddings`] for files of embeddings in the same formats.
//! - [`Loader`]: shuffled, prefetched batches; the order depends on nothing but seed and epoch.
//!
//! ```
//! use lam_data::{Loader, SearchPath, Split, find};
//!
//! # fn main() -> Result<(), lam_data::DataError> {
//! let test = find("sample")?.open(&SearchPath::none(), Split::Test)?;
//! let loader = Loader::builder(test).batch_size(256).shuffle(1, 0).build()?;
//! for batch in loader {
//!     let batch = batch?;
//!     assert_eq!(batch.images.len(), batch.labels.len() * batch.shape.numel());
//! }
//! # Ok(())
//! # }
//! ```

mod adapted;
mod augment;
mod check;
mod checksum;
mod collection;
mod dataset;
mod datasets;
mod decode;
mod download;
mod error;
mod features;
mod fetch;
mod formats;
mod held_out;
mod idx;
mod idx_pair;
mod layout_error;
mod layouts;
mod loader;
mod locate;
mod memory;
mod normalise;
mod own_images;
mod pairs;
mod parquet;
mod permutation;
mod photo;
mod photo_dataset;
mod place_dataset;
pub mod places;
mod presentation;
mod registry;
mod remote;
mod report;
mod resample;
mod search_path;
mod shape;
mod source;
mod split;
mod subset;
mod unpack;
mod unreadable;
mod vectors;
mod view;

pub use adapted::Adapted;
pub use augment::Augmentation;
pub use check::{Checked, CheckedClass, ImageCheck, Thumbnail, check_images};
pub use checksum::Checksum;
pub use collection::Collection;
pub use dataset::Dataset;
pub use decode::{DecodeLimits, ImageFault, ImageFormat, Picture, decode};
pub use error::{DataError, FailedMirror, FilesNotFound};
pub use features::Features;
pub use fetch::{FetchEvent, Fetcher, MIRROR_VARIABLE, NamedFile, Progress, fetch};
pub use formats::{CifarBatch, MatArray, read_cifar_batch, read_cifar_pickle, read_mat5};
pub use held_out::{at_most, held_out_of, held_out_split};
pub use idx::{IdxArray, MAX_IDX_BYTES, read_idx};
pub use idx_pair::read_idx_pair;
pub use layout_error::LayoutError;
pub use layouts::{
    DAG_ENVIRONMENTS, ListedImage, Listing, MSLS_TEST, MSLS_TRAIN, MSLS_VALIDATION, PlacePicture,
    PlacePictures, Roles, SmallImages, SplitFraction, TableListing, list_cars196, list_cub200,
    list_dag, list_folder, list_lfw, list_msls, list_table, read_cifar10, read_svhn,
};
pub use loader::{Batch, Loader, LoaderBuilder};
pub use locate::{Located, LocatedTree, LookedIn, locate, locate_tree};
pub use memory::MemoryDataset;
pub use normalise::Normalise;
pub use own_images::OwnImages;
pub use pairs::Pairs;
pub use parquet::{EncodedImages, read_parquet_images};
pub use permutation::shuffled;
pub use photo::{Photo, PhotoSource};
pub use photo_dataset::PhotoDataset;
pub use place_dataset::PlaceDataset;
pub use presentation::Presentation;
pub use registry::{
    DatasetEntry, DebianPackage, FileSet, FileSpec, Photographs, Storage, Tree, TreeSet, find,
    registry,
};
pub use remote::{RemoteFile, Size, Unpack};
pub use report::{DatasetReport, Location, SplitReport, report};
pub use resample::{Filter, Region, resize};
pub use search_path::{DATA_DIR_VARIABLE, Origin, Root, SearchPath};
pub use shape::ImageShape;
pub use source::Source;
pub use split::Split;
pub use subset::Subset;
pub use unreadable::{Unreadable, UnreadableImage};
pub use vectors::{
    EmbeddingBatch, EmbeddingFormat, EmbeddingHeader, EmbeddingRows, EmbeddingWriter, Embeddings,
    FeatureSet, FeatureShard, FilePart, LabelColumn, Labels, Vectors, VectorsError, open_vectors,
    read_embeddings, read_ids, read_labels,
};
pub use view::{Framing, RandomResizedCrop, View, Views};
