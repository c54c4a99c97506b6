//! What can go wrong.

use std::io;
use std::net::SocketAddr;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use lam_data::ImageFault;
use lam_retrieve::RetrieveError;
use lam_search::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Others could reach it, and nothing would be asked of them.
    #[error(
        "{address} can be reached from other machines: give a token that callers must send, or serve on 127.0.0.1"
    )]
    OpenAddress {
        /// Where it was to be served.
        address: SocketAddr,
    },
    /// A token that can be guessed or not be sent.
    #[error("a token has at least {shortest} characters, all of them visible ASCII")]
    Token {
        /// Characters that it takes.
        shortest: usize,
    },
    /// Limits that nothing fits into.
    #[error("the limit '{what}' cannot be kept: {reason}")]
    Limit {
        /// Its name.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Ranking by expected distance needs the items' spread.
    #[error(
        "the index stores no spread, so there is no expected distance to rank by: serve it by distance"
    )]
    NoSpread,
    /// Embeddings of another size.
    #[error("the model's embeddings have {model} dimensions, but those of the index have {index}")]
    Dimension {
        /// Of the model.
        model: usize,
        /// Of the index.
        index: usize,
    },
    /// A calibration of another model.
    #[error(
        "the calibration was measured with another model (fingerprint {calibration}, the index has {index}): calibrate again"
    )]
    OtherCalibration {
        /// What the calibration says.
        calibration: String,
        /// What the index says.
        index: String,
    },
    /// The address cannot be had.
    #[error("cannot listen on {address}: {error}; is something else listening there?")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        error: io::Error,
    },
    /// Threads or signals cannot be had.
    #[error("the server cannot start: {0}")]
    Start(io::Error),
    /// A folder of pictures that cannot be read.
    #[error("{}: the folder of pictures cannot be opened: {error}", path.display())]
    Pictures {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Model and index do not belong together.
    #[error(transparent)]
    Retrieve(#[from] RetrieveError),
}

impl ServeError {
    /// Whether something impossible was asked for, as opposed to work that failed.
    pub fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::OpenAddress { .. }
                | Self::Token { .. }
                | Self::Limit { .. }
                | Self::NoSpread
                | Self::Dimension { .. }
                | Self::OtherCalibration { .. }
                | Self::Retrieve(RetrieveError::OtherModel { .. })
        )
    }
}

/// Why a request is not answered, as its caller reads it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// One sentence: what is wrong, and what was expected.
    pub(crate) error: String,
}

/// A request that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    pub(crate) header: Option<(header::HeaderName, HeaderValue)>,
}

pub(crate) type Answered<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            header: None,
        }
    }

    pub(crate) fn wrong(message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, message)
    }

    pub(crate) fn malformed(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn too_large(message: impl Into<String>) -> Self {
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, message)
    }

    /// Work that panicked, or that the end of the server cut short.
    pub(crate) fn dropped() -> Self {
        Self::internal("this request made the server fail; it goes on with others")
    }

    pub(crate) fn busy(message: impl Into<String>) -> Self {
        Self {
            header: Some((header::RETRY_AFTER, HeaderValue::from_static("1"))),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let body = Json(ErrorBody {
            error: self.message,
        });
        let mut response = (self.status, body).into_response();
        if let Some((name, value)) = self.header {
            response.headers_mut().insert(name, value);
        }
        response
    }
}

impl From<ImageFault> for Failure {
    fn from(fault: ImageFault) -> Self {
        let status = match fault {
            ImageFault::UnknownFormat => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            ImageFault::TooManyPixels { .. } | ImageFault::TooManyBytes { .. } => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            _ => StatusCode::BAD_REQUEST,
        };
        Self::new(status, fault.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::Duplicate { .. } | StoreError::ClassName { .. } => StatusCode::CONFLICT,
            StoreError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
            // What the system says, without the names of files, which are nobody else's business.
            StoreError::Io { action, error, .. } => {
                return Self::internal(format!("{action} the index failed: {error}"));
            }
            StoreError::Poisoned { reason, .. } => {
                return Self::internal(format!(
                    "an earlier write failed ({reason}), and no more are taken until the server is started again"
                ));
            }
            StoreError::Damaged { what, .. } => {
                return Self::internal(format!("the index is damaged: {what}"));
            }
            StoreError::NotAnIndex { .. }
            | StoreError::Exists { .. }
            | StoreError::Locked { .. }
            | StoreError::Version { .. }
            | StoreError::StaleGraph { .. }
            | StoreError::Graph { .. } => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, error.to_string())
    }
}

impl From<RetrieveError> for Failure {
    fn from(error: RetrieveError) -> Self {
        match error {
            RetrieveError::Store(error) => error.into(),
            RetrieveError::Input(_) | RetrieveError::Vector { .. } => {
                Self::wrong(error.to_string())
            }
            error => Self::internal(error.to_string()),
        }
    }
}
