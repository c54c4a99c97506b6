//! The index from above.

use std::sync::Arc;
use std::time::{Duration, Instant};

use lam_serve::ServeOptions;
use serde_json::{Value, json};

use crate::common::pictures::{CLASSES, chessboard, png, png_of};
use crate::common::{Colours, Reply, Server, colours, plane};

/// The map once it is drawn.
fn map(server: &Server, enough: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let reply: Reply = server.get("/map");
        if reply.status == 200 && enough(&reply.json()) {
            return reply.json();
        }
        assert!(
            begun.elapsed() < Duration::from_secs(20),
            "{}",
            reply.text()
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn pair(value: &Value) -> [f64; 2] {
    [0, 1].map(|i| value[i].as_f64().unwrap())
}

fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// In the plane the projection turns and shifts: distances stay.
#[test]
fn places_keep_their_distances() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let drawn = map(&server, |_| true);
    assert_eq!(drawn["items"], 4);
    assert_eq!(drawn["classes"], json!(["east", "north", "south", "west"]));
    assert_eq!(drawn["classes_of"], json!([0, 1, 3, 2]));
    let points: Vec<[f64; 2]> = drawn["points"]
        .as_array()
        .unwrap()
        .iter()
        .map(pair)
        .collect();
    assert!((distance(points[0], points[2]) - 2.0).abs() < 1e-6);
    assert!((distance(points[0], points[1]) - 2.0_f64.sqrt()).abs() < 1e-6);
    let answer = server
        .json(
            "/search?k=2&map=true",
            &json!({"vector": [3, 4], "sigma": [0.3, 0.1]}),
        )
        .ok();
    let place = &answer["map"];
    assert_eq!(place["version"], drawn["version"]);
    // (0.6, 0.8) from north and from east.
    assert!((distance(pair(&place["at"]), points[1]) - 0.4_f64.sqrt()).abs() < 1e-6);
    assert!((distance(pair(&place["at"]), points[0]) - 0.8_f64.sqrt()).abs() < 1e-6);
    assert_eq!(pair(&place["neighbours"][0]), points[1]);
    // The ellipse is that of the deviations, wherever the axes turned to: its shape is, and its longer axis lies along the
    // image of the first coordinate, which runs from west to east.
    let spread = &place["spread"];
    assert!((spread["major"].as_f64().unwrap() - 0.3).abs() < 1e-6);
    assert!((spread["minor"].as_f64().unwrap() - 0.1).abs() < 1e-6);
    let angle = spread["angle"].as_f64().unwrap();
    let along = [
        (points[0][0] - points[2][0]) / 2.0,
        (points[0][1] - points[2][1]) / 2.0,
    ];
    let cosine = angle.cos() * along[0] + angle.sin() * along[1];
    assert!((cosine.abs() - 1.0).abs() < 1e-6, "{cosine}");
}

#[test]
fn samples_and_spread_are_shown() {
    let (_folder, service) = colours(Arc::new(Colours::default()));
    let server = Server::start(service, ServeOptions::local(0));
    map(&server, |_| true);
    let sure = server.png("/search?map=true", &png_of(CLASSES[0].1)).ok();
    let unsure = server.png("/search?map=true", &png(&chessboard())).ok();
    let wide = |answer: &Value| answer["map"]["spread"]["major"].as_f64().unwrap();
    assert!(wide(&unsure) > 10.0 * wide(&sure));
    assert_eq!(unsure["map"]["samples"].as_array().unwrap().len(), 8);
    assert!(
        server
            .png("/search", &png_of(CLASSES[0].1))
            .ok()
            .get("map")
            .is_none()
    );
}

#[test]
fn a_changed_index_is_drawn_again() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let first = map(&server, |_| true);
    let items: Vec<Value> = (10..3010)
        .map(|i| json!({"id": i, "vector": [f64::from(i).cos(), f64::from(i).sin()]}))
        .collect();
    server.json("/items", &json!({"items": items})).ok();
    let second = map(&server, |map| map["version"] != first["version"]);
    assert_eq!(second["items"], 3004);
    let points = second["points"].as_array().unwrap().len();
    assert!((1000..=2000).contains(&points), "{points}");
}

#[test]
fn an_empty_index_has_an_empty_map() {
    let folder = tempfile::tempdir().unwrap();
    let writer = crate::common::create(
        folder.path(),
        3,
        false,
        lam_search::store::Fingerprint([0; 32]),
    );
    let service = lam_serve::Service::new(writer, None).unwrap();
    let server = Server::start(service, ServeOptions::local(0));
    let drawn = map(&server, |_| true);
    assert_eq!(
        (&drawn["points"], &drawn["explained"]),
        (&json!([]), &Value::Null)
    );
    let answer = server
        .json("/search?map=true", &json!({"vector": [1, 2, 3]}))
        .ok();
    assert_eq!(answer["neighbours"], json!([]));
    assert_eq!(answer["reason"], "the index is empty");
}
