//! Data sets of photographs by name, from folders in their layouts; a user's own; and the check of every image.

use crate::common::tree;

use std::sync::atomic::{AtomicUsize, Ordering};

use lam_data::{
    Checked, DataError, Dataset, ImageShape, OwnImages, SearchPath, Split, SplitFraction, Views,
    check_images, find,
};
use tree::{Tree, says};

fn search(tree: &Tree) -> SearchPath {
    SearchPath::only([tree.root().to_owned()])
}

/// Colour of an image's middle, as bytes.
fn middle(dataset: &dyn Dataset, index: usize) -> [u8; 3] {
    let shape = dataset.shape();
    let mut values = vec![0.0; shape.numel()];
    dataset.read(index, &mut values).unwrap();
    let plane = shape.height * shape.width;
    let at = shape.height / 2 * shape.width + shape.width / 2;
    [0, 1, 2].map(|c| (values[c * plane + at] * 255.0).round() as u8)
}

/// JPEG is allowed to be a little off.
#[track_caller]
fn assert_colour(found: [u8; 3], expected: [u8; 3]) {
    let near = found.iter().zip(expected).all(|(&f, e)| f.abs_diff(e) <= 3);
    assert!(near, "{found:?}, expected {expected:?}");
}

const RED: [u8; 3] = [200, 30, 40];
const GREEN: [u8; 3] = [30, 180, 60];
const BLUE: [u8; 3] = [40, 60, 210];

#[test]
fn photographs_are_opened_by_name_in_the_published_view() {
    let tree = Tree::new();
    tree.write(
        "cub200/CUB_200_2011/images.txt",
        "1 a/x.jpg\n2 a/y.jpg\n3 b/z.jpg\n",
    );
    tree.write(
        "cub200/CUB_200_2011/image_class_labels.txt",
        "1 1\n2 1\n3 2\n",
    );
    tree.pictures(["a/x", "a/y", "b/z"].map(|n| format!("cub200/CUB_200_2011/images/{n}.jpg")));
    let entry = find("cub-200").unwrap();
    let train = entry.open(&search(&tree), Split::Train).unwrap();
    assert_eq!((train.name(), train.labels()), ("cub200", &[0, 0, 1][..]));
    assert_eq!(train.shape(), ImageShape::new(3, 227, 227));
    assert!(train.normalisation().is_some());
    for (index, colour) in [RED, GREEN, BLUE].into_iter().enumerate() {
        assert_colour(middle(&*train, index), colour);
    }
    assert!(train.source(2).ends_with("b/z.jpg"));
    let small = entry
        .open_as(&search(&tree), Split::Train, Some(&Views::small(16)))
        .unwrap();
    assert_eq!(small.shape(), ImageShape::new(3, 16, 16));
    says(
        entry.open(&search(&tree), Split::Test).map(|_| ()),
        &["images.txt", "classes 101 to 200"],
    );
    says(
        entry.open_places(&search(&tree), Split::Train, None),
        &["'cub200' is not one of places"],
    );
}

#[test]
fn cars_and_faces_are_opened_by_name() {
    let tree = Tree::new();
    tree.write(
        "cars196/anno_train.csv",
        "1.jpg,0,0,1,1,99\n2.jpg,0,0,1,1,99\n",
    );
    tree.write("cars196/anno_test.csv", "1.jpg,0,0,1,1,1\n");
    tree.pictures(["train/1", "train/2", "test/1"].map(|n| format!("cars196/cars_{n}.jpg")));
    let cars = find("cars196")
        .unwrap()
        .open(&search(&tree), Split::Test)
        .unwrap();
    assert_eq!((cars.name(), cars.len()), ("cars196", 2));
    assert_colour(middle(&*cars, 1), GREEN);
    tree.write("lfw-py/peopleDevTest.txt", "1\nEve\t2\n");
    tree.pictures(["1", "2"].map(|n| format!("lfw-py/lfw_funneled/Eve/Eve_000{n}.jpg")));
    let faces = find("lfw").unwrap();
    let test = faces.open(&search(&tree), Split::Test).unwrap();
    assert_eq!(
        (test.class_names(), test.len()),
        (&["Eve".to_owned()][..], 2)
    );
    says(
        faces.open(&search(&tree), Split::Train).map(|_| ()),
        &["lacks peopleDevTrain.txt", "lam data fetch lfw"],
    );
    says(
        find("msls")
            .unwrap()
            .open(&search(&tree), Split::Train)
            .map(|_| ()),
        &[
            "train_val (folders of cities)",
            "https://www.mapillary.com/dataset/places",
        ],
    );
}

