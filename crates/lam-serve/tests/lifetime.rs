//! How a server ends, and what remains.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use lam_search::approximate::GraphOptions;
use lam_search::store::{Fingerprint, GraphState, ItemId, Writer};
use lam_serve::{ServeOptions, Service, run};
use serde_json::{Value, json};

use crate::common::encoders::MODEL;
use crate::common::pictures::png_of;
use crate::common::{Colours, Server, colours, create, ids, stored};

#[test]
fn what_was_asked_is_answered_at_the_end() {
    let slow = Colours {
        pause: Duration::from_millis(600),
        ..Colours::default()
    };
    let (folder, service) = colours(Arc::new(slow));
    let mut server = Server::start(service, ServeOptions::local(0));
    let address = server.address;
    std::thread::scope(|scope| {
        let client = Server::client(address);
        let asked = scope.spawn(move || client.png("/items?id=late", &png_of([200, 0, 0])));
        std::thread::sleep(Duration::from_millis(200));
        server.tell_to_end();
        std::thread::sleep(Duration::from_millis(100));
        assert!(
            TcpStream::connect(address).is_err(),
            "it still takes connections"
        );
        assert_eq!(asked.join().unwrap().status, 201);
    });
    server.end();
    assert!(stored(&folder.path().join("colours")).contains(&ItemId::Text("late".into())));
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let (_folder, service) = crate::common::plane();
    let server = Server::start(service, ServeOptions::local(0));
    // Kept open by the client for the next request.
    server.get("/health").ok();
    let begun = Instant::now();
    server.end();
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}

const CHILD: &str = "LAM_SERVE_TEST_CHILD";
const PAUSE: &str = "LAM_SERVE_TEST_PAUSE";

/// Not a test of its own: the process that others kill. Serves an index until it ends.
#[test]
fn child_serves_until_it_ends() {
    let Ok(folder) = std::env::var(CHILD) else {
        return;
    };
    let pause = std::env::var(PAUSE).ok().and_then(|p| p.parse().ok());
    let encoder = Colours {
        pause: Duration::from_millis(pause.unwrap_or(0)),
        ..Colours::default()
    };
    let writer = Writer::open(Path::new(&folder)).unwrap();
    let model = writer.view().spec().fingerprint == MODEL;
    let service = Service::new(writer, model.then(|| Arc::new(encoder) as _)).unwrap();
    run(service, ServeOptions::local(0), |address| {
        println!("\nlistening {address}")
    })
    .unwrap();
    println!("\nended");
}

fn child(folder: &Path, pause: u64) -> (Child, Server, impl Iterator<Item = String> + use<>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lifetime::child_serves_until_it_ends",
            "--nocapture",
        ])
        .env(CHILD, folder)
        .env(PAUSE, pause.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut lines = lines.map_while(Result::ok);
    let address = lines.find_map(|line| line.strip_prefix("listening ").map(str::to_owned));
    let address: SocketAddr = address.unwrap().parse().unwrap();
    (child, Server::client(address), lines)
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_process_in_order() {
    for signal in ["-TERM", "-INT"] {
        let (folder, service) = colours(Arc::new(Colours::default()));
        drop(service);
        let (mut child, client, mut lines) = child(&folder.path().join("colours"), 500);
        std::thread::scope(|scope| {
            let asked = scope.spawn(|| client.png("/search", &png_of([200, 0, 0])).ok());
            std::thread::sleep(Duration::from_millis(200));
            let pid = child.id().to_string();
            assert!(
                Command::new("kill")
                    .args([signal, &pid])
                    .status()
                    .unwrap()
                    .success()
            );
            assert_eq!(asked.join().unwrap()["verdict"], "accepted");
        });
        assert!(child.wait().unwrap().success());
        assert!(lines.any(|line| line == "ended"));
    }
}

/// Killed while many write, over and over: what was acknowledged is there, what was removed is not.
#[cfg(unix)]
#[test]
fn a_killed_server_loses_nothing_acknowledged() {
    const WRITERS: u64 = 6;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    drop(create(&path, 2, false, Fingerprint([0; 32])));
    let next = AtomicU64::new(0);
    let (mut expected, mut removed_ones) = (BTreeSet::new(), BTreeSet::new());
    let mut written = 0;
    for round in 0..8_u64 {
        let (mut child, client, _lines) = child(&path, 0);
        let acknowledged = AtomicU64::new(0);
        let changes: Vec<(Vec<u64>, Vec<u64>, Option<u64>)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..WRITERS)
                .map(|_| {
                    let client = Server::client(client.address);
                    let (next, acknowledged) = (&next, &acknowledged);
                    scope.spawn(move || {
                        let (mut added, mut removed) = (Vec::new(), Vec::new());
                        loop {
                            let id = next.fetch_add(1, Ordering::Relaxed);
                            let body = json!({"id": id, "vector": [1, id]}).to_string();
                            let headers = [("content-type", "application/json")];
                            match client.try_post("/items", &headers, body.as_bytes()) {
                                Ok(reply) => assert_eq!(reply.status, 201, "{}", reply.text()),
                                Err(_) => return (added, removed, None),
                            }
                            added.push(id);
                            acknowledged.fetch_add(1, Ordering::Relaxed);
                            if id % 5 == 0 {
                                match client.try_delete(&format!("/items/{id}")) {
                                    Ok(reply) => assert_eq!(reply.status, 200),
                                    // Removed or not: nobody said.
                                    Err(_) => return (added, removed, Some(id)),
                                }
                                removed.push(id);
                            }
                        }
                    })
                })
                .collect();
            while acknowledged.load(Ordering::Relaxed) < 20 + round * 7 {
                std::thread::sleep(Duration::from_millis(1));
            }
            child.kill().unwrap();
            child.wait().unwrap();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        let mut open = BTreeSet::new();
        for (added, removed, unsaid) in changes {
            written += added.len();
            expected.extend(added);
            removed.iter().for_each(|id| assert!(expected.remove(id)));
            removed_ones.extend(removed);
            open.extend(unsaid);
        }
        let held: BTreeSet<u64> = stored(&path)
            .into_iter()
            .map(|id| match id {
                ItemId::Number(number) => number,
                ItemId::Text(text) => panic!("{text}"),
            })
            .collect();
        for id in &expected {
            assert!(
                held.contains(id) || open.contains(id),
                "round {round}: {id} is lost"
            );
        }
        for id in &removed_ones {
            assert!(!held.contains(id), "round {round}: {id} came back");
        }
        // What nobody acknowledged may be there, too.
        expected = held;
    }
    assert!(written > 8 * 20);
}

