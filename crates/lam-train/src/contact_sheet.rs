//! A sheet of a data set's images, one class a row.

use lam_data::{Checked, DataError, Thumbnail};
use lam_plot::{ContactRow, ContactSection, ContactSheet, Figure, Image, Pixels};

use crate::TrainError;

/// Classes of each part that are shown.
const CLASSES: usize = 10;

/// Images of each class that are shown.
const IMAGES: usize = 8;

/// A part of a data set.
#[derive(Clone)]
pub struct Part<'a> {
    /// What it is, such as "train".
    pub name: String,
    /// Its images.
    pub images: Checked<'a>,
}

/// The first readable images of some classes, spread evenly over all, of each part.
///
/// # Errors
/// [`TrainError::Data`] for what is not one image's fault, [`TrainError::Plot`].
pub fn contact_sheet(
    file_stem: &str,
    title: &str,
    parts: &[Part<'_>],
) -> Result<Figure, TrainError> {
    let mut left_out = false;
    let mut loaded = Vec::new();
    for part in parts {
        let names = part.images.dataset().class_names();
        let classes = spread(names.len());
        left_out |= classes.len() < names.len();
        let rows: Vec<Row> = classes
            .into_iter()
            .map(|class| load(part.images, class))
            .collect::<Result<_, _>>()?;
        loaded.push((part.name.as_str(), names, rows));
    }
    let sections = loaded.iter().map(|(heading, names, rows)| ContactSection {
        heading,
        rows: rows
            .iter()
            .map(|row| ContactRow {
                class_name: names.get(row.class).map_or("", |name| name),
                images: row.images,
                shown: row.shown.iter().filter_map(image).collect(),
            })
            .collect(),
    });
    let sheet = ContactSheet {
        name: file_stem,
        title,
        subtitle: match left_out {
            true => "Some of the classes, spread evenly; the first images of each.",
            false => "The first images of each class.",
        },
        sections: sections.collect(),
    };
    Ok(sheet.figure()?)
}

/// At most [`CLASSES`] of so many, the first and the last among them.
fn spread(classes: usize) -> Vec<usize> {
    let shown = classes.min(CLASSES);
    let place = |row: usize| row * (classes - 1) / (shown - 1).max(1);
    (0..shown).map(place).collect()
}

struct Row {
    class: usize,
    /// Number of images in all.
    images: usize,
    shown: Vec<Thumbnail>,
}

fn load(images: Checked<'_>, class: usize) -> Result<Row, TrainError> {
    let labels = images.dataset().labels();
    let of_class = || (0..labels.len()).filter(|&index| labels[index] as usize == class);
    let mut shown = Vec::new();
    for index in of_class() {
        if shown.len() == IMAGES {
            break;
        }
        match images.thumbnail(index) {
            Ok(thumbnail) => shown.push(thumbnail),
            Err(DataError::UnreadableImage { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(Row {
        class,
        images: of_class().count(),
        shown,
    })
}

/// Grey and colour can be drawn.
fn image(thumbnail: &Thumbnail) -> Option<Image<'_>> {
    let pixels = match thumbnail.channels {
        1 => Pixels::Grey(&thumbnail.pixels),
        3 => Pixels::Rgb(&thumbnail.pixels),
        _ => return None,
    };
    Some(Image {
        width: u32::try_from(thumbnail.width).ok()?,
        height: u32::try_from(thumbnail.height).ok()?,
        pixels,
    })
}

#[cfg(test)]
mod tests {
    use super::spread;

    #[test]
    fn classes_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(0), [0; 0]);
        assert_eq!(spread(1), [0]);
        assert_eq!(spread(3), [0, 1, 2]);
        assert_eq!(spread(10), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(spread(100), [0, 11, 22, 33, 44, 55, 66, 77, 88, 99]);
    }
}
