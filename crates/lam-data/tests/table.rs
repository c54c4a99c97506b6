//! Tables in the convention of Open Metric Learning.

use crate::common::pictures::{encoded_png, pattern};
use crate::common::tree::{Tree, says};

use lam_data::{
    Dataset, OwnImages, Picture, Region, Roles, Split, TableListing, Views, list_table,
};
use proptest::prelude::*;

const TABLE: &str = "label,path,split,is_query,is_gallery\n\
    10,images/a.jpg,train,,\n\
    9,images/b.jpg,train,,\n\
    10,images/c.jpg,train,,\n\
    3,images/d.jpg,validation,True,False\n\
    3,images/e.jpg,validation,False,True\n\
    7,images/f.jpg,validation,True,True\n";

fn with_images(table: &str) -> Tree {
    let tree = Tree::new();
    tree.pictures(["a", "b", "c", "d", "e", "f"].map(|name| format!("images/{name}.jpg")));
    tree.write("df.csv", table);
    tree
}

fn list(tree: &Tree, split: Split) -> Result<TableListing, lam_data::DataError> {
    list_table(&tree.path("df.csv"), split)
}

#[test]
fn rows_become_images_with_their_roles() {
    let tree = with_images(TABLE);
    let train = list(&tree, Split::Train).unwrap();
    // Numbers in their own order: 9 before 10.
    assert_eq!(train.listing.class_names, ["9", "10"]);
    let rows: Vec<_> = train
        .listing
        .images
        .iter()
        .map(|i| (tree.relative(&i.path), i.label))
        .collect();
    let row = |name: &str, label| (format!("images/{name}.jpg"), label);
    assert_eq!(rows, [row("a", 1), row("b", 0), row("c", 1)]);
    assert_eq!((train.listing.singletons(), train.roles), (1, None));
    let test = list(&tree, Split::Test).unwrap();
    assert_eq!(test.listing.class_names, ["3", "7"]);
    let roles = |query, gallery| Roles { query, gallery };
    assert_eq!(
        test.roles,
        Some(vec![
            roles(true, false),
            roles(false, true),
            roles(true, true)
        ])
    );
}

#[test]
fn names_quotes_absolute_paths_and_no_roles() {
    let tree = with_images("");
    let absolute = tree.path("images/b.jpg");
    let table = format!(
        "\u{feff}path,label,split\n images/a.jpg ,\"Model S, 2012\",train\r\n{},\"Model S, 2012\",train\n\
         images/c.jpg,01,train\nimages/d.jpg,1,train\nimages/e.jpg,1,test\nimages/f.jpg,1,val\n",
        absolute.display()
    );
    tree.write("df.csv", table);
    let train = list(&tree, Split::Train).unwrap().listing;
    assert_eq!(train.class_names, ["1", "01", "Model S, 2012"]);
    assert_eq!(
        train.images.iter().map(|i| i.label).collect::<Vec<_>>(),
        [2, 2, 1, 0]
    );
    assert_eq!(train.images[1].path, absolute);
    let test = list(&tree, Split::Test).unwrap();
    assert_eq!((test.listing.images.len(), test.roles), (2, None));
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    for (table, parts) in [
        (
            "path,label\nimages/a.jpg,1\n",
            vec!["df.csv: no column 'split'", "path, label"],
        ),
        ("", vec!["df.csv, line 1", "the table is empty"]),
        (
            "path,label,split\n",
            vec!["df.csv: no image, expected rows whose split is train"],
        ),
        (
            "path,label,split\nimages/a.jpg,,train\n",
            vec!["df.csv, line 2: no label"],
        ),
        (
            "path,label,split\n,1,train\n",
            vec!["df.csv, line 2: no path"],
        ),
        (
            "path,label,split\nimages/a.jpg,1\n",
            vec!["df.csv, line 2: no split"],
        ),
        (
            "path,label,split\nimages/a.jpg,1,Train\n",
            vec!["line 2", "split is 'Train', expected train, validation"],
        ),
        (
            "path,label,split\nimages/a.jpg,1,train\n\nimages/a.jpg,2,test\n",
            vec!["df.csv, line 4", "a.jpg stands in line 2 too"],
        ),
        (
            "path,label,split\nimages/a.jpg,1,train\nx.jpg,1,train\ny.jpg,1,test\nz.jpg,1,test\nw.jpg,2,test\n",
            vec![
                "4 of the 5 images that it lists do not exist",
                "line 3: ",
                "x.jpg",
                "line 5: ",
                "…",
            ],
        ),
        (
            "path,label,split,is_query\nimages/a.jpg,1,test,True\n",
            vec!["no column 'is_gallery'"],
        ),
        (
            "path,label,split,is_query,is_gallery\nimages/a.jpg,1,test,yes,no\n",
            vec!["line 2", "is_query is 'yes', expected True or False"],
        ),
        (
            "path,label,split,is_query,is_gallery\nimages/a.jpg,1,test,False,False\n",
            vec!["line 2", "neither a query nor of the gallery"],
        ),
        (
            "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,3,2,3,4\n",
            vec!["line 2", "the box 3,2,3,4 is empty, expected x_1 < x_2"],
        ),
        (
            "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,1,2,3,\n",
            vec!["line 2", "no y_2"],
        ),
        (
            "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,-1,2,3,4\n",
            vec!["line 2", "x_1 is '-1', expected pixels from 0"],
        ),
        (
            "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,1,2,1e30,4\n",
            vec!["line 2", "x_2 is '1e30', expected pixels from 0"],
        ),
        (
            "path,label,split,x_1,y_1,x_2\nimages/a.jpg,1,train,1,2,3\n",
            vec!["no column 'y_2'"],
        ),
        (
            "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,1,2,3,4\nimages/a.jpg,1,test,1,2,3.0,4\n",
            vec!["line 3", "a.jpg#1,2,3,4 stands in line 2 too"],
        ),
        (
            "path,label,split\nimages/a.jpg,1,train\nimages/b.jpg,2,train\n",
            vec!["df.csv: every class has a single image (2 in all)"],
        ),
    ] {
        let tree = with_images(table);
        // The split with rows is asked for; without any, the one to train on.
        let split = if table.contains(",test,") {
            Split::Test
        } else {
            Split::Train
        };
        says(list(&tree, split), &parts);
    }
    let tree = Tree::new();
    says(
        list(&tree, Split::Train),
        &["df.csv: no such file", "table of images"],
    );
    tree.write("df.csv", b"path,label,split\na\xff.jpg,1,train\n");
    says(list(&tree, Split::Train), &["df.csv, line 2", "not UTF-8"]);
}

