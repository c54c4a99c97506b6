//! One file from one address, into a `.part` file that a later attempt goes on with.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use ureq::http::{HeaderMap, StatusCode, Uri, header};
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body};

use crate::remote::Size;
use crate::{Checksum, DataError};

/// Requests in a row that bring nothing new, after which an address is given up.
const MAX_FRUITLESS: usize = 3;

/// The file that is wanted.
pub(crate) struct Wanted<'a> {
    pub(crate) url: &'a str,
    pub(crate) size: Size,
    pub(crate) checksum: Checksum,
}

/// How one address turned out.
pub(crate) enum Outcome {
    /// The part file is complete and its checksum right.
    Verified,
    /// The address does not deliver, for this reason.
    Failed(String),
}

/// How one request turned out.
enum Answer {
    /// The part file has the wanted length.
    Complete,
    /// The connection broke off; what arrived is kept.
    Interrupted(String),
    /// The server cannot continue from there; start again from the first byte.
    NotResumable,
    /// No use in asking again.
    Refused(String),
}

/// An agent that gives up on silence of `patience` and trusts what the system trusts.
pub(crate) fn agent(patience: Duration) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier);
    Agent::config_builder()
        .tls_config(tls.build())
        .user_agent(concat!("lam-data/", env!("CARGO_PKG_VERSION")))
        .http_status_as_error(false)
        .max_redirects(5)
        .timeout_resolve(Some(patience))
        .timeout_connect(Some(patience))
        .timeout_recv_response(Some(patience))
        .timeout_per_read(Some(patience))
        .build()
        .new_agent()
}

/// Downloads `wanted` into `part`, going on from what is there; `progress` gets the bytes present and those of the file.
///
/// # Errors
/// Only those of the local disk; whatever the network does is in the [`Outcome`].
pub(crate) fn download(
    agent: &Agent,
    wanted: &Wanted<'_>,
    part: &Path,
    progress: &dyn Fn(u64, u64),
) -> Result<Outcome, DataError> {
    let mut total = wanted.size.known();
    let writing = |source| DataError::io(part, "writing", source);
    let mut file = open_part(part).map_err(writing)?;
    // Bytes of an earlier attempt may be damaged; those of one single answer are the server's own.
    let mut pieced_together = false;
    let (mut furthest, mut fruitless) = (length(&file).map_err(writing)?, 0);
    loop {
        let mut present = length(&file).map_err(writing)?;
        if total.is_some_and(|total| present > total) {
            file.set_len(0).map_err(writing)?;
            present = 0;
        }
        pieced_together |= present > 0;
        let answer = if total == Some(present) {
            Answer::Complete
        } else {
            request(agent, wanted, &mut total, &mut file, present, progress).map_err(writing)?
        };
        let failure = match answer {
            Answer::Complete => {
                file.sync_all().map_err(writing)?;
                let Some(difference) = difference(part, wanted.checksum)? else {
                    return Ok(Outcome::Verified);
                };
                file.set_len(0).map_err(writing)?;
                total = wanted.size.known();
                if !pieced_together {
                    return Ok(Outcome::Failed(difference));
                }
                "wrong content".to_owned()
            }
            Answer::NotResumable => {
                file.set_len(0).map_err(writing)?;
                "cannot continue a partial download".to_owned()
            }
            Answer::Interrupted(reason) => reason,
            Answer::Refused(reason) => return Ok(Outcome::Failed(reason)),
        };
        let reached = length(&file).map_err(writing)?;
        pieced_together = reached > 0;
        if reached > furthest {
            (furthest, fruitless) = (reached, 0);
        } else {
            fruitless += 1;
        }
        if fruitless >= MAX_FRUITLESS {
            return Ok(Outcome::Failed(failure));
        }
    }
}

/// How the content of a file differs from what is wanted.
fn difference(part: &Path, wanted: Checksum) -> Result<Option<String>, DataError> {
    let found = wanted
        .of_file(part)
        .map_err(|error| DataError::io(part, "reading", error))?;
    let (kind, expected) = (wanted.kind(), wanted.digits());
    Ok((!wanted.matches(&found))
        .then(|| format!("wrong content: {kind} {found}, expected {expected}")))
}

