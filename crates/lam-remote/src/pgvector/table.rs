use lam_retrieve::Found;
use lam_search::squared_distance;
use lam_search::store::{Fingerprint, ItemView, Spec};
use pgvector::Vector;
use postgres::Row;
use postgres::error::SqlState;

use super::session::{Session, explain};
use super::{PostgresAddress, identifier, row_id};
use crate::database::{KeyPage, VectorDatabase, sort_by_distance};
use crate::{Digest, Nearest, RemoteError};

/// Dimensions of the type `vector`, and those that its graph takes.
const MOST_DIMENSIONS: usize = 16_000;
const MOST_IN_GRAPH: usize = 2_000;
/// The comment of a table says who made it, and from embeddings of which model.
const COMMENT: &str = "lam 1, embeddings of model ";
/// Most candidates that a search in the graph keeps, as pgvector limits it.
const MOST_CANDIDATES: usize = 1_000;

/// A table.
pub(crate) struct Pgvector {
    address: PostgresAddress,
    name: String,
    /// The name as SQL has it.
    table: String,
    /// Whether there is a column for deviations; known once the table is.
    spread: bool,
    session: Option<Session>,
}

impl Pgvector {
    pub(crate) fn new(address: PostgresAddress, name: &str) -> Result<Self, RemoteError> {
        Ok(Self {
            table: identifier::quote(name)?,
            name: name.into(),
            address,
            spread: false,
            session: None,
        })
    }

    /// Does something on the connection, which is made if there is none and left if it broke.
    fn on_session<T>(
        &mut self,
        work: impl FnOnce(&mut Session) -> Result<T, postgres::Error>,
    ) -> Result<T, RemoteError> {
        let mut session = match self.session.take() {
            Some(session) if !session.client.is_closed() => session,
            _ => Session::open(&self.address)?,
        };
        match work(&mut session) {
            Ok(value) => {
                self.session = Some(session);
                Ok(value)
            }
            Err(error) => {
                let error = explain(&self.address, &error);
                if !error.is_transient() {
                    self.session = Some(session);
                }
                Err(error)
            }
        }
    }

    fn unexpected(&self, reason: impl Into<String>) -> RemoteError {
        RemoteError::Unexpected {
            place: self.place(),
            reason: reason.into(),
        }
    }

    fn foreign(&self, reason: impl Into<String>) -> RemoteError {
        RemoteError::Foreign {
            place: self.place(),
            reason: reason.into(),
        }
    }

    fn nearest_of(&self, row: &Row, query: &[f32]) -> Result<Nearest, postgres::Error> {
        let key: &str = row.try_get("id")?;
        let mean: Vector = row.try_get("embedding")?;
        let label: Option<i64> = row.try_get("label")?;
        let sigma: Option<Vector> = match self.spread {
            true => row.try_get("sigma")?,
            false => None,
        };
        Ok(Nearest {
            found: Found {
                slot: None,
                id: row_id::decode(key),
                label: label.and_then(|label| label.try_into().ok()),
                class: row.try_get("class")?,
                metadata: row.try_get("metadata")?,
                distance: squared_distance(query, mean.as_slice()).sqrt(),
                expected: None,
                uncertainty: row.try_get("uncertainty")?,
            },
            sigma: sigma.map(Into::into),
        })
    }
}

impl VectorDatabase for Pgvector {
    fn place(&self) -> String {
        format!("table {:?} at {}", self.name, self.address)
    }

    fn check(&self, spec: &Spec, graph: bool) -> Result<(), RemoteError> {
        let dim = spec.dim;
        if dim > MOST_DIMENSIONS {
            return Err(RemoteError::Limit(format!(
                "the embeddings have {dim} dimensions; pgvector's type vector holds at most {MOST_DIMENSIONS}"
            )));
        }
        if graph && dim > MOST_IN_GRAPH {
            return Err(RemoteError::Limit(format!(
                "the embeddings have {dim} dimensions; pgvector builds an HNSW graph over at most {MOST_IN_GRAPH} of type vector. \
                 Leave out --hnsw: searches are exact then. Up to 4000 dimensions an index over halfvec can be made by hand: \
                 CREATE INDEX ON {} USING hnsw ((embedding::halfvec({dim})) halfvec_cosine_ops)",
                self.table
            )));
        }
        Ok(())
    }

