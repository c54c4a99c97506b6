//! How much of the truth an approximate search finds.

use crate::retrieval::{Method, Queries, SearchOptions};
use crate::store::{StoreError, View};

/// Recall of the approximate search at one width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// Width of the walk, ef.
    pub ef: usize,
    /// Share of the k nearest that were found, 0 to 1.
    pub recall: f64,
}

impl View {
    /// Recall@k of the approximate search against the exact one, for every width in `efs`. An item as near
    /// as the k-th nearest counts as one of them, whichever of several equally near it is.
    ///
    /// # Errors
    /// There are no queries, nothing can be found, or the search fails.
    pub fn measure_recall(
        &self,
        queries: &Queries<'_>,
        k: usize,
        efs: &[usize],
    ) -> Result<Vec<Recall>, StoreError> {
        let exact = self.search(queries, &SearchOptions::exact(k))?;
        // The distance of the last of the nearest, and how many there are.
        let truth: Vec<(f64, usize)> = exact
            .iter()
            .filter_map(|answer| {
                answer
                    .hits
                    .last()
                    .map(|hit| (hit.distance, answer.hits.len()))
            })
            .collect();
        let relevant: usize = truth.iter().map(|(_, count)| count).sum();
        if relevant == 0 || truth.len() != exact.len() {
            return Err(StoreError::wrong(
                "recall needs at least one query and one item",
            ));
        }
        efs.iter()
            .map(|&ef| {
                let options = SearchOptions {
                    method: Method::Approximate { ef },
                    ..SearchOptions::exact(k)
                };
                let answers = self.search(queries, &options)?;
                let found: usize = answers
                    .iter()
                    .zip(&truth)
                    .map(|(answer, (farthest, _))| {
                        let hits = answer.hits.iter();
                        hits.filter(|hit| hit.distance <= *farthest).count()
                    })
                    .sum();
                Ok(Recall {
                    ef,
                    recall: found as f64 / relevant as f64,
                })
            })
            .collect()
    }
}