/// Writes that wait together share a sync: many writers are not many times slower than one.
#[test]
fn writes_that_wait_are_written_together() {
    let folder = tempfile::tempdir().unwrap();
    let writer = create(folder.path(), 2, false, Fingerprint([0; 32]));
    let server = Server::start(Service::new(writer, None).unwrap(), ServeOptions::local(0));
    std::thread::scope(|scope| {
        for thread in 0..16 {
            let client = Server::client(server.address);
            scope.spawn(move || {
                for i in 0..25 {
                    let id = thread * 100 + i;
                    // Every fifth is there already: its own fault alone.
                    let status = client
                        .json("/items", &json!({"id": id - i % 5 / 4, "vector": [1, i]}))
                        .status;
                    assert_eq!(status, if i % 5 == 4 { 409 } else { 201 });
                }
            });
        }
    });
    assert_eq!(server.metric("lam_items_changed_together_sum"), 16.0 * 20.0);
    let syncs = server.metric("lam_items_changed_together_count");
    assert!(syncs < 16.0 * 20.0, "{syncs} syncs for 320 items");
    server.end();
    assert_eq!(stored(folder.path()).len(), 320);
}

/// A log that grows is compacted and, where searches go along a graph, gets a new one, while questions are answered.
#[test]
fn upkeep_goes_on_beside_questions() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = create(folder.path(), 4, false, Fingerprint([0; 32]));
    writer.ensure_graph(GraphOptions::default()).unwrap();
    let options = ServeOptions::local(0).with_search(lam_retrieve::RetrieveOptions {
        method: lam_search::retrieval::Method::Approximate { ef: 64 },
        ..lam_retrieve::RetrieveOptions::exact(10)
    });
    let server = Server::start(Service::new(writer, None).unwrap(), options);
    let vector = |i: u64| {
        json!([
            (i as f64).sin(),
            (i as f64 * 1.7).cos(),
            (i as f64 * 0.3).sin(),
            0.2
        ])
    };
    for batch in 0..10 {
        let items: Vec<Value> = (0..1000)
            .map(|i| batch * 1000 + i)
            .map(|i| json!({"id": i, "vector": vector(i)}))
            .collect();
        server.json("/items", &json!({"items": items})).ok();
        let i = batch * 1000 + 7;
        let answer = server
            .json("/search?k=1", &json!({"vector": vector(i)}))
            .ok();
        assert_eq!(ids(&answer), [json!(i)]);
    }
    let begun = Instant::now();
    // The graph of the first, empty snapshot does not count.
    let has_graph = || {
        let index = server.get("/index").ok();
        index["graph"] == true && index["generation"].as_u64() > Some(1)
    };
    while !has_graph() {
        assert!(begun.elapsed() < Duration::from_secs(60), "no graph");
        std::thread::sleep(Duration::from_millis(50));
        let answer = server
            .json("/search?k=1", &json!({"vector": vector(9)}))
            .ok();
        assert_eq!(ids(&answer), [json!(9)]);
    }
    let found = (0..500).filter(|i| {
        let answer = server
            .json("/search?k=1", &json!({"vector": vector(i * 20)}))
            .ok();
        ids(&answer) == [json!(i * 20)]
    });
    assert!(found.count() >= 495);
    server.end();
    let writer = Writer::open(folder.path()).unwrap();
    let view = writer.view();
    assert_eq!((view.len(), view.removed()), (10_000, 0));
    assert!(view.generation() > 1);
}
