//! Tables in the convention of Open Metric Learning.

use crate::common::tree;

use lam_data::{Roles, Split, TableListing, list_table};
use tree::{Tree, says};

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
            "path,label,split,x_1,y_1,x_2,y_2\nimages/a.jpg,1,train,1,2,3,4\n",
            vec!["line 2", "boxes (x_1, y_1, x_2, y_2) are not supported"],
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
