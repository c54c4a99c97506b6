//! Qdrant's protocol, against a server in this process that holds points in memory.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use lam_remote::{
    Address, Collection, DatabaseKind, Digest, ExportEvent, ExportOptions, Exported, RemoteError,
    Retry, Retrying, export,
};
use lam_retrieve::Embeddings;
use lam_search::store::{Fingerprint, Item, ItemId, Spec, View};
use qdrant_client::qdrant::value::Kind;
use qdrant_client::qdrant::{Distance, PointId, PointStruct, Value};
use tonic::Code;

use crate::common::qdrant_server::{Failure, Key, QdrantServer, values};
use crate::common::{Draws, Index, assert_equals_exact, items, options, quick, spec_of};

fn address(server: &QdrantServer) -> Address {
    Address::parse(&server.url(), Some(DatabaseKind::Qdrant)).unwrap()
}

fn exported(server: &QdrantServer, view: &View, options: &ExportOptions) -> Exported {
    export(
        view,
        &address(server),
        "shoes",
        options,
        &quick(),
        &mut |_| {},
    )
    .unwrap()
}

fn refused(server: &QdrantServer, view: &View, options: &ExportOptions) -> RemoteError {
    export(
        view,
        &address(server),
        "shoes",
        options,
        &quick(),
        &mut |_| {},
    )
    .unwrap_err()
}

fn opened(server: &QdrantServer) -> Collection<'static> {
    Collection::open(&address(server), "shoes", quick()).unwrap()
}

#[test]
fn a_search_finds_what_the_exact_search_of_the_index_finds() {
    for is_old in [false, true] {
        let server = QdrantServer::start();
        let all = items(300, 12);
        let index = Index::of(&all);
        let view = index.view();
        let done = exported(&server, &view, &options(64));
        assert_eq!((done.written, done.unchanged, done.there), (300, 0, 300));
        server.state().is_old = is_old;
        let mut collection = opened(&server);
        assert_eq!(collection.spec(), view.spec());
        let mut draws = Draws::new(5);
        let mut queries: Vec<Vec<f32>> = (0..30).map(|_| draws.direction(12)).collect();
        queries.extend(all.iter().step_by(50).map(|item| item.mean.clone()));
        for query in &queries {
            let nearest = collection.nearest(query, 10).unwrap();
            assert_equals_exact(&view, query, &nearest, 10);
        }
        let nearest = collection.nearest(&queries[0], 1000).unwrap();
        assert_equals_exact(&view, &queries[0], &nearest, 1000);
        let embeddings = Embeddings::of_directions(queries.concat(), 12).unwrap();
        let found = collection.search(&embeddings, 2).unwrap();
        assert_eq!(found.len(), queries.len());
        assert_eq!(found[30][0].id, all[0].id);
    }
}

#[test]
fn points_hold_what_the_documentation_says() {
    let server = QdrantServer::start();
    let full = Item {
        label: Some(3),
        class: Some("shoe".into()),
        metadata: "{}".into(),
        sigma: Some(vec![0.25, 0.5]),
        uncertainty: Some(0.75),
        ..Item::new("a/b.jpg", vec![0.6, 0.8])
    };
    let bare = Item {
        sigma: Some(vec![0.0, 0.0]),
        ..Item::new(u64::MAX, vec![1.0, 0.0])
    };
    let index = Index::of(&[full, bare]);
    exported(&server, &index.view(), &options(10));
    let state = server.state();
    let collection = &state.collections["shoes"];
    let (mean, sigma) = (&collection.vectors["mean"], &collection.vectors["sigma"]);
    assert_eq!((mean.size, mean.distance()), (2, Distance::Cosine));
    assert_eq!((sigma.size, sigma.distance()), (2, Distance::Euclid));
    assert_eq!(sigma.hnsw_config.as_ref().unwrap().m, Some(0));
    let text = |text: &str| Value {
        kind: Some(Kind::StringValue(text.into())),
    };
    assert_eq!(
        collection.metadata["lam_fingerprint"],
        text(&"07".repeat(32))
    );

    let view = index.view();
    let digest = |slot| text(&Digest::of(&view.item(slot).unwrap()).to_hex());
    let key = DatabaseKind::Qdrant.key(&"a/b.jpg".into());
    let point = &collection.points[&Key::Uuid(key)];
    let mut payload: Vec<(&str, Value)> = point
        .payload
        .iter()
        .map(|(key, value)| (key.as_str(), value.clone()))
        .collect();
    payload.sort_by_key(|entry| entry.0);
    let number = |kind| Value { kind: Some(kind) };
    assert_eq!(
        payload,
        [
            ("class", text("shoe")),
            ("digest", digest(0)),
            ("id", text("a/b.jpg")),
            ("label", number(Kind::IntegerValue(3))),
            ("metadata", text("{}")),
            ("uncertainty", number(Kind::DoubleValue(0.75))),
        ]
    );
    assert_eq!(values(point, "sigma").unwrap(), [0.25, 0.5]);
    let point = &collection.points[&Key::Number(u64::MAX)];
    let mut keys: Vec<&str> = point.payload.keys().map(String::as_str).collect();
    keys.sort();
    assert_eq!(keys, ["digest", "metadata"]);
    assert!(
        state
            .upserts
            .iter()
            .all(|request| request.wait == Some(true))
    );
}

