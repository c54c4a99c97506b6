//! What a step tells the log.

use burn::tensor::Tensor;
use lam_model::miner::{MinedPairs, PairCounts};

use super::parts::{host_values, scalar};
use crate::TrainError;

/// What a step tells the log.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct StepReport {
    /// The loss.
    pub loss: f64,
    /// Triplets mined for the loss.
    pub triplets: u64,
    /// Mean distance of the mined positive pairs, each once per triplet.
    pub positive_distance: Option<f64>,
    /// Mean distance of the mined negative pairs, each once per triplet.
    pub negative_distance: Option<f64>,
}

impl StepReport {
    /// This report plus `share` of another: the mean over weight samples is the sum of `1/S` of each.
    fn plus(self, other: Self, share: f64) -> Self {
        let add = |a: Option<f64>, b: Option<f64>| match (a, b) {
            (Some(a), Some(b)) => Some(a + share * b),
            (None, b) => b.map(|b| share * b),
            (a, None) => a,
        };
        Self {
            loss: self.loss + share * other.loss,
            triplets: self.triplets + other.triplets,
            positive_distance: add(self.positive_distance, other.positive_distance),
            negative_distance: add(self.negative_distance, other.negative_distance),
        }
    }

    /// From the numbers of an unread report.
    fn from_values(values: &[f32]) -> Self {
        let value = |at: usize| f64::from(values.get(at).copied().unwrap_or(f32::NAN));
        let triplets = value(1);
        let distance = |at: usize| (triplets > 0.0).then(|| value(at));
        Self {
            loss: value(0),
            triplets: triplets as u64,
            positive_distance: distance(2),
            negative_distance: distance(3),
        }
    }
}

/// What there is to say of mined pairs.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "one exists per batch")]
pub(super) enum Summary {
    /// Number of triplets, mean distance of positives and of negatives.
    Read(u64, Option<(f64, f64)>),
    /// The same, `[3]`.
    Unread(Tensor<1>),
}

impl Summary {
    /// Of pairs in the host's memory and their distances `[B, B]`.
    pub(super) fn of_pairs(pairs: &MinedPairs, distances: &[f32]) -> Self {
        Self::Read(pairs.triplets, pairs.mean_distances(distances))
    }

    /// Of pairs on a device, without reading any; `distances` is `[B, B]`.
    pub(super) fn of_counts(counts: &PairCounts, distances: Tensor<2>) -> Self {
        let triplets = counts.triplets();
        let mean = |counts: &Tensor<2>| {
            (counts.clone() * distances.clone()).sum() / triplets.clone().clamp_min(1.0)
        };
        let (positive, negative) = (mean(&counts.positives), mean(&counts.negatives));
        Self::Unread(Tensor::cat(vec![triplets, positive, negative], 0))
    }

    /// With the loss (`[1]`) of the step.
    pub(super) fn with_loss(self, loss: &Tensor<1>) -> Result<Report, TrainError> {
        let loss = loss.clone().without_autodiff();
        Ok(match self {
            Self::Read(triplets, means) => Report::Read(StepReport {
                loss: f64::from(scalar(loss)?),
                triplets,
                positive_distance: means.map(|(positive, _)| positive),
                negative_distance: means.map(|(_, negative)| negative),
            }),
            Self::Unread(values) => {
                Report::Unread(UnreadReport(Tensor::cat(vec![loss, values], 0)))
            }
        })
    }
}

/// A step's report, read where that costs nothing. To read it from a device that works ahead of the program would be to
/// wait for it.
#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "few exist between two readings")]
pub enum Report {
    /// Known.
    Read(StepReport),
    /// Still where it was computed.
    Unread(UnreadReport),
}

/// Loss, number of triplets, mean distance of positives and of negatives, `[4]`.
#[derive(Debug, Clone)]
pub struct UnreadReport(Tensor<1>);

impl Report {
    /// The mean over the weight samples of one step, the number of triplets their sum.
    pub(super) fn mean(reports: Vec<Self>) -> Self {
        let share = 1.0 / reports.len().max(1) as f64;
        let (mut known, mut unread) = (StepReport::default(), Vec::new());
        for report in reports {
            match report {
                Self::Read(report) => known = known.plus(report, share),
                Self::Unread(UnreadReport(values)) => unread.push(values),
            }
        }
        match unread.as_slice() {
            [] => Self::Read(known),
            [only] => Self::Unread(UnreadReport(only.clone())),
            several => {
                let sum: Tensor<2> = Tensor::stack(several.to_vec(), 0);
                let sum = sum.sum_dim(0).squeeze_dim::<1>(0);
                let shares = [share as f32, 1.0, share as f32, share as f32];
                let shares = Tensor::from_floats(shares, &sum.device());
                Self::Unread(UnreadReport(sum * shares))
            }
        }
    }

    /// Whether it is known.
    pub fn is_read(&self) -> bool {
        matches!(self, Self::Read(_))
    }

    /// What the reports say, in order; those that are still on a device cross in one piece.
    ///
    /// # Errors
    /// [`TrainError::DeviceRead`].
    pub fn read(reports: Vec<Self>) -> Result<Vec<StepReport>, TrainError> {
        let unread = reports.iter().filter_map(|report| match report {
            Self::Read(_) => None,
            Self::Unread(UnreadReport(values)) => Some(values.clone()),
        });
        let unread: Vec<Tensor<1>> = unread.collect();
        let values = if unread.is_empty() {
            Vec::new()
        } else {
            host_values(Tensor::cat(unread, 0))?
        };
        let mut values = values.chunks_exact(4);
        let read = reports.into_iter().map(|report| match report {
            Self::Read(report) => report,
            Self::Unread(_) => StepReport::from_values(values.next().unwrap_or_default()),
        });
        Ok(read.collect())
    }
}
