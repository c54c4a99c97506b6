//! Nothing that was acknowledged is lost, nothing that is damaged is believed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{all, generator, items, spec};
use lam_search::retrieval::{Queries, SearchOptions};
use lam_search::store::{Fingerprint, GraphState, Item, ItemId, Reader, StoreError, Writer};
use proptest::prelude::*;
use rand::RngExt;

fn file_of(folder: &Path, kind: &str) -> PathBuf {
    let files = fs::read_dir(folder).unwrap();
    let mut files = files.map(|entry| entry.unwrap().path());
    files
        .find(|path| {
            let name = path.file_name().unwrap().to_string_lossy();
            name.starts_with(kind)
        })
        .unwrap()
}

/// A copy of an index, as another machine would find it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[test]
fn items_come_back_as_they_went_in() {
    for spread in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let items = items(3000, 5, spread, 1);
        let mut writer = Writer::create(folder.path(), spec(5, spread)).unwrap();
        // Class names hold for the label, whichever item they came with.
        let mut expected = items.clone();
        for item in &mut expected {
            item.class = item.label.map(|label| format!("class ü {label}"));
        }
        writer.add(&items[..1]).unwrap();
        writer.add(&items[1..1500]).unwrap();
        writer.compact().unwrap();
        writer.add(&items[1500..]).unwrap();
        assert_eq!(all(&writer), expected);
        drop(writer);
        let mut writer = Writer::open(folder.path()).unwrap();
        assert_eq!(writer.recovery().records, 1500);
        assert_eq!(all(&writer), expected);
        assert_eq!(
            writer.add(&items[..1]).unwrap_err().to_string(),
            "item 0 is in the index already: remove it first, or replace it"
        );
        let gone: Vec<ItemId> = [3, 1499, 1500, 2999]
            .map(|i: usize| items[i].id.clone())
            .into();
        assert_eq!(writer.remove(&gone).unwrap(), 4);
        assert_eq!(writer.remove(&gone).unwrap(), 0);
        expected.retain(|item| !gone.contains(&item.id));
        assert_eq!(all(&writer), expected);
        assert_eq!(writer.view().removed(), 4);
        writer.set_threshold(Some(0.25)).unwrap();
        drop(writer);
        let mut writer = Writer::open(folder.path()).unwrap();
        assert_eq!(all(&writer), expected);
        writer.compact().unwrap();
        assert_eq!(all(&writer), expected);
        drop(writer);
        let reader = Reader::open(folder.path()).unwrap();
        let view = reader.view();
        assert_eq!(
            view.items().map(|i| i.to_item()).collect::<Vec<_>>(),
            expected
        );
        assert_eq!((view.len(), view.slots(), view.removed()), (2996, 2996, 0));
        assert_eq!(view.threshold(), Some(0.25));
        assert_eq!(view.generation(), 3);
    }
}

#[derive(Debug, Clone)]
enum Change {
    Replace(Vec<u8>),
    Remove(Vec<u8>),
    Compact,
    Reopen,
    Threshold(Option<f64>),
}

