//! A run to embed with, and pictures.

use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use lam_data::{SearchPath, Split};

use super::World;

/// Trained once for all tests.
static TRAINED: LazyLock<World> = LazyLock::new(|| {
    let world = World::new();
    world.small_config();
    world
        .run("train small.yaml --out run --set selection=test")
        .code(0);
    world
        .run("train small.yaml --out plain --set selection=test --set model=deterministic")
        .code(0);
    world
});

/// A place with a finished run of LAM in `run`, a deterministic one in `plain`, and their data.
pub fn trained() -> World {
    let world = World::new();
    for folder in ["run", "plain", "data"] {
        copy(&TRAINED.path(folder), &world.path(folder));
    }
    world
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Test images of the sample as files, and a table of them, `pictures.csv`.
pub fn sample_pictures(world: &World, range: Range<usize>) {
    let mut table = "path,label\n".to_owned();
    let test = lam_data::find("sample").unwrap();
    let test = test.open(&SearchPath::none(), Split::Test).unwrap();
    let mut values = vec![0.0; test.shape().numel()];
    for index in range {
        test.read(index, &mut values).unwrap();
        let pixels: Vec<u8> = values
            .iter()
            .map(|value| (value * 255.0).round() as u8)
            .collect();
        let class = &test.class_names()[test.labels()[index] as usize];
        let name = format!("sample/{index:04}.png");
        world.write(&name, encoded(&pixels, 28, png::ColorType::Grayscale));
        table.push_str(&format!("{name},{class}\n"));
    }
    world.write("pictures.csv", table);
}

/// A picture of one colour with a darker half.
pub fn picture(colour: [u8; 3]) -> Vec<u8> {
    const SIDE: u32 = 32;
    let pixels: Vec<u8> = (0..SIDE * SIDE)
        .flat_map(|at| {
            colour.map(|value| {
                if at % SIDE < SIDE / 2 {
                    value / 2
                } else {
                    value
                }
            })
        })
        .collect();
    encoded(&pixels, SIDE, png::ColorType::Rgb)
}

fn encoded(pixels: &[u8], side: u32, colour: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(colour);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .unwrap()
        .write_image_data(pixels)
        .unwrap();
    bytes
}
