use lam_search::store::{Fingerprint, ItemId};

/// Why a database does not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// A URL that leads nowhere. It is not repeated, since it may hold a password.
    #[error("the database's URL {0}")]
    Address(String),
    /// A name that no table or collection can have.
    #[error("{name:?} cannot be the name of a {noun}: {reason}")]
    Name {
        /// The name.
        name: String,
        /// `table` or `collection`.
        noun: &'static str,
        /// Why not.
        reason: String,
    },
    /// More than the database can hold.
    #[error("{0}")]
    Limit(String),
    /// An option without a meaning.
    #[error("{0}")]
    Usage(String),
    /// Nothing there.
    #[error("{place} does not exist; `lam export INDEX --to …` makes it")]
    Missing {
        /// Table or collection, and the database.
        place: String,
    },
    /// Something there that is not ours.
    #[error("{place} is there but {reason}; choose another name")]
    Foreign {
        /// Table or collection, and the database.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Items of another model.
    #[error(
        "{place} holds embeddings of another model (fingerprint {there}, not {here}): export to another name, or drop it first"
    )]
    OtherModel {
        /// Table or collection, and the database.
        place: String,
        /// What it was made with.
        there: Fingerprint,
        /// The model at hand.
        here: Fingerprint,
    },
    /// Embeddings of another size.
    #[error("{place} holds embeddings of dimension {there}, not {here}: choose another name")]
    OtherDimension {
        /// Table or collection, and the database.
        place: String,
        /// Its dimension.
        there: usize,
        /// The one at hand.
        here: usize,
    },
    /// A spread on one side only.
    #[error(
        "{place} was made {} a deviation per dimension, but the index has {}: export to another name, or drop it first",
        if *.there { "with" } else { "without" },
        if *.there { "none" } else { "one" }
    )]
    OtherSpread {
        /// Table or collection, and the database.
        place: String,
        /// Whether it stores deviations.
        there: bool,
    },
    /// An item that the database cannot hold.
    #[error("item {id}: {reason}")]
    Item {
        /// The item.
        id: ItemId,
        /// Why not.
        reason: String,
    },
    /// A query that makes no sense there.
    #[error("{0}")]
    Query(String),
    /// The connection, or a server that is not ready: what may be otherwise a moment later.
    #[error("{place}: {reason}")]
    Unavailable {
        /// The database.
        place: String,
        /// What happened.
        reason: String,
    },
    /// The server said no.
    #[error("{place}: {reason}")]
    Refused {
        /// The database.
        place: String,
        /// What it said.
        reason: String,
    },
    /// The server sent what was not asked for.
    #[error("{place} holds or sent something unexpected: {reason}")]
    Unexpected {
        /// Table or collection, and the database.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The machine at hand: no certificates, no threads.
    #[error("{0}")]
    Local(String),
}

impl RemoteError {
    /// Whether the same may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whether something else should have been asked for.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Address(_)
            | Self::Name { .. }
            | Self::Limit(_)
            | Self::Usage(_)
            | Self::Missing { .. }
            | Self::Foreign { .. }
            | Self::OtherModel { .. }
            | Self::OtherDimension { .. }
            | Self::OtherSpread { .. }
            | Self::Query(_) => true,
            Self::Item { .. }
            | Self::Unavailable { .. }
            | Self::Refused { .. }
            | Self::Unexpected { .. }
            | Self::Local(_) => false,
        }
    }
}
