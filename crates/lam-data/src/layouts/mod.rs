//! How data sets lie on disk: one file a layout. Each lists the images of a folder; none opens an image.

mod cars196;
mod cub200;
mod dag;
mod files;
mod folder;
mod lfw;
mod listing;
mod msls;
mod place_pictures;
mod small_images;
mod table;

pub use cars196::list_cars196;
pub use cub200::list_cub200;
pub use dag::{DAG_ENVIRONMENTS, list_dag};
pub use folder::{SplitFraction, list_folder};
pub use lfw::list_lfw;
pub use listing::{ListedImage, Listing};
pub use msls::{MSLS_TEST, MSLS_TRAIN, MSLS_VALIDATION, list_msls};
pub use place_pictures::{PlacePicture, PlacePictures};
pub use small_images::{SmallImages, read_cifar10, read_svhn};
pub use table::{Roles, TableListing, list_table};

pub(crate) use files::pictures_below;
