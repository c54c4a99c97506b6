//! JPEG, PNG and WebP into pictures.

mod fault;
mod format;
mod jpeg;
mod limits;
mod picture;
mod png;
mod read;
mod webp;

pub use fault::ImageFault;
pub use format::ImageFormat;
pub use limits::DecodeLimits;
pub use picture::Picture;
pub use read::decode;
