//! Pictures in another size.
use crate::common::pictures::pattern;
use lam_data::{Filter, Picture, Region, resize};
use proptest::prelude::*;

fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![Just(Filter::Bilinear), Just(Filter::Bicubic)]
}

fn whole(picture: &Picture, size: (usize, usize), filter: Filter) -> Picture {
    let all = Region::whole(picture.width(), picture.height());
    let window = Region::whole(size.0, size.1);
    resize(picture, all, size, window, filter).unwrap()
}

/// The same in real numbers, without fixed point, windows or a rounding in between.
fn exact(picture: &Picture, size: (usize, usize), filter: Filter) -> Vec<f64> {
    let kernel = |x: f64| {
        let x = x.abs();
        match filter {
            Filter::Bilinear => (1.0 - x).max(0.0),
            Filter::Bicubic if x < 1.0 => 1.5 * x.powi(3) - 2.5 * x.powi(2) + 1.0,
            Filter::Bicubic if x < 2.0 => -0.5 * x.powi(3) + 2.5 * x.powi(2) - 4.0 * x + 2.0,
            Filter::Bicubic => 0.0,
        }
    };
    let weights = |from: usize, to: usize, at: usize| {
        let scale = from as f64 / to as f64;
        let centre = (at as f64 + 0.5) * scale;
        let weights: Vec<f64> = (0..from)
            .map(|pixel| kernel((pixel as f64 + 0.5 - centre) / scale.max(1.0)))
            .collect();
        let sum: f64 = weights.iter().sum();
        weights.into_iter().map(|w| w / sum).collect::<Vec<_>>()
    };
    let mut values = Vec::new();
    for y in 0..size.1 {
        let rows = weights(picture.height(), size.1, y);
        for x in 0..size.0 {
            let columns = weights(picture.width(), size.0, x);
            for channel in 0..3 {
                let mut sum = 0.0;
                for (row, row_weight) in rows.iter().enumerate() {
                    for (column, weight) in columns.iter().enumerate() {
                        let pixel = picture.row(row)[column * 3 + channel];
                        sum += row_weight * weight * f64::from(pixel);
                    }
                }
                values.push(sum.clamp(0.0, 255.0));
            }
        }
    }
    values
}

#[test]
fn what_does_not_fit_is_refused() {
    let picture = pattern(5, 4, 0);
    let region = |left, top, width, height| Region {
        left,
        top,
        width,
        height,
    };
    let refused = |crop, window| resize(&picture, crop, (3, 3), window, Filter::Bilinear).is_none();
    let (all, window) = (region(0, 0, 5, 4), region(0, 0, 3, 3));
    assert!(!refused(all, window));
    assert!(refused(region(1, 0, 5, 4), window));
    assert!(refused(region(0, usize::MAX, 1, 2), window));
    assert!(refused(region(0, 0, 0, 4), window));
    assert!(refused(all, region(1, 0, 3, 3)));
    assert!(refused(all, region(0, 0, 0, 1)));
}

proptest! {
    #[test]
    fn a_constant_stays_constant(value: u8, w in 1..40_usize, h in 1..40_usize, to_w in 1..40_usize, to_h in 1..40_usize, filter in filter()) {
        let picture = Picture::new(w, h, vec![value; w * h * 3]).unwrap();
        let resized = whole(&picture, (to_w, to_h), filter);
        prop_assert!(resized.pixels().iter().all(|&pixel| pixel == value));
    }

    #[test]
    fn fixed_point_is_near_the_real_numbers(w in 1..20_usize, h in 1..20_usize, to_w in 1..20_usize, to_h in 1..20_usize, seed in 0..1000_usize, filter in filter()) {
        let picture = pattern(w, h, seed);
        let resized = whole(&picture, (to_w, to_h), filter);
        let exact = exact(&picture, (to_w, to_h), filter);
        for (&found, exact) in resized.pixels().iter().zip(exact) {
            // Rounded twice; the cut at 0 and 255 after the rows may cost more than that where a cubic overshoots.
            let allowed = if filter == Filter::Bilinear { 1.01 } else { 40.0 };
            prop_assert!((f64::from(found) - exact).abs() <= allowed, "{} {}", found, exact);
        }
    }

    #[test]
    fn a_window_is_part_of_the_whole(w in 1..30_usize, h in 1..30_usize, to_w in 2..30_usize, to_h in 2..30_usize, part: [u8; 4], seed in 0..1000_usize, filter in filter()) {
        let picture = pattern(w, h, seed);
        let resized = whole(&picture, (to_w, to_h), filter);
        let (left, top) = (usize::from(part[0]) % to_w, usize::from(part[1]) % to_h);
        let window = Region {
            left,
            top,
            width: 1 + usize::from(part[2]) % (to_w - left),
            height: 1 + usize::from(part[3]) % (to_h - top),
        };
        let shown = resize(&picture, Region::whole(w, h), (to_w, to_h), window, filter).unwrap();
        for row in 0..window.height {
            let expected = &resized.row(top + row)[left * 3..][..window.width * 3];
            prop_assert_eq!(shown.row(row), expected);
        }
    }

    #[test]
    fn a_crop_is_resized_as_if_it_were_alone(part: [u8; 4], to_w in 1..30_usize, to_h in 1..30_usize, filter in filter()) {
        let picture = pattern(23, 17, 3);
        let (left, top) = (usize::from(part[0]) % 23, usize::from(part[1]) % 17);
        let crop = Region {
            left,
            top,
            width: 1 + usize::from(part[2]) % (23 - left),
            height: 1 + usize::from(part[3]) % (17 - top),
        };
        let mut pixels = Vec::new();
        for row in 0..crop.height {
            pixels.extend_from_slice(&picture.row(top + row)[left * 3..][..crop.width * 3]);
        }
        let alone = Picture::new(crop.width, crop.height, pixels).unwrap();
        let shown = resize(&picture, crop, (to_w, to_h), Region::whole(to_w, to_h), filter);
        prop_assert_eq!(shown.unwrap(), whole(&alone, (to_w, to_h), filter));
    }
}