#[test]
fn without_a_spread_there_is_one_vector() {
    let server = QdrantServer::start();
    let index = Index::of(&[Item::new(1, vec![0.6, 0.8])]);
    exported(&server, &index.view(), &options(10));
    assert_eq!(server.state().collections["shoes"].vectors.len(), 1);
    let nearest = opened(&server).nearest(&[0.6, 0.8], 1).unwrap();
    assert_equals_exact(&index.view(), &[0.6, 0.8], &nearest, 1);
}

#[test]
fn repeating_an_export_writes_nothing_and_a_change_writes_what_changed() {
    let server = QdrantServer::start();
    let all = items(100, 8);
    let mut index = Index::of(&all);
    exported(&server, &index.view(), &options(7));
    let count = |method: &str| server.state().count(method);
    let (upserts, gets) = (count("upsert"), count("get"));
    assert_eq!(
        (upserts, gets),
        (15, 0),
        "nothing can be there in a new collection"
    );
    let again = exported(&server, &index.view(), &options(33));
    assert_eq!((again.written, again.unchanged, again.there), (0, 100, 100));
    assert_eq!(server.state().count("upsert"), upserts);
    let changed = [
        Item {
            uncertainty: None,
            ..all[1].clone()
        },
        Item {
            metadata: "new".into(),
            ..all[40].clone()
        },
        Item {
            id: "added".into(),
            ..all[6].clone()
        },
    ];
    index.writer.replace(&changed).unwrap();
    let third = exported(&server, &index.view(), &options(200));
    assert_eq!((third.written, third.unchanged, third.there), (3, 98, 101));
    assert_eq!(server.state().upserts.last().unwrap().points.len(), 3);
    // What somebody wrote over is not ours any more and is written again.
    let number = Key::Number(3);
    server
        .state()
        .collections
        .get_mut("shoes")
        .unwrap()
        .points
        .get_mut(&number)
        .unwrap()
        .payload
        .clear();
    assert_eq!(exported(&server, &index.view(), &options(200)).written, 1);
}

#[test]
fn points_that_are_gone_are_removed_when_asked_for() {
    let server = QdrantServer::start();
    let all: Vec<Item> = items(9_000, 2)
        .into_iter()
        .map(|item| Item {
            sigma: None,
            ..item
        })
        .collect();
    let mut index = Index::of(&all);
    exported(&server, &index.view(), &options(3000));
    let gone: Vec<ItemId> = all
        .iter()
        .skip(1)
        .step_by(4)
        .map(|item| item.id.clone())
        .collect();
    index.writer.remove(&gone).unwrap();
    assert_eq!(
        exported(&server, &index.view(), &options(3000)).there,
        9_000
    );
    let prune = ExportOptions {
        prune: true,
        ..options(3000)
    };
    let done = exported(&server, &index.view(), &prune);
    assert_eq!((done.written, done.removed, done.there), (0, 2_250, 6_750));
    let expected: Vec<String> = index
        .view()
        .items()
        .map(|item| DatabaseKind::Qdrant.key(&item.id))
        .collect();
    let state = server.state();
    for key in &expected {
        let key = key.parse().map_or(Key::Uuid(key.clone()), Key::Number);
        assert!(state.collections["shoes"].points.contains_key(&key));
    }
}

#[test]
fn a_server_that_is_not_ready_is_waited_for() {
    for (code, after_work) in [
        (Code::Unavailable, false),
        (Code::Unavailable, true),
        (Code::DeadlineExceeded, false),
        (Code::ResourceExhausted, false),
        (Code::Aborted, true),
    ] {
        let server = QdrantServer::start();
        let index = Index::of(&items(40, 4));
        let failures = [
            "info", "create", "count", "upsert", "upsert", "upsert", "upsert", "upsert",
        ];
        server.state().failures = failures
            .map(|method| Failure {
                method,
                code,
                after_work,
            })
            .into();
        let retried = Cell::new(0);
        let notify = |_: &Retrying<'_>| retried.set(retried.get() + 1);
        let done = export(
            &index.view(),
            &address(&server),
            "shoes",
            &options(10),
            &quick().notifying(&notify),
            &mut |_| {},
        );
        assert_eq!(done.unwrap().there, 40, "{code}");
        // The client itself repeats some of them at once.
        assert!((3..=8).contains(&retried.get()), "{code}: {retried:?}");
        assert!(server.state().failures.is_empty());
        assert_eq!(server.state().count("upsert"), 4 + 5);
        let nearest = opened(&server).nearest(&[1.0, 0.0, 0.0, 0.0], 40).unwrap();
        assert_equals_exact(&index.view(), &[1.0, 0.0, 0.0, 0.0], &nearest, 40);
    }
}

