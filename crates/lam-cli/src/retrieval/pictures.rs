//! Pictures of the items of an index.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use lam_data::{Dataset, SearchPath, Split, find};
use lam_search::store::ItemView;
use lam_serve::{PictureSource, read_picture};

/// Finds the picture that an item was made from: a file below one of the folders that somebody indexed or named, or an image
/// of a data set. What an item says of itself is never enough: files elsewhere are not read.
pub struct IndexPictures {
    folders: Vec<PathBuf>,
    search: SearchPath,
    /// Data sets that were opened, or could not be.
    sets: Mutex<HashMap<String, Option<Arc<dyn Dataset>>>>,
}

impl IndexPictures {
    /// Below these folders, and of the data sets along `search`.
    pub fn new(folders: &[PathBuf], search: SearchPath) -> Self {
        let folders = folders
            .iter()
            .filter_map(|folder| fs::canonicalize(folder).ok());
        Self {
            folders: folders.collect(),
            search,
            sets: Mutex::default(),
        }
    }

    fn file(&self, origin: &str) -> Option<PathBuf> {
        let path = fs::canonicalize(origin).ok()?;
        let allowed = self.folders.iter().any(|folder| path.starts_with(folder));
        (allowed && path.is_file()).then_some(path)
    }

    /// The image called `<data set>/<split>/<number>`.
    fn image(&self, origin: &str) -> Option<Vec<u8>> {
        let (set, number) = origin.rsplit_once('/')?;
        let (name, split) = set.split_once('/')?;
        let images = self.set(set, name, split)?;
        let shape = images.shape();
        let mut values = vec![0.0; shape.numel()];
        images.read(number.parse().ok()?, &mut values).ok()?;
        let plane = shape.height * shape.width;
        let pixels: Vec<u8> = (0..plane)
            .flat_map(|at| values.iter().skip(at).step_by(plane.max(1)))
            .map(|value| (value.clamp(0.0, 1.0) * 255.0).round() as u8)
            .collect();
        encode(&pixels, shape.width, shape.height, shape.channels)
    }

    fn set(&self, set: &str, name: &str, split: &str) -> Option<Arc<dyn Dataset>> {
        let split = match split {
            "train" => Split::Train,
            "validation" => Split::Validation,
            "test" => Split::Test,
            _ => return None,
        };
        let mut sets = self.sets.lock().unwrap_or_else(PoisonError::into_inner);
        let open = || find(name).ok()?.open(&self.search, split).ok();
        sets.entry(set.to_owned()).or_insert_with(open).clone()
    }
}

impl PictureSource for IndexPictures {
    fn picture(&self, item: &ItemView<'_>) -> Result<Option<Vec<u8>>, String> {
        match self.file(item.metadata) {
            Some(file) => read_picture(&file).map(Some),
            None => Ok(self.image(item.metadata)),
        }
    }
}

/// A PNG file of `[H, W, C]`.
fn encode(pixels: &[u8], width: usize, height: usize, channels: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let (width, height) = (u32::try_from(width).ok()?, u32::try_from(height).ok()?);
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_color(match channels {
        1 => png::ColorType::Grayscale,
        3 => png::ColorType::Rgb,
        _ => return None,
    });
    let mut writer = encoder.write_header().ok()?;
    writer.write_image_data(pixels).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}
