//! What describes the server: its OpenAPI document, its metrics, its page's headers.

use std::collections::BTreeSet;

use lam_serve::ServeOptions;
use serde_json::{Value, json};

use crate::common::{Server, plane};

#[test]
fn the_document_lists_what_there_is() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let document = server.get("/openapi.json").ok();
    assert!(document["openapi"].as_str().unwrap().starts_with("3."));
    let paths = document["paths"].as_object().unwrap();
    let mut listed = BTreeSet::new();
    for (path, operations) in paths {
        for method in operations.as_object().unwrap().keys() {
            listed.insert(format!("{method} {path}"));
        }
    }
    let expected = [
        "delete /items/{id}",
        "get /health",
        "get /index",
        "get /items/{id}/image",
        "get /map",
        "get /metrics",
        "get /openapi.json",
        "post /embed",
        "post /items",
        "post /search",
    ];
    assert_eq!(listed, expected.map(String::from).into());
    // Each of them is there, and takes the method.
    for (path, operations) in paths {
        let path = path.replace("{id}", "0");
        for method in operations.as_object().unwrap().keys() {
            let reply = match method.as_str() {
                "get" => server.get(&path),
                "post" => server.post(&path, "application/json", b""),
                _ => server.delete(&path),
            };
            assert_ne!(reply.status, 405, "{method} {path}");
            let documented = &operations[method]["responses"];
            let status = reply.status.to_string();
            assert!(
                documented.get(&status).is_some(),
                "{method} {path}: {status} is not in the document"
            );
        }
    }
    // Every reference leads somewhere.
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 10);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
    let schema = document
        .pointer("/components/schemas/AnswerBody/properties")
        .unwrap();
    let answer = server
        .json("/search?map=true", &json!({"vector": [1, 2]}))
        .ok();
    for name in answer.as_object().unwrap().keys() {
        assert!(schema.get(name).is_some(), "{name} is not in the document");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                references.push(reference.clone());
            }
            object.values().for_each(|value| collect(value, references));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

#[test]
fn metrics_count_what_happens() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    for _ in 0..3 {
        server.json("/search", &json!({"vector": [1, 2]})).ok();
    }
    server.json("/search", &json!({"vector": [1]})).error(422);
    server.get("/../etc/passwd").error(404);
    server.get("/anything").error(404);
    server
        .json("/items", &json!({"id": 9, "vector": [1, 2]}))
        .ok();
    let of = |method: &str, route: &str, status: u16| {
        server.metric(&format!(
            "lam_requests_total{{method=\"{method}\",route=\"{route}\",status=\"{status}\"}}"
        ))
    };
    assert_eq!(of("POST", "/search", 200), 3.0);
    assert_eq!(of("POST", "/search", 422), 1.0);
    // Whatever is asked for, there is one line for what there is not.
    assert_eq!(of("GET", "unknown", 404), 2.0);
    assert_eq!(server.metric("lam_items"), 5.0);
    assert_eq!(
        server.metric("lam_request_duration_seconds_count{route=\"/search\"}"),
        4.0
    );
    assert_eq!(
        server.metric("lam_answers_total{verdict=\"undecided\"}"),
        3.0
    );
    assert_eq!(server.metric("lam_items_changed_together_sum"), 1.0);
    assert!(server.get("/metrics").text().ends_with("# EOF\n"));
}

#[test]
fn the_page_stands_alone() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let page = server.get("/");
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{policy}"
    );
    for file in ["/", "/page.css", "/page.js"] {
        let reply = server.get(file);
        let text = reply.text().replace("http://www.w3.org/2000/svg", "");
        assert!(
            !text.contains("://") && !text.contains("@import"),
            "{file} names another server"
        );
        // The policy would keep them from working.
        assert!(
            !text.contains("style=\"") && !text.contains("onclick"),
            "{file}"
        );
    }
}
