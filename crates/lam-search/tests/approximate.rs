//! The graph finds what there is, and is never trusted more than its file.

use std::fs;

use crate::common::{clustered, directions, index_of, spec};
use lam_search::Ranking;
use lam_search::approximate::GraphOptions;
use lam_search::retrieval::{Method, Queries, SearchOptions};
use lam_search::store::{GraphState, Item, ItemId, Reader, StoreError, Writer};
use proptest::prelude::*;

const DIM: usize = 16;

fn options() -> GraphOptions {
    GraphOptions {
        connections: 12,
        candidates: 60,
        parallel: false,
    }
}

fn recall(writer: &Writer, queries: &[f32], dim: usize, ef: usize) -> f64 {
    let queries = Queries::new(queries, dim).unwrap();
    let view = writer.view();
    assert!(matches!(view.graph(), GraphState::Ready(_)));
    view.measure_recall(&queries, 10, &[ef]).unwrap()[0].recall
}

/// Recall against the exact search, on directions without any order and in tight classes; with as wide a
/// walk as there are items, everything is found, because everything can be reached.
#[test]
fn most_is_found_and_all_can_be() {
    let sets = [
        ("uniform", directions(3000, DIM, 1), directions(100, DIM, 2)),
        (
            "classes",
            clustered(3000, DIM, 30, 0.02, 3),
            clustered(100, DIM, 30, 0.02, 3),
        ),
        (
            "tight classes",
            clustered(3000, DIM, 300, 1e-4, 4),
            directions(100, DIM, 5),
        ),
    ];
    for (name, rows, queries) in sets {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = index_of(folder.path(), &rows, DIM);
        assert!(writer.ensure_graph(options()).unwrap());
        assert!(!writer.ensure_graph(options()).unwrap(), "it is there");
        let [narrow, wide, full] = [10, 100, 3000].map(|ef| recall(&writer, &queries, DIM, ef));
        println!("{name}: recall@10 {narrow} at ef 10, {wide} at 100, {full} at 3000");
        // A walk no wider than the answer misses some of the nearest; ten times that hardly any.
        assert!(narrow > 0.5 && narrow <= wide, "{name}: {narrow}");
        assert!(wide > 0.99, "{name}: {wide}");
        assert_eq!(full, 1.0, "{name}");
    }
}

/// Many rows that are the same: their links to each other say nothing, and yet all others are found.
#[test]
fn equal_rows_do_not_hide_others() {
    let mut rows = directions(1000, DIM, 8);
    let first: Vec<f32> = rows[..DIM].to_vec();
    for row in rows.chunks_mut(DIM).take(700) {
        row.copy_from_slice(&first);
    }
    let folder = tempfile::tempdir().unwrap();
    let mut writer = index_of(folder.path(), &rows, DIM);
    writer.ensure_graph(options()).unwrap();
    let view = writer.view();
    let queries = Queries::new(&rows[700 * DIM..], DIM).unwrap();
    let answers = view
        .search(&queries, &SearchOptions::approximate(1, 1000))
        .unwrap();
    for (i, answer) in answers.iter().enumerate() {
        assert_eq!(answer.hits[0].slot, 700 + i as u32);
    }
}

