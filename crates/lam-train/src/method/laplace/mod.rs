//! The Laplacian metric learner: a Gaussian over the head's weights.

mod hessian;
mod online;
mod posterior;
mod posthoc;
mod predictor;

pub(super) use online::LaplaceOnline;
pub(crate) use posterior::TEMPERATURE;
pub(super) use posthoc::LaplacePosthoc;
