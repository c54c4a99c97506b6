//! The same value as Python 3 writes it in each protocol (`tests/fixtures/make.py`).

use std::path::Path;

use lam_pickle::{Call, Id, Node, Pickle};
use proptest::prelude::*;

pub fn fixture(protocol: usize) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
    std::fs::read(folder.join(format!("protocol{protocol}.pickle"))).unwrap()
}

fn call<'a>(pickle: &'a Pickle<'_>, id: Id) -> (String, &'a Call) {
    let call = pickle.call(id).unwrap();
    let (module, name) = pickle.global(call.callable).unwrap();
    // Modules of Python 2, which the older protocols name.
    let module = match module {
        "__builtin__" => "builtins",
        other => other,
    };
    (format!("{module}.{name}"), call)
}

/// Bytes, which the older protocols write as calls.
fn bytes(pickle: &Pickle<'_>, id: Id) -> Vec<u8> {
    if let Some(bytes) = pickle.bytes(id) {
        return bytes.to_vec();
    }
    let (name, call) = call(pickle, id);
    match (name.as_str(), pickle.arguments(call)) {
        ("_codecs.encode", &[text, encoding]) => {
            assert_eq!(pickle.text(encoding), Some("latin1"));
            let text = pickle.text(text).unwrap().chars();
            text.map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
        }
        ("builtins.bytes", []) => Vec::new(),
        ("builtins.bytearray", &[inner]) => bytes(pickle, inner),
        other => panic!("{other:?}"),
    }
}

fn ints(pickle: &Pickle<'_>, items: &[Id]) -> Vec<i64> {
    items.iter().map(|&id| pickle.int(id).unwrap()).collect()
}

/// Items of a set, which the older protocols write as a call with a list.
fn set(pickle: &Pickle<'_>, id: Id, class: &str) -> Vec<i64> {
    if let Node::Set(items) = pickle.node(id) {
        return ints(pickle, items);
    }
    let (name, call) = call(pickle, id);
    assert_eq!(name, class);
    ints(pickle, pickle.items(pickle.arguments(call)[0]).unwrap())
}

#[test]
fn every_protocol_says_what_was_written() {
    for protocol in 0..=5 {
        let file = fixture(protocol);
        let pickle = lam_pickle::read(&file, 10_000).unwrap();
        assert_eq!(pickle.length(), file.len());
        let get = |key: &str| pickle.get(pickle.root(), key).unwrap();
        let items = |key: &str| pickle.items(get(key)).unwrap();

        assert_eq!(*pickle.node(get("none")), Node::None);
        let bools = items("bools").iter().map(|&id| pickle.node(id));
        assert!(bools.eq([&Node::Bool(true), &Node::Bool(false)]));

        let numbers: Vec<Option<i64>> = items("ints").iter().map(|&id| pickle.int(id)).collect();
        let small = [
            0,
            255,
            256,
            65_535,
            65_536,
            -1,
            -(1 << 31),
            1 << 31,
            1 << 62,
            i64::MIN,
        ];
        assert_eq!(numbers[..10], small.map(Some), "protocol {protocol}");
        assert_eq!(numbers.len(), 12);
        for &id in &items("ints")[10..] {
            assert_eq!(*pickle.node(id), Node::BigInt);
        }
        let floats = items("floats").iter().map(|&id| pickle.node(id));
        assert!(floats.eq([0.5, -1e300, f64::INFINITY].map(Node::Float).iter()));

        let texts: Vec<&str> = items("texts")
            .iter()
            .map(|&id| pickle.text(id).unwrap())
            .collect();
        let long = "x".repeat(300);
        let want = [
            "",
            "plain",
            "é ü",
            "日本 🦀",
            "line\nbreak \\ back\\u0041slash",
            &long,
        ];
        assert_eq!(texts, want, "protocol {protocol}");
        let found: Vec<Vec<u8>> = items("bytes")
            .iter()
            .map(|&id| bytes(&pickle, id))
            .collect();
        assert_eq!(found, [vec![], b"\x00\xff\n".to_vec(), vec![b'y'; 300]]);
        assert_eq!(bytes(&pickle, get("bytearray")), b"\x01\x02\xfe");

        let tuples = items("tuples")
            .iter()
            .map(|&id| ints(&pickle, pickle.items(id).unwrap()));
        let want = [vec![], vec![1], vec![1, 2], vec![1, 2, 3], vec![1, 2, 3, 4]];
        assert_eq!(tuples.collect::<Vec<_>>(), want);
        assert_eq!(items("twice")[0], items("twice")[1]);
        assert_eq!(items("loop"), [get("loop")]);
        assert_eq!(set(&pickle, get("set"), "builtins.set"), [7]);
        assert_eq!(set(&pickle, get("frozen"), "builtins.frozenset"), [8]);
        assert_eq!(
            pickle.global(get("class")),
            Some(("collections", "OrderedDict"))
        );
        let Node::Persistent(outside) = pickle.node(get("outside")) else {
            panic!("protocol {protocol}");
        };
        assert_eq!(pickle.text(*outside), Some("storage 7"));
    }
}

