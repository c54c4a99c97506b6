use lam_search::retrieval::Verdict;
use lam_search::store::ItemId;

/// An item that was found, with all that a caller shows of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// Its place in the view that was searched: [`View::item`](lam_search::store::View::item) has the rest. None where a
    /// database was searched.
    pub slot: Option<u32>,
    /// Its name.
    pub id: ItemId,
    /// Its class.
    pub label: Option<u32>,
    /// Name of the class.
    pub class: Option<String>,
    /// What was stored with it.
    pub metadata: String,
    /// Distance between the mean directions, 0 to 2.
    pub distance: f64,
    /// Root of the expected squared distance, where that was the ranking.
    pub expected: Option<f64>,
    /// Its uncertainty.
    pub uncertainty: Option<f64>,
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Items, nearest first.
    pub found: Vec<Found>,
    /// Uncertainty of the query.
    pub uncertainty: Option<f64>,
    /// Share of the model's samples whose nearest item has the label of the first one found, 0 to 1; none where the
    /// model does not sample or that item has no label.
    pub agreement: Option<f64>,
    /// Probability that the first item is of the query's class, from the agreement and from how often answers with
    /// such an agreement were right; none without a [`Calibration`](crate::Calibration).
    pub confidence: Option<f64>,
    /// Whether the query is of a kind that the index does not hold; none where that was not asked
    /// ([`Novelty`](crate::Novelty)) or the query has no uncertainty.
    pub novel: Option<bool>,
    /// Whether to rely on it.
    pub verdict: Verdict,
}
