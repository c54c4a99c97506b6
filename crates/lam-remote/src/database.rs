use lam_retrieve::Found;
use lam_search::store::{ItemView, Spec};

use crate::{Digest, RemoteError};

/// An item near a query.
#[derive(Debug, Clone, PartialEq)]
pub struct Nearest {
    /// The item, with its distance.
    pub found: Found,
    /// Its deviations, `[D]`, if they are stored.
    pub sigma: Option<Vec<f32>>,
}

/// Some of the keys of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct KeyPage {
    /// Keys in the database's order.
    pub(crate) keys: Vec<String>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// A table or collection of one database, and the connection to it. Every call may be repeated without
/// doing more than one does.
///
/// A *key* is what the database calls an item, see [`DatabaseKind::key`](crate::DatabaseKind::key).
pub(crate) trait VectorDatabase: Send {
    /// Table or collection and database, for messages.
    fn place(&self) -> String;

    /// Whether items like these can be held, by what is known without asking the server.
    ///
    /// # Errors
    /// [`RemoteError::Limit`], [`RemoteError::Usage`].
    fn check(&self, spec: &Spec, graph: bool) -> Result<(), RemoteError>;

    /// What the items there have in common; `None` if there is no such table or collection.
    ///
    /// # Errors
    /// [`RemoteError::Foreign`], and those of the connection.
    fn spec(&mut self) -> Result<Option<Spec>, RemoteError>;

    /// Makes the table or collection, unless another program was faster.
    ///
    /// # Errors
    /// Those of the connection.
    fn create(&mut self, spec: &Spec) -> Result<(), RemoteError>;

    /// Digests of those of the keys that are there, in any order. Items that this program did not write
    /// have none and are left out.
    ///
    /// # Errors
    /// Those of the connection.
    fn digests(&mut self, keys: &[String]) -> Result<Vec<(String, Digest)>, RemoteError>;

    /// Adds items or puts them in the place of those with their ids. Returns when they are stored.
    ///
    /// # Errors
    /// [`RemoteError::Item`], and those of the connection.
    fn upsert(&mut self, items: &[(ItemView<'_>, Digest)]) -> Result<(), RemoteError>;

    /// Removes items; keys that are not there are no error.
    ///
    /// # Errors
    /// Those of the connection.
    fn delete(&mut self, keys: &[String]) -> Result<(), RemoteError>;

    /// At most `limit` keys from `from` on, or from the first.
    ///
    /// # Errors
    /// Those of the connection.
    fn keys(&mut self, from: Option<&str>, limit: usize) -> Result<KeyPage, RemoteError>;

    /// Number of items.
    ///
    /// # Errors
    /// Those of the connection.
    fn count(&mut self) -> Result<u64, RemoteError>;

    /// Builds a graph for approximate search, if there is none yet.
    ///
    /// # Errors
    /// Those of the connection.
    fn build_graph(&mut self) -> Result<(), RemoteError>;

    /// The `k` items nearest to a unit vector `[D]`, nearest first.
    ///
    /// # Errors
    /// [`RemoteError::Unexpected`], and those of the connection.
    fn nearest(&mut self, mean: &[f32], k: usize) -> Result<Vec<Nearest>, RemoteError>;
}

/// By distance, as the numbers returned say it: databases order by their own rounding of the cosine.
pub(crate) fn sort_by_distance(nearest: &mut [Nearest]) {
    nearest.sort_by(|a, b| a.found.distance.total_cmp(&b.found.distance));
}
