//! Where a Qdrant server is.

use std::env;
use std::fmt;

use crate::RemoteError;

/// Where Qdrant speaks gRPC.
const PORT: u16 = 6334;

/// A server and the key to it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct QdrantAddress {
    is_encrypted: bool,
    /// A name or an address; one of IPv6 in brackets.
    host: String,
    port: u16,
    pub(super) api_key: Option<String>,
}

impl QdrantAddress {
    /// Reads what follows the scheme: `[KEY@]host[:port][/]`.
    pub(crate) fn parse(rest: &str, is_encrypted: bool) -> Result<Self, RemoteError> {
        let no = |reason: &str| RemoteError::Address(reason.into());
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(no(
                "has a path or parameters, which Qdrant has no use for: write qdrant://host:6334",
            ));
        }
        let (key, place) = match rest.rsplit_once('@') {
            Some((key, place)) => (Some(key), place),
            None => (None, rest),
        };
        let (host, port) = match place.strip_prefix('[') {
            Some(inside) => {
                let (address, after) = inside
                    .split_once(']')
                    .ok_or_else(|| no("has a [ without a ]"))?;
                let _: std::net::Ipv6Addr = address
                    .parse()
                    .map_err(|_| no("has no address of IPv6 in its brackets"))?;
                let port = match after.strip_prefix(':') {
                    Some(port) => Some(port),
                    None if after.is_empty() => None,
                    None => return Err(no("has something other than a port after its ]")),
                };
                (format!("[{address}]"), port)
            }
            None => match place.split_once(':') {
                Some((host, port)) => (host.to_owned(), Some(port)),
                None => (place.to_owned(), None),
            },
        };
        if host.is_empty() {
            return Err(no("names no host: write qdrant://host:6334"));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if !host.starts_with('[') && !host.chars().all(plain) {
            return Err(no("has a host with characters that no host has"));
        }
        let port = match port {
            None => PORT,
            Some(text) => match text.parse() {
                Ok(port) if port > 0 && text.bytes().all(|byte| byte.is_ascii_digit()) => port,
                _ => return Err(no("has a port that is none: it is a number up to 65535")),
            },
        };
        let api_key = match key {
            // A user's name before the colon means nothing to Qdrant.
            Some(key) => {
                let key = key.rsplit_once(':').map_or(key, |(_, key)| key);
                let key = decode(key).ok_or_else(|| no("has a key with a broken % in it"))?;
                Some(key).filter(|key| !key.is_empty())
            }
            None => env::var("QDRANT_API_KEY")
                .ok()
                .filter(|key| !key.is_empty()),
        };
        if api_key
            .as_ref()
            .is_some_and(|key| !key.bytes().all(|byte| (b' '..=b'~').contains(&byte)))
        {
            return Err(no("or QDRANT_API_KEY has a key that is not plain ASCII"));
        }
        Ok(Self {
            is_encrypted,
            host,
            port,
            api_key,
        })
    }

    /// The URL that the client takes.
    pub(super) fn endpoint(&self) -> String {
        let scheme = if self.is_encrypted { "https" } else { "http" };
        format!("{scheme}://{}:{}", self.host, self.port)
    }
}

impl fmt::Display for QdrantAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_encrypted {
            "qdrants"
        } else {
            "qdrant"
        };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

/// `%41` as `A`.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        if first != b'%' {
            bytes.push(first);
            rest = after;
            continue;
        }
        let (digits, after) = after.split_at_checked(2)?;
        let digits = std::str::from_utf8(digits).ok()?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = after;
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::QdrantAddress;

    fn parse(rest: &str) -> QdrantAddress {
        QdrantAddress::parse(rest, true).unwrap()
    }

    #[test]
    fn keys_are_taken_and_not_shown() {
        for (rest, key) in [
            ("s3cret@host:6334", "s3cret"),
            (":s3cret@host", "s3cret"),
            ("user:s3cret@host", "s3cret"),
            ("s3%63ret@host/", "s3cret"),
            ("a%40b@host", "a@b"),
        ] {
            let address = parse(rest);
            assert_eq!(address.api_key.as_deref(), Some(key), "{rest}");
            assert_eq!(address.to_string(), "qdrants://host:6334");
            assert_eq!(address.endpoint(), "https://host:6334");
        }
    }

    #[test]
    fn addresses_of_ipv6_stay_in_their_brackets() {
        let address = parse("[::1]:7000");
        assert_eq!(address.endpoint(), "https://[::1]:7000");
        assert_eq!(parse("[::1]").endpoint(), "https://[::1]:6334");
    }
}
