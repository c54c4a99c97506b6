//! Questions and answers.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use lam_retrieve::{Calibration, Embeddings, Input, RetrieveOptions, Retriever};
use lam_search::store::Fingerprint;
use lam_serve::{ServeError, ServeOptions, Service};
use serde_json::{Value, json};

use crate::common::encoders::Turned;
use crate::common::pictures::{CLASSES, chessboard, form, one_colour, png, png_of};
use crate::common::{Colours, MODEL, Server, colours, create, embed_one, ids, plane};

#[test]
fn vectors_find_the_nearest() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let answer = server
        .json("/search?k=2", &json!({"vector": [3.0, 1.5]}))
        .ok();
    assert_eq!(ids(&answer), [json!(0), json!(1)]);
    let nearest = &answer["neighbours"][0];
    assert_eq!(nearest["class"], "east");
    assert_eq!(nearest["label"], 0);
    assert_eq!(nearest["metadata"], "number 0");
    assert_eq!(nearest["image"], Value::Null);
    // |a − b| = 2 sin(angle / 2).
    let angle = (0.5_f64).atan();
    let expected = 2.0 * (angle / 2.0).sin();
    assert!((nearest["distance"].as_f64().unwrap() - expected).abs() < 1e-6);
    assert_eq!(answer["verdict"], "undecided");
    assert_eq!(
        answer["reason"],
        "the query has no uncertainty to decide by"
    );
    for name in ["uncertainty", "agreement", "confidence"] {
        assert_eq!(answer[name], Value::Null, "{name}");
    }
    assert!(answer.get("map").is_none());

    let answers = server
        .json(
            "/search?k=1",
            &json!({"vectors": [[0.0, 5.0], [-1.0, 0.1], [0.0, -2.0]]}),
        )
        .ok();
    let found: Vec<Value> = answers["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| ids(a)[0].clone())
        .collect();
    assert_eq!(found, [json!(1), json!(2), json!(3)]);
    // All there are, where there are fewer than asked for.
    assert_eq!(
        ids(&server.json("/search", &json!({"vector": [1, 1]})).ok()).len(),
        4
    );
}

#[test]
fn images_are_embedded_and_judged() {
    let (_folder, service) = colours(Arc::new(Colours::default()));
    let server = Server::start(service, ServeOptions::local(0));
    for (class, rgb) in CLASSES {
        let picture = png_of(rgb);
        let answer = server.png("/search?k=6", &picture).ok();
        for neighbour in answer["neighbours"].as_array().unwrap() {
            assert_eq!(neighbour["class"], class);
        }
        assert_eq!(answer["agreement"], 1.0);
        assert_eq!(answer["verdict"], "accepted");
        assert!(
            answer["reason"]
                .as_str()
                .unwrap()
                .contains("within the index's threshold of 0.1")
        );
        // The same image in a form is the same query.
        let (kind, body) = form(&[("image", &picture)]);
        assert_eq!(server.post("/search?k=6", &kind, &body).ok(), answer);
    }
    let unsure = server.png("/search?k=3", &png(&chessboard())).ok();
    assert_eq!(unsure["verdict"], "abstained");
    assert!(
        unsure["reason"]
            .as_str()
            .unwrap()
            .contains("above the index's threshold")
    );
    assert!(unsure["agreement"].as_f64().unwrap() < 1.0);
    // What was nearest is still said.
    assert_eq!(ids(&unsure).len(), 3);
    assert_eq!(
        server.metric("lam_answers_total{verdict=\"abstained\"}"),
        1.0
    );
    assert_eq!(
        server.metric("lam_answers_total{verdict=\"accepted\"}"),
        8.0
    );
}

#[test]
fn expected_distances_are_those_of_the_formula() {
    let encoder = Colours::default();
    let (_folder, service) = colours(Arc::new(encoder.clone()));
    let server = Server::start(service, ServeOptions::local(0));
    let picture = one_colour([200, 60, 60]);
    let answer = server
        .png("/search?k=24&ranking=expected", &png(&picture))
        .ok();
    let query = embed_one(&encoder, Input::Image(&picture)).unwrap();
    let variance = |sigma: &[f32]| sigma.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>();
    let own = variance(query.sigma(0).unwrap());
    let mut last = 0.0;
    for neighbour in answer["neighbours"].as_array().unwrap() {
        let distance = neighbour["distance"].as_f64().unwrap();
        let expected = neighbour["expected"].as_f64().unwrap();
        // Items are one-coloured: σ = 0.01 in each of three dimensions.
        let sum = distance.powi(2) + own + 3.0 * 0.01_f64.powi(2);
        assert!((expected - sum.sqrt()).abs() < 1e-6, "{expected} {sum}");
        assert!(expected >= last);
        last = expected;
    }
}

