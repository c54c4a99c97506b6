//! What training of embeddings that are Gaussians minimises (method, section "Baselines").

mod mutual_likelihood;
mod prior_divergence;
mod soft_contrastive;

pub use mutual_likelihood::mutual_likelihood;
pub use prior_divergence::prior_divergence;
pub use soft_contrastive::SoftContrastive;
