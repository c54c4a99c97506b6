//! How to serve.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lam_retrieve::RetrieveOptions;
use lam_search::Ranking;

use crate::ServeError;
use crate::input::MOST_ROWS;

/// What a caller must know to be answered, sent as `Authorization: Bearer …`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

/// Fewer characters can be guessed.
const SHORTEST_TOKEN: usize = 16;

impl Token {
    /// A token of at least 16 visible ASCII characters.
    ///
    /// # Errors
    /// [`ServeError::Token`] for any other.
    pub fn new(token: impl Into<String>) -> Result<Self, ServeError> {
        let token = token.into();
        if token.len() < SHORTEST_TOKEN || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ServeError::Token {
                shortest: SHORTEST_TOKEN,
            });
        }
        Ok(Self(token))
    }

    /// Whether it is this one. How long that takes depends on the lengths alone.
    pub(crate) fn is(&self, given: &[u8]) -> bool {
        let token = self.0.as_bytes();
        let pairs = token.iter().zip(given);
        let difference = pairs.fold(0, |sum, (a, b)| std::hint::black_box(sum | (a ^ b)));
        token.len() == given.len() && difference == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

/// What a peer may ask for.
///
/// | limit | default | purpose | what lies beyond |
/// |---|---|---|---|
/// | `body_bytes` | 20 MiB | size of a request's body | 413 |
/// | `pixels` | 50,000,000 | width × height in an image's header | 413 |
/// | `pictures` | 4 a core, 8 to 32 | decoded images held at a time | waits |
/// | `k` | 1,000 | neighbours per query | 422 |
/// | `vectors` | 10,000 | vectors or items in a request | 422 |
/// | `timeout` | 30 s | from a request's header to the answer's | 503; 408 where the body takes nine tenths of it |
/// | `concurrency` | 64 | requests being answered | waits |
/// | `waiting` | 256 | requests that wait for that | 503 |
/// | `connections` | 1,024 | open connections | waits to be accepted |
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a body.
    pub body_bytes: usize,
    /// Pixels of an image.
    pub pixels: u64,
    /// Decoded images at a time.
    pub pictures: usize,
    /// Neighbours per query.
    pub k: usize,
    /// Vectors per request.
    pub vectors: usize,
    /// For a whole request.
    pub timeout: Duration,
    /// Requests at a time.
    pub concurrency: usize,
    /// Requests in line.
    pub waiting: usize,
    /// Connections at a time.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            body_bytes: 20 << 20,
            pixels: 50_000_000,
            pictures: (4 * cores).clamp(8, 32),
            k: 1000,
            vectors: 10_000,
            timeout: Duration::from_secs(30),
            concurrency: 64,
            waiting: 256,
            connections: 1024,
        }
    }
}

/// Where and how to serve. Addresses that other machines reach take a [`Token`]: there is no value of this type that has
/// one without.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    address: SocketAddr,
    token: Option<Token>,
    /// What a peer may ask for.
    pub limits: Limits,
    /// What a query that does not say otherwise asks for. The method holds for all.
    pub search: RetrieveOptions,
}

impl ServeOptions {
    /// On this machine alone, 127.0.0.1, without a token: the ten nearest of all items by distance. Port 0 is any that is
    /// free.
    pub fn local(port: u16) -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port),
            token: None,
            limits: Limits::default(),
            search: RetrieveOptions::exact(10),
        }
    }

    /// On an address, with a token if there is one.
    ///
    /// # Errors
    /// [`ServeError::OpenAddress`] for an address that is not of this machine alone without a token.
    pub fn new(address: SocketAddr, token: Option<Token>) -> Result<Self, ServeError> {
        if token.is_none() && !address.ip().is_loopback() {
            return Err(ServeError::OpenAddress { address });
        }
        Ok(Self {
            address,
            token,
            ..Self::local(0)
        })
    }

    /// With other limits.
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// With another default number of neighbours, another method or ranking.
    pub fn with_search(self, search: RetrieveOptions) -> Self {
        Self { search, ..self }
    }

    /// Where to listen.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What callers must know.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// Whether the limits and defaults can be kept, and the index has what they need.
    pub(crate) fn check(&self, spread: bool) -> Result<(), ServeError> {
        let limits = &self.limits;
        for (what, value) in [
            ("body_bytes", limits.body_bytes as u64),
            ("pixels", limits.pixels),
            ("pictures", limits.pictures as u64),
            ("k", limits.k as u64),
            ("vectors", limits.vectors as u64),
            ("timeout", limits.timeout.as_millis() as u64),
            ("concurrency", limits.concurrency as u64),
            ("connections", limits.connections as u64),
        ] {
            if value == 0 {
                return Err(ServeError::Limit {
                    what,
                    reason: "it must be above 0".into(),
                });
            }
        }
        if limits.vectors > MOST_ROWS {
            return Err(ServeError::Limit {
                what: "vectors",
                reason: format!("no request is read that has more than {MOST_ROWS}"),
            });
        }
        if !(1..=limits.k).contains(&self.search.k) {
            return Err(ServeError::Limit {
                what: "k",
                reason: format!(
                    "{} neighbours by default, but at most {} may be asked for",
                    self.search.k, limits.k
                ),
            });
        }
        if self.search.ranking == Ranking::Expected && !spread {
            return Err(ServeError::NoSpread);
        }
        Ok(())
    }
}
