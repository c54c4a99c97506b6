//! Who is answered.

use std::net::SocketAddr;

use lam_serve::{ServeError, ServeOptions, Token};
use serde_json::json;

use crate::common::{Server, plane};

const TOKEN: &str = "correct-horse-battery-staple";

#[test]
fn other_machines_take_a_token() {
    for open in [
        "0.0.0.0:80",
        "192.168.1.2:80",
        "[::]:80",
        "[2001:db8::1]:80",
    ] {
        let open: SocketAddr = open.parse().unwrap();
        assert!(
            matches!(
                ServeOptions::new(open, None),
                Err(ServeError::OpenAddress { .. })
            ),
            "{open}"
        );
        let options = ServeOptions::new(open, Some(Token::new(TOKEN).unwrap())).unwrap();
        assert_eq!(options.address(), open);
    }
    for own in ["127.0.0.1:80", "127.8.9.1:80", "[::1]:80"] {
        ServeOptions::new(own.parse().unwrap(), None).unwrap();
    }
    for bad in [
        "",
        "short",
        "fifteen-letters",
        "with a blank in it, but long",
        "new\nline-and-long-enough",
        "ünïcödé-and-long-enough",
    ] {
        assert!(Token::new(bad).is_err(), "{bad}");
    }
    let token = Token::new(TOKEN).unwrap();
    assert!(!format!("{token:?}").contains("horse"));
}

#[test]
fn without_the_token_nothing_is_said() {
    let (_folder, service) = plane();
    let any: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let options = ServeOptions::new(any, Some(Token::new(TOKEN).unwrap())).unwrap();
    let mut server = Server::start(service, options);
    server.address = SocketAddr::new("127.0.0.1".parse().unwrap(), server.address.port());
    for path in ["/index", "/map", "/metrics", "/items/0/image", "/nothing"] {
        let reply = server.get(path);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{path}");
        assert!(reply.error(401).contains("asks for a token"));
        for wrong in [
            "Bearer",
            "Bearer ",
            "Bearer wrong",
            "Basic abc",
            &format!("Bearer {TOKEN}x"),
            &format!("Bearer {}", &TOKEN[1..]),
            &format!("Bearer {}", TOKEN.to_uppercase()),
        ] {
            server
                .get_with(path, &[("authorization", wrong)])
                .error(401);
        }
    }
    server
        .json("/search", &json!({"vector": [1, 2]}))
        .error(401);
    server
        .json("/items", &json!({"id": 9, "vector": [1, 2]}))
        .error(401);
    server.delete("/items/0").error(401);
    // These say nothing about what is served.
    for path in ["/", "/page.css", "/page.js", "/health", "/openapi.json"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    assert_eq!(
        server
            .get_with("/index", &[("authorization", &format!("bearer {TOKEN}"))])
            .ok()["items"],
        4
    );
    let server = server.with_token(TOKEN);
    server.json("/search", &json!({"vector": [1, 2]})).ok();
    server.delete("/items/0").ok();
    // By whatever name it is called, and from wherever: the token decides.
    let elsewhere = [
        ("host", "photos.example"),
        ("origin", "https://else.example"),
    ];
    server.get_with("/index", &elsewhere).ok();
}

/// A page elsewhere that makes a browser on this machine ask (DNS rebinding, forged forms) is not answered.
#[test]
fn foreign_pages_are_not_answered() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let port = server.address.port();
    for host in [
        "localhost",
        "LocalHost:1",
        "127.0.0.1",
        "127.0.0.9:80",
        "[::1]",
        "[::1]:80",
    ] {
        assert_eq!(
            server.get_with("/index", &[("host", host)]).status,
            200,
            "{host}"
        );
    }
    for host in [
        "evil.example",
        "evil.example:80",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "192.168.0.1",
        "[::2]",
        "[::1]evil",
        "0.0.0.0",
    ] {
        let error = server.get_with("/index", &[("host", host)]).error(403);
        assert!(error.contains("are not answered"), "{error}");
        server.get_with("/", &[("host", host)]).error(403);
    }
    let own = format!("127.0.0.1:{port}");
    let body = json!({"vector": [1, 2]}).to_string();
    let post = |origin: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("host", own.as_str()),
            ("origin", origin),
        ];
        server.post_with("/search", &headers, body.as_bytes())
    };
    post(&format!("http://{own}")).ok();
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1:1",
        &format!("http://localhost:{port}"),
    ] {
        post(origin).error(403);
    }
    let reply = server.get("/index");
    assert!(
        reply
            .headers
            .iter()
            .all(|(name, _)| !name.starts_with("access-control"))
    );
}
