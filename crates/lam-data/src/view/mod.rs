//! How a photograph of any size becomes an image of one size.

mod framing;
mod kind;
mod random_resized_crop;
mod views;

pub use framing::Framing;
pub use kind::View;
pub use random_resized_crop::RandomResizedCrop;
pub use views::Views;
