//! MSLS's tables.

use crate::common::tree;

use lam_data::{MSLS_TEST, MSLS_TRAIN, MSLS_VALIDATION, PlacePicture, list_msls};
use tree::{Tree, says};

fn part(tree: &Tree, folder: &str, rows: &[(&str, f64, f64, &str)]) {
    let mut places =
        ",key,easting,northing,unique_cluster,night,control_panel,view_direction\n".to_owned();
    let mut raw = ",key,lon,lat,ca,captured_at,pano\n".to_owned();
    for (i, (key, easting, northing, pano)) in rows.iter().enumerate() {
        places += &format!("{i},{key},{easting},{northing},3,False,False,Forward\n");
        raw += &format!("{i},{key},8.54,47.37,120.5,2016-05-01,{pano}\n");
    }
    tree.write(&format!("{folder}/postprocessed.csv"), places);
    tree.write(&format!("{folder}/raw.csv"), raw);
    tree.pictures(
        rows.iter()
            .map(|row| format!("{folder}/images/{}.jpg", row.0)),
    );
}

fn msls() -> Tree {
    let tree = Tree::new();
    part(
        &tree,
        "train_val/zurich/query",
        &[("q-1", 464_000.5, 5_247_000.25, "False")],
    );
    part(
        &tree,
        "train_val/zurich/database",
        &[
            ("d1", 464_001.0, 5_247_000.0, "False"),
            ("d2", 1.0, 2.0, "True"),
            ("d3", 3.0, 4.0, "False"),
        ],
    );
    part(
        &tree,
        "train_val/boston/query",
        &[("b", 10.0, 20.0, "False")],
    );
    part(&tree, "train_val/boston/database", &[]);
    part(&tree, "test/miami/query", &[("m", 10.0, 20.0, "False")]);
    part(&tree, "test/miami/database", &[("n", 11.0, 20.0, "False")]);
    tree
}

#[test]
fn pictures_of_the_cities_that_are_there_without_panoramas() {
    let tree = msls();
    let train = list_msls(tree.root(), MSLS_TRAIN).unwrap();
    let rows = |pictures: &[PlacePicture]| {
        let row = |p: &PlacePicture| (tree.relative(&p.path), p.place.easting, p.place.northing);
        pictures.iter().map(row).collect::<Vec<_>>()
    };
    let zurich = |name: &str| format!("train_val/zurich/{name}.jpg");
    assert_eq!(
        rows(&train.queries),
        [
            (zurich("query/images/q-1"), 464_000.5, 5_247_000.25),
            ("train_val/boston/query/images/b.jpg".to_owned(), 10.0, 20.0)
        ]
    );
    assert_eq!(
        rows(&train.database),
        [
            (zurich("database/images/d1"), 464_001.0, 5_247_000.0),
            (zurich("database/images/d3"), 3.0, 4.0)
        ]
    );
    assert_eq!((train.panoramas, train.missing.len()), (1, 19));
    assert!(train.missing.contains(&"train_val/tokyo".to_owned()));
    assert!(
        train
            .queries
            .iter()
            .all(|q| q.place.heading.is_none() && q.path.is_file())
    );
    let test = list_msls(tree.root(), MSLS_TEST).unwrap();
    assert_eq!((test.queries.len(), test.database.len()), (1, 1));
    says(
        list_msls(tree.root(), MSLS_VALIDATION),
        &["cph: no such folder", "one of the cities"],
    );
}

#[test]
fn the_cities_are_those_of_the_official_split() {
    assert_eq!(
        (MSLS_TRAIN.len(), MSLS_VALIDATION.len(), MSLS_TEST.len()),
        (21, 2, 6)
    );
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let tree = msls();
    let list = || list_msls(tree.root(), &["train_val/boston"]);
    let raw = "train_val/boston/query/raw.csv";
    let places = "train_val/boston/query/postprocessed.csv";
    let right = std::fs::read_to_string(tree.path(raw)).unwrap();
    for (content, parts) in [
        (
            ",key,lon,lat\n0,b,1,2\n",
            ["raw.csv: no column 'pano'", "key, lon, lat"],
        ),
        (
            "key,pano\nb,maybe\n",
            ["raw.csv, line 2", "pano is 'maybe', expected True or False"],
        ),
        (
            "key,pano\nb,False\nb,True\n",
            ["raw.csv, line 3", "stands in an earlier line"],
        ),
        (
            "key,pano\nc,False\n",
            ["postprocessed.csv, line 2", "key b is not in raw.csv"],
        ),
        ("", ["raw.csv, line 1", "the table is empty"]),
    ] {
        tree.write(raw, content);
        says(list(), &parts);
    }
    tree.write(raw, right);
    for (content, parts) in [
        (
            "key,easting,northing\nb,1,NaN\n",
            ["line 2", "northing is 'NaN', expected a finite number"],
        ),
        ("key,easting,northing\nb,1\n", ["line 2", "no northing"]),
        ("key,easting,northing\n,1,2\n", ["line 2", "no key"]),
        (
            "key,easting,Northing\nb,1,2\n",
            ["postprocessed.csv", "no column 'northing'"],
        ),
    ] {
        tree.write(places, content);
        says(list(), &parts);
    }
    std::fs::remove_file(tree.path(places)).unwrap();
    says(list(), &["postprocessed.csv: no such file"]);
}
