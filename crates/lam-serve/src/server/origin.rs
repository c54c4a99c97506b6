//! Whether a request without a token comes from this machine's own programs and pages.

use std::net::IpAddr;

use axum::http::{HeaderMap, StatusCode, header};

use crate::error::{Answered, Failure};

/// Refuses requests that a foreign page makes a browser send: those to a name that was bound to this machine after the page
/// was loaded (DNS rebinding), and those that say that they come from elsewhere.
pub(super) fn check(headers: &HeaderMap) -> Answered<()> {
    let refused = |what: String| Failure::new(StatusCode::FORBIDDEN, what);
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| Failure::malformed("the request has no Host header"))?;
    if !is_this_machine(host) {
        return Err(refused(format!(
            "requests to {host:?} are not answered: call the server localhost or 127.0.0.1, or give it a token"
        )));
    }
    let Some(origin) = headers.get(header::ORIGIN) else {
        return Ok(());
    };
    let own = origin.to_str().ok().and_then(|o| o.split_once("://"));
    if own.is_some_and(|(_, own)| own == host) {
        return Ok(());
    }
    Err(refused(
        "requests from pages of other origins are not answered".into(),
    ))
}

/// `localhost` or an address of the loopback interface, with or without a port.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, port)) if port.is_empty() || port.starts_with(':') => address,
        Some(_) => return false,
        None => host.split(':').next().unwrap_or_default(),
    };
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}
