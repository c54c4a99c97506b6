//! What a search finds.

/// An item found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Hit {
    /// Its place in the view that was searched: [`View::item`](crate::store::View::item) has the rest.
    pub slot: u32,
    /// Squared distance between the means, 0 to 4.
    pub distance: f64,
    /// Expected squared distance, where that was the ranking.
    pub expected: Option<f64>,
    /// Scalar uncertainty of the item.
    pub uncertainty: Option<f64>,
    /// Class of the item.
    pub label: Option<u32>,
}

/// Whether the answer is to be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The query's uncertainty is at most the threshold.
    Accepted,
    /// The query's uncertainty is above the threshold: not sure.
    Abstained,
    /// The index holds no threshold, or the query came without an uncertainty.
    Undecided,
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Items found, nearest first by the ranking, equally near ones in the order of their slots.
    pub hits: Vec<Hit>,
    /// Scalar uncertainty of the query, as given.
    pub uncertainty: Option<f64>,
    /// What the threshold says to it.
    pub verdict: Verdict,
}

impl Verdict {
    pub(crate) fn of(uncertainty: Option<f64>, threshold: Option<f64>) -> Self {
        match (uncertainty, threshold) {
            (Some(uncertainty), Some(threshold)) if uncertainty <= threshold => Self::Accepted,
            (Some(_), Some(_)) => Self::Abstained,
            _ => Self::Undecided,
        }
    }
}