#[test]
fn a_model_of_vectors_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let writer = create(folder.path(), 2, true, MODEL);
    let service = Service::new(writer, Some(Arc::new(Turned))).unwrap();
    let server = Server::start(service, ServeOptions::local(0));
    let index = server.get("/index").ok();
    assert_eq!(
        (&index["vector"], &index["dim"], &index["images"]),
        (&json!(3), &json!(2), &json!(false))
    );
    let items = json!({"items": [
        {"id": "a", "vector": [1, 0, 9]},
        {"id": "b", "vector": [0, 1, 9]},
    ]});
    server.json("/items", &items).ok();
    // (1, 0) was turned to (0, 1) on its way in, as the query is.
    let answer = server
        .json("/search?k=1", &json!({"vector": [1, 0.1, -4]}))
        .ok();
    assert_eq!(ids(&answer), ["a"]);
    assert_eq!(answer["uncertainty"], 0.2);
    let embedded = server.json("/embed", &json!({"vector": [1, 0, 9]})).ok();
    assert_eq!(embedded["mean"], json!([-0.0, 1.0]));
    let several = server
        .json("/embed", &json!({"vectors": [[1, 0, 9], [0, 2, 9]]}))
        .ok();
    assert_eq!(several["embeddings"][1]["mean"], json!([-1.0, 0.0]));
    let error = server
        .json("/search", &json!({"vector": [1, 0]}))
        .error(422);
    assert_eq!(error, "vector 0 has 2 values, but the model takes 3");
    let error = server
        .json("/search", &json!({"vector": [1, 0, 1], "uncertainty": 1}))
        .error(422);
    assert!(error.contains("finds them itself"), "{error}");
    let error = server.png("/search", &png_of([1, 2, 3])).error(415);
    assert!(error.contains("takes no images"), "{error}");
}

#[test]
fn embeddings_are_those_of_the_model() {
    let encoder = Colours::default();
    let (_folder, service) = colours(Arc::new(encoder.clone()));
    let server = Server::start(service, ServeOptions::local(0));
    let picture = one_colour([200, 10, 60]);
    let answer = server.png("/embed", &png(&picture)).ok();
    let own = embed_one(&encoder, Input::Image(&picture)).unwrap();
    let floats = |value: &Value| -> Vec<f32> {
        let values = value.as_array().unwrap();
        values.iter().map(|v| v.as_f64().unwrap() as f32).collect()
    };
    assert_eq!(floats(&answer["mean"]), own.means);
    assert_eq!(floats(&answer["sigma"]), own.sigmas.unwrap());
    assert_eq!(
        answer["uncertainty"].as_f64(),
        own.uncertainties.map(|u| u[0])
    );
    // An embedding with its spread, found by another program, is judged as the image is.
    let as_image = server.png("/search", &png(&picture)).ok();
    let as_vector = json!({"vector": answer["mean"], "sigma": answer["sigma"]});
    let as_vector = server.json("/search", &as_vector).ok();
    assert_eq!(ids(&as_vector), ids(&as_image));
    assert_eq!(as_vector["verdict"], "accepted");
    let difference =
        as_vector["uncertainty"].as_f64().unwrap() - as_image["uncertainty"].as_f64().unwrap();
    assert!(difference.abs() < 1e-6);
}

/// The deviations of an embedding do not say how uncertain it is to a model that says another number.
#[test]
fn an_uncertainty_of_another_kind_is_not_made_up() {
    let encoder = Colours {
        halves: true,
        ..Colours::default()
    };
    let (_folder, service) = colours(Arc::new(encoder));
    let server = Server::start(service, ServeOptions::local(0));
    let own = server.png("/embed", &png(&one_colour([200, 10, 60]))).ok();
    let mut query = json!({"vector": own["mean"], "sigma": own["sigma"]});
    let answer = server.json("/search", &query).ok();
    assert_eq!(answer["uncertainty"], Value::Null);
    assert_eq!(answer["verdict"], "undecided");
    query["uncertainty"] = own["uncertainty"].clone();
    let answer = server.json("/search", &query).ok();
    assert_eq!(answer["uncertainty"], own["uncertainty"]);
    assert_eq!(answer["verdict"], "accepted");
}

