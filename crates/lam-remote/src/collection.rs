use lam_retrieve::{Embeddings, Found};
use lam_search::store::{Fingerprint, ItemView, Spec};

use crate::address::Place;
use crate::database::{KeyPage, VectorDatabase};
use crate::pgvector::{Pgvector, PostgresAddress};
use crate::qdrant::Qdrant;
use crate::{Address, DatabaseKind, Digest, Nearest, RemoteError, Retry};

/// The items of one index in a database: a table of PostgreSQL, or a collection of Qdrant.
pub struct Collection<'a> {
    database: Box<dyn VectorDatabase>,
    kind: DatabaseKind,
    spec: Spec,
    retry: Retry<'a>,
}

impl std::fmt::Debug for Collection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Collection({}, {:?})", self.database.place(), self.spec)
    }
}

impl<'a> Collection<'a> {
    /// Opens one that is there.
    ///
    /// # Errors
    /// [`RemoteError::Missing`], [`RemoteError::Foreign`], and those of the connection.
    pub fn open(address: &Address, name: &str, retry: Retry<'a>) -> Result<Self, RemoteError> {
        let mut database = connect(address, name)?;
        let spec = retry.brief().run(|| database.spec())?;
        let place = database.place();
        let spec = spec.ok_or(RemoteError::Missing { place })?;
        Ok(Self {
            database,
            kind: address.kind(),
            spec,
            retry,
        })
    }

    /// Opens one for items like these, and makes it where there is none. With `graph` it shall get a graph
    /// for approximate search, which is built once the items are there.
    ///
    /// # Errors
    /// [`RemoteError::OtherModel`], [`RemoteError::OtherDimension`], [`RemoteError::OtherSpread`] if it
    /// holds other items, [`RemoteError::Limit`] if it cannot hold them, and those of [`Collection::open`].
    pub fn ensure(
        address: &Address,
        name: &str,
        spec: &Spec,
        graph: bool,
        retry: Retry<'a>,
    ) -> Result<Self, RemoteError> {
        let mut database = connect(address, name)?;
        database.check(spec, graph)?;
        let mut there = retry.brief().run(|| database.spec())?;
        if there.is_none() {
            retry.run(|| database.create(spec))?;
            there = retry.run(|| database.spec())?;
        }
        let place = database.place();
        let Some(there) = there else {
            return Err(RemoteError::Missing { place });
        };
        let collection = Self {
            database,
            kind: address.kind(),
            spec: there,
            retry,
        };
        collection.check_dimension(spec.dim)?;
        collection.check_model(&spec.fingerprint)?;
        if there.spread != spec.spread {
            return Err(RemoteError::OtherSpread {
                place,
                there: there.spread,
            });
        }
        Ok(collection)
    }

    /// What its items have in common.
    pub fn spec(&self) -> &Spec {
        &self.spec
    }

    /// The model that made its embeddings.
    pub fn fingerprint(&self) -> Fingerprint {
        self.spec.fingerprint
    }

    /// Its name and its database, without passwords.
    pub fn place(&self) -> String {
        self.database.place()
    }

    /// Refuses embeddings of another model.
    ///
    /// # Errors
    /// [`RemoteError::OtherModel`].
    pub fn check_model(&self, model: &Fingerprint) -> Result<(), RemoteError> {
        if self.spec.fingerprint == *model {
            return Ok(());
        }
        Err(RemoteError::OtherModel {
            place: self.place(),
            there: self.spec.fingerprint,
            here: *model,
        })
    }

    fn check_dimension(&self, dim: usize) -> Result<(), RemoteError> {
        if self.spec.dim == dim {
            return Ok(());
        }
        Err(RemoteError::OtherDimension {
            place: self.place(),
            there: self.spec.dim,
            here: dim,
        })
    }

    /// Number of items.
    ///
    /// # Errors
    /// Those of the connection.
    pub fn count(&mut self) -> Result<u64, RemoteError> {
        self.retry.run(|| self.database.count())
    }

    /// The `k` items nearest to a unit vector `[D]`, nearest first, by the distance between directions, as
    /// an index has it. Where the database has a graph, it is used, and some may be missed.
    ///
    /// # Errors
    /// Another dimension, a value that is not finite, `k` of 0, and those of the connection.
    pub fn nearest(&mut self, mean: &[f32], k: usize) -> Result<Vec<Nearest>, RemoteError> {
        if k == 0 {
            return Err(RemoteError::Query(
                "0 nearest items are asked for: ask for at least 1".into(),
            ));
        }
        self.check_dimension(mean.len())?;
        if let Some(column) = mean.iter().position(|value| !value.is_finite()) {
            return Err(RemoteError::Query(format!(
                "the query has {} in dimension {column}: values must be finite",
                mean[column]
            )));
        }
        self.retry.run(|| self.database.nearest(mean, k))
    }

    /// The `k` items nearest to each query, in the order of the queries. Samples of queries are not looked
    /// at: a database has no votes.
    ///
    /// # Errors
    /// As [`Collection::nearest`].
    pub fn search(
        &mut self,
        queries: &Embeddings,
        k: usize,
    ) -> Result<Vec<Vec<Found>>, RemoteError> {
        self.check_dimension(queries.dim)?;
        (0..queries.len())
            .map(|query| {
                let nearest = self.nearest(queries.mean(query), k)?;
                Ok(nearest.into_iter().map(|near| near.found).collect())
            })
            .collect()
    }

    pub(crate) fn keys_of(&self, items: &[ItemView<'_>]) -> Vec<String> {
        items.iter().map(|item| self.kind.key(&item.id)).collect()
    }

    pub(crate) fn digests(
        &mut self,
        keys: &[String],
    ) -> Result<Vec<(String, Digest)>, RemoteError> {
        self.retry.run(|| self.database.digests(keys))
    }

    pub(crate) fn upsert(&mut self, items: &[(ItemView<'_>, Digest)]) -> Result<(), RemoteError> {
        self.retry.run(|| self.database.upsert(items))
    }

    pub(crate) fn delete(&mut self, keys: &[String]) -> Result<(), RemoteError> {
        self.retry.run(|| self.database.delete(keys))
    }

    pub(crate) fn keys(
        &mut self,
        from: Option<&str>,
        limit: usize,
    ) -> Result<KeyPage, RemoteError> {
        self.retry.run(|| self.database.keys(from, limit))
    }

    pub(crate) fn build_graph(&mut self) -> Result<(), RemoteError> {
        self.retry.run(|| self.database.build_graph())
    }
}

fn connect(address: &Address, name: &str) -> Result<Box<dyn VectorDatabase>, RemoteError> {
    Ok(match address.place() {
        Place::Pgvector(address) => Box::new(Pgvector::new(PostgresAddress::clone(address), name)?),
        Place::Qdrant(address) => Box::new(Qdrant::new(address.clone(), name)?),
    })
}
