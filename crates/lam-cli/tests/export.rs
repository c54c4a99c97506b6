//! `lam export`.

use std::path::Path;

use lam_search::store::{Fingerprint, Item, Spec, Writer};

use crate::common::{World, has_escapes};

fn index(world: &World, name: &str, fingerprint: u8) -> Writer {
    let spec = Spec {
        dim: 2,
        spread: false,
        fingerprint: Fingerprint([fingerprint; 32]),
    };
    let mut writer = Writer::create(&world.path(name), spec).unwrap();
    let items = (0..30u16).map(|number| {
        let angle = f32::from(number) * 0.1;
        Item {
            label: Some(u32::from(number % 3)),
            ..Item::new(
                format!("photos/{number}.jpg"),
                vec![angle.cos(), angle.sin()],
            )
        }
    });
    writer.add(&items.collect::<Vec<_>>()).unwrap();
    writer
}

/// What the table says of a kind of items.
fn number(stdout: &str, what: &str) -> u64 {
    let line = stdout
        .lines()
        .find(|line| line.trim_start().starts_with(what));
    line.unwrap()
        .split_whitespace()
        .next_back()
        .unwrap()
        .parse()
        .unwrap()
}

#[test]
fn wrong_use_is_told_before_a_server_is_asked() {
    let world = World::new();
    drop(index(&world, "shop.index", 1));
    for (arguments, part) in [
        ("export shop.index", "<URL>"),
        ("export shop.index localhost:6334", "has no scheme"),
        ("export shop.index http://127.0.0.1:1", "qdrant://"),
        (
            "export shop.index --to pgvector qdrant://127.0.0.1:1",
            "not for pgvector",
        ),
        ("export shop.index --to milvus x://h", "milvus"),
        (
            "export none.index postgres://127.0.0.1:1/d",
            "no index here",
        ),
        ("export shop.index qdrant://127.0.0.1:1 --hnsw", "--hnsw"),
        (
            "export shop.index qdrant://127.0.0.1:1 --batch 0",
            "batch of 0",
        ),
        (
            "export shop.index postgres://127.0.0.1:1/d --table ",
            "--table",
        ),
    ] {
        let run = world.run(arguments).code(2).says(part);
        assert_eq!(run.stdout, "", "{arguments}");
    }
}

#[test]
fn a_server_that_is_not_there_is_failed_work() {
    let world = World::new();
    drop(index(&world, "shop.index", 1));
    for url in [
        "postgres://me:s3cret@127.0.0.1:1/d",
        "qdrant://s3cret@127.0.0.1:1",
    ] {
        let run = world.run(&format!("export shop.index {url}")).code(1);
        let run = run.says("error:").says("127.0.0.1:1").says("trying again");
        assert!(!run.stderr.contains("s3cret"), "{run:?}");
        assert_eq!(run.stdout, "");
        let quiet = world.run(&format!("-q export shop.index {url}")).code(1);
        assert_eq!(quiet.stderr.lines().count(), 1, "{quiet:?}");
    }
}

#[test]
#[ignore = "needs PostgreSQL: scripts/with-postgres"]
fn pgvector_gets_what_the_index_holds() {
    let url = std::env::var("LAM_TEST_POSTGRES").expect("run scripts/with-postgres");
    let world = World::new();
    let mut writer = index(&world, "cli_shop.index", 1);
    let command = format!("export cli_shop.index --to pgvector {url} --batch 7");
    let first = world.run(&command).code(0);
    let counts = |stdout: &str| {
        ["written", "unchanged", "removed", "in the database"].map(|what| number(stdout, what))
    };
    assert_eq!(counts(&first.stdout), [30, 0, 0, 30]);
    assert!(first.stdout.contains("\"cli_shop\""), "{first:?}");
    assert!(first.stderr.contains("items/s"), "{first:?}");
    assert!(!has_escapes(&first.stdout) && !has_escapes(&first.stderr));

    writer.remove(&["photos/4.jpg".into()]).unwrap();
    let second = world.run(&format!("-q {command} --prune --hnsw")).code(0);
    assert_eq!(counts(&second.stdout), [0, 29, 1, 29]);
    assert_eq!(second.stderr, "");

    drop(index(&world, "other.index", 2));
    let refused = world.run(&format!("export other.index {url} --table cli_shop"));
    refused.code(2).says("another model");
    assert!(Path::new(&world.path("other.index")).exists());
}