#[test]
fn calls_are_recorded_with_what_is_set_afterwards() {
    for protocol in 0..=5 {
        let file = fixture(protocol);
        let pickle = lam_pickle::read(&file, 10_000).unwrap();
        let get = |key: &str| pickle.get(pickle.root(), key).unwrap();

        let (name, date) = call(&pickle, get("date"));
        assert_eq!(name, "datetime.date");
        let argument = bytes(&pickle, pickle.arguments(date)[0]);
        assert_eq!(argument, [7, 234, 11, 24]);
        assert!(file[date.at..].starts_with(b"R"));

        let (name, ordered) = call(&pickle, get("ordered"));
        assert_eq!(name, "collections.OrderedDict");
        let entries: Vec<(&str, i64)> = ordered
            .entries
            .iter()
            .map(|&(key, value)| (pickle.text(key).unwrap(), pickle.int(value).unwrap()))
            .collect();
        assert_eq!(entries, [("b", 1), ("a", 2)], "protocol {protocol}");

        // An object with a state, which the older protocols make by a function.
        let (_, space) = call(&pickle, get("space"));
        let width = pickle.get(space.state.unwrap(), "width").unwrap();
        assert_eq!(pickle.int(width), Some(3));
    }
}

#[test]
fn texts_and_bytes_are_parts_of_the_file() {
    let file = fixture(5);
    let pickle = lam_pickle::read(&file, 10_000).unwrap();
    let mut found = 0;
    for node in pickle.nodes() {
        if let Node::Text(part) | Node::Bytes(part) = node {
            assert!(file.as_ptr_range().contains(&part.as_ptr()) || part.is_empty());
            found += 1;
        }
    }
    assert!(found > 20);
}

proptest! {
    /// Damage is an error or changes values; it is never a panic.
    #[test]
    fn damage_is_never_a_panic(
        protocol in 0_usize..6,
        changes in prop::collection::vec((0.0_f64..1.0, any::<u8>()), 1..8),
    ) {
        let mut file = fixture(protocol);
        for (at, byte) in changes {
            let at = (at * file.len() as f64) as usize;
            file[at] = byte;
        }
        if let Ok(pickle) = lam_pickle::read(&file, 10_000) {
            prop_assert!(pickle.length() <= file.len());
            prop_assert!(pickle.nodes().count() <= 10_000);
        }
    }

    #[test]
    fn what_is_cut_off_is_refused(protocol in 0_usize..6, share in 0.0_f64..1.0) {
        let file = fixture(protocol);
        let part = &file[..(share * file.len() as f64) as usize];
        let message = lam_pickle::read(part, 10_000).unwrap_err().to_string();
        prop_assert_eq!(message, format!("the pickle is cut off after {} bytes", part.len()));
    }
}
