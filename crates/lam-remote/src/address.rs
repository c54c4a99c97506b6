use std::fmt;
use std::str::FromStr;

use lam_search::store::ItemId;

use crate::RemoteError;
use crate::pgvector::{PostgresAddress, row_id};
use crate::qdrant::{QdrantAddress, point_id};

/// A database that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// PostgreSQL with the extension pgvector.
    Pgvector,
    /// Qdrant.
    Qdrant,
}

impl DatabaseKind {
    /// What the database calls an item; different ids have different keys, the same in every export.
    ///
    /// - pgvector, in the column `id`: numbers in decimal, texts as they are. A text that reads like a
    ///   number, or begins with an apostrophe, has an apostrophe put before it.
    /// - Qdrant, as the id of the point: numbers as they are, for texts a UUID made from their SHA-256;
    ///   the text itself is in the payload.
    pub fn key(self, id: &ItemId) -> String {
        match self {
            Self::Pgvector => row_id::encode(id),
            Self::Qdrant => point_id::encode(id),
        }
    }
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pgvector => "pgvector",
            Self::Qdrant => "qdrant",
        })
    }
}

impl FromStr for DatabaseKind {
    type Err = RemoteError;

    fn from_str(name: &str) -> Result<Self, RemoteError> {
        match name {
            "pgvector" => Ok(Self::Pgvector),
            "qdrant" => Ok(Self::Qdrant),
            _ => Err(RemoteError::Usage(format!(
                "{name:?} is no database: there are pgvector and qdrant"
            ))),
        }
    }
}

/// Where a database is and how to log in. Shown without passwords and keys.
#[derive(Clone)]
pub struct Address(Place);

#[derive(Clone)]
pub(crate) enum Place {
    Pgvector(Box<PostgresAddress>),
    Qdrant(QdrantAddress),
}

impl Address {
    /// Reads a URL:
    ///
    /// - `postgres://user@host:5432/database` or `postgresql://…`, with the parameters of libpq that
    ///   `tokio-postgres` knows, `sslmode` with all its values; a password that is not there is taken from
    ///   `PGPASSWORD`;
    /// - `qdrant://host:6334`, or `qdrants://…` encrypted; an API key as `qdrants://KEY@host` or from
    ///   `QDRANT_API_KEY`;
    /// - `http://…` and `https://…`, for Qdrant, if `kind` says so.
    ///
    /// # Errors
    /// [`RemoteError::Address`].
    pub fn parse(url: &str, kind: Option<DatabaseKind>) -> Result<Self, RemoteError> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(RemoteError::Address(
                "has no scheme: it begins with postgres:// or qdrant://".into(),
            ));
        };
        let by_scheme = match scheme {
            "postgres" | "postgresql" => DatabaseKind::Pgvector,
            "qdrant" | "qdrants" => DatabaseKind::Qdrant,
            "http" | "https" => match kind {
                Some(_) => DatabaseKind::Qdrant,
                None => {
                    return Err(RemoteError::Address(format!(
                        "begins with {scheme}://, which says nothing about the database: write {}:// for Qdrant",
                        if scheme == "http" {
                            "qdrant"
                        } else {
                            "qdrants"
                        }
                    )));
                }
            },
            _ => {
                return Err(RemoteError::Address(format!(
                    "begins with {scheme}://: known are postgres://, postgresql://, qdrant:// and qdrants://"
                )));
            }
        };
        if let Some(kind) = kind.filter(|kind| *kind != by_scheme) {
            return Err(RemoteError::Address(format!(
                "begins with {scheme}://, which is not for {kind}"
            )));
        }
        Ok(Self(match by_scheme {
            DatabaseKind::Pgvector => Place::Pgvector(Box::new(PostgresAddress::parse(url)?)),
            DatabaseKind::Qdrant => {
                let is_encrypted = matches!(scheme, "qdrants" | "https");
                Place::Qdrant(QdrantAddress::parse(rest, is_encrypted)?)
            }
        }))
    }

    /// Which database.
    pub fn kind(&self) -> DatabaseKind {
        match self.0 {
            Place::Pgvector(_) => DatabaseKind::Pgvector,
            Place::Qdrant(_) => DatabaseKind::Qdrant,
        }
    }

    pub(crate) fn place(&self) -> &Place {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Place::Pgvector(address) => address.fmt(f),
            Place::Qdrant(address) => address.fmt(f),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address({self})")
    }
}
