//! The pool on its own.

use lam_kernels::{Images, max_pool2, max_pool2_grad};
use proptest::prelude::*;

proptest! {
    #[test]
    fn takes_the_first_largest_and_sends_the_gradient_there(
        count in 0usize..3, height in 2usize..8, width in 2usize..8, channels in 1usize..40, seed in any::<u32>(),
    ) {
        let images = Images { count, height, width };
        let (rows, columns) = (height / 2, width / 2);
        let len = count * height * width * channels;
        // Few different values: many ties.
        let x: Vec<f32> = (0..len).map(|i| (seed.wrapping_mul(2 * i as u32 + 1) >> 29) as f32).collect();
        let pooled = count * rows * columns * channels;
        let (mut y, mut winners) = (vec![f32::NAN; pooled], vec![9; pooled]);
        max_pool2(images, channels, &x, &mut y, &mut winners).unwrap();
        let dy: Vec<f32> = (0..pooled).map(|i| i as f32 + 1.0).collect();
        let mut want = vec![0.0; len];
        for i in 0..pooled {
            let (c, px, py) = (i % channels, i / channels % columns, i / channels / columns % rows);
            let n = i / channels / columns / rows;
            let index = |place: usize| {
                ((n * height + 2 * py + place / 2) * width + 2 * px + place % 2) * channels + c
            };
            let window = [0, 1, 2, 3].map(|place| x[index(place)]);
            let largest = window.iter().copied().fold(f32::MIN, f32::max);
            let first = window.iter().position(|&x| x == largest).unwrap();
            prop_assert_eq!(y[i], largest);
            prop_assert_eq!(usize::from(winners[i]), first);
            want[index(first)] = dy[i];
        }
        let mut dx = vec![f32::NAN; len];
        max_pool2_grad(images, channels, &dy, &winners, &mut dx).unwrap();
        prop_assert_eq!(dx, want);
    }
}

#[test]
fn nan_wins() {
    let images = Images {
        count: 1,
        height: 2,
        width: 8,
    };
    let mut x = [7.0; 16];
    for (window, place) in [0, 1, 8, 9].into_iter().enumerate() {
        x[2 * window + place] = f32::NAN;
    }
    let (mut y, mut winners) = ([0.0; 4], [9; 4]);
    max_pool2(images, 1, &x, &mut y, &mut winners).unwrap();
    assert!(y.iter().all(|y| y.is_nan()));
    assert_eq!(winners, [0, 1, 2, 3]);
}
