//! What an error of the client means.

use std::error::Error;

use qdrant_client::QdrantError;
use tonic::{Code, Status};

use super::QdrantAddress;
use crate::RemoteError;

pub(super) fn explain(address: &QdrantAddress, error: &QdrantError) -> RemoteError {
    let place = address.to_string();
    let (is_transient, mut reason) = match error {
        QdrantError::ResponseError { status }
        | QdrantError::ResourceExhaustedError { status, .. } => {
            let said = match status.message() {
                "" => status.code().description(),
                said => said,
            };
            (is_transient(status), said.trim().to_owned())
        }
        QdrantError::Io(error) => (true, error.to_string()),
        other => (false, other.to_string()),
    };
    if reason.contains("Certificate") {
        reason.push_str(
            "; SSL_CERT_FILE names a file of certificates to trust instead of the system's",
        );
        return RemoteError::Refused { place, reason };
    }
    match is_transient {
        true => RemoteError::Unavailable { place, reason },
        false => RemoteError::Refused { place, reason },
    }
}

/// Whether the server does not know what is asked for.
pub(super) fn is_not_found(error: &QdrantError) -> bool {
    matches!(error, QdrantError::ResponseError { status } if status.code() == Code::NotFound)
}

/// Whether what is to be made is there already; servers say so in more than one way.
pub(super) fn is_race(error: &QdrantError) -> bool {
    matches!(error, QdrantError::ResponseError { status }
        if status.code() == Code::AlreadyExists || status.message().contains("already exists"))
}

fn is_transient(status: &Status) -> bool {
    match status.code() {
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        // What the client's own timeout ends with.
        | Code::Cancelled => true,
        // Of a server these are final. With a cause, or in these words, they are this side's, for a
        // connection that cannot be made or broke.
        Code::Internal | Code::Unknown => {
            status.source().is_some() || status.message().starts_with("Failed to connect")
        }
        _ => false,
    }
}
