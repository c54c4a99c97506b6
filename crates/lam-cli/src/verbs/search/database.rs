//! `lam search --from`.

use lam_remote::{Address, Collection, Nearest, Retry};
use lam_retrieve::{Answer, Embeddings, Rule};
use lam_search::retrieval::Verdict;

use super::{SearchArgs, Searched};
use crate::error::CliError;
use crate::printer::Printer;
use crate::retrieval::{Model, ModelArgs};

/// The expected distance is known of what a database finds; so many times as many are asked for, to be ranked by it.
const CANDIDATES: usize = 8;

/// A database that holds the items of an index. It has no model and no calibration: no agreement, no verdict.
pub(super) struct Database<'a> {
    collection: Collection<'a>,
    k: usize,
    expected: bool,
}

impl Database<'_> {
    pub(super) fn open(
        url: &str,
        table: &str,
        args: &SearchArgs,
        printer: &Printer,
    ) -> Result<Self, CliError> {
        let address = Address::parse(url, None)?;
        let collection = Collection::open(&address, table, Retry::patient())?;
        if args.expected && !collection.spec().spread {
            return Err(CliError::Usage(format!(
                "{table} holds no spread to rank by: search it without --expected"
            )));
        }
        printer.note(format!("{table} on {address}"));
        Ok(Self {
            collection,
            k: args.k,
            expected: args.expected,
        })
    }

    /// The run named, which must be the one that the items were embedded with; none where they are plain vectors.
    pub(super) fn model(&self, args: &ModelArgs) -> Result<Model, CliError> {
        Model::of_spec(self.collection.spec(), args)
    }
}

impl Searched for Database<'_> {
    fn answer(&mut self, queries: &Embeddings) -> Result<Vec<Answer>, CliError> {
        (0..queries.len())
            .map(|query| {
                let asked = if self.expected {
                    self.k.saturating_mul(CANDIDATES)
                } else {
                    self.k
                };
                let mut nearest = self.collection.nearest(queries.mean(query), asked)?;
                if self.expected {
                    rank_by_expected(&mut nearest, queries.sigma(query));
                    nearest.truncate(self.k);
                }
                Ok(Answer {
                    found: nearest.into_iter().map(|near| near.found).collect(),
                    uncertainty: queries.uncertainty(query),
                    agreement: None,
                    confidence: None,
                    novel: None,
                    verdict: Verdict::Undecided,
                })
            })
            .collect()
    }

    fn rule(&self) -> Option<&Rule> {
        None
    }
}

/// E|a − b|² = |μ_a − μ_b|² + Σ σ_a² + Σ σ_b².
fn rank_by_expected(nearest: &mut [Nearest], own: Option<&[f32]>) {
    let variance = |sigma: Option<&[f32]>| -> f64 {
        let squares = sigma.unwrap_or_default().iter();
        squares.map(|&sigma| f64::from(sigma).powi(2)).sum()
    };
    for near in nearest.iter_mut() {
        let squared = near.found.distance.powi(2) + variance(own) + variance(near.sigma.as_deref());
        near.found.expected = Some(squared.sqrt());
    }
    nearest.sort_by(|a, b| {
        let of = |near: &Nearest| near.found.expected.unwrap_or(f64::INFINITY);
        of(a).total_cmp(&of(b))
    });
}
