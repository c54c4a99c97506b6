//! Tables of the aerial and street views.

use crate::common::tree;

use lam_data::{DAG_ENVIRONMENTS, PlacePicture, list_dag};
use tree::{Tree, says};

const STREET: &str = "nordhavn/street_images_perspective/seq_2/reference_perspective.csv";
const AERIAL: &str = "nordhavn/synthetized_view/model_a/seq_1/reference.csv";

fn dag() -> Tree {
    let tree = Tree::new();
    let header =
        "filename,perspective_filename,UTM Easting,UTM Northing,perspective_heading[deg]\n";
    tree.write(
        STREET,
        format!("{header}p.jpg,p_0.jpg,725000.5,6179000,350.5\n"),
    );
    tree.write(
        "nordhavn/street_images_perspective/seq_1/reference_perspective.csv",
        format!("{header}o.jpg,o_0.jpg,1,2,3\no.jpg,o_90.jpg,1,2,93\n"),
    );
    tree.write(
        AERIAL,
        "rgb,depth,easting,northing,angle\nimages/r.png,r.exr,725001,6179001,-10\n",
    );
    tree
}

#[test]
fn street_pictures_are_looked_up_among_synthesised_views() {
    let tree = dag();
    let pictures = list_dag(tree.root(), DAG_ENVIRONMENTS).unwrap();
    let row = |p: &PlacePicture| {
        (
            tree.relative(&p.path),
            p.place.easting,
            p.place.northing,
            p.place.heading.unwrap(),
        )
    };
    let street = |name: &str| format!("nordhavn/street_images_perspective/{name}");
    assert_eq!(
        pictures.queries.iter().map(row).collect::<Vec<_>>(),
        [
            (street("seq_1/images/o_0.jpg"), 1.0, 2.0, 3.0),
            (street("seq_1/images/o_90.jpg"), 1.0, 2.0, 93.0),
            (
                street("seq_2/images/p_0.jpg"),
                725_000.5,
                6_179_000.0,
                350.5
            ),
        ]
    );
    let aerial = "nordhavn/synthetized_view/model_a/seq_1/images/r.png".to_owned();
    assert_eq!(
        pictures.database.iter().map(row).collect::<Vec<_>>(),
        [(aerial, 725_001.0, 6_179_001.0, -10.0)]
    );
    assert_eq!(pictures.missing, ["lolland", "skagen", "motorring_3"]);
}

#[test]
fn what_is_wrong_is_said_with_file_and_line() {
    let tree = dag();
    let list = || list_dag(tree.root(), DAG_ENVIRONMENTS);
    tree.write(AERIAL, "rgb,easting,northing,angle\nr.png,1,2,north\n");
    says(
        list(),
        &[
            "reference.csv, line 2",
            "angle is 'north', expected a finite number",
        ],
    );
    tree.write(AERIAL, "rgb,easting,northing\nr.png,1,2\n");
    says(list(), &["reference.csv: no column 'angle'"]);
    tree.write(AERIAL, "rgb,easting,northing,angle\n/etc/r.png,1,2,3\n");
    says(list(), &["reference.csv, line 2", "leads out of"]);
    std::fs::remove_file(tree.path(STREET)).unwrap();
    says(list(), &["seq_2/reference_perspective.csv: no such file"]);
    says(
        list_dag(tree.root(), &["skagen"]),
        &["skagen: no such folder"],
    );
    std::fs::create_dir(tree.path("skagen")).unwrap();
    says(
        list_dag(tree.root(), &["skagen"]),
        &["street_images_perspective: no such folder"],
    );
}
