//! One door to both engines.

use crate::kd_tree::KdTree;
use crate::product::{ProductIndex, Skip};
use crate::{Neighbour, Rows, SearchError};

/// How neighbours are found. The result is the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Engine {
    /// Whichever was measured to be faster for the dimension and the number of rows.
    #[default]
    Auto,
    /// A k-d tree; at most [`Index::MAX_TREE_DIM`] dimensions.
    Tree,
    /// A blocked matrix product.
    Product,
}

/// As the largest squared length of a row: their sum fits into `f32`.
const LARGEST_TERM: f64 = 1e36;

/// Rows prepared for the search of neighbours among them.
///
/// Holds a regrouped copy of the rows and borrows the original: memory is about twice that of the rows,
/// plus, per thread, a few MiB while it searches.
#[derive(Debug)]
pub struct Index<'a> {
    rows: Rows<'a>,
    prepared: Prepared<'a>,
}

#[derive(Debug)]
enum Prepared<'a> {
    Tree1(KdTree<'a, 1>),
    Tree2(KdTree<'a, 2>),
    Tree3(KdTree<'a, 3>),
    Tree4(KdTree<'a, 4>),
    Tree5(KdTree<'a, 5>),
    Tree6(KdTree<'a, 6>),
    Tree7(KdTree<'a, 7>),
    Tree8(KdTree<'a, 8>),
    Product(ProductIndex<'a>),
}

/// Calls the same method of whichever tree it is, or the other expression for the product.
macro_rules! either {
    ($prepared:expr, $tree:ident => $on_tree:expr, $product:ident => $on_product:expr) => {
        match $prepared {
            Prepared::Tree1($tree) => $on_tree,
            Prepared::Tree2($tree) => $on_tree,
            Prepared::Tree3($tree) => $on_tree,
            Prepared::Tree4($tree) => $on_tree,
            Prepared::Tree5($tree) => $on_tree,
            Prepared::Tree6($tree) => $on_tree,
            Prepared::Tree7($tree) => $on_tree,
            Prepared::Tree8($tree) => $on_tree,
            Prepared::Product($product) => $on_product,
        }
    };
}

impl<'a> Index<'a> {
    /// Largest dimension of the k-d tree.
    pub const MAX_TREE_DIM: usize = 8;

    /// Prepares `rows` for the engine that suits them.
    pub fn new(rows: Rows<'a>) -> Self {
        let prepared = if tree_is_faster(rows.dim(), rows.len()) {
            tree(rows)
        } else {
            None
        };
        Self {
            rows,
            prepared: prepared.unwrap_or_else(|| Prepared::Product(ProductIndex::new(rows, None))),
        }
    }

    /// Prepares `rows` for the engine named.
    ///
    /// # Errors
    /// [`SearchError::TreeDimension`] if a tree was asked for and the dimension is above
    /// [`Index::MAX_TREE_DIM`].
    pub fn with_engine(rows: Rows<'a>, engine: Engine) -> Result<Self, SearchError> {
        let prepared = match engine {
            Engine::Auto => return Ok(Self::new(rows)),
            Engine::Product => Prepared::Product(ProductIndex::new(rows, None)),
            Engine::Tree => tree(rows).ok_or(SearchError::TreeDimension {
                dim: rows.dim(),
                max: Self::MAX_TREE_DIM,
            })?,
        };
        Ok(Self { rows, prepared })
    }

    /// Prepares `rows` with a term each, `[N]`, that is added to every squared distance to the row:
    /// neighbours are ranked by the sum, which is what [`Neighbour::distance`] then holds. With
    /// `Σ_d σ_d²` as the term of a row it is the expected squared distance to a random vector of that mean
    /// and those deviations. Always the matrix product, where the term costs nothing.
    ///
    /// # Errors
    /// The number of terms is not that of the rows, or a term is negative, not finite or above 1e36.
    pub fn with_terms(rows: Rows<'a>, terms: &'a [f64]) -> Result<Self, SearchError> {
        if terms.len() != rows.len() {
            return Err(SearchError::TermCount {
                terms: terms.len(),
                rows: rows.len(),
            });
        }
        let fits = |term: &f64| (0.0..=LARGEST_TERM).contains(term);
        if let Some(row) = terms.iter().position(|term| !fits(term)) {
            return Err(SearchError::Term {
                row,
                value: terms[row],
            });
        }
        Ok(Self {
            rows,
            prepared: Prepared::Product(ProductIndex::new(rows, Some(terms))),
        })
    }

    /// With terms as [`Index::with_terms`], without as [`Index::new`].
    ///
    /// # Errors
    /// As [`Index::with_terms`].
    pub fn ranked(rows: Rows<'a>, terms: Option<&'a [f64]>) -> Result<Self, SearchError> {
        match terms {
            None => Ok(Self::new(rows)),
            Some(terms) => Self::with_terms(rows, terms),
        }
    }

    /// The indexed rows.
    pub fn rows(&self) -> Rows<'a> {
        self.rows
    }

    /// The engine in use: [`Engine::Tree`] or [`Engine::Product`].
    pub fn engine(&self) -> Engine {
        match self.prepared {
            Prepared::Product(_) => Engine::Product,
            _ => Engine::Tree,
        }
    }

    /// The `k` nearest rows of every query `[Q, D]`, nearest first, equal distances by the lower row
    /// number; all rows if there are fewer than `k`.
    ///
    /// `visit(query, neighbours)` is called once for every query, by several threads and in no
    /// particular order; its results are returned in the order of the queries. Only what it returns
    /// is kept.
    ///
    /// # Errors
    /// `k` is 0, or the dimension is not that of the rows.
    pub fn map<R: Send>(
        &self,
        queries: Rows<'_>,
        k: usize,
        visit: impl Fn(usize, &[Neighbour]) -> R + Sync,
    ) -> Result<Vec<R>, SearchError> {
        if queries.dim() != self.rows.dim() {
            return Err(SearchError::DimensionMismatch {
                queries: queries.dim(),
                database: self.rows.dim(),
            });
        }
        let k = self.at_most(k, self.rows.len())?;
        Ok(either!(&self.prepared,
            tree => tree.map(queries, k, &visit),
            product => product.map(queries, Skip::Nothing, k, &visit)))
    }

    /// As [`Index::map`] with the rows themselves as queries: each row's neighbours are the other rows.
    /// Only the row itself is left out; another row with the same coordinates is a neighbour.
    ///
    /// # Errors
    /// `k` is 0.
    pub fn map_rows<R: Send>(
        &self,
        k: usize,
        visit: impl Fn(usize, &[Neighbour]) -> R + Sync,
    ) -> Result<Vec<R>, SearchError> {
        let k = self.at_most(k, self.rows.len().saturating_sub(1))?;
        Ok(either!(&self.prepared,
            tree => tree.map_rows(k, &visit),
            product => product.map(self.rows, Skip::Itself, k, &visit)))
    }

    /// `k` cut to what there is, but at least 1, so that candidates always have a k-th.
    fn at_most(&self, k: usize, available: usize) -> Result<usize, SearchError> {
        if k == 0 {
            return Err(SearchError::ZeroNeighbours);
        }
        Ok(k.min(available).max(1))
    }
}

fn tree(rows: Rows<'_>) -> Option<Prepared<'_>> {
    Some(match rows.dim() {
        1 => Prepared::Tree1(KdTree::new(rows)),
        2 => Prepared::Tree2(KdTree::new(rows)),
        3 => Prepared::Tree3(KdTree::new(rows)),
        4 => Prepared::Tree4(KdTree::new(rows)),
        5 => Prepared::Tree5(KdTree::new(rows)),
        6 => Prepared::Tree6(KdTree::new(rows)),
        7 => Prepared::Tree7(KdTree::new(rows)),
        8 => Prepared::Tree8(KdTree::new(rows)),
        _ => return None,
    })
}

/// Measured with `cargo bench -p lam-search` on two AVX-512 cores, rows uniform on the sphere (the
/// worst case for a tree). For the nearest neighbour of each of 10,000 rows, tree against product: 2.3
/// and 6 ms in 3 dimensions, 8.6 and 16 in 6, 18 and 19 in 7, 23 and 16 in 8; of 100,000 rows in 8
/// dimensions, 0.6 and 1.3 s.
fn tree_is_faster(dim: usize, rows: usize) -> bool {
    dim <= 6 || (dim <= 8 && rows > 20_000)
}
