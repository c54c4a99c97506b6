//! The poolings by name.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use rand_chacha::ChaCha12Rng;

use super::global::GlobalKind;
use super::{GlobalPooling, Regional};
use crate::ModelError;

/// One line per pooling: its name, what pools, and whether it does so region by region.
const POOLINGS: &[(&str, GlobalKind, bool)] = &[
    ("mac", GlobalKind::Mac, false),
    ("spoc", GlobalKind::Spoc, false),
    ("gem", GlobalKind::Gem, false),
    ("gemmp", GlobalKind::Gemmp, false),
    ("rmac", GlobalKind::Rmac, false),
    ("mac-r", GlobalKind::Mac, true),
    ("spoc-r", GlobalKind::Spoc, true),
    ("gem-r", GlobalKind::Gem, true),
    ("gemmp-r", GlobalKind::Gemmp, true),
];

/// What a [`Pooling`] is built from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolingConfig {
    kind: GlobalKind,
    regional: bool,
}

/// A pooling of feature maps.
#[derive(Module, Debug)]
pub enum Pooling {
    /// Of the whole map.
    Global(GlobalPooling),
    /// Region by region.
    Regional(Regional),
}

/// The pooling of that name in a configuration.
///
/// # Errors
/// [`ModelError::UnknownName`] names the poolings there are.
pub fn by_name(name: &str) -> Result<PoolingConfig, ModelError> {
    let found = POOLINGS.iter().find(|(known, ..)| *known == name);
    let &(_, kind, regional) = found.ok_or_else(|| ModelError::UnknownName {
        kind: "pooling",
        name: name.to_owned(),
        known: POOLINGS.iter().map(|&(known, ..)| known).collect(),
    })?;
    Ok(PoolingConfig { kind, regional })
}

impl Default for PoolingConfig {
    /// The generalised mean.
    fn default() -> Self {
        Self {
            kind: GlobalKind::Gem,
            regional: false,
        }
    }
}

impl PoolingConfig {
    /// A pooling for `channels` (C) with its initial parameters.
    pub fn init(self, channels: usize, rng: &mut ChaCha12Rng, device: &Device) -> Pooling {
        let global = GlobalPooling::init(self.kind, channels, device);
        if self.regional {
            Pooling::Regional(Regional::init(global, channels, rng, device))
        } else {
            Pooling::Global(global)
        }
    }
}

impl Pooling {
    /// # Shapes
    /// - `map`: `[B, C, H, W]`
    /// - output: `[B, C]`
    pub fn forward(&self, map: Tensor<4>) -> Tensor<2> {
        match self {
            Self::Global(pool) => pool.forward(map),
            Self::Regional(pool) => pool.forward(map),
        }
    }
}