fn change() -> impl Strategy<Value = Change> {
    let ids = || prop::collection::vec(0..24_u8, 0..6);
    prop_oneof![
        4 => ids().prop_map(Change::Replace),
        2 => ids().prop_map(Change::Remove),
        1 => Just(Change::Compact),
        1 => Just(Change::Reopen),
        1 => prop::option::of(0.0..1.0).prop_map(Change::Threshold),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Whatever is done to it, the index holds what a list would.
    #[test]
    fn a_list_of_items(changes in prop::collection::vec(change(), 1..25), seed: u64) {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = Writer::create(folder.path(), spec(3, true)).unwrap();
        let mut reader = Reader::open(folder.path()).unwrap();
        let mut model: Vec<Item> = Vec::new();
        let mut threshold = None;
        let mut version = seed;
        for change in changes {
            match change {
                Change::Replace(ids) => {
                    version = version.wrapping_add(1);
                    let fresh = items(24, 3, true, version);
                    let fresh: Vec<Item> = ids
                        .iter()
                        .map(|&id| Item { class: None, ..fresh[id as usize].clone() })
                        .collect();
                    writer.replace(&fresh).unwrap();
                    for item in fresh {
                        model.retain(|other| other.id != item.id);
                        model.push(item);
                    }
                }
                Change::Remove(ids) => {
                    let names = items(24, 3, true, 0);
                    let ids: Vec<ItemId> = ids.iter().map(|&i| names[i as usize].id.clone()).collect();
                    let before = model.len();
                    model.retain(|item| !ids.contains(&item.id));
                    prop_assert_eq!(writer.remove(&ids).unwrap(), before - model.len());
                }
                Change::Compact => writer.compact().unwrap(),
                Change::Threshold(new) => {
                    threshold = new;
                    writer.set_threshold(new).unwrap();
                }
                Change::Reopen => {
                    drop(writer);
                    writer = Writer::open(folder.path()).unwrap();
                }
            }
            reader.refresh().unwrap();
            for view in [writer.view(), reader.view()] {
                let held: Vec<Item> = view.items().map(|item| item.to_item()).collect();
                prop_assert_eq!(&held, &model);
                prop_assert_eq!(view.len(), model.len());
                prop_assert_eq!(view.threshold(), threshold);
            }
        }
    }
}

/// An index whose log holds `batches` calls, and the length of the log after each of them.
fn with_log(folder: &Path, batches: &[&[Item]]) -> Vec<u64> {
    let mut writer = Writer::create(folder, spec(3, true)).unwrap();
    let log = file_of(folder, "log");
    let mut lengths = Vec::new();
    for batch in batches {
        writer.add(batch).unwrap();
        lengths.push(fs::metadata(&log).unwrap().len());
    }
    lengths
}

/// Cut off at every byte, the log gives exactly the items whose call had returned before that byte was
/// written, and takes new ones afterwards.
#[test]
fn a_torn_log_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let items = items(9, 3, true, 5);
    let lengths = with_log(folder.path(), &[&items[..1], &items[1..4], &items[4..8]]);
    let whole = fs::read(file_of(folder.path(), "log")).unwrap();
    assert_eq!(whole.len() as u64, lengths[2]);
    let ids = |found: Vec<Item>| found.into_iter().map(|item| item.id).collect::<Vec<_>>();
    let known: Vec<ItemId> = ids(items.clone());
    let torn = tempfile::tempdir().unwrap();
    for cut in 0..=whole.len() {
        let torn = torn.path().join(cut.to_string());
        copy(folder.path(), &torn);
        fs::write(file_of(&torn, "log"), &whole[..cut]).unwrap();
        let acknowledged = match lengths.iter().filter(|&&l| l <= cut as u64).count() {
            0 => 0,
            1 => 1,
            2 => 4,
            _ => 8,
        };
        // A reader sees the same and changes nothing.
        let reader = Reader::open(&torn).unwrap();
        let seen: Vec<ItemId> = reader.view().items().map(|item| item.id).collect();
        assert_eq!(fs::read(file_of(&torn, "log")).unwrap(), &whole[..cut]);
        let mut writer = Writer::open(&torn).unwrap();
        let held = ids(all(&writer));
        assert_eq!(held, seen, "cut at {cut}");
        assert_eq!(held, known[..acknowledged], "cut at {cut}");
        let is_clean = lengths.contains(&(cut as u64));
        assert!(!is_clean || writer.recovery().cut_bytes == 0);
        writer.add(&items[8..]).unwrap();
        drop(writer);
        let writer = Writer::open(&torn).unwrap();
        assert_eq!(writer.recovery().cut_bytes, 0);
        let mut expected = held;
        expected.push(items[8].id.clone());
        assert_eq!(ids(all(&writer)), expected, "cut at {cut}");
        fs::remove_dir_all(&torn).unwrap();
    }
}

