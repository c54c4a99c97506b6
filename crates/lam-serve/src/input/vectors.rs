//! Vectors of requests.

use std::fmt;
use std::marker::PhantomData;

use lam_retrieve::{Accepts, Embeddings, added_up};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::error::{Answered, Failure};
use crate::queue::{Encodings, OwnedInput};
use crate::state::State;

/// No request is read that has more rows, whatever the limits say: an empty one costs a sender two bytes, but a reader
/// more.
pub(crate) const MOST_ROWS: usize = 100_000;

/// A list of at most [`MOST_ROWS`].
pub(crate) fn limited<'de, D, T>(deserializer: D) -> Result<Option<Vec<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    deserializer.deserialize_seq(Limited(PhantomData)).map(Some)
}

struct Limited<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Limited<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::new();
        while let Some(next) = sequence.next_element()? {
            if all.len() == MOST_ROWS {
                return Err(A::Error::custom(format!(
                    "a list of more than {MOST_ROWS}: send several requests"
                )));
            }
            all.push(next);
        }
        Ok(all)
    }
}

/// What is said about a vector that is not to be embedded but is an embedding.
#[derive(Debug, Default)]
pub(crate) struct Given {
    /// Deviations, `[D]`.
    pub(crate) sigma: Option<Vec<f32>>,
    pub(crate) uncertainty: Option<f64>,
}

/// Embeds vectors, or takes them as mean directions where the model takes images or there is none. All of them come with
/// deviations or none does; `given` are as many as vectors.
pub(crate) async fn embed(
    state: &State,
    vectors: Vec<Vec<f32>>,
    given: Vec<Given>,
) -> Answered<Embeddings> {
    let most = state.options.limits.vectors;
    if vectors.is_empty() || vectors.len() > most {
        return Err(Failure::wrong(format!(
            "{} vectors: a request has 1 to {most}",
            vectors.len()
        )));
    }
    if let (Some(encodings), Some(Accepts::Vectors(length))) = (&state.encodings, state.accepts()) {
        let of = "the model takes";
        check(&vectors, length, of)?;
        if given
            .iter()
            .any(|g| g.sigma.is_some() || g.uncertainty.is_some())
        {
            return Err(Failure::wrong(
                "a vector with a sigma or an uncertainty: the model behind this server finds them itself",
            ));
        }
        let inputs = vectors.into_iter().map(OwnedInput::Vector);
        return encodings.embed(inputs.collect()).await;
    }
    let dim = state.store.view().spec().dim;
    check(&vectors, dim, "embeddings in this index have")?;
    let mut embeddings = Embeddings::of_directions(vectors.concat(), dim)?;
    let spreads = given.iter().filter(|given| given.sigma.is_some()).count();
    if spreads != 0 && spreads != given.len() {
        return Err(Failure::wrong(
            "some vectors have a sigma and some have none: give one for all or for none",
        ));
    }
    if spreads > 0 {
        let sigmas: Vec<Vec<f32>> = given.iter().filter_map(|g| g.sigma.clone()).collect();
        check_rows(&sigmas, dim, "sigma", "an index of this dimension takes")?;
        embeddings.sigmas = Some(sigmas.concat());
    }
    // As the model gives it; nothing is known of one that says another number.
    let adds_up = state.encodings.as_ref().is_none_or(Encodings::adds_up);
    let uncertainties = given.iter().map(|given| {
        let sum = |sigma: &Vec<f32>| added_up(sigma, dim).into_iter().sum();
        let known = given.sigma.as_ref().filter(|_| adds_up);
        given.uncertainty.or_else(|| known.map(sum))
    });
    let uncertainties: Vec<Option<f64>> = uncertainties.collect();
    if uncertainties.iter().any(Option::is_some) {
        let all: Option<Vec<f64>> = uncertainties.into_iter().collect();
        embeddings.uncertainties = Some(all.ok_or_else(|| {
            Failure::wrong(
                "some vectors have an uncertainty and some have none: give one for all or for none",
            )
        })?);
    }
    Ok(embeddings)
}

fn check(vectors: &[Vec<f32>], length: usize, expected: &str) -> Answered<()> {
    check_rows(vectors, length, "vector", expected)
}

fn check_rows(rows: &[Vec<f32>], length: usize, what: &str, expected: &str) -> Answered<()> {
    for (number, row) in rows.iter().enumerate() {
        if row.len() != length {
            return Err(Failure::wrong(format!(
                "{what} {number} has {} values, but {expected} {length}",
                row.len()
            )));
        }
        if let Some(column) = row.iter().position(|value| !value.is_finite()) {
            return Err(Failure::wrong(format!(
                "{what} {number} has {} at place {column}: values must be finite",
                row[column]
            )));
        }
    }
    Ok(())
}