#[test]
fn empty_boxes_are_no_boxes() {
    let tree = with_images(
        "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,,,,\nimages/b.jpg,1,train,,,,\n",
    );
    assert_eq!(list(&tree, Split::Train).unwrap().listing.images.len(), 2);
}

/// The same picture several times: parts of it, and all of it.
#[test]
fn boxes_are_parts_of_pictures() {
    let tree = with_images(
        "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,1,2,5,9\nimages/a.jpg,2,train,0.0,0.0,4.0,3.9\n\
         images/a.jpg,1,train,,nan,,\n",
    );
    let listing = list(&tree, Split::Train).unwrap().listing;
    let regions: Vec<_> = listing.images.iter().map(|image| image.region).collect();
    let region = |left, top, width, height| {
        Some(Region {
            left,
            top,
            width,
            height,
        })
    };
    assert_eq!(regions, [region(1, 2, 4, 7), region(0, 0, 4, 3), None]);
    let labels: Vec<_> = listing.images.iter().map(|image| image.label).collect();
    assert_eq!(labels, [0, 1, 0]);
}

#[test]
fn a_box_is_cut_out_before_the_view() {
    let whole = pattern(40, 30, 1);
    let tree = Tree::new();
    tree.write("a.png", encoded_png(&whole));
    tree.write(
        "df.csv",
        "path,label,split,x_1,y_1,x_2,y_2\na.png,1,train,7,3,27,13\na.png,1,train,,,,\n\
         a.png,1,train,20,20,40,30\na.png,1,train,20,20,41,30\n",
    );
    let table = OwnImages::at(&tree.path("df.csv")).unwrap();
    let set = table.open(Split::Train, Views::retrieval(16)).unwrap();
    // By hand: rows 3 to 12, columns 7 to 26.
    let mut pixels = Vec::new();
    for row in 3..13 {
        for column in 7..27 {
            let at = (row * 40 + column) * 3;
            pixels.extend_from_slice(&whole.pixels()[at..at + 3]);
        }
    }
    let cut = Picture::new(20, 10, pixels).unwrap();
    assert_eq!(set.picture(0).unwrap(), cut);
    assert_eq!(set.picture(1).unwrap(), whole);
    let corner = set.picture(2).unwrap();
    assert_eq!((corner.width(), corner.height()), (20, 10));
    assert!(
        corner
            .pixels()
            .ends_with(&whole.pixels()[(29 * 40 + 20) * 3..])
    );

    // What is shown is the picture that somebody else has cut out.
    tree.write("b.png", encoded_png(&cut));
    tree.write("b.csv", "path,label,split\nb.png,1,train\na.png,1,train\n");
    let by_hand = OwnImages::at(&tree.path("b.csv")).unwrap();
    let by_hand = by_hand.open(Split::Train, Views::retrieval(16)).unwrap();
    let (mut ours, mut theirs) = (
        vec![0.0; set.shape().numel()],
        vec![1.0; set.shape().numel()],
    );
    set.read(0, &mut ours).unwrap();
    by_hand.read(0, &mut theirs).unwrap();
    assert_eq!(ours, theirs);

    assert!(set.source(0).ends_with("a.png#7,3,27,13"));
    says(
        set.picture(3),
        &[
            "a.png#20,20,41,30",
            "the box 20,20,41,30 does not lie inside the picture, which is 40×30",
        ],
    );
    assert_eq!(set.unreadable().unwrap().count(), 1);
}

proptest! {
    #[test]
    fn any_part_is_what_slices_are(
        (width, height) in (1_usize..20, 1_usize..20),
        corners in prop::array::uniform4(0_usize..24),
    ) {
        let whole = pattern(width, height, 2);
        let [x_1, y_1, x_2, y_2] = corners;
        let region = Region::between(corners);
        prop_assert_eq!(region.is_some(), x_1 < x_2 && y_1 < y_2);
        let Some(region) = region else { return Ok(()) };
        match whole.cut(region) {
            Err(_) => prop_assert!(x_2 > width || y_2 > height),
            Ok(part) => {
                prop_assert!(x_2 <= width && y_2 <= height);
                for row in y_1..y_2 {
                    prop_assert_eq!(part.row(row - y_1), &whole.row(row)[x_1 * 3..x_2 * 3]);
                }
            }
        }
    }
}
