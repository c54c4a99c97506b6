//! Where data sets are looked for.
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::{gzip, idx, write_test_files};
use lam_data::{Location, Origin, SearchPath, Split, find, report};

fn mnist_error(search: &SearchPath, split: Split) -> String {
    find("mnist")
        .unwrap()
        .open(search, split)
        .err()
        .unwrap()
        .to_string()
}

fn mnist_folder(search: &SearchPath) -> Option<(PathBuf, Origin)> {
    let reports = report(search);
    let mnist = reports.iter().find(|r| r.entry.name == "mnist").unwrap();
    let test = mnist
        .splits
        .iter()
        .find(|s| s.split == Split::Test)
        .unwrap();
    match test.location.clone()? {
        Location::Folder(path, origin) => Some((path, origin)),
        Location::Embedded => panic!("mnist is made of files"),
    }
}

#[test]
fn all_layouts_are_found() {
    for layout in ["", "mnist", "MNIST/raw", "MNIST"] {
        let folder = tempfile::tempdir().unwrap();
        write_test_files(&folder.path().join(layout), 20);
        let search = SearchPath::only([folder.path().to_owned()]);
        let set = find("mnist").unwrap().open(&search, Split::Test).unwrap();
        assert_eq!(set.len(), 20);
    }
    for layout in ["fashionmnist", "fashion-mnist", "FashionMNIST/raw", ""] {
        let folder = tempfile::tempdir().unwrap();
        write_test_files(&folder.path().join(layout), 20);
        let search = SearchPath::only([folder.path().to_owned()]);
        let set = find("fashionmnist")
            .unwrap()
            .open(&search, Split::Test)
            .unwrap();
        assert_eq!(set.name(), "fashionmnist");
    }
}

#[test]
fn unpacked_files_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let (images, labels) = crate::common::digits(10);
    fs::write(folder.path().join("t10k-images-idx3-ubyte"), images).unwrap();
    fs::write(folder.path().join("t10k-labels.idx1-ubyte"), labels).unwrap();
    let search = SearchPath::only([folder.path().to_owned()]);
    assert!(find("mnist").unwrap().open(&search, Split::Test).is_ok());
}

#[test]
fn mnist_with_its_test_files_only() {
    let folder = tempfile::tempdir().unwrap();
    write_test_files(folder.path(), 10);
    let search = SearchPath::only([folder.path().to_owned()]);
    assert!(find("mnist").unwrap().open(&search, Split::Test).is_ok());
    let message = mnist_error(&search, Split::Train);
    for part in [
        "the train files of data set 'mnist' were not found",
        "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz",
        "only files of the test split",
        "lam data fetch mnist",
        folder.path().to_str().unwrap(),
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[test]
fn the_error_lists_every_place_and_way() {
    let lacking = tempfile::tempdir().unwrap();
    let raw = lacking.path().join("FashionMNIST/raw");
    fs::create_dir_all(&raw).unwrap();
    fs::write(raw.join("t10k-images-idx3-ubyte.gz"), b"").unwrap();
    let absent = lacking.path().join("absent");
    let search = SearchPath::only([absent.clone(), lacking.path().to_owned()]);
    let message = find("fashionmnist")
        .unwrap()
        .open(&search, Split::Test)
        .err()
        .unwrap()
        .to_string();
    for part in [
        &format!("{} (--data-dir): no such folder", absent.display()),
        "FashionMNIST/raw: lacks t10k-labels-idx1-ubyte.gz",
        "`lam data fetch fashionmnist`",
        "`apt install dataset-fashion-mnist`",
        "--data-dir",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
}

/// The two sets name their files alike; mistaking one for the other would spoil every figure on
/// out-of-distribution images without a word.
#[test]
fn fashionmnist_is_not_taken_for_mnist() {
    let folder = tempfile::tempdir().unwrap();
    write_test_files(folder.path(), 20);
    let fashion_labels = [9, 2, 1, 1, 6, 1, 4, 6, 5, 7, 4, 5, 7, 3, 4, 1, 2, 4, 8, 0];
    let labels = folder.path().join("t10k-labels-idx1-ubyte.gz");
    fs::write(&labels, gzip(&idx(&[20], &fashion_labels))).unwrap();
    let search = SearchPath::only([folder.path().to_owned()]);
    assert!(
        find("fashionmnist")
            .unwrap()
            .open(&search, Split::Test)
            .is_ok()
    );
    let message = mnist_error(&search, Split::Test);
    assert!(
        message.contains("these are the files of fashionmnist"),
        "{message}"
    );
    // A folder of its own beside them is found.
    write_test_files(&folder.path().join("mnist"), 10);
    assert!(find("mnist").unwrap().open(&search, Split::Test).is_ok());
}

#[test]
fn the_first_folder_that_has_them_wins() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let listed = std::env::join_paths([at("env1"), at("env2")]).unwrap();
    let variable = |name: &str| match name {
        "LAM_DATA_DIR" => Some(listed.clone()),
        "XDG_CACHE_HOME" => Some(at("xdg").into_os_string()),
        _ => None,
    };
    let search = SearchPath::from_environment(&[at("cli")], Some(&at("config")), variable);
    assert_eq!(mnist_folder(&search), None);
    let order = [
        (at("xdg/lam"), Origin::Cache),
        (at("env2"), Origin::Environment),
        (at("env1"), Origin::Environment),
        (at("config"), Origin::Configuration),
        (at("cli"), Origin::CommandLine),
    ];
    for (path, origin) in order {
        write_test_files(&path.join("mnist"), 10);
        assert_eq!(mnist_folder(&search), Some((path.join("mnist"), origin)));
    }
    assert_eq!(
        search.download_folder(find("mnist").unwrap()),
        Some(at("xdg/lam/mnist"))
    );
}

#[test]
fn home_stands_in_for_xdg_and_tilde() {
    let home = tempfile::tempdir().unwrap();
    let variable = |name: &str| match name {
        "HOME" => Some(home.path().as_os_str().to_owned()),
        "XDG_CACHE_HOME" => Some(OsString::from("relative/is/ignored")),
        _ => None,
    };
    let search = SearchPath::from_environment(&[], Some(Path::new("~/sets")), variable);
    assert_eq!(
        search.download_folder(find("mnist").unwrap()),
        Some(home.path().join(".cache/lam/mnist"))
    );
    let sets = home.path().join("sets");
    write_test_files(&sets, 10);
    let found = mnist_folder(&search).unwrap();
    assert_eq!(found.0.as_os_str(), sets.as_os_str()); // no slash at the end
    assert_eq!(found.1, Origin::Configuration);
}

#[test]
fn the_report_says_how_to_get_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    write_test_files(folder.path(), 10);
    let reports = report(&SearchPath::only([folder.path().to_owned()]));
    let of = |name: &str| reports.iter().find(|r| r.entry.name == name).unwrap();
    assert_eq!(of("sample").how_to_get(), None);
    assert_eq!(of("sample").splits[0].location, Some(Location::Embedded));
    assert_eq!(of("mnist").how_to_get().unwrap(), "lam data fetch mnist");
    let missing: Vec<_> = of("mnist")
        .splits
        .iter()
        .filter(|s| s.location.is_none())
        .collect();
    assert_eq!((missing.len(), missing[0].split), (1, Split::Train));
    assert_eq!(
        of("fashionmnist").how_to_get().unwrap(),
        "lam data fetch fashionmnist, or apt install dataset-fashion-mnist"
    );
}