#[test]
fn places_have_queries_and_a_database() {
    let tree = Tree::new();
    for (part, key) in [("query", "q"), ("database", "d")] {
        let folder = format!("MSLS/test/miami/{part}");
        tree.write(
            &format!("{folder}/raw.csv"),
            format!("key,pano\n{key},False\n"),
        );
        tree.write(
            &format!("{folder}/postprocessed.csv"),
            format!("key,easting,northing\n{key},1.5,2\n"),
        );
        tree.pictures([format!("{folder}/images/{key}.jpg")]);
    }
    let entry = find("msls").unwrap();
    let places = entry
        .open_places(&search(&tree), Split::Test, None)
        .unwrap();
    assert_eq!(places.queries.shape(), ImageShape::new(3, 224, 224));
    assert_eq!((places.queries.len(), places.database.len()), (1, 1));
    assert_eq!(
        (
            places.query_places[0].easting,
            places.database_places[0].northing
        ),
        (1.5, 2.0)
    );
    assert_colour(middle(&places.queries, 0), RED);
    let wide = entry
        .open_places(&search(&tree), Split::Test, Some(&Views::places(320)))
        .unwrap();
    assert_eq!(wide.database.shape(), ImageShape::new(3, 240, 320));
    // As one set, for a look at it.
    let both = entry.open(&search(&tree), Split::Test).unwrap();
    assert_eq!(
        (both.class_names(), both.labels()),
        (
            &["queries".to_owned(), "database".to_owned()][..],
            &[0, 1][..]
        )
    );
    tree.write(
        "MSLS/test/miami/database/postprocessed.csv",
        "key,easting,northing\n",
    );
    says(
        entry.open_places(&search(&tree), Split::Test, None),
        &["no image, expected a database"],
    );
}

#[test]
fn dag_keeps_one_environment_to_test_on() {
    let tree = Tree::new();
    for environment in ["nordhavn", "motorring_3"] {
        let street = format!("dag/{environment}/street_images_perspective/s");
        let row =
            "perspective_filename,UTM Easting,UTM Northing,perspective_heading[deg]\np.jpg,1,2,3\n";
        tree.write(&format!("{street}/reference_perspective.csv"), row);
        let aerial = format!("dag/{environment}/synthetized_view/m/s");
        tree.write(
            &format!("{aerial}/reference.csv"),
            "rgb,easting,northing,angle\nr.jpg,1,2,3\n",
        );
    }
    let entry = find("dag").unwrap();
    for (split, environment) in [(Split::Train, "nordhavn"), (Split::Test, "motorring_3")] {
        let places = entry.open_places(&search(&tree), split, None).unwrap();
        assert_eq!((places.queries.len(), places.database.len()), (1, 1));
        assert!(places.queries.source(0).contains(environment));
        assert_eq!(places.query_places[0].heading, Some(3.0));
    }
}

#[test]
fn a_users_own_folder_or_table() {
    let tree = Tree::new();
    tree.pictures([
        "mine/a/1.jpg",
        "mine/a/2.jpg",
        "mine/a/3.jpg",
        "mine/a/4.jpg",
    ]);
    let mine = OwnImages::at(&tree.path("mine")).unwrap();
    assert_eq!(
        mine,
        OwnImages::Folder(tree.path("mine"), SplitFraction::default())
    );
    let train = mine.open(Split::Train, Views::small(8)).unwrap();
    assert_eq!(
        (train.name(), train.len(), train.shape()),
        ("mine", 3, ImageShape::new(3, 8, 8))
    );
    assert_eq!(mine.roles(Split::Test).unwrap(), None);
    tree.write(
        "df.CSV",
        "path,label,split,is_query,is_gallery\nmine/a/1.jpg,x,test,1,0\nmine/a/2.jpg,x,test,0,1\n",
    );
    let table = OwnImages::at(&tree.path("df.CSV")).unwrap();
    let test = table.open(Split::Test, Views::small(8)).unwrap();
    assert_eq!(
        (test.name(), test.class_names()),
        ("df", &["x".to_owned()][..])
    );
    assert_colour(middle(&test, 1), GREEN);
    assert_eq!(table.roles(Split::Test).unwrap().unwrap().len(), 2);
    says(
        OwnImages::at(&tree.path("none")),
        &["none: no such folder", ".csv"],
    );
    says(
        OwnImages::at(&tree.path("none.csv"))
            .unwrap()
            .list(Split::Test),
        &["none.csv: no such file"],
    );
}