/// Every byte changed: within the calls before the last the damage is reported; in the last call, which
/// nothing tells from one that never returned, its records are cut off. Nothing wrong is ever returned.
#[test]
fn a_damaged_log_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let items = items(8, 3, true, 6);
    let lengths = with_log(
        folder.path(),
        &[&items[..1], &items[1..4], &items[4..6], &items[6..]],
    );
    let whole = fs::read(file_of(folder.path(), "log")).unwrap();
    let (held, path) = {
        let writer = Writer::open(folder.path()).unwrap();
        (all(&writer), file_of(folder.path(), "log"))
    };
    for at in 0..whole.len() {
        for flip in [1, 0x80] {
            let mut bytes = whole.clone();
            bytes[at] ^= flip;
            fs::write(&path, &bytes).unwrap();
            let in_last = at as u64 >= lengths[2];
            match Writer::open(folder.path()) {
                Err(StoreError::Damaged { .. }) => assert!(!in_last, "byte {at}"),
                Err(other) => panic!("byte {at}: {other}"),
                Ok(writer) => {
                    assert!(in_last, "byte {at} was lost in silence");
                    assert_eq!(all(&writer), held[..6]);
                    assert!(writer.recovery().cut_bytes > 0);
                }
            }
        }
    }
}

/// Every byte of a snapshot counts, and so does its length.
#[test]
fn a_damaged_snapshot_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut writer = Writer::create(folder.path(), spec(3, true)).unwrap();
    writer.add(&items(6, 3, true, 7)).unwrap();
    writer.compact().unwrap();
    drop(writer);
    let path = file_of(folder.path(), "items");
    let whole = fs::read(&path).unwrap();
    let open = |bytes: &[u8], what: String| {
        fs::write(&path, bytes).unwrap();
        match Reader::open(folder.path()) {
            Err(StoreError::Damaged { .. } | StoreError::Version { .. }) => {}
            Err(other) => panic!("{what}: {other}"),
            Ok(_) => panic!("{what}: opened"),
        }
    };
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        open(&bytes, format!("byte {at}"));
    }
    for length in 0..whole.len() {
        open(&whole[..length], format!("length {length}"));
    }
    open(&[&whole[..], &[0; 64]].concat(), "longer".into());
    fs::write(&path, &whole).unwrap();
    Reader::open(folder.path()).unwrap();
}

/// Headers whose checksum is right but whose numbers are not: nothing is allocated or read by them.
#[test]
fn forged_sizes_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    drop(Writer::create(folder.path(), spec(3, true)).unwrap());
    let path = file_of(folder.path(), "items");
    let whole = fs::read(&path).unwrap();
    let mut generator = generator(3);
    // Everything between the version and the checksum.
    for at in (12..320).step_by(4) {
        for value in [u32::MAX, 1 << 31, 1 << 20, 0, 1, 2, 64, generator.random()] {
            let mut bytes = whole.clone();
            bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
            let checksum = crc32c::crc32c(&bytes[..508]);
            bytes[508..512].copy_from_slice(&checksum.to_le_bytes());
            if bytes == whole {
                continue;
            }
            fs::write(&path, &bytes).unwrap();
            match Reader::open(folder.path()) {
                Ok(reader) => assert_eq!(reader.view().len(), 0),
                Err(StoreError::Damaged { .. }) => {}
                Err(other) => panic!("{other}"),
            }
        }
    }
}

const CHILD: &str = "LAM_SEARCH_TEST_CHILD";

/// Not a test of its own: the process that the next one kills. Adds items one after the other, compacts
/// now and then, and says what was acknowledged.
#[test]
fn child_writes_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else {
        return;
    };
    let mut writer = Writer::open(Path::new(&folder)).unwrap();
    let start = writer.view().len();
    for i in start.. {
        let item = items(1, 16, true, i as u64).remove(0);
        let item = Item {
            id: ItemId::Number(i as u64),
            ..item
        };
        writer.add(&[item]).unwrap();
        println!("\nacknowledged {i}");
        if i % 37 == 36 {
            writer.compact().unwrap();
        }
    }
}

