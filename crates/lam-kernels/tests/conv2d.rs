//! Sizes, and what is refused.

use lam_kernels::{
    Conv2d, Gradients, Images, KernelError, Layout, Level, PooledGrad, PooledOutput, max_pool2,
    nchw_to_nhwc, relu_grad,
};

const IMAGES: Images = Images {
    count: 2,
    height: 5,
    width: 6,
};

#[test]
fn output_sizes() {
    let conv = Conv2d::new(3, 4, [3, 2], [2, 1], [1, 0]).unwrap();
    let output = conv.output(IMAGES).unwrap();
    assert_eq!((output.count, output.height, output.width), (2, 3, 5));
    let pooled = conv.pooled_output(IMAGES).unwrap();
    assert_eq!((pooled.count, pooled.height, pooled.width), (2, 1, 2));
    assert_eq!(conv.weight_elements(), 72);
}

#[test]
fn layers_without_size_are_refused() {
    for (cin, cout, kernel, stride) in [
        (0, 1, [1, 1], [1, 1]),
        (1, 0, [1, 1], [1, 1]),
        (1, 1, [0, 1], [1, 1]),
        (1, 1, [1, 0], [1, 1]),
        (1, 1, [1, 1], [0, 1]),
        (1, 1, [1, 1], [1, 0]),
    ] {
        let error = Conv2d::new(cin, cout, kernel, stride, [0, 0]).unwrap_err();
        assert!(matches!(error, KernelError::Zero { .. }), "{error}");
    }
    let error = Conv2d::new(usize::MAX, 2, [1, 1], [1, 1], [0, 0]).unwrap_err();
    assert!(matches!(error, KernelError::TooLarge { .. }), "{error}");
}

#[test]
fn images_that_do_not_fit_are_refused() {
    let conv = Conv2d::new(1, 1, [6, 1], [1, 1], [0, 0]).unwrap();
    let error = conv.output(IMAGES).unwrap_err();
    assert!(matches!(error, KernelError::TooSmall { .. }), "{error}");
    let conv = Conv2d::new(1, 1, [5, 1], [1, 1], [0, 0]).unwrap();
    assert_eq!(conv.output(IMAGES).unwrap().height, 1);
    let error = conv.pooled_output(IMAGES).unwrap_err();
    assert!(matches!(error, KernelError::TooSmall { .. }), "{error}");
    let huge = Conv2d::new(1, 1, [1, 1], [1, 1], [usize::MAX, 0]).unwrap();
    assert!(huge.output(IMAGES).is_err());
    let wide = Conv2d::new(1, 1, [1, 1], [1, 1], [1 << 33, 0]).unwrap();
    let error = wide
        .forward(IMAGES, &[0.0; 60], &[1.0], None, false, &mut [])
        .unwrap_err();
    assert!(matches!(error, KernelError::TooLarge { .. }), "{error}");
    let many = Images {
        count: usize::MAX,
        ..IMAGES
    };
    let error = conv
        .forward(many, &[], &[0.0; 5], None, false, &mut [])
        .unwrap_err();
    assert!(matches!(error, KernelError::TooLarge { .. }), "{error}");
}

/// A stride beyond the image leaves one output pixel, and must neither overflow nor take time.
#[test]
fn strides_may_be_large() {
    let images = Images {
        count: 1,
        height: 2,
        width: 2,
    };
    let conv = Conv2d::new(1, 1, [2, 2], [usize::MAX, usize::MAX], [0, 0]).unwrap();
    let (x, weight) = ([1.0, 2.0, 3.0, 4.0], [1.0, 10.0, 100.0, 1000.0]);
    let (mut y, mut dw, mut dx) = ([0.0], [0.0; 4], [0.0; 4]);
    conv.forward(images, &x, &weight, None, false, &mut y)
        .unwrap();
    conv.weight_grad(images, &x, &[2.0], &mut dw, None).unwrap();
    conv.input_grad(images, &[2.0], &weight, None, &mut dx)
        .unwrap();
    assert_eq!((y[0], dw), (4321.0, [2.0, 4.0, 6.0, 8.0]));
    assert_eq!(dx, [2.0, 20.0, 200.0, 2000.0]);
}