#[test]
fn an_export_outlives_a_restart_of_the_server() {
    let server = RefCell::new(Some(QdrantServer::start()));
    let (url, bound, state) = {
        let server = server.borrow();
        let server = server.as_ref().unwrap();
        (
            server.url(),
            server.address.to_string(),
            server.state.clone(),
        )
    };
    let index = Index::of(&items(60, 4));
    let starting = RefCell::new(None);
    let mut batches = 0;
    let mut progress = |event: ExportEvent| {
        if let ExportEvent::Exported { .. } = event {
            batches += 1;
            if batches == 2 {
                drop(server.borrow_mut().take());
                let (bound, state) = (bound.clone(), state.clone());
                *starting.borrow_mut() = Some(std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(300));
                    QdrantServer::at(&bound, state)
                }));
            }
        }
    };
    let retried = Cell::new(0);
    let notify = |_: &Retrying<'_>| retried.set(retried.get() + 1);
    let address = Address::parse(&url, None).unwrap();
    let done = export(
        &index.view(),
        &address,
        "shoes",
        &options(10),
        &quick().notifying(&notify),
        &mut progress,
    );
    let server = starting.take().unwrap().join().unwrap();
    assert_eq!(done.unwrap().there, 60);
    assert!(retried.get() >= 1);
    let nearest = opened(&server).nearest(&[1.0, 0.0, 0.0, 0.0], 60).unwrap();
    assert_equals_exact(&index.view(), &[1.0, 0.0, 0.0, 0.0], &nearest, 60);
}

#[test]
fn an_error_that_stays_ends_the_export_at_once() {
    for code in [
        Code::InvalidArgument,
        Code::PermissionDenied,
        Code::Unauthenticated,
    ] {
        let server = QdrantServer::start();
        let index = Index::of(&items(40, 4));
        let failures = Failure {
            method: "upsert",
            code,
            after_work: false,
        };
        server.state().failures = [failures].into();
        let error = refused(&server, &index.view(), &options(10));
        assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
        assert!(
            error.to_string().contains("as the test wants it"),
            "{error}"
        );
        assert!(error.to_string().contains(&server.url()), "{error}");
        assert_eq!(server.state().count("upsert"), 1);
    }
}

#[test]
fn a_server_that_stays_away_is_given_up() {
    let server = QdrantServer::start();
    let index = Index::of(&items(10, 4));
    let failure = Failure {
        method: "upsert",
        code: Code::Unavailable,
        after_work: false,
    };
    server.state().failures = vec![failure; 100].into();
    let retry = Retry {
        tries: 4,
        first: Duration::from_millis(1),
        ..quick()
    };
    let error = export(
        &index.view(),
        &address(&server),
        "shoes",
        &options(10),
        &retry,
        &mut |_| {},
    )
    .unwrap_err();
    assert!(error.is_transient() && !error.is_usage(), "{error:?}");

    let url = server.url();
    drop(server);
    let error = Collection::open(&Address::parse(&url, None).unwrap(), "shoes", retry).unwrap_err();
    assert!(error.is_transient(), "{error:?}");
    assert!(error.to_string().contains(&url), "{error}");
}