/// One GET, from byte `present` on. The outer error is the local disk's.
fn request(
    agent: &Agent,
    wanted: &Wanted<'_>,
    total: &mut Option<u64>,
    file: &mut File,
    present: u64,
    progress: &dyn Fn(u64, u64),
) -> io::Result<Answer> {
    let mut request = agent.get(wanted.url);
    if present > 0 {
        request = request.header(header::RANGE, format!("bytes={present}-"));
    }
    if is_loopback(wanted.url) {
        request = request.config().proxy(None).build();
    }
    let mut response = match request.call() {
        Ok(response) => response,
        Err(error) => return Ok(unanswered(&error)),
    };
    let start = match response.status() {
        StatusCode::OK => 0, // also a server that ignores the range: all bytes, from the first
        StatusCode::PARTIAL_CONTENT => match range(response.headers()) {
            Some((start, end))
                if present > 0 && start == present && total.is_none_or(|t| t == end) =>
            {
                start
            }
            _ => return Ok(Answer::NotResumable),
        },
        StatusCode::RANGE_NOT_SATISFIABLE if present > 0 && total.is_none() => {
            // All of it may be there; the checksum knows.
            *total = Some(present);
            return Ok(Answer::Complete);
        }
        StatusCode::RANGE_NOT_SATISFIABLE if present > 0 => return Ok(Answer::NotResumable),
        status => return Ok(Answer::Refused(format!("HTTP status {status}"))),
    };
    let offered = response.body().content_length();
    let end = match (*total, offered) {
        (Some(known), None) => known,
        (_, Some(offered)) => start.saturating_add(offered),
        (None, None) => return Ok(Answer::Refused("does not say how many bytes".to_owned())),
    };
    if !wanted.size.allows(end) {
        let offered = end - start;
        return Ok(Answer::Refused(match wanted.size {
            Size::Exactly(bytes) => {
                format!("offers {offered} bytes, expected {}", bytes - start)
            }
            Size::AtMost(limit) => format!("offers {offered} bytes, more than {limit}"),
        }));
    }
    *total = Some(end);
    file.set_len(start)?;
    file.seek(SeekFrom::Start(start))?;
    copy(response.body_mut(), file, start, end, progress)
}

/// A server that cannot be reached is not asked again, a connection that broke off is worth it.
fn unanswered(error: &ureq::Error) -> Answer {
    let reason = error.to_string();
    match error {
        ureq::Error::Io(io) if io.kind() != io::ErrorKind::ConnectionRefused => {
            Answer::Interrupted(reason)
        }
        _ => Answer::Refused(reason),
    }
}

/// Appends the body to the file, never more than `end` bytes in all.
fn copy(
    body: &mut Body,
    file: &mut File,
    start: u64,
    end: u64,
    progress: &dyn Fn(u64, u64),
) -> io::Result<Answer> {
    let mut reader = body.as_reader();
    let mut buffer = vec![0; 1 << 16];
    let mut present = start;
    progress(present, end);
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) if present == end => return Ok(Answer::Complete),
            Ok(0) => {
                let reason = format!("ended after {present} of {end} bytes");
                return Ok(Answer::Interrupted(reason));
            }
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => {
                let reason = format!("broke off after {present} of {end} bytes: {error}");
                return Ok(Answer::Interrupted(reason));
            }
        };
        if count as u64 > end - present {
            file.set_len(0)?;
            return Ok(Answer::Refused(format!("sends more than {end} bytes")));
        }
        file.write_all(&buffer[..count])?;
        present += count as u64;
        progress(present, end);
    }
}

/// First byte and length of the file, of a `Content-Range: bytes FIRST-LAST/TOTAL` that goes to its end.
fn range(headers: &HeaderMap) -> Option<(u64, u64)> {
    let value = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = range.split_once('-')?;
    let end = last.parse::<u64>().ok()?.checked_add(1)?;
    let goes_to_end = total == "*" || total.parse() == Ok(end);
    goes_to_end.then_some((first.parse().ok()?, end))
}

/// Proxies are for the world outside.
fn is_loopback(url: &str) -> bool {
    let uri: Option<Uri> = url.parse().ok();
    let host = uri.as_ref().and_then(Uri::host).unwrap_or_default();
    matches!(host, "localhost" | "127.0.0.1" | "[::1]")
}

fn open_part(part: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(part)
}

fn length(file: &File) -> io::Result<u64> {
    Ok(file.metadata()?.len())
}
