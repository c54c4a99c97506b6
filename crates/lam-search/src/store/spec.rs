//! What all items of an index have in common.

use super::{Fingerprint, Item, StoreError};

/// Fixed when an index is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Dimension of the embeddings, D.
    pub dim: usize,
    /// Whether every item has a deviation per dimension, `[D]`.
    pub spread: bool,
    /// The model that made the embeddings.
    pub fingerprint: Fingerprint,
}

/// Largest dimension: a record of the log must stay small enough to be held in memory.
pub(crate) const MAX_DIM: usize = 1 << 20;
/// How far the length of a mean may be from 1: what embeddings rounded to 16 bits keep to.
const UNIT_TOLERANCE: f64 = 1e-2;
/// A coordinate of a unit vector deviates by 1 at most; a caller's own measure may be larger, but not so
/// large that sums overflow.
pub(crate) const MAX_DEVIATION: f32 = 1e12;

impl Spec {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        if (1..=MAX_DIM).contains(&self.dim) {
            return Ok(());
        }
        Err(StoreError::wrong(format!(
            "an index has 1 to {MAX_DIM} dimensions, not {}",
            self.dim
        )))
    }

    /// Everything about an item that can be checked without the others.
    pub(crate) fn check_item(&self, item: &Item) -> Result<(), StoreError> {
        let whose = || format!("item {}", item.id);
        check_mean(&item.mean, self.dim, whose)?;
        match &item.sigma {
            None if self.spread => return Err(StoreError::MissingSpread { whose: whose() }),
            Some(_) if !self.spread => return Err(StoreError::UnexpectedSpread { whose: whose() }),
            Some(sigma) => check_sigma(sigma, self.dim, whose)?,
            None => {}
        }
        if let Some(value) = item.uncertainty {
            check_uncertainty(value, whose)?;
        }
        match (item.label, &item.class) {
            (Some(label @ u32::MAX), _) => Err(StoreError::Label {
                whose: whose(),
                label,
            }),
            (None, Some(class)) => Err(StoreError::ClassWithoutLabel {
                whose: whose(),
                class: class.clone(),
            }),
            _ => Ok(()),
        }
    }
}

/// A finite unit vector of dimension `dim`.
pub(crate) fn check_mean(
    mean: &[f32],
    dim: usize,
    whose: impl Fn() -> String,
) -> Result<(), StoreError> {
    check_length("mean", mean, dim, &whose)?;
    if let Some(column) = mean.iter().position(|value| !value.is_finite()) {
        return Err(StoreError::NotFinite {
            whose: whose(),
            what: "mean",
            column,
            value: f64::from(mean[column]),
        });
    }
    let square: f64 = mean.iter().map(|&x| f64::from(x) * f64::from(x)).sum();
    let length = square.sqrt();
    if (length - 1.0).abs() > UNIT_TOLERANCE {
        return Err(StoreError::NotUnit {
            whose: whose(),
            length,
        });
    }
    Ok(())
}

/// Deviations `[dim]`.
pub(crate) fn check_sigma(
    sigma: &[f32],
    dim: usize,
    whose: impl Fn() -> String,
) -> Result<(), StoreError> {
    check_length("sigma", sigma, dim, &whose)?;
    // NaN is in no range.
    let fits = |value: &f32| (0.0..=MAX_DEVIATION).contains(value);
    match sigma.iter().position(|value| !fits(value)) {
        Some(column) => Err(StoreError::Deviation {
            whose: whose(),
            column,
            value: sigma[column],
            max: MAX_DEVIATION,
        }),
        None => Ok(()),
    }
}

pub(crate) fn check_uncertainty(value: f64, whose: impl Fn() -> String) -> Result<(), StoreError> {
    if value.is_finite() {
        return Ok(());
    }
    Err(StoreError::NotFinite {
        whose: whose(),
        what: "uncertainty",
        column: 0,
        value,
    })
}

fn check_length(
    what: &'static str,
    values: &[f32],
    dim: usize,
    whose: &impl Fn() -> String,
) -> Result<(), StoreError> {
    if values.len() == dim {
        return Ok(());
    }
    Err(StoreError::Dimension {
        whose: whose(),
        what,
        found: values.len(),
        dim,
    })
}
