//! Bytes of all kinds: none is an error of the server's.

use std::sync::{Arc, LazyLock, Mutex};

use lam_serve::ServeOptions;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::common::pictures::{chessboard, form, png, png_of};
use crate::common::{Colours, Server, colours};

/// One server for all cases.
static SERVER: LazyLock<Mutex<(Server, TempDir)>> = LazyLock::new(|| {
    let (folder, service) = colours(Arc::new(Colours::default()));
    Mutex::new((Server::start(service, ServeOptions::local(0)), folder))
});

fn send(path: &str, kind: &str, body: &[u8]) -> Result<(), TestCaseError> {
    let server = SERVER
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let reply = server.0.post(path, kind, body);
    prop_assert!(reply.status < 500, "{} {}", reply.status, reply.text());
    if reply.status >= 400 {
        let json = reply.json();
        prop_assert!(
            json["error"].as_str().is_some_and(|e| !e.is_empty()),
            "{json}"
        );
    }
    Ok(())
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "/search",
        "/search?k=3&map=true",
        "/search?ranking=expected",
        "/embed",
        "/items",
        "/items?id=x",
    ])
}

/// A whole file, in every format that is read.
fn image() -> impl Strategy<Value = Vec<u8>> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/../lam-data/tests/fixtures");
    let mut all = vec![png_of([200, 30, 30]), png(&chessboard())];
    for name in std::fs::read_dir(format!("{fixtures}/pictures"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = name.path();
        let kind = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if ["jpg", "jpeg", "png", "webp"].contains(&kind) {
            all.extend(
                std::fs::read(path)
                    .ok()
                    .filter(|bytes| bytes.len() < 100_000),
            );
        }
    }
    prop::sample::select(all)
}

/// Some bytes changed, some left out, something appended.
fn mutated(base: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    let cut = prop::option::of((any::<prop::sample::Index>(), 0..200_usize));
    let tail = prop::collection::vec(any::<u8>(), 0..8);
    (base, changes, cut, tail).prop_map(|(mut bytes, changes, cut, tail)| {
        for (at, value) in changes {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        if let Some((at, length)) = cut
            && !bytes.is_empty()
        {
            let at = at.index(bytes.len());
            let end = (at + length).min(bytes.len());
            bytes.drain(at..end);
        }
        bytes.extend(tail);
        bytes
    })
}

fn json() -> impl Strategy<Value = Vec<u8>> {
    let whole = prop::sample::select(vec![
        r#"{"vector": [0.1, 0.2, 0.3]}"#,
        r#"{"vectors": [[0.1, 0.2, 0.3], [1, -2e3, 0.5]]}"#,
        r#"{"vector": [0.1, 0.2, 0.3], "sigma": [0.1, 0.1, 0.1], "uncertainty": 0.3}"#,
        r#"{"id": "a/b", "vector": [0.1, 0.2, 0.3], "class": "red", "metadata": "{}"}"#,
        r#"{"items": [{"id": 5, "vector": [1, 0, 0], "sigma": [0, 0, 0], "label": 7}]}"#,
    ]);
    mutated(whole.prop_map(|text| text.as_bytes().to_vec()))
}

/// JSON of any shape, with the names that are known and with others.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Number, Value};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|x| Number::from_f64(x).map_or(Value::Null, Value::Number)),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "vector",
        "vectors",
        "items",
        "id",
        "sigma",
        "class",
        "label",
        "uncertainty",
        "metadata",
        "x",
    ]);
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(String::from), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn images(path in path(), image in mutated(image())) {
        send(path, "image/png", &image)?;
    }

    #[test]
    fn forms(path in path(), image in mutated(image()), broken in prop::bool::ANY, at: prop::sample::Index) {
        let (kind, mut body) = form(&[("image", &image), ("class", b"red")]);
        if broken {
            let at = at.index(body.len());
            body[at] ^= 0x55;
        }
        send(path, &kind, &body)?;
    }

    #[test]
    fn texts(path in path(), text in json()) {
        send(path, "application/json", &text)?;
    }

    #[test]
    fn values(path in path(), value in any_json()) {
        send(path, "application/json", value.to_string().as_bytes())?;
    }

    #[test]
    fn anything(path in path(), kind in "[ -~]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        send(path, &kind, &bytes)?;
    }

    /// Paths and queries.
    #[test]
    fn addresses(path in "[!-~&&[^#\\\\\"<>{}^`|]]{0,60}") {
        let server = SERVER.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let url = format!("/{path}");
        if url.parse::<ureq::http::Uri>().is_ok() {
            let reply = server.0.get(&url);
            prop_assert!(reply.status < 500, "{url}: {}", reply.status);
        }
    }
}
