//! Weight samples vote for a label by their nearest neighbours.

use lam_search::{Index, Rows};

use crate::error::check_length;
use crate::{Calibration, MetricError, ProperScores};

/// Collects one vote per image from each weight sample: the label of its nearest neighbour among the
/// other images, in the embedding of that sample.
///
/// Samples are given one at a time, so that all S embeddings never need to be held at once; kept are
/// the votes, four bytes per image and sample.
#[derive(Debug, Clone)]
pub struct NeighbourVotes<'a> {
    labels: &'a [u32],
    dim: usize,
    /// One vote per image, sample after sample.
    votes: Vec<Vec<u32>>,
}

impl<'a> NeighbourVotes<'a> {
    /// Votes about images with `labels` `[N]`, in embeddings of `dim` dimensions.
    ///
    /// # Errors
    /// There are fewer than two images.
    pub fn new(labels: &'a [u32], dim: usize) -> Result<Self, MetricError> {
        if labels.len() < 2 {
            return Err(MetricError::TooFewImages {
                images: labels.len(),
            });
        }
        Ok(Self {
            labels,
            dim,
            votes: Vec::new(),
        })
    }

    /// Adds the embeddings `[N, D]` of the same images under another weight sample.
    ///
    /// # Errors
    /// The number of rows is not N, or the values cannot be searched (NaN, say).
    pub fn add_sample(&mut self, embeddings: &[f32]) -> Result<(), MetricError> {
        let rows = Rows::new(embeddings, self.dim)?;
        check_length(
            "embeddings of a weight sample",
            self.labels.len(),
            rows.len(),
        )?;
        let votes = Index::new(rows).map_rows(1, |image, found| {
            // Of two images or more, each has a neighbour.
            let nearest = found
                .first()
                .map_or(image, |nearest| nearest.index as usize);
            self.labels[nearest]
        })?;
        self.votes.push(votes);
        Ok(())
    }

    /// Counts the votes.
    ///
    /// # Errors
    /// No sample was added.
    pub fn finish(self) -> Result<Votes, MetricError> {
        if self.votes.is_empty() {
            return Err(MetricError::NoSamples);
        }
        let samples = self.votes.len();
        let mut ballot = Vec::with_capacity(samples);
        let (predicted, confidence) = (0..self.labels.len())
            .map(|image| {
                ballot.clear();
                ballot.extend(self.votes.iter().map(|votes| votes[image]));
                ballot.sort_unstable();
                let (label, count) = mode(&ballot);
                (label, count as f64 / samples as f64)
            })
            .unzip();
        Ok(Votes {
            predicted,
            confidence,
            samples,
        })
    }
}

/// The most frequent of sorted labels, the lowest of several, and how often it occurs.
fn mode(sorted: &[u32]) -> (u32, usize) {
    sorted
        .chunk_by(|a, b| a == b)
        .fold((0, 0), |best, equal| match equal.first() {
            Some(&label) if equal.len() > best.1 => (label, equal.len()),
            _ => best,
        })
}

/// What the weight samples agree on.
#[derive(Debug, Clone, PartialEq)]
pub struct Votes {
    /// Label with the most votes for each image `[N]`; the lowest of several.
    pub predicted: Vec<u32>,
    /// Share of the samples that voted for it `[N]`.
    pub confidence: Vec<f64>,
    /// Number of samples, S.
    pub samples: usize,
}

impl Votes {
    /// How well the confidence says that the predicted label is the image's own (`labels`, `[N]`).
    ///
    /// # Errors
    /// The number of labels is not that of the images.
    pub fn calibration(&self, labels: &[u32]) -> Result<Calibration, MetricError> {
        Calibration::new(&self.confidence, &self.correct(labels)?)
    }

    /// Proper scores of the confidence that the predicted label is the image's own (`labels`, `[N]`).
    ///
    /// # Errors
    /// The number of labels is not that of the images.
    pub fn proper_scores(&self, labels: &[u32]) -> Result<ProperScores, MetricError> {
        ProperScores::of_votes(&self.confidence, &self.correct(labels)?, self.samples)
    }

    fn correct(&self, labels: &[u32]) -> Result<Vec<bool>, MetricError> {
        check_length("labels", self.predicted.len(), labels.len())?;
        let pairs = self.predicted.iter().zip(labels);
        Ok(pairs.map(|(predicted, label)| predicted == label).collect())
    }
}

/// The votes of all samples at once: `samples` is `[S, N, D]`, `labels` `[N]`.
///
/// # Errors
/// As [`NeighbourVotes`]; the slice is not a whole number of samples.
pub fn neighbour_votes(samples: &[f32], labels: &[u32], dim: usize) -> Result<Votes, MetricError> {
    let mut votes = NeighbourVotes::new(labels, dim)?;
    let length = labels.len().saturating_mul(dim);
    for sample in samples.chunks(length.max(1)) {
        votes.add_sample(sample)?;
    }
    votes.finish()
}
