//! A real PostgreSQL: `scripts/with-postgres cargo test -p lam-remote -- --ignored pgvector`.

use std::cell::{Cell, RefCell};
use std::process::Command;
use std::sync::{RwLock, RwLockReadGuard};
use std::time::Duration;

use lam_remote::{
    Address, Collection, DatabaseKind, ExportEvent, ExportOptions, Exported, RemoteError, Retry,
    Retrying, export,
};
use lam_retrieve::{Embeddings, Found, RetrieveOptions, Retriever};
use lam_search::store::{Fingerprint, Item, ItemId, Spec, View};
use postgres::{Client, NoTls};

use crate::common::{Draws, Index, assert_equals_exact, items, options, quick, spec_of};

/// One test restarts the server; the others look away meanwhile.
static SERVER: RwLock<()> = RwLock::new(());

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run scripts/with-postgres"))
}

struct Server {
    address: Address,
    client: Client,
    _stays: Option<RwLockReadGuard<'static, ()>>,
}

impl Server {
    fn new() -> Self {
        let stays = SERVER
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        Self {
            _stays: Some(stays),
            ..Self::that_may_stop()
        }
    }

    fn that_may_stop() -> Self {
        let url = variable("LAM_TEST_POSTGRES");
        Self {
            address: Address::parse(&url, Some(DatabaseKind::Pgvector)).unwrap(),
            client: Client::connect(&url, NoTls).unwrap(),
            _stays: None,
        }
    }

    fn export(&self, view: &View, table: &str, options: &ExportOptions) -> Exported {
        export(view, &self.address, table, options, &quick(), &mut |_| {}).unwrap()
    }

    fn refuse(&self, view: &View, table: &str) -> RemoteError {
        let options = ExportOptions::default();
        export(view, &self.address, table, &options, &quick(), &mut |_| {}).unwrap_err()
    }

