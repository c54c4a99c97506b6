//! Downloads, against a server that the test starts. No other network is used.
use crate::common::server;

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use lam_data::{DataError, FetchEvent, Fetcher, FileSet, FileSpec, NamedFile, Split, find};
use server::{Reply, Request, Server, cut_off, ranged, status, whole};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

/// 300,000 bytes without a pattern.
fn content() -> Vec<u8> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..300_000).map(|_| next()).collect()
}

fn sha256(content: &[u8]) -> String {
    Sha256::digest(content)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// A data set of one file with the given content.
fn one_file(content: &[u8]) -> FileSet {
    let file = FileSpec {
        name: "file.gz",
        other_names: &[],
        split: Split::Test,
        bytes: content.len() as u64,
        sha256: sha256(content).leak(),
        first_labels: None,
    };
    FileSet {
        files: Box::leak(Box::new([file])),
        layouts: &[""],
        package: None,
        mirrors: &["http://127.0.0.1:9/"],
    }
}

/// A destination, and what happens in it.
struct Download {
    folder: TempDir,
    log: Mutex<Vec<String>>,
}

impl Download {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            log: Mutex::default(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, content: &[u8], mirrors: &[String]) -> Result<(), DataError> {
        self.run_with_patience(Duration::from_secs(30), content, mirrors)
    }

    fn run_with_patience(
        &self,
        patience: Duration,
        content: &[u8],
        mirrors: &[String],
    ) -> Result<(), DataError> {
        let fetcher = Fetcher::new().mirrors(mirrors.to_vec()).patience(patience);
        let note = |event: FetchEvent<'_>| {
            self.log.lock().unwrap().push(match event {
                FetchEvent::Present { file, .. } => format!("present {file}"),
                FetchEvent::Advanced { done, total, .. } => {
                    assert!(done <= total);
                    return;
                }
                FetchEvent::MirrorFailed { reason, .. } => format!("failed: {reason}"),
                FetchEvent::Unpacking { file } => format!("unpacking {file}"),
                FetchEvent::Finished { file, total } => format!("finished {file} {total}"),
            });
        };
        fetcher.fetch_files("tiny", &one_file(content), self.folder.path(), &note)
    }

    /// The file is there and right, and nothing else is left over.
    fn assert_complete(&self, content: &[u8]) {
        assert_eq!(fs::read(self.path("file.gz")).unwrap(), content);
        assert!(!self.path("file.gz.part").exists());
    }
}

fn asked(from: Option<usize>) -> Request {
    Request {
        path: "/file.gz".to_owned(),
        from,
    }
}

#[test]
fn whole_download_then_nothing_to_do() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, _| ranged(&served, request));
    let download = Download::new();
    let steps = Mutex::new(Vec::new());
    Fetcher::new()
        .mirrors(vec![server.url()])
        .fetch_files(
            "tiny",
            &one_file(&data),
            &download.path("new/folder"),
            &|event: FetchEvent<'_>| {
                if let FetchEvent::Advanced { file, done, total } = event {
                    assert_eq!((file, total), ("file.gz", 300_000));
                    steps.lock().unwrap().push(done);
                }
            },
        )
        .unwrap();
    assert_eq!(fs::read(download.path("new/folder/file.gz")).unwrap(), data);
    let steps = steps.into_inner().unwrap();
    assert!(steps.is_sorted() && steps.len() > 2);
    assert_eq!((steps[0], steps[steps.len() - 1]), (0, 300_000));

    download.run(&data, &[server.url()]).unwrap();
    download.run(&data, &[server.url()]).unwrap();
    download.assert_complete(&data);
    assert_eq!(
        *download.log.lock().unwrap(),
        ["finished file.gz 300000", "present file.gz"]
    );
    assert_eq!(server.requests(), [asked(None), asked(None)]);
}

#[test]
fn goes_on_with_a_partial_download() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, _| ranged(&served, request));
    let download = Download::new();
    fs::write(download.path("file.gz.part"), &data[..123_456]).unwrap();
    download.run(&data, &[server.url()]).unwrap();
    download.assert_complete(&data);
    assert_eq!(server.requests(), [asked(Some(123_456))]);
}

#[test]
fn a_complete_part_needs_no_request() {
    let data = content();
    let download = Download::new();
    fs::write(download.path("file.gz.part"), &data).unwrap();
    let server = Server::start(|_, _| status("500 Not Expected"));
    download.run(&data, &[server.url()]).unwrap();
    download.assert_complete(&data);
    assert_eq!(server.requests(), []);
}

