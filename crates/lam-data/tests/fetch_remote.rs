//! Downloads of data sets that lie in folders, against a server that the test starts.

use crate::common::server;
use crate::common::tree;

use std::fs;
use std::sync::Mutex;

use flate2::Compression;
use flate2::write::GzEncoder;
use lam_data::{
    Checksum, DataError, FetchEvent, Fetcher, RemoteFile, SearchPath, Size, Split, Storage, Unpack,
    find, registry,
};
use md5::{Digest, Md5};
use server::{Server, ranged, status, whole};
use sha2::Sha256;
use tar::{Builder, EntryType, Header};
use tree::{Tree, says};

fn hexadecimal(digest: impl AsRef<[u8]>) -> &'static str {
    let digits: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    digits.leak()
}

/// An archive of these entries: name, type, content (or where a link leads).
fn archive(entries: &[(&str, EntryType, &[u8])]) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for &(name, kind, content) in entries {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        // Names as an attacker writes them, past the checks of the builder.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        let content = if is_link {
            header
                .set_link_name(std::str::from_utf8(content).unwrap())
                .unwrap();
            &[]
        } else {
            content
        };
        header.set_size(content.len() as u64);
        header.set_cksum();
        builder.append(&header, content).unwrap();
    }
    builder.into_inner().unwrap().finish().unwrap()
}

fn remote(name: &'static str, content: &[u8], unpack: Option<Unpack>) -> RemoteFile {
    RemoteFile {
        name,
        addresses: &["http://127.0.0.1:9/nobody"],
        size: Size::Exactly(content.len() as u64),
        checksum: Checksum::Sha256(hexadecimal(Sha256::digest(content))),
        unpack,
    }
}

const FOLDER: Option<Unpack> = Some(Unpack {
    folder: "birds",
    most_bytes: 1000,
});

/// Fetches from a server that has these files; what happened.
fn fetch(
    tree: &Tree,
    files: &[RemoteFile],
    content: Vec<(&'static str, Vec<u8>)>,
) -> Result<Vec<String>, DataError> {
    let server = Server::start(move |request, _| {
        let name = request.path.trim_start_matches('/');
        match content.iter().find(|(known, _)| *known == name) {
            Some((_, content)) => ranged(content, request),
            None => status("404 Not Found"),
        }
    });
    let log = Mutex::new(Vec::new());
    Fetcher::new().mirrors(vec![server.url()]).fetch_remote(
        "tiny",
        files,
        tree.root(),
        &|event: FetchEvent<'_>| {
            log.lock().unwrap().push(match event {
                FetchEvent::Present { file, .. } => format!("present {file}"),
                FetchEvent::Advanced { .. } => return,
                FetchEvent::MirrorFailed { reason, .. } => format!("failed: {reason}"),
                FetchEvent::Unpacking { file } => format!("unpacking {file}"),
                FetchEvent::Finished { file, total } => format!("finished {file} {total}"),
            });
        },
    )?;
    Ok(log.into_inner().unwrap())
}

/// Names of all that lies in a folder, hidden files too, but for the lock.
fn names(tree: &Tree) -> Vec<String> {
    let items = fs::read_dir(tree.root()).unwrap();
    let name = |item: std::io::Result<fs::DirEntry>| item.unwrap().file_name();
    let mut names: Vec<_> = items.map(|i| name(i).into_string().unwrap()).collect();
    names.retain(|name| name != ".lam-fetch.lock");
    names.sort();
    names
}

