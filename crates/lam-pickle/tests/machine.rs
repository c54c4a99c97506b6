//! Instructions that today's Python does not write.

use lam_pickle::{Node, PickleError};

fn root(file: &[u8]) -> Node<'_> {
    let pickle = lam_pickle::read(file, 100).unwrap();
    pickle.node(pickle.root()).clone()
}

fn damage(file: &[u8]) -> (usize, String) {
    match lam_pickle::read(file, 100) {
        Err(PickleError::Damaged { at, reason }) => (at, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn strings_of_python_2() {
    for (file, text) in [
        (&b"S'it\\'s \\x41\\n'\n."[..], &b"it's A\n"[..]),
        (b"S\"it's\"\n.", b"it's"),
        (b"U\x03\x80ab.", b"\x80ab"),
        (b"T\x02\x00\x00\x00ab.", b"ab"),
        // A lone surrogate: three bytes, no UTF-8.
        (b"V\\ud800\n.", b"\xed\xa0\x80"),
        (b"Va\\x41\n.", b"a\\x41"),
    ] {
        assert_eq!(root(file), Node::Text(text.into()));
    }
    assert_eq!(
        damage(b"S'open\n."),
        (0, "a string without its quotes".into())
    );
    assert_eq!(damage(b"NS'\\q'\n.").0, 1);
    assert_eq!(damage(b"V\\u12\n."), (0, "an incomplete escape".into()));
    assert_eq!(
        damage(b"V\\U00110000\n."),
        (0, "an incomplete escape".into())
    );
}

#[test]
fn integers() {
    for (file, number) in [
        (&b"I-5\n."[..], -5),
        (b"L7L\n.", 7),
        (b"L-9\n.", -9),
        (b"\x8a\x00.", 0),
        (b"\x8a\x01\x80.", -128),
        (b"\x8b\x02\x00\x00\x00\x00\x01.", 256),
    ] {
        assert_eq!(root(file), Node::Int(number));
    }
    assert_eq!(root(b"I00\n."), Node::Bool(false));
    assert_eq!(damage(b"I12x\n."), (0, "no number".into()));
    assert_eq!(damage(b"L-L\n."), (0, "no number".into()));
}

#[test]
fn objects_of_old_classes_are_calls() {
    for file in [
        &b"(cgeometry\nPoint\nK\x01K\x02o}X\x01\x00\x00\x00xK\x03sb."[..],
        b"(K\x01K\x02igeometry\nPoint\n}X\x01\x00\x00\x00xK\x03sb.",
        b"\x80\x04\x8c\x08geometry\x8c\x05Point\x93K\x01K\x02\x86}\x92}\x8c\x01xK\x03sb.",
    ] {
        let pickle = lam_pickle::read(file, 100).unwrap();
        let call = pickle.call(pickle.root()).unwrap();
        assert!(pickle.is_global(call.callable, "geometry", "Point"));
        let arguments = pickle.arguments(call).iter().map(|&id| pickle.int(id));
        assert!(arguments.eq([Some(1), Some(2)]));
        assert_eq!(call.keywords.is_some(), file.contains(&0x92));
        let x = pickle.get(call.state.unwrap(), "x").unwrap();
        assert_eq!(pickle.int(x), Some(3));
    }
}

#[test]
fn the_stack() {
    // DUP, POP, POP_MARK, POP of a mark.
    assert_eq!(root(b"K\x012\x86."), root(b"K\x01q\x00h\x00\x86."));
    assert_eq!(root(b"K\x01(N0NN1N0."), Node::Int(1));
    assert_eq!(root(b"K\x01(0."), Node::Int(1));
    // A value below a mark is out of reach.
    assert_eq!(
        damage(b"N(."),
        (2, "nothing where a value should be".into())
    );
    assert_eq!(damage(b"NN(N\x86.").0, 4);
    assert_eq!(
        damage(b"Nt."),
        (1, "the end of what has no beginning".into())
    );
    assert_eq!(damage(b"h\x07."), (0, "a value that was not kept".into()));
    assert_eq!(damage(b"NNa."), (2, "items for what is no list".into()));
    assert_eq!(damage(b"}(Nu."), (3, "a key without a value".into()));
    assert_eq!(
        damage(b"]NNs."),
        (3, "entries for what is no dictionary".into())
    );
    assert_eq!(damage(b"]Nb."), (2, "a state for what is no object".into()));
    assert_eq!(
        damage(b"ca\nb\n]R."),
        (6, "a call whose arguments are no tuple".into())
    );
    assert_eq!(
        damage(b"NN\x93."),
        (2, "a function that has no name".into())
    );
    assert_eq!(damage(b"\xffN."), (0, "instruction 0xff is unknown".into()));
}

#[test]
fn the_last_of_two_entries_counts() {
    let file = b"}(X\x01\x00\x00\x00aK\x01X\x01\x00\x00\x00aK\x02u.";
    let pickle = lam_pickle::read(file, 100).unwrap();
    let a = pickle.get(pickle.root(), "a").unwrap();
    assert_eq!(pickle.int(a), Some(2));
}

#[test]
fn several_pickles_follow_each_other() {
    let file = b"K\x01.K\x02.";
    let first = lam_pickle::read(file, 100).unwrap();
    let second = lam_pickle::read(&file[first.length()..], 100).unwrap();
    assert_eq!(second.int(second.root()), Some(2));
}
