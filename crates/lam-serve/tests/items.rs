//! Items come and go.

use std::sync::Arc;

use lam_search::store::{Fingerprint, ItemId};
use lam_serve::{FolderPictures, PictureSource, ServeOptions, Service};
use serde_json::json;

use crate::common::pictures::{form, png_of};
use crate::common::{Colours, Server, colours, create, ids, plane, stored};

#[test]
fn items_are_added_found_and_removed() {
    let (folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let added = server.json(
        "/items",
        &json!({"id": "north east", "vector": [2, 2], "class": "between", "metadata": "m"}),
    );
    assert_eq!(added.status, 201);
    assert_eq!(added.json(), json!({"added": 1, "items": 5}));
    let answer = server.json("/search?k=1", &json!({"vector": [1, 1]})).ok();
    let nearest = &answer["neighbours"][0];
    // A new class is numbered behind those that are there.
    assert_eq!(
        (&nearest["id"], &nearest["class"], &nearest["label"]),
        (&json!("north east"), &json!("between"), &json!(4))
    );
    assert_eq!(nearest["metadata"], "m");
    // A known class keeps its number.
    server
        .json(
            "/items",
            &json!({"id": "7", "vector": [1, 3], "class": "north"}),
        )
        .ok();
    server
        .json(
            "/items",
            &json!({"items": [{"id": 7, "vector": [3, 1], "label": 9}]}),
        )
        .ok();
    let answer = server.json("/search?k=1", &json!({"vector": [1, 3]})).ok();
    assert_eq!(answer["neighbours"][0]["label"], 1);
    assert_eq!(ids(&answer), ["7"]);
    // 7 and "7" are two items.
    assert_eq!(
        server.delete("/items/7").ok(),
        json!({"removed": 1, "items": 6})
    );
    assert_eq!(
        server.delete("/items/7").error(404),
        "there is no item 7 in the index"
    );
    assert_eq!(
        server.delete("/items/%227%22").ok(),
        json!({"removed": 1, "items": 5})
    );
    assert_eq!(
        server.delete("/items/north%20east").ok(),
        json!({"removed": 1, "items": 4})
    );
    assert!(server.delete("/items/%ff").status == 400);
    server.end();
    assert_eq!(stored(folder.path()), [0, 1, 2, 3].map(ItemId::Number));
}

/// Whatever an id is, the path that the server gives for it leads to it.
#[test]
fn ids_survive_the_path() {
    let folder = tempfile::tempdir().unwrap();
    let writer = create(folder.path(), 2, false, Fingerprint([0; 32]));
    let pictures = FolderPictures::new(folder.path()).unwrap();
    let service = Service::new(writer, None)
        .unwrap()
        .with_pictures(Arc::new(pictures));
    let server = Server::start(service, ServeOptions::local(0));
    let all = [
        json!(0),
        json!(u64::MAX),
        json!("0"),
        json!("18446744073709551615"),
        json!("007"),
        json!("-1"),
        json!("a/b/../c d.png"),
        json!(".."),
        json!("."),
        json!("\"quoted\""),
        json!("\"\\"),
        json!("ü&?#%41+\n\u{0}"),
        json!("null"),
    ];
    let items: Vec<_> = all
        .iter()
        .map(|id| json!({"id": id, "vector": [1, 1]}))
        .collect();
    server.json("/items", &json!({"items": items})).ok();
    let answer = server
        .json("/search?k=100", &json!({"vector": [1, 1]}))
        .ok();
    assert_eq!(ids(&answer).len(), all.len());
    let mut left = all.len();
    for neighbour in answer["neighbours"].as_array().unwrap() {
        let path = neighbour["image"]
            .as_str()
            .unwrap()
            .strip_suffix("/image")
            .unwrap();
        left -= 1;
        assert_eq!(server.delete(path).ok()["items"], left, "{neighbour}");
    }
    for (id, message) in [
        (json!(""), "an id has 1 to 1024"),
        (json!("x".repeat(1025)), "an id of 1025 bytes"),
        (json!(-1), "an id is a whole number"),
        (json!(1.5), "an id is a whole number"),
        (json!(null), "an id is"),
    ] {
        let error = server
            .json("/items", &json!({"items": [{"id": id, "vector": [1, 1]}]}))
            .error(422);
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn all_are_added_or_none() {
    let (_folder, service) = plane();
    let server = Server::start(service, ServeOptions::local(0));
    let good = json!({"id": "new", "vector": [1, 1]});
    for (second, status, message) in [
        (
            json!({"id": 0, "vector": [1, 1]}),
            409,
            "item 0 is in the index already",
        ),
        (
            json!({"id": "new", "vector": [1, 1]}),
            409,
            "item new is in the index already",
        ),
        (
            json!({"id": "x", "vector": [1, 1], "class": "north", "label": 0}),
            409,
            "label 0 is called east",
        ),
        (
            json!({"id": "x", "vector": [1]}),
            422,
            "vector 1 has 1 values",
        ),
        (json!({"id": "x", "vector": [0, 0]}), 422, "no direction"),
        (
            json!({"id": "x", "vector": [1, 1], "label": u32::MAX}),
            422,
            "labels go up to",
        ),
        (json!({"id": "x"}), 422, "missing field `vector`"),
        (
            json!({"id": "x", "vector": [1, 1], "metadata": 5}),
            422,
            "expected a string",
        ),
    ] {
        let error = server
            .json("/items", &json!({"items": [good, second]}))
            .error(status);
        assert!(error.contains(message), "{error}");
        assert_eq!(server.get("/index").ok()["items"], 4);
    }
    assert!(
        server
            .json("/items", &json!({"items": []}))
            .error(422)
            .contains("0 vectors")
    );
    assert!(
        server
            .json("/items", &json!({"id": 5}))
            .error(422)
            .contains("give one of")
    );
}

#[test]
fn images_become_items() {
    let (folder, service) = colours(Arc::new(Colours::default()));
    let server = Server::start(service, ServeOptions::local(0));
    let picture = png_of([120, 10, 200]);
    server
        .png("/items?id=purple%2F1&class=purple&metadata=here", &picture)
        .ok();
    let (kind, body) = form(&[
        ("id", b"purple/2"),
        ("class", b"purple"),
        ("image", &picture),
    ]);
    server.post("/items", &kind, &body).ok();
    let answer = server.png("/search?k=2", &picture).ok();
    assert_eq!(ids(&answer), ["purple/1", "purple/2"]);
    assert_eq!(answer["neighbours"][1]["class"], "purple");
    assert_eq!(answer["neighbours"][0]["distance"], 0.0);
    assert!((answer["neighbours"][0]["uncertainty"].as_f64().unwrap() - 0.03).abs() < 1e-6);
    assert!(
        server
            .png("/items", &picture)
            .error(422)
            .contains("without an id")
    );
    server.png("/items?id=purple%2F1", &picture).error(409);
    let (kind, body) = form(&[("id", b"a"), ("image", &picture), ("image", &picture)]);
    assert!(
        server
            .post("/items", &kind, &body)
            .error(400)
            .contains("there twice")
    );
    let (kind, body) = form(&[("id", b"a"), ("image", &picture)]);
    assert!(
        server
            .post("/items?id=b", &kind, &body)
            .error(400)
            .contains("both in the query and in the form")
    );
    let (kind, body) = form(&[("id", b"a"), ("picture", &picture)]);
    assert!(
        server
            .post("/items", &kind, &body)
            .error(400)
            .contains("\"picture\" is not known")
    );
    let (kind, body) = form(&[("id", b"a")]);
    assert!(
        server
            .post("/items", &kind, &body)
            .error(400)
            .contains("no field 'image'")
    );
    assert!(
        server
            .post("/items", "multipart/form-data", &body)
            .error(400)
            .contains("form")
    );
    // An embedding without a spread does not fit into an index that stores one.
    let error = server
        .json("/items", &json!({"id": "v", "vector": [1, 0, 0]}))
        .error(422);
    assert!(error.contains("no sigma"), "{error}");
    server
        .json(
            "/items",
            &json!({"id": "v", "vector": [1, 0, 0], "sigma": [0, 0.1, 0.1]}),
        )
        .ok();
    server.end();
    assert_eq!(stored(&folder.path().join("colours")).len(), 27);
}

#[test]
fn pictures_are_shown_and_no_other_file() {
    let root = tempfile::tempdir().unwrap();
    let secret = root.path().join("secret.png");
    std::fs::write(&secret, png_of([9, 9, 9])).unwrap();
    let folder = root.path().join("pictures");
    std::fs::create_dir_all(folder.join("red")).unwrap();
    let red = png_of([200, 0, 0]);
    std::fs::write(folder.join("red/1.png"), &red).unwrap();
    std::fs::write(folder.join("page.html"), "<script>alert(1)</script>").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(&secret, folder.join("link.png")).unwrap();
    let source = FolderPictures::new(&folder).unwrap();
    assert!(FolderPictures::new(&folder.join("none")).is_err());
    let writer = create(&root.path().join("index"), 2, false, Fingerprint([0; 32]));
    let service = Service::new(writer, None)
        .unwrap()
        .with_pictures(Arc::new(source.clone()));
    let server = Server::start(service, ServeOptions::local(0));
    let absolute = secret.to_str().unwrap();
    let elsewhere = [
        "../secret.png",
        "red/../../secret.png",
        "link.png",
        absolute,
        "red",
        "page.html",
        "red/2.png",
        "./red/1.png",
    ];
    let mut items = vec![
        json!({"id": "red/1.png", "vector": [1, 0]}),
        json!({"id": 5, "vector": [1, 0]}),
    ];
    items.extend(
        elsewhere
            .iter()
            .map(|id| json!({"id": id, "vector": [0, 1]})),
    );
    server.json("/items", &json!({"items": items})).ok();
    let picture = server.get("/items/red%2F1.png/image");
    assert_eq!(picture.status, 200);
    assert_eq!(picture.header("content-type"), Some("image/png"));
    assert_eq!(picture.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(picture.body, red);
    let answer = server.json("/search?k=1", &json!({"vector": [1, 0]})).ok();
    assert_eq!(answer["neighbours"][0]["image"], "/items/red%2F1.png/image");
    for id in elsewhere {
        let path = format!("/items/{}/image", id.replace('/', "%2F"));
        server.get(&path).error(404);
    }
    server.get("/items/5/image").error(404);
    // Not in the index: not asked for at all.
    server.get("/items/red%2F3.png/image").error(404);
    let view = lam_search::store::Reader::open(&root.path().join("index"))
        .unwrap()
        .view();
    let other = view
        .items()
        .find(|item| item.id == ItemId::Text("../secret.png".into()))
        .unwrap();
    assert_eq!(source.picture(&other).unwrap(), None);
}
