//! Pickles made to take memory, and ones that are none.

use lam_pickle::{Node, PickleError};
use proptest::prelude::*;

/// A value used by two others, which are used by two others, and so on: a terabyte if it were written out.
#[test]
fn values_used_again_and_again_take_no_more_memory() {
    let mut file = b"\x80\x02]q\x00".to_vec();
    for level in 0..40_u8 {
        file.extend([b'(', b'h', level, b'h', level, b'l', b'q', level + 1]);
    }
    file.push(b'.');
    let pickle = lam_pickle::read(&file, 1000).unwrap();
    assert_eq!(pickle.nodes().count(), 41);
}

/// A long name that is called again and again is not copied.
#[test]
fn names_are_not_copied() {
    let mut file = b"\x80\x04".to_vec();
    for _ in 0..2 {
        file.extend(
            [
                &b"\x8d"[..],
                &1000_u64.to_le_bytes(),
                &[b'a'; 1000],
                b"\x94",
            ]
            .concat(),
        );
    }
    for _ in 0..1000 {
        file.extend(b"h\x00h\x01\x93)R0");
    }
    file.extend(b"N.");
    let pickle = lam_pickle::read(&file, 10_000).unwrap();
    assert_eq!(weight(&pickle) / file.len(), 0);
}

/// Bytes of texts that are not parts of the file.
fn weight(pickle: &lam_pickle::Pickle<'_>) -> usize {
    let owned = |node: &Node<'_>| match node {
        Node::Text(std::borrow::Cow::Owned(text)) => text.capacity(),
        _ => 0,
    };
    pickle.nodes().map(owned).sum()
}

#[test]
fn lengths_that_the_file_does_not_have_take_nothing() {
    for file in [
        &b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7f."[..],
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xff.",
        b"B\xff\xff\xff\xff.",
        b"\x8b\xff\xff\xff\xff.",
        b"",
        b"cos",
    ] {
        let length = file.len();
        assert_eq!(
            lam_pickle::read(file, 100).unwrap_err(),
            PickleError::CutOff { length }
        );
    }
}

#[test]
fn there_are_no_more_values_than_the_caller_expects() {
    let file = [&[b'N'; 11][..], b"."].concat();
    let error = lam_pickle::read(&file, 10).unwrap_err();
    assert_eq!(error, PickleError::TooManyNodes { limit: 10 });
    assert!(error.to_string().contains("more than 10 values"));
    assert!(lam_pickle::read(&file[1..], 10).is_ok());
}

/// Instructions, so that random bytes get further than the first of them.
fn instruction() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => prop::sample::select(&b"(012N)]}tldaesubRoQ.\x81\x85\x86\x87\x88\x8f\x90\x91\x92\x93\x94"[..])
            .prop_map(|code| vec![code]),
        2 => (prop::sample::select(&b"Khq"[..]), 0_u8..4).prop_map(|(code, slot)| vec![code, slot]),
        1 => Just(b"\x8c\x01m".to_vec()),
        1 => Just(b"cm\nn\n".to_vec()),
        1 => Just(b"V\\u0041\xe9\n".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..4),
    ]
}

proptest! {
    #[test]
    fn no_content_panics(file in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = lam_pickle::read(&file, 1000);
    }

    /// Parts of values are values; there are no more of them, and no more references to them, than bytes.
    #[test]
    fn programs_make_trees_no_larger_than_themselves(
        program in prop::collection::vec(instruction(), 0..200),
    ) {
        let file = program.concat();
        let Ok(pickle) = lam_pickle::read(&file, usize::MAX) else {
            return Ok(());
        };
        let mut references = 0;
        for node in pickle.nodes() {
            references += match node {
                Node::Tuple(items) | Node::List(items) | Node::Set(items) => items.len(),
                Node::Dict(entries) => 2 * entries.len(),
                Node::Call(call) => 3 + call.items.len() + 2 * call.entries.len(),
                Node::Global { .. } => 2,
                Node::Persistent(_) => 1,
                _ => 0,
            };
        }
        prop_assert!(pickle.nodes().count() <= 2 * file.len());
        prop_assert!(references <= 3 * file.len(), "{references} of {} bytes", file.len());
        prop_assert!(weight(&pickle) <= 2 * file.len());
    }
}
