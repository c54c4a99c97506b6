//! Labelled Faces in the Wild (Huang et al. 2007), its People protocol.

use std::collections::BTreeMap;
use std::path::Path;

use super::files::require_all;
use super::listing::Listing;
use crate::formats::{read_lines, read_text};
use crate::{DataError, LayoutError, Split};

/// Most images of one person; the official maximum is 530.
const MOST_IMAGES: u32 = 9_999;

/// Images of `lfw-py`: everybody in `peopleDevTrain.txt` or `peopleDevTest.txt`, each a class.
///
/// The list begins with the number of people; then come a name and a number of images a line. They are
/// `lfw_funneled/NAME/NAME_0001.jpg` and on.
///
/// # Errors
/// [`DataError::Io`] and [`LayoutError`], naming file and line.
pub fn list_lfw(folder: &Path, split: Split) -> Result<Listing, DataError> {
    let list = folder.join(split.of_two("lfw", "peopleDevTrain.txt", "peopleDevTest.txt")?);
    let text = read_text(&list, "the list of people")?;
    let mut lines = read_lines(&text);
    let wrong = |line, reason: String| LayoutError::line(&list, line, reason);
    let promised = lines.next();
    let Some(promised) = promised.and_then(|line| line.text.parse::<usize>().ok()) else {
        return Err(wrong(1, "expected the number of people".to_owned()).into());
    };
    let mut people = BTreeMap::new();
    for line in lines {
        let mut words = line.text.split_whitespace();
        let count = match (words.next(), words.next(), words.next()) {
            (Some(name), Some(count), None) if is_plain(name) => count
                .parse::<u32>()
                .ok()
                .filter(|count| (1..=MOST_IMAGES).contains(count))
                .map(|count| (name, count)),
            _ => None,
        };
        let Some((name, count)) = count else {
            let reason = format!("'{}', expected a name and a number of images", line.text);
            return Err(wrong(line.number, reason).into());
        };
        if let Some((before, _)) = people.insert(name, (line.number, count)) {
            return Err(wrong(line.number, format!("{name} stands in line {before} too")).into());
        }
    }
    if people.len() != promised {
        let reason = format!(
            "{promised} people are announced, but {} follow",
            people.len()
        );
        return Err(wrong(1, reason).into());
    }
    let images_folder = folder.join("lfw_funneled");
    let (mut lines, mut images) = (Vec::new(), Vec::new());
    for (name, (line, count)) in people {
        for number in 1..=count {
            let path = images_folder
                .join(name)
                .join(format!("{name}_{number:04}.jpg"));
            lines.push(line);
            images.push((path, name));
        }
    }
    let numbered = lines
        .into_iter()
        .zip(images.iter().map(|(path, _)| path.as_path()));
    require_all(&list, numbered)?;
    Listing::new(&list, "people", images, |name| (*name).to_owned(), 0)
}

/// Whether a name may be that of a folder.
fn is_plain(name: &str) -> bool {
    !name.starts_with('.') && !name.contains(['/', '\\'])
}
