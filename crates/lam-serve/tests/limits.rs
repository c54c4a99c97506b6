//! What a peer may not do.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use lam_serve::{Limits, ServeOptions};
use serde_json::json;

use crate::common::encoders::PANIC;
use crate::common::pictures::{form, png_of, png_that_promises};
use crate::common::{Colours, Server, colours, plane};

fn slow(pause: u64) -> Arc<Colours> {
    Arc::new(Colours {
        pause: Duration::from_millis(pause),
        ..Colours::default()
    })
}

#[test]
fn bodies_are_read_up_to_their_limit() {
    let (_folder, service) = colours(slow(0));
    let limits = Limits {
        body_bytes: 2000,
        ..Limits::default()
    };
    let server = Server::start(service, ServeOptions::local(0).with_limits(limits));
    let message = "the body has more than the 2000 bytes that are read";
    for kind in ["image/png", "application/json"] {
        assert_eq!(
            server.post("/search", kind, &[b' '; 2001]).error(413),
            message
        );
    }
    let (kind, body) = form(&[("image", &[0; 2000])]);
    assert_eq!(server.post("/items?id=1", &kind, &body).error(413), message);
    // Many times the limit: the answer still arrives.
    assert_eq!(
        server
            .post("/search", "image/png", &vec![0; 8 << 20])
            .error(413),
        message
    );
    // Without a length that would tell.
    let mut peer = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /search HTTP/1.1\r\nHost: {}\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
        server.address
    );
    peer.write_all(head.as_bytes()).unwrap();
    for _ in 0..30 {
        peer.write_all(format!("64\r\n{}\r\n", "x".repeat(100)).as_bytes())
            .unwrap();
    }
    peer.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    // What fits is read.
    server.png("/search", &png_of([200, 0, 0])).ok();
}

#[test]
fn images_are_not_decoded_beyond_their_limit() {
    let (_folder, service) = colours(slow(0));
    let server = Server::start(service, ServeOptions::local(0));
    let before = resident();
    for _ in 0..20 {
        let error = server
            .png("/search", &png_that_promises(30_000, 30_000))
            .error(413);
        assert!(error.contains("30000×30000"), "{error}");
    }
    let after = resident();
    assert!(after < before + (64 << 20), "{before} {after}");
    let whole = png_of([200, 0, 0]);
    for (bytes, status) in [
        (&b""[..], 400),
        (b"not an image at all", 415),
        (b"GIF89a..............", 415),
        (&whole[..whole.len() / 2], 400),
        (&whole[..8], 400),
        (&[0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0], 400),
    ] {
        server.png("/search", bytes).error(status);
        server.png("/embed", bytes).error(status);
        server.png("/items?id=1", bytes).error(status);
    }
    server
        .png("/search", &png_that_promises(0, 30_000))
        .error(400);
    assert_eq!(server.get("/index").ok()["items"], 24);
}

/// Bytes of memory that this process holds.
fn resident() -> usize {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = pages.split(' ').nth(1).and_then(|pages| pages.parse().ok());
    pages.map_or(0, |pages: usize| pages * 4096)
}

#[test]
fn who_comes_when_all_is_taken_is_sent_away() {
    let (_folder, service) = colours(slow(700));
    let limits = Limits {
        concurrency: 2,
        waiting: 3,
        ..Limits::default()
    };
    let server = Server::start(service, ServeOptions::local(0).with_limits(limits));
    let picture = png_of([200, 0, 0]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..12)
            .map(|_| {
                scope.spawn(|| {
                    let reply = server.png("/search", &picture);
                    if reply.status == 503 {
                        assert_eq!(reply.header("retry-after"), Some("1"));
                        assert!(
                            reply.json()["error"]
                                .as_str()
                                .unwrap()
                                .contains("come again")
                        );
                    }
                    reply.status
                })
            })
            .collect();
        std::thread::sleep(Duration::from_millis(300));
        // An operator sees what is going on.
        server.get("/health").ok();
        assert!(server.metric("lam_in_flight_requests") >= 5.0);
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let count = |status| statuses.iter().filter(|s| **s == status).count();
    assert_eq!((count(200), count(503)), (5, 7), "{statuses:?}");
    assert_eq!(server.metric("lam_rejected_requests_total"), 7.0);
    server.png("/search", &picture).ok();
}

