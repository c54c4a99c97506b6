//! The pairs of a batch, mined where its distances are: by the host's miner where they lie in its memory, else by tensor
//! operations on their device.

use burn::tensor::{Device, Tensor};
use lam_model::is_host;
use lam_model::miner::{PairCounts, PairMasks, PairRelation, TripletMiner};

use super::parts::host_values;
use super::report::Summary;
use super::targets::Targets;
use crate::TrainError;

/// A batch whose pairs can be mined, by one rule or by several.
#[expect(clippy::large_enum_variant, reason = "one exists per batch")]
pub(super) enum Minable<'a> {
    /// Row-major `[B, B]` in the host's memory.
    Host {
        distances: Vec<f32>,
        targets: Targets<'a>,
        device: Device,
    },
    /// `[B, B]` on another device.
    Device {
        distances: Tensor<2>,
        masks: PairMasks,
    },
}

/// Mined pairs, and what there is to say of them.
pub(super) struct Mined {
    pub(super) counts: PairCounts,
    pub(super) summary: Summary,
}

impl<'a> Minable<'a> {
    /// From the distances `[B, B]` of a batch; their gradient is not followed.
    pub(super) fn new(distances: Tensor<2>, targets: &Targets<'a>) -> Result<Self, TrainError> {
        let distances = distances.without_autodiff();
        let device = distances.device();
        Ok(if is_host(&device) {
            Self::Host {
                distances: host_values(distances)?,
                targets: *targets,
                device,
            }
        } else {
            Self::Device {
                masks: targets.masks(&device),
                distances,
            }
        })
    }

    /// The pairs that `miner` finds.
    pub(super) fn mine(&self, miner: TripletMiner) -> Mined {
        match self {
            Self::Host {
                distances,
                targets,
                device,
            } => {
                let pairs = miner.mine(distances, targets);
                Mined {
                    counts: pairs.to_device(device),
                    summary: Summary::of_pairs(&pairs, distances),
                }
            }
            Self::Device { distances, masks } => {
                let counts = miner.mine_tensors(distances.clone(), masks);
                Mined {
                    summary: Summary::of_counts(&counts, distances.clone()),
                    counts,
                }
            }
        }
    }
}
