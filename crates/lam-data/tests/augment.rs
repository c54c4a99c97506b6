#![allow(clippy::unwrap_used, missing_docs)]

use lam_data::{Augmentation, ImageShape, Loader, SearchPath, Split, find};
use proptest::prelude::*;

fn shape() -> ImageShape {
    ImageShape {
        channels: 2,
        height: 7,
        width: 9,
    }
}

fn image() -> Vec<f32> {
    (1..=shape().numel()).map(|v| v as f32).collect()
}

fn applied(augmentation: Augmentation, seed: u64, epoch: u64, index: usize) -> Vec<f32> {
    let mut image = image();
    augmentation
        .apply(&mut image, shape(), (seed, epoch), index)
        .unwrap();
    image
}

/// The image moved by definition: every pixel from where it was.
fn moved(down: isize, right: isize) -> Vec<f32> {
    let (shape, image) = (shape(), image());
    let at = |c: usize, row: isize, column: isize| {
        let inside = (0..shape.height as isize).contains(&row)
            && (0..shape.width as isize).contains(&column);
        if inside {
            image[(c * shape.height + row as usize) * shape.width + column as usize]
        } else {
            0.0
        }
    };
    let mut out = Vec::new();
    for c in 0..shape.channels {
        for row in 0..shape.height as isize {
            for column in 0..shape.width as isize {
                out.push(at(c, row - down, column - right));
            }
        }
    }
    out
}

#[test]
fn shifts_are_all_of_the_square_and_nothing_else() {
    let augmentation = Augmentation::new(false, 2, 0.0).unwrap();
    let all: Vec<Vec<f32>> = (-2..=2)
        .flat_map(|down| (-2..=2).map(move |right| moved(down, right)))
        .collect();
    let mut seen = vec![0; all.len()];
    for index in 0..2000 {
        let shifted = applied(augmentation, 3, 1, index);
        let found = all.iter().position(|one| *one == shifted);
        seen[found.expect("an image that no shift makes")] += 1;
    }
    // 80 are expected of each; far from it by five deviations would be below 35.
    assert!(seen.iter().all(|&count| count > 35), "{seen:?}");
}

#[test]
fn half_of_the_images_are_mirrored() {
    let augmentation = Augmentation::new(true, 0, 0.0).unwrap();
    let mirrored: Vec<f32> = image()
        .chunks(shape().width)
        .flat_map(|row| row.iter().rev().copied())
        .collect();
    let flips = (0..1000)
        .map(|index| applied(augmentation, 1, 0, index))
        .inspect(|one| assert!(*one == image() || *one == mirrored))
        .filter(|one| *one == mirrored)
        .count();
    assert!((400..600).contains(&flips), "{flips}");
}

#[test]
fn what_is_erased_is_a_rectangle_in_every_channel() {
    let augmentation = Augmentation::new(false, 0, 1.0).unwrap();
    for index in 0..200 {
        let erased = applied(augmentation, 5, 2, index);
        let shape = shape();
        let plane = shape.height * shape.width;
        let gone: Vec<usize> = (0..plane).filter(|&at| erased[at] == 0.0).collect();
        let rows: Vec<usize> = gone.iter().map(|at| at / shape.width).collect();
        let columns: Vec<usize> = gone.iter().map(|at| at % shape.width).collect();
        let span = |values: &[usize]| {
            let (low, high) = (values.iter().min(), values.iter().max());
            high.unwrap() - low.unwrap() + 1
        };
        assert_eq!(gone.len(), span(&rows) * span(&columns));
        for (at, (&now, &before)) in erased.iter().zip(&image()).enumerate() {
            let inside = gone.contains(&(at % plane));
            assert_eq!(now, if inside { 0.0 } else { before });
        }
    }
}

#[test]
fn wrong_settings_are_refused() {
    assert!(Augmentation::new(false, 0, 1.5).is_err());
    assert!(Augmentation::new(false, 0, f64::NAN).is_err());
    let too_far = Augmentation::new(false, 7, 0.0).unwrap();
    assert!(too_far.apply(&mut image(), shape(), (0, 0), 0).is_err());
    let unordered = Loader::builder(
        find("sample")
            .unwrap()
            .open(&SearchPath::none(), Split::Test)
            .unwrap(),
    );
    let flip = Augmentation::new(true, 0, 0.0).unwrap();
    assert!(unordered.augment(flip).build().is_err());
}

proptest! {
    #[test]
    fn an_image_depends_on_seed_epoch_and_index_only(seed in 0_u64..50, epoch in 0_u64..50, first in 0_usize..15) {
        let augmentation = Augmentation::new(true, 2, 0.5).unwrap();
        let set = find("sample").unwrap().open(&SearchPath::none(), Split::Test).unwrap();
        let loader = |start: usize, prefetch: usize| {
            Loader::builder(set.clone())
                .batch_size(64)
                .shuffle(seed, epoch)
                .augment(augmentation)
                .start_batch(start)
                .prefetch(prefetch)
                .build()
                .unwrap()
        };
        let whole = loader(0, 2).nth(first).unwrap().unwrap();
        let late = loader(first, 0).next().unwrap().unwrap();
        prop_assert_eq!(&whole, &late);
        let mut alone = vec![0.0; set.shape().numel()];
        set.read(whole.indices[0], &mut alone).unwrap();
        augmentation.apply(&mut alone, set.shape(), (seed, epoch), whole.indices[0]).unwrap();
        prop_assert_eq!(&whole.images[..alone.len()], &alone[..]);
    }
}