#[test]
fn what_takes_too_long_is_given_up() {
    let (_folder, service) = colours(slow(1500));
    let limits = Limits {
        timeout: Duration::from_millis(500),
        ..Limits::default()
    };
    let server = Server::start(service, ServeOptions::local(0).with_limits(limits));
    let begun = Instant::now();
    let error = server.png("/search", &png_of([200, 0, 0])).error(503);
    assert!(error.contains("longer than 500ms"), "{error}");
    // A body that does not arrive.
    let mut peer = TcpStream::connect(server.address).unwrap();
    let head = format!(
        "POST /search HTTP/1.1\r\nHost: {}\r\nContent-Type: image/png\r\nContent-Length: 500\r\nConnection: close\r\n\r\nx",
        server.address
    );
    peer.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    peer.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(
        answer.contains("{\"error\":\"the body did not arrive within 450ms\"}"),
        "{answer}"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// A peer that sends its header byte by byte, and one that says nothing, lose their connection, and with it the room of others.
#[test]
fn idle_connections_are_closed() {
    let (_folder, service) = plane();
    let limits = Limits {
        timeout: Duration::from_millis(300),
        connections: 2,
        ..Limits::default()
    };
    let server = Server::start(service, ServeOptions::local(0).with_limits(limits));
    let begun = Instant::now();
    let mut silent = TcpStream::connect(server.address).unwrap();
    let mut slow = TcpStream::connect(server.address).unwrap();
    slow.write_all(b"GET /hea").unwrap();
    // No room for a third until one of them is gone.
    server.get("/health").ok();
    let waited = begun.elapsed();
    assert!(
        waited > Duration::from_secs(4) && waited < Duration::from_secs(20),
        "{waited:?}"
    );
    for peer in [&mut silent, &mut slow] {
        peer.set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        let mut rest = Vec::new();
        // Closed or reset, but not open.
        match peer.read_to_end(&mut rest) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset),
        }
    }
}

#[test]
fn a_panic_is_one_requests_matter() {
    let (_folder, service) = colours(slow(100));
    let server = Server::start(service, ServeOptions::local(0));
    std::thread::scope(|scope| {
        for i in 0..12 {
            let server = &server;
            scope.spawn(move || {
                if i % 3 == 0 {
                    let error = server.png("/search", &png_of(PANIC)).error(500);
                    assert!(error.contains("it goes on with others"), "{error}");
                } else {
                    // Beside the one that panics, perhaps in the same batch.
                    server.png("/search", &png_of([200, 0, 0])).ok();
                }
            });
        }
    });
    server.png("/search", &png_of([200, 0, 0])).ok();
    server.png("/items?id=1", &png_of([200, 0, 0])).ok();
}

#[test]
fn lists_have_a_limit() {
    let (_folder, service) = plane();
    let limits = Limits {
        vectors: 3,
        k: 5,
        ..Limits::default()
    };
    let options = ServeOptions::local(0).with_search(lam_retrieve::RetrieveOptions::exact(5));
    let server = Server::start(service, options.with_limits(limits));
    let rows = |n: usize| json!({"vectors": vec![[1.0, 2.0]; n]});
    server.json("/search", &rows(3)).ok();
    assert_eq!(
        server.json("/search", &rows(4)).error(422),
        "4 vectors: a request has 1 to 3"
    );
    assert_eq!(
        server.json("/search?k=6", &rows(1)).error(422),
        "k = 6: it is from 1 to 5"
    );
    // Rows that cost a sender two bytes each are not all held.
    let many = format!("{{\"vectors\": [{}[]]}}", "[],".repeat(200_000));
    let error = server
        .post("/search", "application/json", many.as_bytes())
        .error(422);
    assert!(error.contains("a list of more than 100000"), "{error}");
    let nested = format!("{{\"vector\": {}", "[".repeat(100_000));
    server
        .post("/search", "application/json", nested.as_bytes())
        .error(422);
}