#[test]
fn a_server_that_ignores_ranges() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |_, _| whole(&served));
    let download = Download::new();
    fs::write(download.path("file.gz.part"), &data[..1000]).unwrap();
    download.run(&data, &[server.url()]).unwrap();
    download.assert_complete(&data);
}

#[test]
fn a_server_that_cannot_continue() {
    for refusal in [
        "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/300000\r\nContent-Length: 5\r\n\r\nwrong",
        "HTTP/1.1 206 Partial Content\r\nContent-Length: 5\r\n\r\nwrong",
    ] {
        let data = content();
        let served = data.clone();
        let server = Server::start(move |request, _| match request.from {
            Some(_) => Reply::Raw(refusal.into()),
            None => whole(&served),
        });
        let download = Download::new();
        fs::write(download.path("file.gz.part"), &data[..1000]).unwrap();
        download.run(&data, &[server.url()]).unwrap();
        download.assert_complete(&data);
        assert_eq!(server.requests(), [asked(Some(1000)), asked(None)]);
    }
}

#[test]
fn a_damaged_part_is_thrown_away() {
    let data = content();
    for part in [vec![7; 1000], vec![7; 300_000], vec![7; 300_001]] {
        let served = data.clone();
        let server = Server::start(move |request, _| ranged(&served, request));
        let download = Download::new();
        fs::write(download.path("file.gz.part"), &part).unwrap();
        download.run(&data, &[server.url()]).unwrap();
        download.assert_complete(&data);
        assert_eq!(server.requests().last().unwrap(), &asked(None));
    }
}

#[test]
fn wrong_content_is_never_put_in_place() {
    let data = content();
    let mut wrong = data.clone();
    wrong[200_000] ^= 1;
    let server = Server::start(move |request, _| ranged(&wrong, request));
    let download = Download::new();
    fs::write(download.path("file.gz"), b"what was there").unwrap();
    let error = download.run(&data, &[server.url()]).unwrap_err();
    assert!(error.to_string().contains("SHA-256"), "{error}");
    assert_eq!(
        fs::read(download.path("file.gz")).unwrap(),
        b"what was there"
    );
    assert!(!download.path("file.gz.part").exists());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wrong_file_is_replaced() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, _| ranged(&served, request));
    let download = Download::new();
    let mut wrong = data.clone();
    wrong[5] ^= 1;
    fs::write(download.path("file.gz"), &wrong).unwrap();
    download.run(&data, &[server.url()]).unwrap();
    download.assert_complete(&data);
}

#[test]
fn the_next_mirror_takes_over() {
    let data = content();
    let mut wrong = data.clone();
    wrong[0] ^= 1;
    let long = [&data[..], b"more"].concat();
    let page = b"<html>please log in</html>".to_vec();
    let bad = [
        Server::start(|_, _| status("404 Not Found")),
        Server::start(move |_, _| whole(&wrong)),
        Server::start(move |_, _| whole(&page)),
        Server::start(move |_, _| {
            // No length announced: what is too much shows only on the way.
            Reply::Raw([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", &long[..]].concat())
        }),
        Server::start(|_, _| Reply::Raw(b"nonsense\r\n\r\n".to_vec())),
    ];
    let served = data.clone();
    let good = Server::start(move |request, _| ranged(&served, request));
    let mut mirrors: Vec<_> = bad.iter().map(Server::url).collect();
    mirrors.push(good.url());
    let download = Download::new();
    download.run(&data, &mirrors).unwrap();
    download.assert_complete(&data);
    let log = download.log.lock().unwrap();
    assert_eq!(log.len(), 6, "{log:?}");
    assert!(log[0].contains("404"), "{log:?}");
    assert!(log[1].contains("SHA-256"), "{log:?}");
    assert!(
        log[2].contains("offers 26 bytes, expected 300000"),
        "{log:?}"
    );
    assert!(log[3].contains("more than 300000 bytes"), "{log:?}");
    assert_eq!(good.requests(), [asked(None)]);
}

#[test]
fn a_body_that_breaks_off_is_continued() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, before| match before {
        0 => cut_off(&served, 100_000),
        1 => {
            let Reply::Raw(answer) = ranged(&served, request) else {
                unreachable!()
            };
            Reply::Raw(answer[..answer.len() - 50_000].to_vec())
        }
        _ => ranged(&served, request),
    });
    let download = Download::new();
    download.run(&data, &[server.url()]).unwrap();
    download.assert_complete(&data);
    let starts: Vec<_> = server.requests().iter().map(|r| r.from).collect();
    assert_eq!(starts, [None, Some(100_000), Some(250_000)]);
}