#[test]
fn a_collection_of_other_items_is_refused_and_left_alone() {
    let server = QdrantServer::start();
    let all = items(10, 8);
    let index = Index::of(&all);
    exported(&server, &index.view(), &options(10));
    let upserts = server.state().count("upsert");
    let any = options(10);
    let model = Spec {
        fingerprint: Fingerprint([8; 32]),
        ..spec_of(&all[0])
    };
    let error = refused(&server, &Index::new(model, &all).view(), &any);
    assert!(
        matches!(error, RemoteError::OtherModel { .. }) && error.is_usage(),
        "{error:?}"
    );
    let error = refused(&server, &Index::of(&items(10, 9)).view(), &any);
    assert!(
        matches!(
            error,
            RemoteError::OtherDimension {
                there: 8,
                here: 9,
                ..
            }
        ),
        "{error:?}"
    );
    let plain: Vec<Item> = all
        .iter()
        .map(|item| Item {
            sigma: None,
            ..item.clone()
        })
        .collect();
    let error = refused(&server, &Index::of(&plain).view(), &any);
    assert!(
        matches!(error, RemoteError::OtherSpread { there: true, .. }),
        "{error:?}"
    );
    let graph = ExportOptions { graph: true, ..any };
    let error = refused(&server, &index.view(), &graph);
    assert!(
        error.is_usage() && error.to_string().contains("--hnsw"),
        "{error}"
    );
    assert_eq!(server.state().count("upsert"), upserts);

    let error = Collection::open(&address(&server), "nothing", quick()).unwrap_err();
    assert!(matches!(error, RemoteError::Missing { .. }), "{error:?}");
    server
        .state()
        .collections
        .get_mut("shoes")
        .unwrap()
        .metadata
        .clear();
    let error = refused(&server, &index.view(), &any);
    assert!(matches!(error, RemoteError::Foreign { .. }), "{error:?}");
    let error = export(
        &index.view(),
        &address(&server),
        "a/b",
        &any,
        &quick(),
        &mut |_| {},
    )
    .unwrap_err();
    assert!(error.to_string().contains("cannot contain"), "{error}");
}

/// Without a place for the fingerprint nothing may be written.
#[test]
fn a_server_that_keeps_no_metadata_is_too_old() {
    let server = QdrantServer::start();
    server.state().is_old = true;
    let index = Index::of(&items(10, 4));
    let error = refused(&server, &index.view(), &options(10));
    assert!(error.to_string().contains("1.16"), "{error}");
    assert!(server.state().collections.is_empty());
}

#[test]
fn points_of_others_are_not_taken_for_items() {
    let server = QdrantServer::start();
    let all = items(3, 4);
    let index = Index::of(&all);
    exported(&server, &index.view(), &options(10));
    let put = |uuid: &str, change: &dyn Fn(&mut PointStruct)| {
        let mut state = server.state();
        let points = &mut state.collections.get_mut("shoes").unwrap().points;
        points.retain(|key, _| !matches!(key, Key::Uuid(uuid) if uuid.starts_with("00000000")));
        let mut point = points.values().next_back().unwrap().clone();
        point.id = Some(PointId::from(uuid));
        change(&mut point);
        points.insert(Key::Uuid(uuid.into()), point);
    };
    let uuid = "00000000-0000-8000-8000-000000000000";
    for (change, part) in [
        (
            &(|_: &mut PointStruct| {}) as &dyn Fn(&mut PointStruct),
            "another id",
        ),
        (
            &|point: &mut PointStruct| point.payload.clear(),
            "no id in its payload",
        ),
    ] {
        put(uuid, change);
        let error = opened(&server)
            .nearest(&[1.0, 0.0, 0.0, 0.0], 10)
            .unwrap_err();
        assert!(matches!(error, RemoteError::Unexpected { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let prune = ExportOptions {
        prune: true,
        ..options(10)
    };
    assert_eq!(exported(&server, &index.view(), &prune).removed, 1);
    assert_eq!(
        opened(&server)
            .nearest(&[1.0, 0.0, 0.0, 0.0], 10)
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn the_key_goes_with_every_call() {
    let server = QdrantServer::start();
    let url = format!("qdrant://s3cret@{}", server.address);
    let index = Index::of(&items(10, 4));
    let address = Address::parse(&url, None).unwrap();
    export(
        &index.view(),
        &address,
        "shoes",
        &options(3),
        &quick(),
        &mut |_| {},
    )
    .unwrap();
    let state = server.state();
    assert!(state.api_keys.len() >= 5);
    assert!(
        state
            .api_keys
            .iter()
            .all(|key| key.as_deref() == Some("s3cret"))
    );
}

#[test]
fn a_large_batch_is_sent_in_parts() {
    let server = QdrantServer::start();
    let heavy = |number: u64| Item {
        metadata: "x".repeat(3 << 20),
        ..Item::new(number, vec![1.0, 0.0])
    };
    let index = Index::of(&(0..7).map(heavy).collect::<Vec<_>>());
    let done = exported(&server, &index.view(), &options(1000));
    assert_eq!((done.written, done.there), (7, 7));
    let sizes: Vec<usize> = server
        .state()
        .upserts
        .iter()
        .map(|request| request.points.len())
        .collect();
    assert_eq!(sizes, [3, 3, 1]);
}

#[test]
fn an_empty_batch_or_name_is_wrong_use() {
    let server = QdrantServer::start();
    let index = Index::of(&items(2, 4));
    assert!(refused(&server, &index.view(), &options(0)).is_usage());
    let error = Collection::open(&address(&server), "", quick()).unwrap_err();
    assert!(matches!(error, RemoteError::Name { .. }));
}
