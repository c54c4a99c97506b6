//! CUB-200-2011 (Wah et al. 2011): birds, 200 classes, `images.txt` beside `images/`.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::{below, require_all};
use super::listing::Listing;
use crate::formats::{read_lines, read_text};
use crate::{DataError, LayoutError, Split};

/// Number of classes, half of them to train on.
const CLASSES: u32 = 200;

/// Images of `CUB_200_2011`: classes 1 to 100 to train on, 101 to 200 to test on (Song et al. 2016).
///
/// Reads `images.txt` (number, path below `images/`), `image_class_labels.txt` (number, class) and, for their
/// names, `classes.txt` where it is there.
///
/// # Errors
/// [`DataError::Io`] and [`LayoutError`], naming file and line.
pub fn list_cub200(folder: &Path, split: Split) -> Result<Listing, DataError> {
    let labels_file = folder.join("image_class_labels.txt");
    let classes = numbered(&labels_file, "the list of the images' classes")?;
    let list = folder.join("images.txt");
    let paths = numbered(&list, "the list of images")?;
    let wanted = split.of_two("cub200", 1..=CLASSES / 2, CLASSES / 2 + 1..=CLASSES)?;
    let names_file = folder.join("classes.txt");
    let names = match names_file.is_file() {
        true => numbered(&names_file, "the list of classes")?,
        false => BTreeMap::new(),
    };
    let images_folder = folder.join("images");
    let (mut lines, mut images, mut folders) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (number, (line, named)) in &paths {
        let Some((class_line, class)) = classes.get(number) else {
            let reason = format!("image {number} has no class in {}", labels_file.display());
            return Err(LayoutError::line(&list, *line, reason).into());
        };
        let class = class.parse().ok().filter(|c| (1..=CLASSES).contains(c));
        let Some(class) = class else {
            let reason = format!("no class from 1 to {CLASSES}");
            return Err(LayoutError::line(&labels_file, *class_line, reason).into());
        };
        let path = below(&images_folder, named)
            .map_err(|reason| LayoutError::line(&list, *line, reason))?;
        if wanted.contains(&class) {
            let folder = named.split('/').next().unwrap_or_default();
            folders.entry(class).or_insert_with(|| folder.to_owned());
            lines.push((*line, path.clone()));
            images.push((path, class));
        }
    }
    if let Some((number, (line, _))) = classes.iter().find(|(n, _)| !paths.contains_key(n)) {
        let reason = format!("image {number} is not in {}", list.display());
        return Err(LayoutError::line(&labels_file, *line, reason).into());
    }
    require_all(
        &list,
        lines.iter().map(|(line, path)| (*line, path.as_path())),
    )?;
    let name = |class: &u32| match names.get(&u64::from(*class)) {
        Some((_, name)) => name.clone(),
        None => folders.get(class).cloned().unwrap_or_default(),
    };
    let expected = format!("classes {} to {}", wanted.start(), wanted.end());
    Listing::new(&list, expected, images, name, 0)
}

/// Lines of a number and a text: by number, the line and the text.
fn numbered(file: &Path, purpose: &'static str) -> Result<BTreeMap<u64, (u64, String)>, DataError> {
    let text = read_text(file, purpose)?;
    let mut all = BTreeMap::new();
    for line in read_lines(&text) {
        let wrong = |reason: String| LayoutError::line(file, line.number, reason);
        let parts = line.text.split_once(char::is_whitespace);
        let parsed = parts.and_then(|(number, rest)| Some((number.parse().ok()?, rest.trim())));
        let Some((number, rest)) = parsed else {
            return Err(wrong(format!("'{}', expected a number and a text", line.text)).into());
        };
        if let Some((before, _)) = all.insert(number, (line.number, rest.to_owned())) {
            return Err(wrong(format!("number {number} stands in line {before} too")).into());
        }
    }
    Ok(all)
}