#[test]
fn a_body_that_always_breaks_off_keeps_its_part() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |_, _| cut_off(&served, 100_000));
    let download = Download::new();
    let error = download.run(&data, &[server.url()]).unwrap_err();
    assert!(
        error.to_string().contains("after 100000 of 300000 bytes"),
        "{error}"
    );
    assert!(!download.path("file.gz").exists());
    let part = fs::read(download.path("file.gz.part")).unwrap();
    assert_eq!(part, data[..100_000]);
    assert!(server.requests().len() <= 5);
}

/// Long enough for a busy machine to answer, short enough for a test.
const PATIENCE: Duration = Duration::from_secs(1);

#[test]
fn silence_is_not_endured() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, before| match before {
        0 => {
            let Reply::Raw(start) = cut_off(&served, 1000) else {
                unreachable!()
            };
            Reply::Stall(start, PATIENCE * 4)
        }
        _ => ranged(&served, request),
    });
    let download = Download::new();
    let started = Instant::now();
    download
        .run_with_patience(PATIENCE, &data, &[server.url()])
        .unwrap();
    download.assert_complete(&data);
    assert!(started.elapsed() < PATIENCE * 4);
    assert_eq!(server.requests()[1], asked(Some(1000)));
}

#[test]
fn a_server_that_never_answers_is_left_for_the_next() {
    let data = content();
    let silent = Server::start(|_, _| Reply::Stall(Vec::new(), PATIENCE * 4));
    let served = data.clone();
    let good = Server::start(move |request, _| ranged(&served, request));
    let download = Download::new();
    download
        .run_with_patience(PATIENCE, &data, &[silent.url(), good.url()])
        .unwrap();
    download.assert_complete(&data);
    let log = download.log.lock().unwrap();
    assert!(log[0].contains("timeout"), "{log:?}");
    assert_eq!(silent.requests().len(), 1);
}

/// An address where nothing listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[test]
fn offline_it_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mirrors = vec![nobody(), nobody()];
    for (name, package) in [
        ("fashionmnist", Some("dataset-fashion-mnist")),
        ("mnist", None),
    ] {
        let error = Fetcher::new()
            .mirrors(mirrors.clone())
            .fetch(find(name).unwrap(), folder.path(), &|_: FetchEvent<'_>| {})
            .unwrap_err();
        let DataError::FetchFailed {
            mirrors: failed, ..
        } = &error
        else {
            panic!("{error}");
        };
        assert_eq!(failed.len(), 2);
        let message = error.to_string();
        let installs = package.map(|package| format!("`apt install {package}`"));
        assert_eq!(message.contains("apt install"), installs.is_some());
        assert!(installs.is_none_or(|installs| message.contains(&installs)));
        for part in [
            &mirrors[0],
            "train-images-idx3-ubyte.gz  (",
            "t10k-labels-idx1-ubyte.gz  (",
            folder.path().to_str().unwrap(),
            "LAM_DATA_MIRROR",
        ] {
            assert!(message.contains(part), "{part}: {message}");
        }
    }
    let left: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|e| e.unwrap().file_name())
        .collect();
    assert_eq!(left, [".lam-fetch.lock"]);
}

#[test]
fn a_mirror_of_the_environment_replaces_the_public_ones() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, _| ranged(&served, request));
    let url = format!("{}sets", server.url());
    let download = Download::new();
    Fetcher::from_environment(|name| (name == "LAM_DATA_MIRROR").then(|| url.clone()))
        .fetch_files(
            "tiny",
            &one_file(&data),
            download.folder.path(),
            &|_: FetchEvent<'_>| {},
        )
        .unwrap();
    download.assert_complete(&data);
    assert_eq!(server.requests()[0].path, "/sets/tiny/file.gz");
}

