use lam_metrics::RiskScore;
use lam_search::Ranking;
use lam_search::retrieval::{Answer as Nearest, Method, SearchOptions, Verdict, Votes};
use lam_search::store::{Fingerprint, View};

use crate::{Answer, Calibration, Embeddings, Found, Novelty, RetrieveError, Rule};

/// What is asked of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrieveOptions {
    /// Items per query, at least 1.
    pub k: usize,
    /// Exactly, or by the graph.
    pub method: Method,
    /// By distance, or by expected distance.
    pub ranking: Ranking,
}

impl RetrieveOptions {
    /// The k nearest of all items.
    pub fn exact(k: usize) -> Self {
        Self {
            k,
            method: Method::Exact,
            ranking: Ranking::Distance,
        }
    }
}

/// Searches an index and says how sure it is. Cheap to copy parts of; searches need no lock.
#[derive(Debug, Clone, Default)]
pub struct Retriever {
    calibration: Option<Calibration>,
    rule: Option<Rule>,
    novelty: Option<Novelty>,
}

impl Retriever {
    /// With what is known of answers, and the rule by which they are accepted; without a rule the threshold that the
    /// index holds decides, if it holds one.
    pub fn new(calibration: Option<Calibration>, rule: Option<Rule>) -> Self {
        Self {
            calibration,
            rule,
            novelty: None,
        }
    }

    /// Not sure of any query that this takes for one of an unknown kind.
    pub fn with_novelty(self, novelty: Option<Novelty>) -> Self {
        Self { novelty, ..self }
    }

    /// By what queries are taken for ones of an unknown kind.
    pub fn novelty(&self) -> Option<&Novelty> {
        self.novelty.as_ref()
    }

    /// What is known of answers.
    pub fn calibration(&self) -> Option<&Calibration> {
        self.calibration.as_ref()
    }

    /// The rule by which answers are accepted.
    pub fn rule(&self) -> Option<&Rule> {
        self.rule.as_ref()
    }

    /// Whether an index and a model belong together, by their fingerprints.
    ///
    /// # Errors
    /// [`RetrieveError::OtherModel`] if not.
    pub fn check_model(index: Fingerprint, model: Fingerprint) -> Result<(), RetrieveError> {
        if index == model {
            return Ok(());
        }
        Err(RetrieveError::OtherModel { index, model })
    }

    /// Answers every query, in order.
    ///
    /// # Errors
    /// What the search can run into: another dimension, `k` of 0, a ranking that the index stores no spread for.
    pub fn answer(
        &self,
        view: &View,
        queries: &Embeddings,
        options: &RetrieveOptions,
    ) -> Result<Vec<Answer>, RetrieveError> {
        let measured = Measured::take(view, queries, options)?;
        let answers = measured.nearest.iter().enumerate();
        Ok(answers
            .map(|(query, nearest)| {
                let agreement = measured.agreement(query);
                let confidence = self
                    .calibration
                    .as_ref()
                    .and_then(|known| known.confidence(agreement));
                let verdict = match &self.rule {
                    None => nearest.verdict,
                    Some(rule) => {
                        let score = measured.score(view, queries, query, rule.score);
                        score.map_or(Verdict::Undecided, |score| rule.verdict(score))
                    }
                };
                let novel = self
                    .novelty
                    .as_ref()
                    .and_then(|novelty| Some(novelty.is_novel(nearest.uncertainty?)));
                let verdict = match self.novelty {
                    None => verdict,
                    Some(_) => Novelty::verdict(novel, verdict, self.rule.is_none()),
                };
                Answer {
                    found: nearest
                        .hits
                        .iter()
                        .filter_map(|hit| found(view, hit))
                        .collect(),
                    uncertainty: nearest.uncertainty,
                    agreement,
                    confidence,
                    novel,
                    verdict,
                }
            })
            .collect())
    }
}

fn found(view: &View, hit: &lam_search::retrieval::Hit) -> Option<Found> {
    let item = view.item(hit.slot)?;
    Some(Found {
        slot: Some(hit.slot),
        id: item.id,
        label: hit.label,
        class: item.class.map(str::to_owned),
        metadata: item.metadata.to_owned(),
        distance: hit.distance.max(0.0).sqrt(),
        expected: hit.expected.map(|expected| expected.max(0.0).sqrt()),
        uncertainty: hit.uncertainty,
    })
}

/// Nearest items and votes.
pub(crate) struct Measured {
    pub(crate) nearest: Vec<Nearest>,
    votes: Option<Vec<Votes>>,
}

impl Measured {
    pub(crate) fn take(
        view: &View,
        queries: &Embeddings,
        options: &RetrieveOptions,
    ) -> Result<Self, RetrieveError> {
        let search = SearchOptions {
            k: options.k,
            method: options.method,
            ranking: options.ranking,
        };
        let nearest = view.search(&queries.queries()?, &search)?;
        let votes = match &queries.samples {
            Some(samples) if !view.is_empty() && !queries.is_empty() => {
                Some(view.search_samples(&samples.values, samples.per_input, options.method)?)
            }
            _ => None,
        };
        Ok(Self { nearest, votes })
    }

    /// Label of the first item found.
    pub(crate) fn label(&self, query: usize) -> Option<u32> {
        self.nearest[query].hits.first()?.label
    }

    /// Share of the samples that vote for that label.
    pub(crate) fn agreement(&self, query: usize) -> Option<f64> {
        let votes = self.votes.as_ref()?;
        Some(votes[query].share(self.label(query)?))
    }

    /// An uncertainty of the answer; high is unsure.
    pub(crate) fn score(
        &self,
        view: &View,
        queries: &Embeddings,
        query: usize,
        score: RiskScore,
    ) -> Option<f64> {
        let first = self.nearest[query].hits.first()?;
        match score {
            RiskScore::Uncertainty => {
                let item = view.item(first.slot)?;
                let pairs = queries.sigma(query)?.iter().zip(item.sigma?);
                let sum: f64 = pairs.map(|(&a, &b)| f64::from(a) + f64::from(b)).sum();
                Some(sum / queries.dim as f64)
            }
            RiskScore::Confidence => self.agreement(query).map(|agreement| 1.0 - agreement),
            RiskScore::Distance => Some(first.distance.max(0.0).sqrt()),
        }
    }
}
