//! Images of one set in the shape of another.
use std::path::Path;
use std::sync::Arc;

use lam_data::{Adapted, Dataset, ImageShape, MemoryDataset, Normalise};
use proptest::prelude::*;

fn one_image(shape: ImageShape, pixels: Vec<u8>) -> MemoryDataset {
    MemoryDataset::new("one", shape, &["only"], vec![0], pixels, Path::new("test")).unwrap()
}

fn adapted(from: MemoryDataset, to: ImageShape) -> (Arc<dyn Dataset>, Vec<f32>) {
    let like = one_image(to, vec![0; to.numel()]).normalised(Normalise::imagenet());
    let set = Adapted::to_match(Arc::new(from), &like).unwrap();
    let mut image = vec![f32::NAN; to.numel()];
    set.read(0, &mut image).unwrap();
    (set, image)
}

#[test]
fn grey_becomes_colour_of_the_same_size() {
    let grey = one_image(ImageShape::new(1, 1, 2), vec![51, 102]);
    let (set, image) = adapted(grey, ImageShape::new(3, 1, 2));
    assert_eq!(image, [0.2, 0.4, 0.2, 0.4, 0.2, 0.4]);
    assert_eq!(set.normalisation(), Some(&Normalise::imagenet()));
    assert_eq!(set.name(), "one");
}

#[test]
fn colour_becomes_its_luma() {
    let colour = one_image(ImageShape::new(3, 1, 1), vec![255, 0, 0]);
    let (_, image) = adapted(colour, ImageShape::new(1, 1, 1));
    assert!((image[0] - 0.299).abs() < 1e-6);
}

/// By hand: new centres at 0.25, 0.75, 1.25, 1.75 of two old pixels with centres 0.5 and 1.5.
#[test]
fn enlarging_is_linear_between_the_centres_of_pixels() {
    let grey = one_image(ImageShape::new(1, 1, 2), vec![0, 255]);
    let (_, image) = adapted(grey, ImageShape::new(1, 1, 4));
    for (found, expected) in image.iter().zip([0.0, 0.25, 0.75, 1.0]) {
        assert!((found - expected).abs() < 1e-6, "{image:?}");
    }
}

/// By hand: a triangle over four pixels has the weights 1, 3, 3, 1 (eighths), cut off at the edge.
#[test]
fn shrinking_averages_all_pixels_it_covers() {
    let grey = one_image(ImageShape::new(1, 4, 1), vec![255, 0, 0, 0]);
    let (_, image) = adapted(grey, ImageShape::new(1, 2, 1));
    assert!((image[0] - 3.0 / 7.0).abs() < 1e-6, "{image:?}");
    assert!((image[1] - 0.0).abs() < 1e-6, "{image:?}");
}

#[test]
fn sets_that_are_alike_are_left_alone() {
    let shape = ImageShape::new(1, 2, 2);
    let base: Arc<dyn Dataset> = Arc::new(one_image(shape, vec![0; 4]));
    let like = one_image(shape, vec![0; 4]);
    let same = Adapted::to_match(Arc::clone(&base), &like).unwrap();
    assert!(Arc::ptr_eq(&base, &same));
}

proptest! {
    #[test]
    fn constants_stay_constant(value: u8, h in 1usize..9, w in 1usize..9, to_h in 1usize..9, to_w in 1usize..9) {
        let grey = one_image(ImageShape::new(1, h, w), vec![value; h * w]);
        let (_, image) = adapted(grey, ImageShape::new(3, to_h, to_w));
        let expected = f32::from(value) / 255.0;
        prop_assert!(image.iter().all(|v| (v - expected).abs() < 1e-5));
    }
}
