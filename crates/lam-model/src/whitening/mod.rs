//! Linear whitening fitted to embeddings rather than trained by gradients: by principal components ([`pca()`]), or by pairs
//! of images that match ([`learned()`]). Either can be an encoder's head ([`Whitening::head`]).

mod fit;
mod learned;
mod pca;
mod projection;
mod symmetric;

pub use learned::learned;
pub use pca::pca;
pub use projection::Whitening;
