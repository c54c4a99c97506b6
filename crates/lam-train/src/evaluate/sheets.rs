//! Sheets of query images with their nearest neighbours.

use lam_data::Dataset;
use lam_plot::{Figure, Image, Neighbour, Pixels, Query, RetrievalSheet};

use super::Sets;
use super::measure::nearest_images;
use crate::TrainError;
use crate::data::RunData;

/// Queries on a sheet.
const QUERIES: usize = 8;

/// The most certain and the least certain queries; the first ones where the method has no uncertainty.
pub(super) fn draw(data: &RunData, sets: &Sets) -> Result<Vec<Figure>, TrainError> {
    let test = &data.test.images;
    if test.pictures().is_none() && test.shape().height * test.shape().width == 1 {
        // Vectors that others computed, of images that are not at hand.
        return Ok(Vec::new());
    }
    let found = nearest_images(sets)?;
    let Some(scores) = sets.test.scores() else {
        let first: Vec<usize> = (0..sets.test.labels.len().min(QUERIES)).collect();
        let sheet = sheet(
            "queries",
            "Queries and their nearest neighbours",
            &first,
            data,
            &found,
            None,
        )?;
        return Ok(vec![sheet]);
    };
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]).then(a.cmp(&b)));
    let shown = order.len().min(QUERIES);
    let certain = &order[..shown];
    let uncertain: Vec<usize> = order.iter().rev().take(shown).copied().collect();
    Ok(vec![
        sheet(
            "most_certain",
            "The most certain queries",
            certain,
            data,
            &found,
            Some(&scores),
        )?,
        sheet(
            "least_certain",
            "The least certain queries",
            &uncertain,
            data,
            &found,
            Some(&scores),
        )?,
    ])
}

fn sheet(
    name: &str,
    title: &str,
    queries: &[usize],
    data: &RunData,
    found: &[Vec<(usize, f32)>],
    scores: Option<&[f64]>,
) -> Result<Figure, TrainError> {
    let test = &*data.test.images;
    let gallery = data.test.gallery.as_ref();
    let searched = gallery.map_or(test, |gallery| &*gallery.images);
    let shown: Vec<Vec<(usize, f32)>> = queries
        .iter()
        .map(|&query| found.get(query).cloned().unwrap_or_default())
        .collect();
    let mut pictures = Vec::new();
    for (&query, neighbours) in queries.iter().zip(&shown) {
        let of_query = picture(test, query)?;
        let of_neighbours: Result<Vec<Picture>, TrainError> = neighbours
            .iter()
            .map(|&(index, _)| picture(searched, index))
            .collect();
        pictures.push((of_query, of_neighbours?));
    }
    let labels = test.labels();
    let right = |query: usize, index: usize| match gallery {
        None => labels[index] == labels[query],
        Some(gallery) => (gallery.positives.of(query).binary_search(&(index as u32))).is_ok(),
    };
    let rows = queries.iter().zip(&shown).zip(&pictures);
    let sheet = RetrievalSheet {
        name,
        title,
        queries: rows
            .map(|((&query, neighbours), (of_query, of_neighbours))| Query {
                image: of_query.image(),
                class_name: class_name(test, query),
                uncertainty: scores.map_or(f64::NAN, |scores| scores[query]),
                neighbours: neighbours
                    .iter()
                    .zip(of_neighbours)
                    .map(|(&(index, distance), picture)| Neighbour {
                        image: picture.image(),
                        class_name: class_name(searched, index),
                        correct: right(query, index),
                        distance: f64::from(distance),
                    })
                    .collect(),
            })
            .collect(),
    };
    Ok(sheet.figure()?)
}

fn class_name(dataset: &dyn Dataset, index: usize) -> &str {
    let label = dataset.labels().get(index);
    let name = label.and_then(|&label| dataset.class_names().get(label as usize));
    name.map_or("", String::as_str)
}

/// An image as bytes, one or three channels last.
struct Picture {
    width: u32,
    height: u32,
    grey: bool,
    pixels: Vec<u8>,
}

impl Picture {
    fn image(&self) -> Image<'_> {
        Image {
            width: self.width,
            height: self.height,
            pixels: if self.grey {
                Pixels::Grey(&self.pixels)
            } else {
                Pixels::Rgb(&self.pixels)
            },
        }
    }
}

fn picture(dataset: &dyn Dataset, index: usize) -> Result<Picture, TrainError> {
    let dataset = dataset.pictures().unwrap_or(dataset);
    let shape = dataset.shape();
    let mut values = vec![0.0; shape.numel()];
    dataset.read(index, &mut values)?;
    let plane = shape.height * shape.width;
    let grey = shape.channels != 3;
    let channels = if grey { 1 } else { 3 };
    let pixels = (0..plane)
        .flat_map(|at| (0..channels).map(move |channel| channel * plane + at))
        .map(|at| (values[at].clamp(0.0, 1.0) * 255.0).round() as u8)
        .collect();
    Ok(Picture {
        width: shape.width as u32,
        height: shape.height as u32,
        grey,
        pixels,
    })
}