#[test]
fn wrong_questions_are_told_so() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let json = "application/json";
    for (path, kind, body, status, message) in [
        (
            "/search",
            json,
            "{\"vector\": [1]}",
            422,
            "vector 0 has 1 values, but embeddings in this index have 2",
        ),
        (
            "/search",
            json,
            "{\"vectors\": [[1, 2], [1]]}",
            422,
            "vector 1 has 1 values",
        ),
        ("/search", json, "{\"vector\": [1, NaN]}", 422, "not finite"),
        (
            "/search",
            json,
            "{\"vector\": [1,\n -Infinity]}",
            422,
            "a number at line 2",
        ),
        (
            "/search",
            json,
            "{\"vector\": [1, 1e39]}",
            422,
            "not finite in 32 bits",
        ),
        (
            "/search",
            json,
            "{\"vector\": [0, 0]}",
            422,
            "all zeros and has no direction",
        ),
        (
            "/search",
            json,
            "{\"vector\": [1, null]}",
            422,
            "expected f32",
        ),
        (
            "/search",
            json,
            "{\"vector\": \"a\"}",
            422,
            "expected a sequence",
        ),
        (
            "/search",
            json,
            "{\"vectors\": []}",
            422,
            "0 vectors: a request has 1 to 10000",
        ),
        (
            "/search",
            json,
            "{\"vectros\": []}",
            422,
            "unknown field `vectros`",
        ),
        ("/search", json, " [[1, 2]]", 422, "an object with names"),
        ("/search", json, "{}", 422, "give one of"),
        (
            "/search",
            json,
            "{\"vector\": [1, 2], \"vectors\": [[1, 2]]}",
            422,
            "give one of",
        ),
        (
            "/search",
            json,
            "{\"vector\": [1, 2], \"sigma\": [1]}",
            422,
            "sigma 0 has 1 values",
        ),
        (
            "/search",
            json,
            "{\"vector\": [1, 2], \"sigma\": [1, -1]}",
            422,
            "deviation of -1",
        ),
        (
            "/search",
            json,
            "{\"vector\": [1, 2]",
            400,
            "not valid JSON",
        ),
        ("/search", json, "", 400, "not valid JSON"),
        ("/search", json, "\u{fffd}", 400, "not valid JSON"),
        (
            "/search",
            "text/plain",
            "{\"vector\": [1, 2]}",
            415,
            "a body of type text/plain is not taken",
        ),
        (
            "/search",
            "image/png",
            "…",
            415,
            "no model is behind this server",
        ),
        (
            "/search?k=0",
            json,
            "{\"vector\": [1, 2]}",
            422,
            "k = 0: it is from 1 to 1000",
        ),
        (
            "/search?k=1001",
            json,
            "{\"vector\": [1, 2]}",
            422,
            "k = 1001",
        ),
        (
            "/search?k=-1",
            json,
            "{\"vector\": [1, 2]}",
            400,
            "invalid digit",
        ),
        (
            "/search?n=1",
            json,
            "{\"vector\": [1, 2]}",
            400,
            "unknown field `n`",
        ),
        (
            "/search?ranking=best",
            json,
            "{\"vector\": [1, 2]}",
            400,
            "unknown variant `best`",
        ),
        (
            "/search?ranking=expected",
            json,
            "{\"vector\": [1, 2]}",
            422,
            "stores no spread",
        ),
        (
            "/embed",
            json,
            "{\"vector\": [1, 2]}",
            422,
            "no model is behind this server",
        ),
        (
            "/items",
            json,
            "{\"id\": 9, \"vector\": [1, 2], \"sigma\": [0, 0.1]}",
            201,
            "",
        ),
    ] {
        let reply = server.post(path, kind, body.as_bytes());
        if status == 201 {
            reply.ok();
            continue;
        }
        let error = reply.error(status);
        assert!(error.contains(message), "{path} {body}: {error}");
    }
    let error = server.post_with("/search", &[], b"{}").error(415);
    assert!(error.contains("no content type"), "{error}");
    server.get("/search").error(405);
    server.get("/nothing").error(404);
    server.get("/items/1/image/more").error(404);
}

