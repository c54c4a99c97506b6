//! Embeddings of several requests as one, and apart again.

use std::ops::Range;

use lam_retrieve::{Embeddings, Samples};

/// What embeddings must agree in to be put together: size, deviations, uncertainties, samples per input.
pub(super) type Shape = (usize, bool, bool, Option<usize>);

pub(super) fn shape(embeddings: &Embeddings) -> Shape {
    (
        embeddings.dim,
        embeddings.sigmas.is_some(),
        embeddings.uncertainties.is_some(),
        embeddings.samples.as_ref().map(|s| s.per_input),
    )
}

/// Puts embeddings of one shape one behind the other.
pub(super) fn join<'a>(parts: impl IntoIterator<Item = &'a Embeddings>) -> Embeddings {
    let mut parts = parts.into_iter();
    let mut all = parts.next().cloned().unwrap_or_default();
    for part in parts {
        all.means.extend_from_slice(&part.means);
        extend(&mut all.sigmas, part.sigmas.as_deref());
        extend(&mut all.uncertainties, part.uncertainties.as_deref());
        if let (Some(samples), Some(more)) = (&mut all.samples, &part.samples) {
            samples.values.extend_from_slice(&more.values);
        }
    }
    all
}

fn extend<T: Copy>(all: &mut Option<Vec<T>>, more: Option<&[T]>) {
    if let (Some(all), Some(more)) = (all, more) {
        all.extend_from_slice(more);
    }
}

/// Those of some of the inputs; none if there are not as many.
pub(super) fn cut(all: &Embeddings, inputs: Range<usize>) -> Option<Embeddings> {
    let dim = all.dim;
    let coordinates = inputs.start * dim..inputs.end * dim;
    Some(Embeddings {
        dim,
        means: all.means.get(coordinates.clone())?.to_vec(),
        sigmas: part(&all.sigmas, coordinates)?,
        uncertainties: part(&all.uncertainties, inputs.clone())?,
        samples: match &all.samples {
            None => None,
            Some(samples) => {
                let each = samples.per_input * dim;
                let values = samples.values.get(inputs.start * each..inputs.end * each)?;
                Some(Samples {
                    per_input: samples.per_input,
                    values: values.to_vec(),
                })
            }
        },
    })
}

fn part<T: Clone>(all: &Option<Vec<T>>, range: Range<usize>) -> Option<Option<Vec<T>>> {
    match all {
        None => Some(None),
        Some(all) => Some(Some(all.get(range)?.to_vec())),
    }
}
