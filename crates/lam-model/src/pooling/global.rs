//! Poolings of a whole map.

use burn::module::Module;
use burn::tensor::{Device, Tensor};

use super::{Gem, Gemmp, Mac, Rmac, Spoc};

/// Which [`GlobalPooling`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum GlobalKind {
    Mac,
    Spoc,
    Gem,
    Gemmp,
    Rmac,
}

/// A pooling of a whole map.
#[derive(Module, Debug)]
pub enum GlobalPooling {
    /// Maximum.
    Mac(Mac),
    /// Mean.
    Spoc(Spoc),
    /// Generalised mean.
    Gem(Gem),
    /// Generalised mean, an exponent for every channel.
    Gemmp(Gemmp),
    /// Regional maxima.
    Rmac(Rmac),
}

impl GlobalPooling {
    /// A pooling for `channels` (C) with its initial parameters.
    pub(super) fn init(kind: GlobalKind, channels: usize, device: &Device) -> Self {
        match kind {
            GlobalKind::Mac => Self::Mac(Mac::default()),
            GlobalKind::Spoc => Self::Spoc(Spoc::default()),
            GlobalKind::Gem => Self::Gem(Gem::init(device)),
            GlobalKind::Gemmp => Self::Gemmp(Gemmp::init(channels, device)),
            GlobalKind::Rmac => Self::Rmac(Rmac::default()),
        }
    }

    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Mac(pool) => pool.forward(map),
            Self::Spoc(pool) => pool.forward(map),
            Self::Gem(pool) => pool.forward(map),
            Self::Gemmp(pool) => pool.forward(map),
            Self::Rmac(pool) => pool.forward(map),
        }
    }
}
