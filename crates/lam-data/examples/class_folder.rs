//! Writes pictures of CIFAR-10 as a folder of classes, `OUT/{train,test}/CLASS/0001.png`, the layout of anybody's own
//! images.
//!
//! ```text
//! cargo run --release -p lam-data --example class_folder -- OUT [TRAIN PER CLASS] [TEST PER CLASS]
//! ```

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use lam_data::{Dataset, SearchPath, Split, find};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let out = PathBuf::from(arguments.next().ok_or("the folder to make is missing")?);
    let mut count = |default| arguments.next().map_or(Ok(default), |text| text.parse());
    let (train, test): (usize, usize) = (count(500)?, count(100)?);
    let search = SearchPath::standard(&[], None);
    for (split, per_class) in [(Split::Train, train), (Split::Test, test)] {
        let pictures = find("cifar10")?.open(&search, split)?;
        write(&*pictures, per_class, &out.join(split.to_string()))?;
    }
    println!("{}", out.display());
    Ok(())
}

fn write(pictures: &dyn Dataset, per_class: usize, folder: &Path) -> Result<(), Box<dyn Error>> {
    let shape = pictures.shape();
    let mut values = vec![0.0; shape.numel()];
    let mut counts = vec![0; pictures.class_names().len()];
    for name in pictures.class_names() {
        fs::create_dir_all(folder.join(name))?;
    }
    for (index, &label) in pictures.labels().iter().enumerate() {
        let count = &mut counts[label as usize];
        if *count == per_class {
            continue;
        }
        *count += 1;
        pictures.read(index, &mut values)?;
        let plane = shape.height * shape.width;
        let pixels: Vec<u8> = (0..plane)
            .flat_map(|at| [at, plane + at, 2 * plane + at])
            .map(|at| (values[at] * 255.0).round() as u8)
            .collect();
        let class = folder.join(&pictures.class_names()[label as usize]);
        let file = File::create(class.join(format!("{count:04}.png")))?;
        let mut encoder = png::Encoder::new(file, shape.width as u32, shape.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&pixels)?;
    }
    Ok(())
}
