//! Items that are searched together.

use std::sync::{Arc, OnceLock};

use super::columns::{Columns, OwnedColumns};
use super::snapshot::Snapshot;
use crate::panels::Panels;
use crate::product::{Norms, ProductIndex};
use crate::{Rows, total_variance};

#[derive(Debug)]
enum Source {
    Mapped(Snapshot),
    Owned(OwnedColumns),
}

/// Items that do not change, with what the exact search packs of them on its first use.
#[derive(Debug)]
pub(crate) struct Block {
    source: Source,
    panels: OnceLock<Arc<Panels>>,
    norms: OnceLock<Arc<Norms>>,
    spreads: OnceLock<Vec<f64>>,
    norms_with_spread: OnceLock<Arc<Norms>>,
}

impl Block {
    pub(crate) fn mapped(snapshot: Snapshot) -> Self {
        Self::new(Source::Mapped(snapshot))
    }

    pub(crate) fn owned(columns: OwnedColumns) -> Self {
        Self::new(Source::Owned(columns))
    }

    fn new(source: Source) -> Self {
        Self {
            source,
            panels: OnceLock::new(),
            norms: OnceLock::new(),
            spreads: OnceLock::new(),
            norms_with_spread: OnceLock::new(),
        }
    }

    pub(crate) fn columns(&self) -> Columns<'_> {
        match &self.source {
            Source::Mapped(snapshot) => snapshot.columns(),
            Source::Owned(columns) => columns.columns(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.columns().len()
    }

    /// The means, `[N, D]`.
    pub(crate) fn rows(&self) -> Rows<'_> {
        let columns = self.columns();
        Rows::checked(columns.means, columns.dim)
    }

    /// `Σ_d σ_d²` of every item, `[N]`; empty without a spread.
    pub(crate) fn spreads(&self) -> &[f64] {
        self.spreads.get_or_init(|| {
            let columns = self.columns();
            columns
                .sigmas
                .chunks_exact(columns.dim)
                .map(total_variance)
                .collect()
        })
    }

    /// The items ranked by squared distance, or by the expected one.
    pub(crate) fn product(&self, expected: bool) -> ProductIndex<'_> {
        let rows = self.rows();
        let terms = expected.then(|| self.spreads());
        let panels = self
            .panels
            .get_or_init(|| Arc::new(Panels::pack(rows.len(), rows.dim(), |i| rows.row(i))));
        let norms = if expected {
            &self.norms_with_spread
        } else {
            &self.norms
        };
        let norms = norms.get_or_init(|| Arc::new(Norms::new(rows, terms)));
        ProductIndex::of_parts(rows, terms, panels.clone(), norms.clone())
    }
}
