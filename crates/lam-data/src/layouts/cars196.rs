//! Cars196 (Krause et al. 2013): 196 models of cars, two lists and two folders.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::files::{below, require_all};
use super::listing::Listing;
use crate::formats::{CsvTable, read_lines, read_text};
use crate::{DataError, Split};

/// Number of classes, half of them to train on.
const CLASSES: u32 = 196;

/// Lists and the folders of their images.
const PARTS: [(&str, &str); 2] = [
    ("anno_train.csv", "cars_train"),
    ("anno_test.csv", "cars_test"),
];

/// Images of `cars196`, both of its parts: classes 1 to 98 to train on, 99 to 196 to test on (Song et al. 2016).
///
/// In `anno_train.csv` and `anno_test.csv` the file stands first and the class last; a header is passed over.
/// `names.csv`, one name a line, names the classes where it is there.
///
/// # Errors
/// [`DataError::Io`] and [`LayoutError`](crate::LayoutError), naming file and line.
pub fn list_cars196(folder: &Path, split: Split) -> Result<Listing, DataError> {
    let wanted = split.of_two("cars196", 1..=CLASSES / 2, CLASSES / 2 + 1..=CLASSES)?;
    let mut images = Vec::new();
    for (list, images_folder) in PARTS {
        let list = folder.join(list);
        let of_part = read_part(&list, &folder.join(images_folder))?;
        require_all(
            &list,
            of_part
                .iter()
                .map(|(line, path, _)| (*line, path.as_path())),
        )?;
        let of_split = of_part.into_iter().filter(|(_, _, c)| wanted.contains(c));
        images.extend(of_split.map(|(_, path, class)| (path, class)));
    }
    let names = class_names(&folder.join("names.csv"))?;
    let name = |class: &u32| match names.get(*class as usize - 1) {
        Some(name) => name.clone(),
        None => format!("car {class:03}"),
    };
    let expected = format!("classes {} to {}", wanted.start(), wanted.end());
    Listing::new(folder, expected, images, name, 0)
}

/// Line, file and class of each image of a list.
fn read_part(list: &Path, images: &Path) -> Result<Vec<(u64, PathBuf, u32)>, DataError> {
    let table = CsvTable::without_header(list, "a list of images and their classes")?;
    let (mut all, mut seen) = (Vec::new(), BTreeSet::new());
    for (number, row) in table.rows().enumerate() {
        let (class, columns) = row.last();
        let parsed = class.parse::<u32>().ok();
        if number == 0 && parsed.is_none() {
            continue; // a header
        }
        let class = parsed.filter(|class| columns > 1 && (1..=CLASSES).contains(class));
        let Some(class) = class else {
            let reason = format!("expected a file first and a class from 1 to {CLASSES} last");
            return Err(row.error(reason));
        };
        let file = row.text(0, "file")?;
        if !seen.insert(file) {
            return Err(row.error(format!("'{file}' stands in an earlier line too")));
        }
        let path = below(images, file).map_err(|reason| row.error(reason))?;
        all.push((row.line, path, class));
    }
    Ok(all)
}

/// A name a line; none without the file.
fn class_names(file: &Path) -> Result<Vec<String>, DataError> {
    if !file.is_file() {
        return Ok(Vec::new());
    }
    let text = read_text(file, "the list of classes")?;
    let names = read_lines(&text).map(|line| line.text.trim_matches('"').to_owned());
    Ok(names.collect())
}