#[test]
fn every_image_is_looked_at() {
    let tree = Tree::new();
    tree.pictures((0..5).map(|n| format!("train/a/{n}.jpg")));
    tree.pictures([
        "train/b/0.jpg",
        "train/c/0.jpg",
        "train/c/1.jpg",
        "train/d/0.jpg",
        "train/d/1.jpg",
    ]);
    tree.write("train/c/0.jpg", "");
    tree.write("train/d/1.jpg", &tree::PICTURES[0][..300]);
    let own = OwnImages::at(tree.root()).unwrap();
    let photographs = own.open(Split::Train, Views::small(8)).unwrap();
    let looked_at = AtomicUsize::new(0);
    let found = check_images(Checked::Photographs(&photographs), &|| {
        looked_at.fetch_add(1, Ordering::Relaxed);
    })
    .unwrap();
    assert_eq!(looked_at.into_inner(), 10);
    assert_eq!((found.images, found.classes, found.singletons), (10, 4, 1));
    assert_eq!(
        (found.largest.name.as_str(), found.largest.images),
        ("a", 5)
    );
    assert_eq!(
        (found.smallest.name.as_str(), found.smallest.images),
        ("b", 1)
    );
    assert_eq!(
        (found.least, found.greatest),
        (Some((12, 8)), Some((12, 8)))
    );
    assert!(found.too_many_unreadable());
    let unreadable: Vec<_> = found
        .unreadable
        .iter()
        .map(|u| (u.index, tree.relative(u.image.as_ref())))
        .collect();
    assert_eq!(
        unreadable,
        [
            (6, "train/c/0.jpg".to_owned()),
            (9, "train/d/1.jpg".to_owned())
        ]
    );
    let thumbnail = Checked::Photographs(&photographs).thumbnail(1).unwrap();
    assert_eq!(
        (thumbnail.width, thumbnail.height, thumbnail.channels),
        (12, 8, 3)
    );
    assert_colour([0, 1, 2].map(|c| thumbnail.pixels[c]), GREEN);
    let error = Checked::Photographs(&photographs).thumbnail(6).unwrap_err();
    assert!(matches!(error, DataError::UnreadableImage { .. }));
}

#[test]
fn images_in_memory_are_looked_at_too() {
    let sample = find("sample")
        .unwrap()
        .open(&SearchPath::none(), Split::Test)
        .unwrap();
    let found = check_images(Checked::Images(&*sample), &|| {}).unwrap();
    assert_eq!(
        (found.images, found.classes, found.singletons),
        (1_000, 10, 0)
    );
    assert_eq!((found.least, found.unreadable.len()), (Some((28, 28)), 0));
    assert!(!found.too_many_unreadable());
    let thumbnail = Checked::Images(&*sample).thumbnail(3).unwrap();
    let mut values = vec![0.0; 784];
    sample.read(3, &mut values).unwrap();
    let expected: Vec<u8> = values.iter().map(|v| (v * 255.0).round() as u8).collect();
    assert_eq!((thumbnail.channels, thumbnail.pixels), (1, expected));
}

/// Either city is enough; other data sets have no such part.
#[test]
fn validation_places_are_those_of_either_city() {
    for city in ["cph", "sf"] {
        let tree = Tree::new();
        for (part, key) in [("query", "q"), ("database", "d")] {
            let folder = format!("MSLS/train_val/{city}/{part}");
            tree.write(
                &format!("{folder}/raw.csv"),
                format!("key,pano\n{key},False\n"),
            );
            tree.write(
                &format!("{folder}/postprocessed.csv"),
                format!("key,easting,northing\n{key},1.5,2\n"),
            );
            tree.pictures([format!("{folder}/images/{key}.jpg")]);
        }
        let entry = find("msls").unwrap();
        let open = |split| entry.open_places(&search(&tree), split, None);
        let places = open(Split::Validation).unwrap();
        assert!(places.queries.source(0).contains(city));
        assert_eq!((places.queries.len(), places.database.len()), (1, 1));
        // The folder is there, but no city to train on.
        says(open(Split::Train), &["one of the cities of this split"]);
    }
    let tree = Tree::new();
    tree.write("MSLS/train_val/zurich/x", "");
    says(
        find("msls")
            .unwrap()
            .open_places(&search(&tree), Split::Validation, None),
        &["train_val/cph or train_val/sf (folders of cities)"],
    );
    for name in ["dag", "cub200", "sample", "cifar10"] {
        says(
            find(name)
                .unwrap()
                .open(&search(&tree), Split::Validation)
                .map(|_| ()),
            &["has no validation images"],
        );
    }
}