    fn spec(&mut self) -> Result<Option<Spec>, RemoteError> {
        let table = self.table.clone();
        let row = self.on_session(|session| {
            session.client.query_opt(
                "SELECT obj_description(c.oid, 'pg_class') AS comment,
                    (SELECT a.atttypmod FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'embedding' AND NOT a.attisdropped) AS dim,
                    EXISTS (SELECT FROM pg_attribute a
                     WHERE a.attrelid = c.oid AND a.attname = 'sigma' AND NOT a.attisdropped) AS spread
                 FROM pg_class c WHERE c.oid = to_regclass($1)",
                &[&table],
            )
        })?;
        let Some(row) = row else { return Ok(None) };
        let read = || {
            let comment: Option<String> = row.try_get("comment")?;
            let dim: Option<i32> = row.try_get("dim")?;
            let spread: bool = row.try_get("spread")?;
            Ok((comment, dim, spread))
        };
        let (comment, dim, spread) =
            read().map_err(|error: postgres::Error| self.unexpected(error.to_string()))?;
        let model = comment
            .as_deref()
            .and_then(|text| text.strip_prefix(COMMENT));
        let Some(model) = model else {
            return Err(self.foreign("was not made by lam (its comment names no model)"));
        };
        let fingerprint: Fingerprint = model
            .parse()
            .map_err(|error| self.foreign(format!("its comment is damaged: {error}")))?;
        let Some(dim) = dim.and_then(|dim| usize::try_from(dim).ok()) else {
            return Err(self.foreign("has no column embedding of a fixed dimension"));
        };
        self.spread = spread;
        Ok(Some(Spec {
            dim,
            spread,
            fingerprint,
        }))
    }

