//! What Python would run on loading.

use lam_pickle::PickleError;

#[test]
fn what_runs_something_is_refused_wherever_it_stands() {
    for (file, named, position) in [
        (&b"cos\nsystem\n(S'echo'\ntR."[..], "os.system", 0),
        (
            b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00echo\x85R.",
            "posix.system",
            2,
        ),
        (
            b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x031+1\x85R.",
            "builtins.eval",
            18,
        ),
        (
            b"\x80\x04\x8c\x08builtins\x94\x8c\x04exec\x940h\x00h\x01\x93.",
            "builtins.exec",
            25,
        ),
        (b"N(S'x'\ni__builtin__\neval\n.", "__builtin__.eval", 7),
        (b"(csubprocess\nPopen\nS'x'\no.", "subprocess.Popen", 1),
        // Never called, nor part of the outermost value.
        (b"cos.path\njoin\n0N.", "os.path.join", 0),
    ] {
        let error = lam_pickle::read(file, 100).unwrap_err();
        let PickleError::Dangerous { at, name } = &error else {
            panic!("{error}");
        };
        assert_eq!((name.as_str(), *at), (named, position));
        assert!(error.to_string().contains("it was not run"), "{error}");
    }
    // Names that only look so.
    assert!(lam_pickle::read(b"costume\nsystem\n)R.", 100).is_ok());
    assert!(lam_pickle::read(b"cbuiltins\nset\n)R.", 100).is_ok());
}
