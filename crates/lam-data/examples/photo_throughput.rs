//! Photographs per second from a folder, as in training: decoded, cropped at random, mirrored, normalised.
//!
//!     cargo run --release -p lam-data --example photo_throughput -- FOLDER [EPOCHS]
//!
//! `benchmarks/peers/photo_loader.py` measures PyTorch's loader on the same folder.

use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use lam_data::{Dataset, Loader, Photo, PhotoDataset, PhotoSource, Views};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments
        .next()
        .ok_or("usage: photo_throughput FOLDER [EPOCHS]")?;
    let epochs: u64 = arguments.next().map_or(Ok(3), |epochs| epochs.parse())?;
    let mut paths = std::fs::read_dir(folder)?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<Vec<PathBuf>, std::io::Error>>()?;
    paths.sort();
    let photo = |path| Photo {
        source: PhotoSource::File(path),
        label: 0,
    };
    let photos = paths.into_iter().map(photo).collect();
    let views = Views::retrieval(Views::DEFAULT_CROP);
    let set = Arc::new(PhotoDataset::new(
        "folder",
        vec!["all".to_owned()],
        photos,
        views,
    )?);
    for epoch in 0..epochs {
        let start = Instant::now();
        let mut loader = Loader::builder(set.clone())
            .batch_size(64)
            .shuffle(1, epoch)
            .build()?;
        let mut images = 0;
        while let Some(batch) = loader.next() {
            let batch = batch?;
            images += batch.len();
            loader.recycle(batch);
        }
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "epoch {epoch}: {images} of {} images, {:.0} per second",
            set.len(),
            images as f64 / seconds
        );
    }
    Ok(())
}