#[test]
fn levels_of_other_processors_are_refused() {
    let conv = Conv2d::new(1, 1, [1, 1], [1, 1], [0, 0]).unwrap();
    for level in [Level::Plain, Level::Avx2, Level::Avx512, Level::Neon] {
        let available = Level::available().contains(&level);
        assert_eq!(level.is_available(), available);
        assert_eq!(conv.with_level(level).is_ok(), available);
    }
    assert!(Level::available().contains(&Level::best()));
    assert!(Level::Plain.is_available());
}

/// Every slice of every call, one element too short.
#[test]
fn lengths_that_do_not_fit_are_refused() {
    let conv = Conv2d::new(2, 3, [2, 2], [1, 1], [0, 0]).unwrap();
    let (x, y, pooled, w) = (2 * 5 * 6 * 2, 2 * 4 * 5 * 3, 2 * 2 * 2 * 3, 24);
    let z = |len: usize| vec![0.0f32; len];
    let short = |which: usize, i: usize, len: usize| len - usize::from(which == i);
    let is_length = |which: usize, result: Result<(), KernelError>| match which {
        0 => result.unwrap(),
        _ => assert!(matches!(result.unwrap_err(), KernelError::Length { .. })),
    };
    for i in 0..=4 {
        let bias = z(short(i, 1, 3));
        let result = conv.forward(
            IMAGES,
            &z(short(i, 2, x)),
            &z(short(i, 3, w)),
            Some(&bias),
            true,
            &mut z(short(i, 4, y)),
        );
        is_length(i, result);
        let result = conv.weight_grad(
            IMAGES,
            &z(short(i, 1, x)),
            &z(short(i, 2, y)),
            &mut z(short(i, 3, w)),
            Some(&mut z(short(i, 4, 3))),
        );
        is_length(i, result);
        let result = conv.input_grad(
            IMAGES,
            &z(short(i, 1, y)),
            &z(short(i, 2, w)),
            Some(&z(short(i, 3, x))),
            &mut z(short(i, 4, x)),
        );
        is_length(i, result);
    }
    for i in 0..=5 {
        let mut values = z(short(i, 1, pooled));
        let mut winners = vec![0; short(i, 2, pooled)];
        let out = PooledOutput {
            layout: Layout::Nhwc,
            values: &mut values,
            winners: Some(&mut winners),
        };
        let bias = z(short(i, 5, 3));
        let (x, w) = (z(short(i, 3, x)), z(short(i, 4, w)));
        is_length(i, conv.forward_relu_pool(IMAGES, &x, &w, Some(&bias), out));
    }
    for i in 0..=7 {
        let values = z(short(i, 1, pooled));
        let winners = vec![0; short(i, 2, pooled)];
        let grads = PooledGrad {
            layout: Layout::Nhwc,
            values: &values,
            winners: &winners,
        };
        let (mut dw, mut db) = (z(short(i, 3, w)), z(short(i, 4, 3)));
        let mut dx = z(short(i, 5, x));
        let out = Gradients {
            weight: &mut dw,
            bias: Some(&mut db),
            input: Some(&mut dx),
            mask: false,
        };
        let (x, w) = (z(short(i, 6, x)), z(short(i, 7, w)));
        is_length(i, conv.backward_relu_pool(IMAGES, &x, &w, grads, out));
    }
    for i in 0..=2 {
        is_length(
            i,
            nchw_to_nhwc(IMAGES, 2, &z(short(i, 1, x)), &mut z(short(i, 2, x))),
        );
        let (y, dy) = (z(9), z(short(i, 1, 9)));
        is_length(i, relu_grad(&y, &dy, &mut z(short(i, 2, 9))));
    }
    for i in 0..=3 {
        let mut winners = vec![0; short(i, 3, 2 * 2 * 3 * 2)];
        is_length(
            i,
            max_pool2(
                IMAGES,
                2,
                &z(short(i, 1, x)),
                &mut z(short(i, 2, 24)),
                &mut winners,
            ),
        );
    }
}