/// What waits is taken together, and everybody gets his own answer.
#[test]
fn many_at_once_get_their_own_answers() {
    let asked = Colours {
        pause: Duration::from_millis(60),
        ..Colours::default()
    };
    let times = asked.asked.clone();
    let (_folder, service) = colours(Arc::new(asked));
    let before = times.load(Ordering::Relaxed);
    let server = Server::start(service, ServeOptions::local(0));
    std::thread::scope(|scope| {
        for i in 0..16 {
            let server = &server;
            scope.spawn(move || {
                let (class, rgb) = CLASSES[i % 4];
                let k = 1 + i % 3;
                let answer = server.png(&format!("/search?k={k}"), &png_of(rgb)).ok();
                assert_eq!(answer["neighbours"][0]["class"], class);
                assert_eq!(ids(&answer).len(), k);
            });
        }
    });
    let calls = times.load(Ordering::Relaxed) - before;
    assert!(calls < 12, "16 images took {calls} calls of the model");
    assert_eq!(server.metric("lam_embedded_inputs_total"), 16.0);
}

#[test]
fn calibrated_answers_have_a_confidence() {
    let encoder = Colours::default();
    let (_folder, service) = colours(Arc::new(encoder.clone()));
    let _ = service;
    let folder = tempfile::tempdir().unwrap();
    let mut writer = create(folder.path(), 2, false, Fingerprint([0; 32]));
    let item = |id: u64, mean: [f32; 2]| lam_search::store::Item {
        label: Some(id as u32),
        ..lam_search::store::Item::new(id, mean.to_vec())
    };
    writer
        .add(&[item(0, [1.0, 0.0]), item(1, [0.0, 1.0])])
        .unwrap();
    // Queries near an item are answered rightly, those between them not always: distance tells.
    let angles: Vec<f32> = (0..400).map(|i| i as f32 / 400.0 * 1.57).collect();
    let vectors: Vec<f32> = angles.iter().flat_map(|a| [a.cos(), a.sin()]).collect();
    let queries = Embeddings::of_directions(vectors, 2).unwrap();
    let labels: Vec<Option<u32>> = angles
        .iter()
        .enumerate()
        .map(|(i, a)| {
            let near = u32::from(*a > 0.785);
            let between = (a - 0.785).abs() < 0.3;
            Some(if between && i % 2 == 0 {
                1 - near
            } else {
                near
            })
        })
        .collect();
    let view = writer.view();
    let known = Calibration::measure(
        &view,
        &queries,
        &labels,
        &RetrieveOptions::exact(1),
        "a test",
    )
    .unwrap();
    let target = lam_metrics::RiskTarget::new(0.1, 0.9).unwrap();
    let rule = known.rule(target, None).unwrap();
    let service = Service::new(writer, None).unwrap();
    let service = service
        .with_retriever(Retriever::new(Some(known), Some(rule)))
        .unwrap();
    let server = Server::start(service, ServeOptions::local(0));
    assert_eq!(server.get("/index").ok()["risk"], 0.1);
    let near = server.json("/search", &json!({"vector": [1.0, 0.02]})).ok();
    assert_eq!(near["verdict"], "accepted");
    assert_eq!(
        near["reason"],
        "the distance to the nearest item is within what keeps the share of wrong answers at 10 % or less"
    );
    let between = server.json("/search", &json!({"vector": [1.0, 1.0]})).ok();
    assert_eq!(between["verdict"], "abstained");
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |dim: usize, model: Fingerprint| {
        let path = folder.path().join(format!("{dim}-{model}"));
        let writer = create(&path, dim, true, model);
        Service::new(writer, Some(Arc::new(Colours::default())))
            .err()
            .unwrap()
    };
    let error = refused(3, Fingerprint([8; 32])).to_string();
    assert!(
        error.contains("embeddings of another model") && error.contains(&"08".repeat(32)),
        "{error}"
    );
    let error = refused(4, MODEL).to_string();
    assert_eq!(
        error,
        "the model's embeddings have 3 dimensions, but those of the index have 4"
    );

    let (_folder, service) = plane();
    let options = ServeOptions::local(0).with_search(RetrieveOptions {
        ranking: lam_search::Ranking::Expected,
        ..RetrieveOptions::exact(3)
    });
    assert!(matches!(
        Server::try_start(service, options).err(),
        Some(ServeError::NoSpread)
    ));
    let (_folder, service) = plane();
    let options = ServeOptions::local(0).with_search(RetrieveOptions::exact(0));
    assert!(matches!(
        Server::try_start(service, options).err(),
        Some(ServeError::Limit { .. })
    ));
    let (_folder, service) = plane();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = ServeOptions::local(taken.local_addr().unwrap().port());
    assert!(matches!(
        Server::try_start(service, options).err(),
        Some(ServeError::Bind { .. })
    ));
}