    fn open(&self, table: &str) -> Collection<'static> {
        Collection::open(&self.address, table, quick()).unwrap()
    }

    fn texts(&mut self, sql: &str) -> Vec<String> {
        let rows = self.client.query(sql, &[]).unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_search_finds_what_the_exact_search_of_the_index_finds() {
    let server = Server::new();
    let all = items(400, 24);
    let index = Index::of(&all);
    let view = index.view();
    let done = server.export(&view, "exact", &options(64));
    assert_eq!(
        (done.written, done.unchanged, done.removed, done.there),
        (400, 0, 0, 400)
    );

    let mut collection = server.open("exact");
    assert_eq!(collection.spec(), view.spec());
    assert_eq!(collection.fingerprint(), Fingerprint([7; 32]));
    let mut draws = Draws::new(5);
    let mut queries: Vec<Vec<f32>> = (0..40).map(|_| draws.direction(24)).collect();
    // A query that is an item: where distances by the cosine lose their digits.
    queries.extend(all.iter().step_by(50).map(|item| item.mean.clone()));
    for query in &queries {
        let nearest = collection.nearest(query, 10).unwrap();
        assert_equals_exact(&view, query, &nearest, 10);
    }
    // All of them, and more than there are.
    for k in [400, 1000] {
        let nearest = collection.nearest(&queries[0], k).unwrap();
        assert_equals_exact(&view, &queries[0], &nearest, k);
    }
    let embeddings = Embeddings::of_directions(queries.concat(), 24).unwrap();
    let found = collection.search(&embeddings, 3).unwrap();
    // To the last bit of the distance.
    let exact = RetrieveOptions::exact(3);
    let answers = Retriever::default()
        .answer(&view, &embeddings, &exact)
        .unwrap();
    let nowhere = |found| Found {
        slot: None,
        ..found
    };
    let answers = answers.into_iter();
    let expected: Vec<Vec<Found>> = answers
        .map(|answer| answer.found.into_iter().map(nowhere).collect())
        .collect();
    assert_eq!(found, expected);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn repeating_an_export_writes_nothing_and_a_change_writes_what_changed() {
    let mut server = Server::new();
    let all = items(100, 8);
    let mut index = Index::of(&all);
    server.export(&index.view(), "repeated", &options(7));
    let places = "SELECT id || ctid::text || xmin::text FROM repeated ORDER BY id";
    let before = server.texts(places);
    let again = server.export(&index.view(), "repeated", &options(33));
    assert_eq!((again.written, again.unchanged, again.there), (0, 100, 100));
    assert_eq!(server.texts(places), before, "no row was touched");

    let mut draws = Draws::new(1);
    let changed = [
        Item {
            uncertainty: None,
            ..all[1].clone()
        },
        Item {
            label: None,
            class: None,
            ..all[2].clone()
        },
        Item {
            metadata: "new".into(),
            ..all[4].clone()
        },
        Item {
            mean: draws.direction(8),
            ..all[5].clone()
        },
        Item {
            sigma: Some(vec![0.5; 8]),
            ..all[6].clone()
        },
        Item::new("added", draws.direction(8)),
    ]
    .map(|item| Item {
        sigma: item.sigma.or(Some(vec![0.25; 8])),
        ..item
    });
    index.writer.replace(&changed).unwrap();
    let third = server.export(&index.view(), "repeated", &options(33));
    assert_eq!((third.written, third.unchanged, third.there), (6, 95, 101));
    let nearest = server.open("repeated").nearest(&all[0].mean, 101).unwrap();
    assert_equals_exact(&index.view(), &all[0].mean, &nearest, 101);
    let after = server.texts(places);
    let untouched = after.iter().filter(|row| before.contains(row)).count();
    assert_eq!(untouched, 95);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn items_that_are_gone_are_removed_when_asked_for() {
    let mut server = Server::new();
    // More than one page of keys.
    let all: Vec<Item> = items(9_000, 2)
        .into_iter()
        .map(|item| Item {
            sigma: None,
            ..item
        })
        .collect();
    let mut index = Index::of(&all);
    server.export(&index.view(), "pruned", &options(1000));
    let gone: Vec<ItemId> = all.iter().step_by(3).map(|item| item.id.clone()).collect();
    index.writer.remove(&gone).unwrap();
    let kept = server.export(&index.view(), "pruned", &options(1000));
    assert_eq!((kept.written, kept.removed, kept.there), (0, 0, 9_000));
    let prune = ExportOptions {
        prune: true,
        ..options(1000)
    };
    let done = server.export(&index.view(), "pruned", &prune);
    assert_eq!((done.written, done.removed, done.there), (0, 3_000, 6_000));
    let mut left = server.texts("SELECT id FROM pruned");
    let mut expected: Vec<String> = index
        .view()
        .items()
        .map(|item| DatabaseKind::Pgvector.key(&item.id))
        .collect();
    left.sort();
    expected.sort();
    assert_eq!(left, expected);
    assert_eq!(server.export(&index.view(), "pruned", &prune).removed, 0);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn ids_come_back_as_they_were() {
    let mut server = Server::new();
    let mut draws = Draws::new(3);
    let ids: [ItemId; 12] = [
        7.into(),
        "7".into(),
        "'7".into(),
        "07".into(),
        u64::MAX.into(),
        0.into(),
        "".into(),
        "'".into(),
        "猫/Ⅷ é e\u{301}.jpg".into(),
        "a\nb\t\"c\" \\ %s $1 {}".into(),
        "'; DROP TABLE ids; --".into(),
        "x".repeat(2000).into(),
    ];
    let all = ids.clone().map(|id| Item::new(id, draws.direction(4)));
    let index = Index::of(&all);
    server.export(&index.view(), "ids", &options(5));
    let nearest = server.open("ids").nearest(&all[0].mean, 12).unwrap();
    assert_equals_exact(&index.view(), &all[0].mean, &nearest, 12);
    let texts = server.texts("SELECT id FROM ids ORDER BY id");
    for key in ["7", "'7", "''7", "07", "18446744073709551615", "", "''"] {
        assert!(texts.iter().any(|text| text == key), "{key}: {texts:?}");
    }
    let none = "SELECT count(*)::text FROM ids WHERE uncertainty IS NULL AND label IS NULL AND class IS NULL";
    assert_eq!(server.texts(none), ["12"]);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_table_of_other_items_is_refused_and_left_alone() {
    let mut server = Server::new();
    let all = items(10, 8);
    let index = Index::of(&all);
    server.export(&index.view(), "taken", &options(10));
    let before = server.texts("SELECT id || ctid::text FROM taken ORDER BY id");

    let model = Spec {
        fingerprint: Fingerprint([8; 32]),
        ..spec_of(&all[0])
    };
    let error = server.refuse(&Index::new(model, &all).view(), "taken");
    assert!(matches!(error, RemoteError::OtherModel { .. }), "{error:?}");
    for part in [
        "\"taken\"",
        &Fingerprint([7; 32]).to_string(),
        &Fingerprint([8; 32]).to_string(),
    ] {
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = server.refuse(&Index::of(&items(10, 9)).view(), "taken");
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
    let error = server.refuse(&Index::of(&plain).view(), "taken");
    assert!(
        matches!(error, RemoteError::OtherSpread { there: true, .. }),
        "{error:?}"
    );
    assert_eq!(
        server.texts("SELECT id || ctid::text FROM taken ORDER BY id"),
        before
    );

    server
        .client
        .batch_execute("CREATE TABLE theirs (id int); COMMENT ON TABLE theirs IS 'accounts'")
        .unwrap();
    let error = server.refuse(&index.view(), "theirs");
    assert!(
        matches!(error, RemoteError::Foreign { .. }) && error.is_usage(),
        "{error:?}"
    );
    let error = server.refuse(&index.view(), "pg_class");
    assert!(matches!(error, RemoteError::Foreign { .. }), "{error:?}");
    let error = Collection::open(&server.address, "nothing", quick()).unwrap_err();
    assert!(
        matches!(error, RemoteError::Missing { .. }) && error.is_usage(),
        "{error:?}"
    );
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn the_name_of_a_table_is_a_name_and_nothing_else() {
    let mut server = Server::new();
    server
        .client
        .batch_execute("CREATE TABLE sentinel (x int)")
        .unwrap();
    let index = Index::of(&items(20, 4));
    for name in [
        "we\"ird; DROP TABLE sentinel; --",
        "Mixed.Case table",
        "猫",
        "'",
    ] {
        let prune = ExportOptions {
            prune: true,
            graph: true,
            ..options(6)
        };
        server.export(&index.view(), name, &prune);
        assert_eq!(server.export(&index.view(), name, &prune).unchanged, 20);
        let mut collection = server.open(name);
        assert_eq!(collection.count().unwrap(), 20);
        assert_eq!(
            collection.nearest(&[1.0, 0.0, 0.0, 0.0], 5).unwrap().len(),
            5
        );
        let there = server
            .client
            .query("SELECT FROM pg_class WHERE relname = $1", &[&name])
            .unwrap();
        assert_eq!(there.len(), 1, "{name}");
    }
    assert_eq!(server.texts("SELECT count(*)::text FROM sentinel"), ["0"]);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn an_export_outlives_a_restart_of_the_server() {
    let alone = SERVER
        .write()
        .unwrap_or_else(|poisoned| poisoned.into_inner());
    let server = Server::that_may_stop();
    let control = |what: &str| {
        let mut command = Command::new(variable("LAM_TEST_POSTGRES_CONTROL"));
        assert!(command.arg(what).status().unwrap().success(), "{what}");
    };
    let index = Index::of(&items(200, 8));
    let view = index.view();
    let failures = RefCell::new(Vec::new());
    let notify = |retrying: &Retrying<'_>| failures.borrow_mut().push(retrying.error.to_string());
    let mut batches = 0;
    let starting = RefCell::new(None);
    let mut progress = |event: ExportEvent| {
        if let ExportEvent::Exported { .. } = event {
            batches += 1;
            if batches == 5 {
                control("stop");
                *starting.borrow_mut() = Some(std::thread::spawn(move || {
                    std::thread::sleep(Duration::from_millis(600));
                    let mut command = Command::new(variable("LAM_TEST_POSTGRES_CONTROL"));
                    assert!(command.arg("start").status().unwrap().success());
                }));
            }
        }
    };
    let done = export(
        &view,
        &server.address,
        "restarted",
        &options(10),
        &quick().notifying(&notify),
        &mut progress,
    );
    starting.take().unwrap().join().unwrap();
    drop(alone);
    let done = done.unwrap();
    assert_eq!((done.written, done.there), (200, 200));
    assert!(failures.borrow().len() >= 2, "{failures:?}");
    let nearest = server
        .open("restarted")
        .nearest(&[1.0; 8].map(|x: f32| x / 8f32.sqrt()), 200)
        .unwrap();
    assert_equals_exact(
        &view,
        &[1.0; 8].map(|x: f32| x / 8f32.sqrt()),
        &nearest,
        200,
    );
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_connection_that_was_cut_is_made_anew() {
    let mut server = Server::new();
    let index = Index::of(&items(20, 4));
    server.export(&index.view(), "cut", &options(20));
    let failures = Cell::new(0);
    let notify = |_: &Retrying<'_>| failures.set(failures.get() + 1);
    let mut collection =
        Collection::open(&server.address, "cut", quick().notifying(&notify)).unwrap();
    assert_eq!(collection.count().unwrap(), 20);
    let others = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity \
                  WHERE application_name = 'lam' AND query LIKE '%\"cut\"%'";
    assert_eq!(server.texts(others), ["true"]);
    assert_eq!(collection.count().unwrap(), 20);
    assert!(failures.get() <= 1);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn an_error_that_stays_ends_the_export_at_once_and_what_was_sent_stays() {
    let mut server = Server::new();
    let all = items(50, 4);
    let index = Index::of(&all);
    let first = Index::of(&all[..1]);
    server.export(&first.view(), "stopped", &options(10));
    let forbid =
        "ALTER TABLE stopped ADD CONSTRAINT unlucky CHECK (metadata NOT LIKE '%\"n\": 35,%')";
    server.client.batch_execute(forbid).unwrap();
    let failures = Cell::new(0);
    let notify = |_: &Retrying<'_>| failures.set(failures.get() + 1);
    let error = export(
        &index.view(),
        &server.address,
        "stopped",
        &options(10),
        &quick().notifying(&notify),
        &mut |_| {},
    );
    let error = error.unwrap_err();
    assert!(
        matches!(error, RemoteError::Refused { .. }) && !error.is_usage(),
        "{error:?}"
    );
    assert!(error.to_string().contains("unlucky"), "{error}");
    assert_eq!(failures.get(), 0);
    assert_eq!(server.open("stopped").count().unwrap(), 30);

    server
        .client
        .batch_execute("ALTER TABLE stopped DROP CONSTRAINT unlucky")
        .unwrap();
    let rest = server.export(&index.view(), "stopped", &options(10));
    assert_eq!((rest.written, rest.unchanged, rest.there), (20, 30, 50));
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_zero_byte_is_refused_with_the_name_of_its_item() {
    let server = Server::new();
    for (table, item) in [
        (
            "zero1",
            Item {
                metadata: "a\0b".into(),
                ..Item::new("culprit", vec![1.0, 0.0])
            },
        ),
        (
            "zero2",
            Item {
                label: Some(1),
                class: Some("\0".into()),
                ..Item::new("culprit", vec![1.0, 0.0])
            },
        ),
        ("zero3", Item::new("culprit\0", vec![1.0, 0.0])),
    ] {
        let error = server.refuse(&Index::of(&[item]).view(), table);
        assert!(matches!(error, RemoteError::Item { .. }), "{error:?}");
        assert!(error.to_string().contains("culprit"), "{error}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_graph_is_built_once_and_returns_as_many_as_are_asked_for() {
    let mut server = Server::new();
    let index = Index::of(&items(1500, 16));
    let view = index.view();
    let graph = ExportOptions {
        graph: true,
        ..options(500)
    };
    server.export(&view, "graph", &graph);
    server.export(&view, "graph", &graph);
    let indices =
        "SELECT indexdef FROM pg_indexes WHERE tablename = 'graph' AND indexdef LIKE '%hnsw%'";
    let definitions = server.texts(indices);
    assert_eq!(definitions.len(), 1);
    assert!(
        definitions[0].contains("vector_cosine_ops"),
        "{definitions:?}"
    );
    let mut collection = server.open("graph");
    let mut draws = Draws::new(9);
    let mut found = 0;
    for _ in 0..20 {
        let query = draws.direction(16);
        let near: Vec<_> = collection.nearest(&query, 10).unwrap();
        let all: Vec<_> = collection.nearest(&query, 1500).unwrap();
        assert_equals_exact(&view, &query, &all, 1500);
        found += near.iter().filter(|near| all[..10].contains(near)).count();
        // More than the graph's candidates by default.
        for k in [100, 400, 600] {
            assert_eq!(collection.nearest(&query, k).unwrap().len(), k);
        }
    }
    assert!(found >= 180, "{found} of 200");
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn several_programs_may_make_the_same_table() {
    let server = Server::new();
    let index = Index::of(&items(60, 4));
    let view = index.view();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let (address, view) = (&server.address, &view);
            scope.spawn(move || {
                export(view, address, "race", &options(9), &quick(), &mut |_| {}).unwrap();
            });
        }
    });
    let done = server.export(&view, "race", &options(9));
    assert_eq!((done.unchanged, done.there), (60, 60));
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn queries_that_do_not_fit_are_wrong_use() {
    let server = Server::new();
    let index = Index::of(&items(5, 4));
    server.export(&index.view(), "queries", &options(5));
    let mut collection = server.open("queries");
    let wrong = |error: RemoteError| assert!(error.is_usage(), "{error:?}");
    wrong(collection.nearest(&[1.0, 0.0], 1).unwrap_err());
    wrong(collection.nearest(&[1.0, 0.0, 0.0, 0.0], 0).unwrap_err());
    wrong(
        collection
            .nearest(&[f32::NAN, 0.0, 0.0, 0.0], 1)
            .unwrap_err(),
    );
    let other = Embeddings::of_directions(vec![1.0, 0.0], 2).unwrap();
    wrong(collection.search(&other, 1).unwrap_err());
    wrong(collection.check_model(&Fingerprint([1; 32])).unwrap_err());
    assert!(collection.check_model(&Fingerprint([7; 32])).is_ok());
    assert_eq!(
        collection
            .search(
                &Embeddings {
                    dim: 4,
                    ..Embeddings::default()
                },
                1
            )
            .unwrap(),
        [] as [Vec<_>; 0]
    );
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_server_without_encryption_is_refused_where_it_is_asked_for() {
    let _server = Server::new();
    let url = format!("{}?sslmode=require", variable("LAM_TEST_POSTGRES"));
    let address = Address::parse(&url, None).unwrap();
    let failures = Cell::new(0);
    let notify = |_: &Retrying<'_>| failures.set(failures.get() + 1);
    let error = Collection::open(&address, "any", quick().notifying(&notify)).unwrap_err();
    assert!(error.to_string().contains("sslmode=disable"), "{error}");
    assert!(!error.is_transient());
    assert_eq!(failures.get(), 0);
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn a_login_that_is_refused_is_not_repeated() {
    let _server = Server::new();
    let url = variable("LAM_TEST_POSTGRES").replace("postgres@", "nobody-knows-me:s3cret@");
    let error = Collection::open(&Address::parse(&url, None).unwrap(), "any", quick()).unwrap_err();
    assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains("nobody-knows-me"), "{error}");
    assert!(!error.to_string().contains("s3cret"), "{error}");
}

/// These need no server.
mod without_a_server {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::path::Path;
    use std::sync::Arc;
    use std::thread::JoinHandle;

    use rustls::pki_types::pem::PemObject;
    use rustls::pki_types::{CertificateDer, PrivateKeyDer};
    use rustls::{ServerConfig, ServerConnection};

    use super::*;

    #[test]
    fn a_server_that_is_not_there_is_tried_a_few_times() {
        // A port that was free a moment ago.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let address =
            Address::parse(&format!("postgres://me:s3cret@127.0.0.1:{port}/d"), None).unwrap();
        let failures = Cell::new(0);
        let notify = |_: &Retrying<'_>| failures.set(failures.get() + 1);
        let retry = Retry {
            first: Duration::from_millis(1),
            ..quick()
        }
        .notifying(&notify);
        let error = Collection::open(&address, "any", retry).unwrap_err();
        assert!(error.is_transient() && !error.is_usage(), "{error:?}");
        assert_eq!(failures.get(), 2);
        let message = error.to_string();
        assert!(
            message.contains(&format!("postgres://me@127.0.0.1:{port}/d")),
            "{message}"
        );
        assert!(!message.contains("s3cret"), "{message}");
    }

    /// Speaks as much of PostgreSQL as comes before encryption, and then shows a certificate of its own making.
    fn impostor() -> (u16, JoinHandle<()>) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
        let certificate = CertificateDer::from_pem_file(folder.join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.join("server.key")).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).unwrap();
            assert_eq!(
                asked, *b"\0\0\0\x08\x04\xd2\x16\x2f",
                "it asks for encryption"
            );
            stream.write_all(b"S").unwrap();
            let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
            while connection.is_handshaking() {
                if connection.complete_io(&mut stream).is_err() {
                    return;
                }
            }
            panic!("the client trusts anybody");
        });
        (port, serving)
    }

    #[test]
    fn a_certificate_that_nobody_vouches_for_is_refused() {
        for mode in ["require", "verify-full", "prefer"] {
            let (port, serving) = impostor();
            let url = format!("postgres://me:s3cret@127.0.0.1:{port}/d?sslmode={mode}");
            let address = Address::parse(&url, None).unwrap();
            let error = Collection::open(&address, "any", quick()).unwrap_err();
            assert!(matches!(error, RemoteError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
            serving.join().unwrap();
        }
    }

    #[test]
    fn what_a_table_cannot_hold_is_said_before_anything_is_done() {
        let address = Address::parse("postgres://me@127.0.0.1:1/d", None).unwrap();
        let ensure = |dim: usize, graph: bool, name: &str| {
            let spec = Spec {
                dim,
                spread: false,
                fingerprint: Fingerprint([0; 32]),
            };
            Collection::ensure(
                &address,
                name,
                &spec,
                graph,
                Retry {
                    tries: 1,
                    ..quick()
                },
            )
            .unwrap_err()
        };
        for (dim, graph, part) in [(16_001, false, "16000"), (2_001, true, "halfvec(2001)")] {
            let error = ensure(dim, graph, "t");
            assert!(
                matches!(error, RemoteError::Limit(_)) && error.is_usage(),
                "{error:?}"
            );
            assert!(error.to_string().contains(part), "{error}");
        }
        assert!(ensure(16_000, false, "t").is_transient());
        assert!(ensure(2_000, true, "t").is_transient());
        for name in ["", "a\0", &"x".repeat(64)] {
            assert!(matches!(ensure(2, false, name), RemoteError::Name { .. }));
        }
    }
}