/// The same items give the same file; from all threads at once the graph is another, and as good.
#[test]
fn building_is_reproducible() {
    let rows = directions(1500, DIM, 6);
    let build = |parallel: bool| {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = index_of(folder.path(), &rows, DIM);
        writer
            .ensure_graph(GraphOptions {
                parallel,
                ..options()
            })
            .unwrap();
        let found = recall(&writer, &directions(100, DIM, 7), DIM, 60);
        let file = fs::read(folder.path().join("graph-0000000002.lami")).unwrap();
        (found, file)
    };
    let (first, second) = (build(false), build(false));
    assert!(first.1 == second.1, "the files differ");
    let (found, _) = build(true);
    assert!((found - first.0).abs() < 0.1 && found > 0.9, "{found}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Items added and removed after the graph was built: a walk as wide as the index finds what the exact
    /// search finds, in the same order, by either ranking.
    #[test]
    fn follows_changes(
        count in 0..120_usize,
        added in 0..60_usize,
        removed in prop::collection::vec(0..180_u64, 0..150),
        k in 1..30_usize,
        seed: u64,
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(folder.path(), spec(4, true)).unwrap();
        let rows = directions(count + added, 4, seed);
        let items: Vec<Item> = rows
            .chunks(4)
            .enumerate()
            .map(|(i, row)| Item {
                sigma: Some(row.iter().map(|x| x.abs() * (i % 5) as f32 * 0.2).collect()),
                ..Item::new(i as u64, row.to_vec())
            })
            .collect();
        writer.add(&items[..count]).unwrap();
        writer.compact().unwrap();
        writer.ensure_graph(options()).unwrap();
        writer.add(&items[count..]).unwrap();
        let ids: Vec<ItemId> = removed.iter().map(|&id| ItemId::Number(id)).collect();
        writer.remove(&ids).unwrap();
        let queries = directions(20, 4, seed ^ 1);
        let queries = Queries::new(&queries, 4).unwrap();
        let view = writer.view();
        for ranking in [Ranking::Distance, Ranking::Expected] {
            let exact = SearchOptions { k, method: Method::Exact, ranking };
            let walk = SearchOptions { method: Method::Approximate { ef: 500 }, ..exact };
            let found = view.search(&queries, &walk).unwrap();
            prop_assert_eq!(&found, &view.search(&queries, &exact).unwrap());
            for answer in found {
                prop_assert_eq!(answer.hits.len(), k.min(view.len()));
                for hit in answer.hits {
                    prop_assert!(view.item(hit.slot).is_some());
                }
            }
        }
    }
}

#[test]
fn a_file_that_cannot_be_used_is_built_again() {
    let folder = tempfile::tempdir().unwrap();
    let rows = directions(300, DIM, 9);
    let mut writer = index_of(folder.path(), &rows, DIM);
    let view = writer.view();
    writer.ensure_graph(options()).unwrap();
    drop(writer);
    let path = folder.path().join("graph-0000000002.lami");
    let whole = fs::read(&path).unwrap();
    let state = || Reader::open(folder.path()).unwrap().view().graph().clone();
    assert!(matches!(state(), GraphState::Ready(_)));
    let mut damaged: Vec<Vec<u8>> = (0..whole.len())
        .step_by(7)
        .map(|at| {
            let mut bytes = whole.clone();
            bytes[at] ^= 4;
            bytes
        })
        .collect();
    damaged.extend(
        (0..whole.len())
            .step_by(97)
            .map(|length| whole[..length].to_vec()),
    );
    damaged.push([&whole[..], &[0; 4]].concat());
    // Checksums that are right over numbers that are not.
    for at in (64..whole.len()).step_by(52) {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        forge(&mut bytes);
        damaged.push(bytes);
    }
    for at in [12, 44] {
        let mut bytes = whole.clone();
        bytes[at..at + 4].copy_from_slice(&u32::MAX.to_le_bytes());
        forge(&mut bytes);
        damaged.push(bytes);
    }
    for bytes in &damaged {
        fs::write(&path, bytes).unwrap();
        let state = state();
        assert!(matches!(state, GraphState::Damaged(_)), "{state:?}");
    }
    // Without it, the exact search answers.
    let queries = Queries::new(&rows[..DIM], DIM).unwrap();
    let found = view
        .search(&queries, &SearchOptions::approximate(3, 10))
        .unwrap();
    assert_eq!(
        found,
        view.search(&queries, &SearchOptions::exact(3)).unwrap()
    );
    let mut writer = Writer::open(folder.path()).unwrap();
    assert!(writer.ensure_graph(options()).unwrap());
    assert!(fs::read(&path).unwrap() == whole);

    // Of another snapshot.
    let other = tempfile::tempdir().unwrap();
    let mut stranger = index_of(other.path(), &directions(300, DIM, 10), DIM);
    fs::write(other.path().join("graph-0000000002.lami"), &whole).unwrap();
    let view = Reader::open(other.path()).unwrap().view();
    assert!(matches!(view.graph(), GraphState::Stale));
    // Of an earlier one.
    let graph = stranger.view().build_graph(options()).unwrap();
    stranger.compact().unwrap();
    assert!(matches!(stranger.view().graph(), GraphState::Missing));
    assert!(matches!(
        stranger.install_graph(graph),
        Err(StoreError::StaleGraph { graph: 2, index: 3 })
    ));
}

/// Puts right checksums into the file of a graph.
fn forge(bytes: &mut [u8]) {
    let body = crc32c::crc32c(&bytes[64..]);
    bytes[56..60].copy_from_slice(&body.to_le_bytes());
    let header = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&header.to_le_bytes());
}

#[test]
fn wrong_questions() {
    let folder = tempfile::tempdir().unwrap();
    let rows = directions(20, DIM, 11);
    let writer = index_of(folder.path(), &rows, DIM);
    let view = writer.view();
    for wrong in [
        GraphOptions {
            connections: 1,
            ..options()
        },
        GraphOptions {
            connections: 300,
            ..options()
        },
        GraphOptions {
            candidates: 0,
            ..options()
        },
    ] {
        assert!(view.build_graph(wrong).is_err(), "{wrong:?}");
    }
    let none = Queries::new(&[], DIM).unwrap();
    assert!(view.measure_recall(&none, 10, &[10]).is_err());
}