#[cfg(unix)]
#[test]
fn a_killed_writer_loses_nothing_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    drop(Writer::create(&path, spec(16, true)).unwrap());
    let mut generator = generator(11);
    let mut written = 0;
    for round in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "store::child_writes_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut lines = lines.map_while(Result::ok);
        let target = written + 1 + generator.random_range(0..60_usize);
        let mut acknowledged = written;
        for line in lines.by_ref() {
            if let Some(number) = line.strip_prefix("acknowledged ") {
                acknowledged = number.parse::<usize>().unwrap() + 1;
                if acknowledged >= target {
                    break;
                }
            }
        }
        // In the midst of whatever comes next.
        let pause = std::time::Duration::from_micros(generator.random_range(0..3000));
        std::thread::sleep(pause);
        child.kill().unwrap();
        child.wait().unwrap();
        for line in lines {
            if let Some(number) = line.strip_prefix("acknowledged ") {
                acknowledged = number.parse::<usize>().unwrap() + 1;
            }
        }
        assert!(acknowledged >= target, "the writer ended by itself");
        let writer = Writer::open(&path).unwrap();
        let held = all(&writer);
        assert!(held.len() >= acknowledged, "round {round}");
        for (i, item) in held.iter().enumerate() {
            let expected = items(1, 16, true, i as u64).remove(0);
            assert_eq!(item.id, ItemId::Number(i as u64));
            assert_eq!(item.mean, expected.mean);
        }
        written = held.len();
    }
}

#[test]
fn one_writer_at_a_time_and_readers_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let items = items(40, 3, false, 2);
    let mut writer = Writer::create(folder.path(), spec(3, false)).unwrap();
    assert!(matches!(
        Writer::open(folder.path()),
        Err(StoreError::Locked { .. })
    ));
    let mut reader = Reader::open(folder.path()).unwrap();
    assert!(!reader.refresh().unwrap());
    let store = reader.store().clone();
    let before = store.view();
    writer.add(&items[..10]).unwrap();
    assert!(reader.refresh().unwrap());
    assert!(!reader.refresh().unwrap());
    assert_eq!((before.len(), store.view().len()), (0, 10));
    let old = store.view();
    writer.compact().unwrap();
    writer.add(&items[10..]).unwrap();
    writer.remove(&[items[0].id.clone()]).unwrap();
    writer.compact().unwrap();
    // Files of the old view are gone, but not the view.
    let held: Vec<ItemId> = old.items().map(|item| item.id).collect();
    assert_eq!(held.len(), 10);
    assert!(reader.refresh().unwrap());
    assert_eq!(store.view().len(), 39);
    let names = fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(names, 3, "snapshot, log and lock");
    drop(writer);
    Writer::open(folder.path()).unwrap();
}

/// Threads search while items are added; every view is whole: a prefix of what was added.
#[test]
fn searches_run_while_items_are_added() {
    let folder = tempfile::tempdir().unwrap();
    let items = items(400, 8, false, 21);
    let mut writer = Writer::create(folder.path(), spec(8, false)).unwrap();
    writer.add(&items[..1]).unwrap();
    let store = writer.store().clone();
    let finished = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            let store = store.clone();
            let (items, finished) = (&items, &finished);
            scope.spawn(move || {
                let mut last = 0;
                while !finished.load(std::sync::atomic::Ordering::Relaxed) {
                    let view = store.view();
                    assert!(view.len() >= last);
                    last = view.len();
                    let target = &items[last - 1];
                    let queries = Queries::new(&target.mean, 8).unwrap();
                    let answers = view.search(&queries, &SearchOptions::exact(1)).unwrap();
                    let found = view.item(answers[0].hits[0].slot).unwrap();
                    assert_eq!(found.id, target.id);
                }
            });
        }
        for (i, batch) in items[1..].chunks(7).enumerate() {
            writer.add(batch).unwrap();
            if i % 20 == 19 {
                writer.compact().unwrap();
            }
        }
        finished.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert_eq!(store.view().len(), 400);
}