#[test]
fn an_archive_is_unpacked_and_removed_and_the_list_put_beside() {
    let tree = Tree::new();
    let packed = archive(&[
        ("notes.txt", EntryType::Regular, b"not wanted"),
        ("./birds/", EntryType::Directory, b""),
        ("./birds/images.txt", EntryType::Regular, b"1 a.jpg\n"),
        ("birds/images/a.jpg", EntryType::Regular, b"picture"),
        ("birds2/b.jpg", EntryType::Regular, b"not wanted either"),
    ]);
    let list = b"2\nAdam\t1\nEve\t2\n".to_vec();
    let files = [
        remote("birds.tgz", &packed, FOLDER),
        RemoteFile {
            size: Size::AtMost(100),
            checksum: Checksum::Md5(hexadecimal(Md5::digest(&list))),
            ..remote("people.txt", &list, None)
        },
    ];
    let served = || vec![("birds.tgz", packed.clone()), ("people.txt", list.clone())];
    let log = fetch(&tree, &files, served()).unwrap();
    let finished = format!("finished birds.tgz {}", packed.len());
    assert_eq!(
        log,
        ["unpacking birds.tgz", &finished, "finished people.txt 15"]
    );
    assert_eq!(names(&tree), ["birds", "people.txt"]);
    assert_eq!(
        fs::read(tree.path("birds/images/a.jpg")).unwrap(),
        b"picture"
    );
    assert_eq!(
        fs::read(tree.path("birds/images.txt")).unwrap(),
        b"1 a.jpg\n"
    );
    assert_eq!(fs::read(tree.path("people.txt")).unwrap(), list);
    // Nothing is asked for again.
    let log = fetch(&tree, &files, vec![]).unwrap();
    assert_eq!(log, ["present birds.tgz", "present people.txt"]);
}

#[test]
fn what_is_left_of_an_interrupted_fetch_does_not_disturb() {
    let tree = Tree::new();
    let packed = archive(&[("birds/a.jpg", EntryType::Regular, b"picture")]);
    tree.write(".birds.unpacking/birds/old.jpg", "half");
    tree.write("birds.tgz.part", &packed[..50]);
    fetch(
        &tree,
        &[remote("birds.tgz", &packed, FOLDER)],
        vec![("birds.tgz", packed.clone())],
    )
    .unwrap();
    assert_eq!(names(&tree), ["birds"]);
    assert!(!tree.path("birds/old.jpg").exists());
}

#[test]
fn an_archive_that_would_do_harm_leaves_nothing() {
    let long = vec![7; 2000];
    let cases: [(&str, EntryType, &[u8], &str); 7] = [
        ("../escaped", EntryType::Regular, b"x", "leads out of it"),
        (
            "birds/../../escaped",
            EntryType::Regular,
            b"x",
            "leads out of it",
        ),
        ("/tmp/escaped", EntryType::Regular, b"x", "leads out of it"),
        (
            "birds/link",
            EntryType::Symlink,
            b"/etc/passwd",
            "neither file nor folder",
        ),
        (
            "birds/hard",
            EntryType::Link,
            b"/etc/passwd",
            "neither file nor folder",
        ),
        (
            "birds/pipe",
            EntryType::Fifo,
            b"",
            "neither file nor folder",
        ),
        ("birds/long.jpg", EntryType::Regular, &long, "or 1000 bytes"),
    ];
    for (name, kind, content, reason) in cases {
        let tree = Tree::new();
        let packed = archive(&[
            ("birds/a.jpg", EntryType::Regular, b"x"),
            (name, kind, content),
        ]);
        let files = [remote("birds.tgz", &packed, FOLDER)];
        let result = fetch(&tree, &files, vec![("birds.tgz", packed.clone())]);
        says(
            result,
            &["birds.tgz.part: not the archive it should be", reason],
        );
        assert_eq!(names(&tree), ["birds.tgz.part"], "{name}");
        assert!(!tree.root().parent().unwrap().join("escaped").exists());
    }
}

#[test]
fn an_archive_that_is_damaged_or_another_one() {
    let whole = archive(&[("birds/a.jpg", EntryType::Regular, &[3; 900])]);
    let other = archive(&[("fish/a.jpg", EntryType::Regular, b"x")]);
    let cut = whole[..whole.len() - 20].to_vec();
    for (packed, reason) in [
        (cut, "it is damaged"),
        (b"<html>please log in</html>".to_vec(), "it is damaged"),
        (other, "no folder 'birds' in it"),
    ] {
        let tree = Tree::new();
        let files = [remote("birds.tgz", &packed, FOLDER)];
        says(fetch(&tree, &files, vec![("birds.tgz", packed)]), &[reason]);
        assert!(!tree.path("birds").exists());
    }
}