#[test]
fn embedded_sets_need_no_download() {
    let download = Download::new();
    let error = lam_data::fetch("sample", download.folder.path(), &|_: FetchEvent<'_>| {});
    assert!(matches!(error, Err(DataError::NothingToFetch { .. })));
    let error = lam_data::fetch("simple", download.folder.path(), &|_: FetchEvent<'_>| {});
    assert!(error.unwrap_err().to_string().contains("'sample'"));
}

#[test]
fn a_destination_that_cannot_be_written() {
    let download = Download::new();
    fs::write(download.path("taken"), b"").unwrap();
    let error = Fetcher::new()
        .fetch_files(
            "tiny",
            &one_file(&content()),
            &download.path("taken/folder"),
            &|_: FetchEvent<'_>| {},
        )
        .unwrap_err();
    assert!(matches!(error, DataError::Io { .. }));
    assert!(error.to_string().contains("taken/folder"), "{error}");
}

#[test]
fn a_part_that_cannot_be_written_ends_it_without_trying_other_mirrors() {
    let download = Download::new();
    fs::create_dir(download.path("file.gz.part")).unwrap();
    let server = Server::start(|_, _| status("500 Not Expected"));
    let error = download.run(&content(), &[server.url()]).unwrap_err();
    assert!(
        error.to_string().contains("file.gz.part: writing failed"),
        "{error}"
    );
    assert_eq!(server.requests(), []);
}

#[test]
fn two_downloads_do_not_share_a_folder() {
    let data = content();
    let download = Download::new();
    let held = fs::File::create(download.path(".lam-fetch.lock")).unwrap();
    held.lock().unwrap();
    let error = download.run(&data, &[nobody()]).unwrap_err();
    assert!(
        matches!(error, DataError::FetchInProgress { .. }),
        "{error}"
    );
}

/// A file of which only the start of its checksum is known.
fn named(content: &[u8]) -> NamedFile {
    let checksum: &'static str = sha256(content).leak();
    NamedFile {
        kind: "weights",
        name: "net-0123.pth",
        folder: "http://127.0.0.1:9/",
        sha256_prefix: &checksum[..8],
        max_bytes: 400_000,
    }
}

fn fetch_named(file: &NamedFile, folder: &std::path::Path, url: &str) -> Result<(), DataError> {
    Fetcher::new()
        .mirrors(vec![url.to_owned()])
        .fetch_named(file, folder, &|event: FetchEvent<'_>| {
            if let FetchEvent::Advanced { done, total, .. } = event {
                assert!(done <= total && total == 300_000);
            }
        })
}

#[test]
fn a_file_of_unknown_size_is_fetched_once_and_gone_on_with() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, before| match before {
        0 => cut_off(&served, 200_000),
        _ => ranged(&served, request),
    });
    let folder = tempfile::tempdir().unwrap();
    let file = named(&data);
    for _ in 0..2 {
        fetch_named(&file, folder.path(), &server.url()).unwrap();
    }
    let path = folder.path().join(file.name);
    assert_eq!(fs::read(&path).unwrap(), data);
    assert!(file.is_at(&path).unwrap());
    let from: Vec<_> = server.requests().iter().map(|r| r.from).collect();
    assert_eq!(from, [None, Some(200_000)]);

    // All of it arrived, but nobody put it in its place; then the same of something else.
    for (part, requests) in [(data.clone(), 1), (vec![7; 300_000], 2)] {
        fs::remove_file(&path).unwrap();
        fs::write(folder.path().join("net-0123.pth.part"), part).unwrap();
        let before = server.requests().len();
        fetch_named(&file, folder.path(), &server.url()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), data);
        assert_eq!(server.requests().len() - before, requests);
    }
}

#[test]
fn a_file_of_unknown_size_has_a_limit_and_a_checksum() {
    let data = content();
    let served = data.clone();
    let server = Server::start(move |request, _| ranged(&served, request));
    let folder = tempfile::tempdir().unwrap();
    let small = NamedFile {
        max_bytes: 1000,
        ..named(&data)
    };
    let message = fetch_named(&small, folder.path(), &server.url())
        .unwrap_err()
        .to_string();
    assert!(
        message.contains("offers 300000 bytes, more than 1000"),
        "{message}"
    );
    let other = named(b"other");
    let message = fetch_named(&other, folder.path(), &server.url())
        .unwrap_err()
        .to_string();
    for part in [
        "wrong content",
        "put net-0123.pth",
        other.sha256_prefix,
        folder.path().to_str().unwrap(),
        "LAM_DATA_MIRROR",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert!(!folder.path().join("net-0123.pth").exists());
}
