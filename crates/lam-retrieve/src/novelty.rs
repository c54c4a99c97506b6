use lam_search::retrieval::Verdict;
use lam_search::store::View;

use crate::RetrieveError;

/// When a query is taken for one of a kind that the index does not hold: where it is more uncertain than nearly all items.
///
/// A query of the items' kind has any rank among their uncertainties with the same probability, so that it is taken for an
/// unknown one with a probability of at most `share` (split conformal prediction; Vovk, Gammerman and Shafer 2005). That holds
/// for items that the model was not trained on: those that it was are surer than further ones of their kind.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Novelty {
    /// Share of the queries of a known kind that may be taken for unknown ones.
    pub share: f64,
    /// The largest uncertainty of a known kind.
    pub threshold: f64,
    /// Items that say so.
    pub items: usize,
}

impl Novelty {
    /// By the uncertainties of an index's items.
    ///
    /// # Errors
    /// [`RetrieveError::Share`] for a share that is not between 0 and 1, [`RetrieveError::FewItems`] where the index has too few
    /// items for it, [`RetrieveError::NoUncertainty`] where they have none.
    pub fn of_items(view: &View, share: f64) -> Result<Self, RetrieveError> {
        let uncertainties = view.items().filter_map(|item| item.uncertainty);
        let uncertainties: Vec<f64> = uncertainties.collect();
        if uncertainties.is_empty() && !view.is_empty() {
            return Err(RetrieveError::NoUncertainty);
        }
        Self::of_uncertainties(uncertainties, share)
    }

    /// By the uncertainties of things of known kinds.
    ///
    /// # Errors
    /// As [`of_items`](Self::of_items).
    pub fn of_uncertainties(
        mut uncertainties: Vec<f64>,
        share: f64,
    ) -> Result<Self, RetrieveError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(RetrieveError::Share(share));
        }
        let items = uncertainties.len();
        // Among the items and the query itself at most `share` have a higher rank.
        let rank = ((1.0 - share) * (items as f64 + 1.0)).ceil() as usize;
        let Some(at) = rank.checked_sub(1).filter(|&at| at < items) else {
            let fewest = (share.recip() - 1.0).ceil() as usize;
            return Err(RetrieveError::FewItems {
                share,
                items,
                fewest,
            });
        };
        let (_, threshold, _) = uncertainties.select_nth_unstable_by(at, f64::total_cmp);
        Ok(Self {
            share,
            threshold: *threshold,
            items,
        })
    }

    /// Whether a query of this uncertainty is of an unknown kind.
    pub fn is_novel(&self, uncertainty: f64) -> bool {
        uncertainty > self.threshold
    }

    /// `verdict` on an answer in the light of the query being `novel` or not: not sure if it is, as it was if it is not. Where
    /// nothing else decides (`alone`), that is enough to accept it.
    pub(crate) fn verdict(novel: Option<bool>, verdict: Verdict, alone: bool) -> Verdict {
        match (novel, verdict) {
            (Some(true), _) | (_, Verdict::Abstained) => Verdict::Abstained,
            (Some(false), Verdict::Undecided) if alone => Verdict::Accepted,
            (Some(false), verdict) => verdict,
            (None, _) => Verdict::Undecided,
        }
    }
}
