//! The images of a run.

mod embed_source;
mod gallery;
mod items;
mod place_rule;
mod resident;
mod run_data;
mod source;

pub use embed_source::EmbedSource;
pub use gallery::Gallery;
pub use items::{Items, StepImages};
pub use resident::{ImageDevice, ResidentImages};
pub use run_data::{Queries, RunData};

pub(crate) use run_data::views;
pub(crate) use source::ImageSource;
