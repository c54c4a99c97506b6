//! URLs.

use lam_remote::{Address, DatabaseKind, RemoteError};
use proptest::prelude::*;

#[test]
fn the_scheme_says_which_database() {
    for (url, kind, shown) in [
        (
            "postgres://me@localhost/mine",
            DatabaseKind::Pgvector,
            "postgres://me@localhost:5432/mine",
        ),
        (
            "postgresql://h:5433,i:5434/d?sslmode=verify-full",
            DatabaseKind::Pgvector,
            "postgres://h:5433,i:5434/d",
        ),
        (
            "postgres://me@%2Frun%2Fpostgresql/mine",
            DatabaseKind::Pgvector,
            "postgres://me@/run/postgresql:5432/mine",
        ),
        (
            "qdrant://localhost",
            DatabaseKind::Qdrant,
            "qdrant://localhost:6334",
        ),
        (
            "qdrants://db.example.org:7000/",
            DatabaseKind::Qdrant,
            "qdrants://db.example.org:7000",
        ),
    ] {
        for asked in [None, Some(kind)] {
            let address = Address::parse(url, asked).unwrap();
            assert_eq!(address.kind(), kind);
            assert_eq!(address.to_string(), shown);
        }
    }
    let qdrant = Some(DatabaseKind::Qdrant);
    let address = Address::parse("https://localhost:6334", qdrant).unwrap();
    assert_eq!(address.to_string(), "qdrants://localhost:6334");
}

#[test]
fn what_leads_nowhere_is_wrong_use_and_says_why() {
    let (pgvector, qdrant) = (Some(DatabaseKind::Pgvector), Some(DatabaseKind::Qdrant));
    for (url, kind, part) in [
        ("localhost:6334", None, "has no scheme"),
        ("mysql://h/d", None, "known are postgres://"),
        ("http://localhost:6334", None, "write qdrant://"),
        ("https://localhost:6334", None, "write qdrants://"),
        ("http://localhost:6334", pgvector, "not for pgvector"),
        ("qdrant://h", pgvector, "not for pgvector"),
        ("postgres://h/d", qdrant, "not for qdrant"),
        ("postgres:///d", None, "names no host"),
        ("postgres://h/d?sslmode=maybe", None, "sslmode=maybe"),
        ("postgres://h/d?sslrootcert=x", None, "sslrootcert"),
        ("postgres://h:port/d", None, "port"),
        ("qdrant://", None, "names no host"),
        ("qdrant://:6334", None, "names no host"),
        ("qdrant://h:0", None, "port"),
        ("qdrant://h:70000", None, "port"),
        ("qdrant://h:+1", None, "port"),
        ("qdrant://h/collections/x", None, "path"),
        ("qdrant://h?tls=1", None, "path"),
        ("qdrant://a b", None, "characters"),
        ("qdrant://[::1", None, "["),
        ("qdrant://[x]", None, "IPv6"),
        ("qdrant://[::1]x", None, "after its ]"),
        ("qdrant://%zz@h", None, "%"),
        ("qdrant://ä@h", None, "ASCII"),
    ] {
        let error = Address::parse(url, kind).unwrap_err();
        assert!(matches!(error, RemoteError::Address(_)) && error.is_usage());
        let message = error.to_string();
        assert!(message.contains(part), "{url}: {message}");
    }
    assert!("milvus".parse::<DatabaseKind>().unwrap_err().is_usage());
}

#[test]
fn secrets_are_not_shown() {
    for url in [
        "postgres://me:s3cret@h:5432/d",
        "postgres://me@h/d?password=s3cret",
        "qdrants://s3cret@h",
        "postgres://me:s3cret@h:port/d",
        "postgres://me:s3cret@h/d?nonsense=1",
        "qdrants://s3cret@h:port",
        "mysql://me:s3cret@h",
    ] {
        let shown = match Address::parse(url, None) {
            Ok(address) => format!("{address} {address:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}

proptest! {
    #[test]
    fn any_text_is_an_address_or_an_error(
        url in "(postgres|postgresql|qdrant|qdrants|http|https|x)?(:/{0,3})?[a-z0-9:@/%?&=\\[\\]., ä-]{0,30}"
    ) {
        for kind in [None, Some(DatabaseKind::Qdrant), Some(DatabaseKind::Pgvector)] {
            if let Ok(address) = Address::parse(&url, kind) {
                prop_assert!(kind.is_none_or(|kind| kind == address.kind()));
            }
        }
    }

    /// What an address of Qdrant is shown as, without its key, is an address with the same meaning.
    #[test]
    fn shown_addresses_read_back(host in "[a-z][a-z0-9-]{0,10}(\\.[a-z0-9]{1,5}){0,3}", port in 1u16.., tls: bool, key in "([a-z0-9]{1,8}@)?") {
        let scheme = if tls { "qdrants" } else { "qdrant" };
        let shown = format!("{scheme}://{host}:{port}");
        let address = Address::parse(&format!("{scheme}://{key}{host}:{port}"), None).unwrap();
        prop_assert_eq!(address.to_string(), &shown[..]);
        prop_assert_eq!(Address::parse(&shown, None).unwrap().to_string(), shown);
    }
}