#[test]
fn wrong_input_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    assert!(matches!(
        Reader::open(&path),
        Err(StoreError::NotAnIndex { .. })
    ));
    assert!(matches!(
        Writer::open(&path),
        Err(StoreError::NotAnIndex { .. })
    ));
    assert!(matches!(
        Writer::create(&path, spec(0, false)),
        Err(StoreError::Wrong { .. })
    ));
    let mut writer = Writer::create(&path, spec(3, true)).unwrap();
    let good = items(2, 3, true, 1);
    let base = Item {
        class: Some("a".into()),
        label: Some(0),
        ..good[0].clone()
    };
    let with = |change: &dyn Fn(&mut Item)| {
        let mut item = base.clone();
        change(&mut item);
        item
    };
    let cases: [(&str, Item); 13] = [
        (
            "item 0 has 2 values in its mean, but the index has dimension 3",
            with(&|i| i.mean = vec![1.0, 0.0]),
        ),
        (
            "NaN in dimension 1 of its mean",
            with(&|i| i.mean[1] = f32::NAN),
        ),
        ("mean of length 2", with(&|i| i.mean = vec![2.0, 0.0, 0.0])),
        ("mean of length 0", with(&|i| i.mean = vec![0.0; 3])),
        ("has no sigma", with(&|i| i.sigma = None)),
        (
            "4 values in its sigma",
            with(&|i| i.sigma = Some(vec![0.1; 4])),
        ),
        (
            "deviation of -1 in dimension 2",
            with(&|i| i.sigma = Some(vec![0.0, 0.0, -1.0])),
        ),
        (
            "deviation of inf",
            with(&|i| i.sigma = Some(vec![f32::INFINITY, 0.0, 0.0])),
        ),
        (
            "NaN in dimension 0 of its uncertainty",
            with(&|i| i.uncertainty = Some(f64::NAN)),
        ),
        (
            "labels go up to 4294967294",
            with(&|i| i.label = Some(u32::MAX)),
        ),
        ("a class name (a) but no label", with(&|i| i.label = None)),
        (
            "label 0 is called b in the index, but item 0 calls it a",
            base.clone(),
        ),
        (
            "shorten its metadata",
            with(&|i| {
                i.class = None;
                i.metadata = "x".repeat(65 << 20);
            }),
        ),
    ];
    let named = Item {
        id: ItemId::Text("first".into()),
        class: Some("b".into()),
        ..base.clone()
    };
    let other_name = Item {
        class: None,
        ..base.clone()
    };
    let length = fs::metadata(file_of(&path, "log")).unwrap().len();
    for (message, item) in &cases {
        let error = writer.add(&[named.clone(), item.clone()]).unwrap_err();
        assert!(error.to_string().contains(message), "{error}\n{message}");
        assert_eq!(writer.view().len(), 0);
    }
    assert!(matches!(
        writer.add(&[named.clone(), named.clone()]),
        Err(StoreError::Duplicate { .. })
    ));
    assert!(writer.set_threshold(Some(f64::NAN)).is_err());
    assert_eq!(fs::metadata(file_of(&path, "log")).unwrap().len(), length);
    writer.add(&[named, other_name]).unwrap();
    assert_eq!(writer.view().len(), 2);
    let view = writer.view();
    assert_eq!(view.item(1).unwrap().class, Some("b"));
    assert!(matches!(
        Writer::create(&path, spec(3, true)),
        Err(StoreError::Locked { .. })
    ));
    drop(writer);
    assert!(matches!(
        Writer::create(&path, spec(3, true)),
        Err(StoreError::Exists { .. })
    ));
    assert!(matches!(
        Reader::open(&path).unwrap().view().graph(),
        GraphState::Missing
    ));
}

#[test]
fn fingerprints_are_written_as_digits() {
    let bytes: [u8; 32] = std::array::from_fn(|i| (i * 9) as u8);
    let fingerprint = Fingerprint(bytes);
    assert_eq!(
        fingerprint.to_string().parse::<Fingerprint>().unwrap(),
        fingerprint
    );
    for wrong in ["", "00", &"0".repeat(63), &"g".repeat(64), &"ü".repeat(32)] {
        assert!(wrong.parse::<Fingerprint>().is_err(), "{wrong}");
    }
}