#[test]
fn small_files_of_unknown_length_are_checked() {
    let right = b"1\nAdam\t2\n".to_vec();
    let file = || RemoteFile {
        size: Size::AtMost(50),
        checksum: Checksum::Md5(hexadecimal(Md5::digest(&right))),
        ..remote("people.txt", &right, None)
    };
    for (served, reason) in [
        (b"1\nEve\t2\n".to_vec(), "wrong content: MD5"),
        (vec![b'x'; 51], "offers 51 bytes, more than 50"),
    ] {
        let tree = Tree::new();
        let result = fetch(&tree, &[file()], vec![("people.txt", served)]);
        says(
            result,
            &[
                "people.txt of data set 'tiny' could not be fetched",
                reason,
                "put these into",
            ],
        );
        assert_eq!(names(&tree), [""; 0]);
    }
    let tree = Tree::new();
    says(
        fetch(&tree, &[file()], vec![]),
        &["404 Not Found", "people.txt  (MD5 "],
    );
    // A wrong one that is there already is replaced.
    tree.write("people.txt", "wrong");
    fetch(&tree, &[file()], vec![("people.txt", right.clone())]).unwrap();
    assert_eq!(fs::read(tree.path("people.txt")).unwrap(), right);
}

#[test]
fn a_second_address_takes_over() {
    let tree = Tree::new();
    let content = b"content".to_vec();
    let served = content.clone();
    let bad = Server::start(|_, _| status("503 Service Unavailable"));
    let good = Server::start(move |_, _| whole(&served));
    Fetcher::new()
        .mirrors(vec![bad.url(), good.url()])
        .fetch_remote(
            "tiny",
            &[remote("a.mat", &content, None)],
            tree.root(),
            &|_: FetchEvent<'_>| {},
        )
        .unwrap();
    assert_eq!(fs::read(tree.path("a.mat")).unwrap(), content);
}

#[test]
fn what_the_registry_fetches_is_what_it_then_finds() {
    for entry in registry() {
        let Storage::Trees(set) = &entry.storage else {
            continue;
        };
        let fetched = |file: &RemoteFile| file.unpack.map_or(file.name, |u| u.folder);
        for name in set.remote.iter().map(fetched) {
            let below = format!("{}/{name}", entry.name);
            let found = set.trees.iter().any(|tree| {
                let mut marks = tree.marks.iter().flat_map(|(_, marks)| *marks);
                tree.layouts.contains(&below.as_str())
                    || tree.layouts.contains(&entry.name) && marks.any(|mark| *mark == name)
            });
            assert!(found, "{below} is not looked for");
        }
        for file in set.remote {
            assert!(
                file.checksum
                    .digits()
                    .chars()
                    .all(|c| matches!(c, '0'..='9' | 'a'..='f'))
            );
            let digits = if file.checksum.kind() == "MD5" {
                32
            } else {
                64
            };
            assert_eq!(file.checksum.digits().len(), digits, "{}", file.name);
        }
        let tree = Tree::new();
        for &(split, _) in entry.splits {
            let missing = entry.open(&SearchPath::only([tree.root().to_owned()]), split);
            let message = missing.err().unwrap().to_string();
            assert_eq!(
                message.contains("lam data fetch"),
                !set.remote.is_empty(),
                "{message}"
            );
        }
    }
}

#[test]
fn a_data_set_that_asks_for_consent_says_where_it_is_and_where_it_goes() {
    let by_hand = registry().iter().filter_map(|entry| match &entry.storage {
        Storage::Trees(set) if set.remote.is_empty() => Some((entry, set)),
        _ => None,
    });
    for (entry, set) in by_hand {
        let tree = Tree::new();
        let result = Fetcher::new().fetch(entry, tree.root(), &|_: FetchEvent<'_>| {});
        let folder = tree.root().display().to_string();
        says(result, &[entry.name, set.homepage, &folder, "--data-dir"]);
    }
}

#[test]
fn cifar10_and_svhn_name_each_other_as_partners() {
    let cifar10 = find("cifar-10").unwrap();
    assert_eq!(cifar10.ood_partner, Some("svhn"));
    let svhn = find("svhn").unwrap();
    assert_eq!(svhn.splits, [(Split::Train, 73_257), (Split::Test, 26_032)]);
}
