//! A batch whose first half asks and whose second half answers.

use super::{PairRelation, Relation};

/// The first half of the batch are queries, the second half references (`split_query_database`): an anchor is a query,
/// its positives and negatives are references. Of an odd number, the references have one more.
#[derive(Debug, Clone, Copy)]
pub struct QueryDatabaseSplit<'a, R: ?Sized>(pub &'a R);

impl<R: PairRelation + ?Sized> PairRelation for QueryDatabaseSplit<'_, R> {
    fn batch(&self) -> usize {
        self.0.batch()
    }

    fn between(&self, anchor: usize, other: usize) -> Relation {
        let queries = self.0.batch() / 2;
        if anchor < queries && other >= queries {
            self.0.between(anchor, other)
        } else {
            Relation::Neither
        }
    }
}