    fn create(&mut self, spec: &Spec) -> Result<(), RemoteError> {
        let table = self.table.clone();
        let Spec {
            dim, fingerprint, ..
        } = spec;
        let sigma = match spec.spread {
            true => format!("sigma vector({dim}) NOT NULL,"),
            false => String::new(),
        };
        // The fingerprint consists of hexadecimal digits. Ids are compared by their bytes, which any
        // server sorts alike.
        let sql = format!(
            "CREATE TABLE {table} (
                id text COLLATE \"C\" PRIMARY KEY,
                embedding vector({dim}) NOT NULL,
                {sigma}
                uncertainty double precision,
                label bigint,
                class text,
                metadata text NOT NULL,
                digest bytea NOT NULL
            );
            COMMENT ON TABLE {table} IS '{COMMENT}{fingerprint}'"
        );
        let place = self.place();
        let made = self.on_session(|session| {
            let client = &mut session.client;
            let extension = "SELECT FROM pg_extension WHERE extname = 'vector'";
            if client.query_opt(extension, &[])?.is_none() {
                match client.batch_execute("CREATE EXTENSION IF NOT EXISTS vector") {
                    Err(error) if is_race(&error) => {}
                    Err(error) if error.code().is_some() && !error.is_closed() => {
                        return Ok(Some(error));
                    }
                    other => other?,
                }
            }
            let mut transaction = client.transaction()?;
            match transaction.batch_execute(&sql) {
                // Another program made it in the meantime; what it made is looked at next.
                Err(error) if is_race(&error) => Ok(None),
                Err(error) => Err(error),
                Ok(()) => transaction.commit().map(|()| None),
            }
        })?;
        match made {
            None => Ok(()),
            Some(error) => match explain(&self.address, &error) {
                RemoteError::Refused { reason, .. } => Err(RemoteError::Refused {
                    place,
                    reason: format!(
                        "the extension pgvector is not in this database and cannot be added: {reason}; \
                         install it on the server and let an administrator run CREATE EXTENSION vector"
                    ),
                }),
                other => Err(other),
            },
        }
    }

    fn digests(&mut self, keys: &[String]) -> Result<Vec<(String, Digest)>, RemoteError> {
        let sql = format!("SELECT id, digest FROM {} WHERE id = ANY($1)", self.table);
        self.on_session(|session| {
            let statement = session.prepare(&sql)?;
            let mut known = Vec::with_capacity(keys.len());
            for row in session.client.query(&statement, &[&keys])? {
                let digest: &[u8] = row.try_get(1)?;
                if let Ok(digest) = digest.try_into() {
                    known.push((row.try_get(0)?, Digest(digest)));
                }
            }
            Ok(known)
        })
    }

    fn upsert(&mut self, items: &[(ItemView<'_>, Digest)]) -> Result<(), RemoteError> {
        for (item, _) in items {
            check_text(item)?;
        }
        let table = &self.table;
        let (columns, arrays, update) = match self.spread {
            true => ("sigma,", "$8::vector[],", "sigma = EXCLUDED.sigma,"),
            false => ("", "", ""),
        };
        let sql = format!(
            "INSERT INTO {table} (id, embedding, uncertainty, label, class, metadata, {columns} digest)
             SELECT * FROM unnest(
                $1::text[], $2::vector[], $3::float8[], $4::int8[], $5::text[], $6::text[], {arrays} $7::bytea[])
             ON CONFLICT (id) DO UPDATE SET
                embedding = EXCLUDED.embedding, uncertainty = EXCLUDED.uncertainty, label = EXCLUDED.label,
                class = EXCLUDED.class, metadata = EXCLUDED.metadata, {update} digest = EXCLUDED.digest"
        );
        let ids: Vec<String> = items
            .iter()
            .map(|(item, _)| row_id::encode(&item.id))
            .collect();
        let vector = |values: &[f32]| Vector::from(values.to_vec());
        let means: Vec<Vector> = items.iter().map(|(item, _)| vector(item.mean)).collect();
        let sigmas: Vec<Option<Vector>> = items
            .iter()
            .map(|(item, _)| item.sigma.map(vector))
            .collect();
        let uncertainties: Vec<Option<f64>> =
            items.iter().map(|(item, _)| item.uncertainty).collect();
        let labels: Vec<Option<i64>> = items
            .iter()
            .map(|(item, _)| item.label.map(i64::from))
            .collect();
        let classes: Vec<Option<&str>> = items.iter().map(|(item, _)| item.class).collect();
        let metadata: Vec<&str> = items.iter().map(|(item, _)| item.metadata).collect();
        let digests: Vec<&[u8]> = items.iter().map(|(_, digest)| &digest.0[..]).collect();
        let spread = self.spread;
        self.on_session(|session| {
            let statement = session.prepare(&sql)?;
            let mut parameters: Vec<&(dyn postgres::types::ToSql + Sync)> = vec![
                &ids,
                &means,
                &uncertainties,
                &labels,
                &classes,
                &metadata,
                &digests,
            ];
            if spread {
                parameters.push(&sigmas);
            }
            session.client.execute(&statement, &parameters).map(|_| ())
        })
    }

    fn delete(&mut self, keys: &[String]) -> Result<(), RemoteError> {
        let sql = format!("DELETE FROM {} WHERE id = ANY($1)", self.table);
        self.on_session(|session| {
            let statement = session.prepare(&sql)?;
            session.client.execute(&statement, &[&keys]).map(|_| ())
        })
    }

    fn keys(&mut self, from: Option<&str>, limit: usize) -> Result<KeyPage, RemoteError> {
        let sql = format!(
            "SELECT id FROM {} WHERE id >= $1 ORDER BY id LIMIT $2",
            self.table
        );
        // Nothing comes before the empty text.
        let from = from.unwrap_or_default();
        let asked = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        self.on_session(|session| {
            let statement = session.prepare(&sql)?;
            let rows = session.client.query(&statement, &[&from, &asked])?;
            let keys: Result<Vec<String>, _> = rows.iter().map(|row| row.try_get(0)).collect();
            let mut keys = keys?;
            let next = match keys.len() > limit {
                true => keys.pop(),
                false => None,
            };
            Ok(KeyPage { keys, next })
        })
    }

    fn count(&mut self) -> Result<u64, RemoteError> {
        let sql = format!("SELECT count(*) FROM {}", self.table);
        let count: i64 =
            self.on_session(|session| session.client.query_one(&sql, &[])?.try_get(0))?;
        u64::try_from(count).map_err(|_| self.unexpected(format!("{count} rows")))
    }

    fn build_graph(&mut self) -> Result<(), RemoteError> {
        let table = self.table.clone();
        self.on_session(|session| {
            let there = session.client.query_opt(
                "SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam
                 WHERE i.indrelid = to_regclass($1) AND a.amname = 'hnsw' AND i.indisvalid LIMIT 1",
                &[&table],
            )?;
            if there.is_some() {
                return Ok(());
            }
            session.client.batch_execute(&format!(
                "CREATE INDEX ON {table} USING hnsw (embedding vector_cosine_ops)"
            ))
        })
    }

    fn nearest(&mut self, mean: &[f32], k: usize) -> Result<Vec<Nearest>, RemoteError> {
        let sigma = if self.spread { "sigma," } else { "" };
        // Ordered by the operator that a graph is built for, or, where that would return too few, by an
        // expression that no graph is for. A setting would not do: plans that are kept do not look at it.
        // Vectors come along for their distance: the server's cosine, of 32 bits, is too coarse for the
        // distance of what is nearly the same.
        let exhaustive = k > MOST_CANDIDATES / 2;
        let order = match exhaustive {
            true => "(embedding <=> $1) + 0.0",
            false => "embedding <=> $1",
        };
        let sql = format!(
            "SELECT id, label, class, metadata, uncertainty, {sigma} embedding
             FROM {} ORDER BY {order} LIMIT $2",
            self.table
        );
        let query = Vector::from(mean.to_vec());
        let limit = i64::try_from(k).unwrap_or(i64::MAX);
        let rows = self.on_session(|session| {
            let statement = session.prepare(&sql)?;
            let mut transaction = session.client.build_transaction().read_only(true).start()?;
            if !exhaustive {
                // A graph returns no more than it keeps as candidates.
                let candidates = (2 * k).max(40);
                transaction.batch_execute(&format!("SET LOCAL hnsw.ef_search = {candidates}"))?;
            }
            let rows = transaction.query(&statement, &[&query, &limit])?;
            transaction.commit()?;
            Ok(rows)
        })?;
        let nearest: Result<Vec<Nearest>, _> =
            rows.iter().map(|row| self.nearest_of(row, mean)).collect();
        let mut nearest = nearest.map_err(|error| self.unexpected(error.to_string()))?;
        sort_by_distance(&mut nearest);
        Ok(nearest)
    }
}

/// Whether what is to be made is there already: `IF NOT EXISTS` does not help where two do it at once.
fn is_race(error: &postgres::Error) -> bool {
    error.code().is_some_and(|code| {
        matches!(
            *code,
            SqlState::DUPLICATE_TABLE | SqlState::DUPLICATE_OBJECT | SqlState::UNIQUE_VIOLATION
        )
    })
}

/// PostgreSQL's texts hold everything but a zero byte.
fn check_text(item: &ItemView<'_>) -> Result<(), RemoteError> {
    let id = match &item.id {
        lam_search::store::ItemId::Text(text) => text,
        lam_search::store::ItemId::Number(_) => "",
    };
    let texts = [
        ("id", id),
        ("class", item.class.unwrap_or_default()),
        ("metadata", item.metadata),
    ];
    match texts.iter().find(|(_, text)| text.contains('\0')) {
        None => Ok(()),
        Some((what, _)) => Err(RemoteError::Item {
            id: item.id.clone(),
            reason: format!(
                "its {what} holds a zero byte, which PostgreSQL cannot store: replace it"
            ),
        }),
    }
}
