//! One connection, with the statements that were prepared on it.

use std::collections::HashMap;
use std::error::Error;
use std::io;
use std::sync::Arc;

use postgres::config::{SslMode, SslNegotiation};
use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, Statement};
use rustls::ClientConfig;
use rustls_platform_verifier::BuilderVerifierExt;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::PostgresAddress;
use crate::RemoteError;

pub(super) struct Session {
    pub(super) client: Client,
    statements: HashMap<String, Statement>,
}

impl Session {
    pub(super) fn open(address: &PostgresAddress) -> Result<Self, RemoteError> {
        let config = &address.config;
        let client = match config.get_ssl_mode() {
            SslMode::Disable => config.connect(NoTls),
            _ => config.connect(encryption(config)?),
        };
        Ok(Self {
            client: client.map_err(|error| explain(address, &error))?,
            statements: HashMap::new(),
        })
    }

    pub(super) fn prepare(&mut self, sql: &str) -> Result<Statement, postgres::Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql)?;
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }
}

/// With the certificates that the system trusts.
fn encryption(config: &Config) -> Result<MakeRustlsConnect, RemoteError> {
    let no = |error: rustls::Error| {
        RemoteError::Local(format!(
            "encryption cannot be set up on this machine: {error}"
        ))
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(no)?
        .with_platform_verifier()
        .map_err(no)?
        .with_no_client_auth();
    if config.get_ssl_negotiation() == SslNegotiation::Direct {
        tls.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(tls))
}

/// What an error of the client means.
pub(super) fn explain(address: &PostgresAddress, error: &postgres::Error) -> RemoteError {
    let place = address.to_string();
    let mut reason = match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => chain(error),
    };
    if let Some(detail) = error.as_db_error().and_then(|said| said.detail()) {
        reason.push_str(&format!(" ({detail})"));
    }
    if is_transient(error) {
        return RemoteError::Unavailable { place, reason };
    }
    if reason.contains("does not support TLS") {
        reason.push_str("; add sslmode=disable to the URL if the way to it is safe");
    } else if reason.contains("certificate") {
        reason.push_str(
            "; SSL_CERT_FILE names a file of certificates to trust instead of the system's",
        );
    }
    RemoteError::Refused { place, reason }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    text
}

fn is_transient(error: &postgres::Error) -> bool {
    if let Some(code) = error.code() {
        return matches!(
            *code,
            SqlState::ADMIN_SHUTDOWN
                | SqlState::CRASH_SHUTDOWN
                | SqlState::CANNOT_CONNECT_NOW
                | SqlState::TOO_MANY_CONNECTIONS
                | SqlState::T_R_SERIALIZATION_FAILURE
                | SqlState::T_R_DEADLOCK_DETECTED
        ) || code.code().starts_with("08");
    }
    if error.is_closed() {
        return true;
    }
    // A failed handshake has an error of the system inside too, but will fail again.
    if error.to_string().contains("TLS") {
        return false;
    }
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    cause.is_some_and(|error| {
        // What a name server says is of no kind that has a name.
        matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionReset
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::NotConnected
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::TimedOut
                | io::ErrorKind::UnexpectedEof
                | io::ErrorKind::Interrupted
                | io::ErrorKind::HostUnreachable
                | io::ErrorKind::NetworkUnreachable
                | io::ErrorKind::NetworkDown
                // The file of a local server's socket is gone while it restarts.
                | io::ErrorKind::NotFound
        )
    })
}
