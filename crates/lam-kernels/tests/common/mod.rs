//! A slow, plain reference in f64, and random layers.
#![allow(dead_code)] // each test file uses its part

use lam_kernels::{Conv2d, Images, Level};
use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A layer and its input's shape.
#[derive(Clone, Copy, Debug)]
pub struct Layer {
    pub cin: usize,
    pub cout: usize,
    pub kernel: [usize; 2],
    pub stride: [usize; 2],
    pub padding: [usize; 2],
    pub images: Images,
    pub seed: u64,
}

/// Products that a reference pass may sum in a test.
const MAX_TERMS: usize = 1 << 20;

impl Layer {
    pub fn conv(&self, level: Level) -> Conv2d {
        Conv2d::new(self.cin, self.cout, self.kernel, self.stride, self.padding)
            .unwrap()
            .with_level(level)
            .unwrap()
    }

    /// Height and width of the output.
    pub fn output(&self) -> [usize; 2] {
        let size = [self.images.height, self.images.width];
        [0, 1].map(|a| (size[a] + 2 * self.padding[a] - self.kernel[a]) / self.stride[a] + 1)
    }

    pub fn pooled(&self) -> [usize; 2] {
        self.output().map(|size| size / 2)
    }

    pub fn x_len(&self) -> usize {
        self.images.count * self.images.height * self.images.width * self.cin
    }

    pub fn weight_len(&self) -> usize {
        self.cout * self.cin * self.kernel[0] * self.kernel[1]
    }

    pub fn y_len(&self) -> usize {
        let [height, width] = self.output();
        self.images.count * height * width * self.cout
    }

    pub fn pooled_len(&self) -> usize {
        let [height, width] = self.pooled();
        self.images.count * height * width * self.cout
    }

    /// Calls `f(output, weight, input)` with the indices of every product of the convolution.
    pub fn for_each_term(&self, mut f: impl FnMut(usize, usize, usize)) {
        let Images {
            count,
            height,
            width,
        } = self.images;
        let [out_height, out_width] = self.output();
        for n in 0..count {
            for oy in 0..out_height {
                for ox in 0..out_width {
                    for ky in 0..self.kernel[0] {
                        for kx in 0..self.kernel[1] {
                            let y = (oy * self.stride[0] + ky).wrapping_sub(self.padding[0]);
                            let x = (ox * self.stride[1] + kx).wrapping_sub(self.padding[1]);
                            if y >= height || x >= width {
                                continue;
                            }
                            for o in 0..self.cout {
                                for i in 0..self.cin {
                                    let out = ((n * out_height + oy) * out_width + ox) * self.cout;
                                    let weight = ((o * self.cin + i) * self.kernel[0] + ky)
                                        * self.kernel[1]
                                        + kx;
                                    f(
                                        out + o,
                                        weight,
                                        ((n * height + y) * width + x) * self.cin + i,
                                    );
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    pub fn forward(&self, x: &[f32], weight: &[f32], bias: &[f32]) -> Sums {
        let mut sums = Sums::new(self.y_len());
        for i in 0..self.y_len() {
            sums.add(i, f64::from(bias[i % self.cout]), 1.0);
        }
        self.for_each_term(|o, w, i| sums.add(o, weight[w].into(), x[i].into()));
        sums
    }

    pub fn weight_grad(&self, x: &[f32], dy: &[f32]) -> Sums {
        let mut sums = Sums::new(self.weight_len());
        self.for_each_term(|o, w, i| sums.add(w, dy[o].into(), x[i].into()));
        sums
    }

    pub fn bias_grad(&self, dy: &[f32]) -> Sums {
        let mut sums = Sums::new(self.cout);
        for (i, &dy) in dy.iter().enumerate() {
            sums.add(i % self.cout, dy.into(), 1.0);
        }
        sums
    }

    pub fn input_grad(&self, weight: &[f32], dy: &[f32]) -> Sums {
        let mut sums = Sums::new(self.x_len());
        self.for_each_term(|o, w, i| sums.add(i, dy[o].into(), weight[w].into()));
        sums
    }

    /// Index into the output `[N, OH, OW, C]` of a position (0 to 3) in the window of a pooled value, given
    /// by its index in `[N, C, PH, PW]`.
    pub fn under_pool(&self, pooled: usize, place: usize) -> usize {
        let ([height, width], [_, out_width]) = (self.pooled(), self.output());
        let (px, py) = (pooled % width, pooled / width % height);
        let (c, n) = (
            pooled / width / height % self.cout,
            pooled / width / height / self.cout,
        );
        let (y, x) = (2 * py + place / 2, 2 * px + place % 2);
        ((n * self.output()[0] + y) * out_width + x) * self.cout + c
    }

    /// Index in `[N, PH, PW, C]` of an index in `[N, C, PH, PW]`.
    pub fn pooled_last(&self, pooled: usize) -> usize {
        let pixels = self.pooled()[0] * self.pooled()[1];
        let (pixel, c, n) = (
            pooled % pixels,
            pooled / pixels % self.cout,
            pooled / pixels / self.cout,
        );
        (n * pixels + pixel) * self.cout + c
    }

    pub fn random(&self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }
}

/// Sums of products, and of the products' magnitudes, on which rounding depends.
pub struct Sums {
    pub values: Vec<f64>,
    pub magnitudes: Vec<f64>,
}

impl Sums {
    fn new(len: usize) -> Self {
        Self {
            values: vec![0.0; len],
            magnitudes: vec![0.0; len],
        }
    }

    fn add(&mut self, i: usize, a: f64, b: f64) {
        self.values[i] += a * b;
        self.magnitudes[i] += (a * b).abs();
    }

    /// f32 sums differ by no more than rounding: a millionth of the sum of magnitudes.
    pub fn assert_close(&self, got: &[f32], what: &str) {
        assert_eq!(got.len(), self.values.len(), "{what}");
        for (i, &got) in got.iter().enumerate() {
            let (want, magnitude) = (self.values[i], self.magnitudes[i]);
            assert!(
                (f64::from(got) - want).abs() <= 1e-6 * magnitude,
                "{what}[{i}] is {got}, not {want} (of magnitude {magnitude})"
            );
        }
    }
}

/// Uniform in −1..1.
pub fn uniform(random: &mut ChaCha8Rng, len: usize) -> Vec<f32> {
    (0..len).map(|_| random.random_range(-1.0..1.0)).collect()
}

/// Whole numbers from −2 to 2: their sums are exact, and full of ties.
pub fn whole(random: &mut ChaCha8Rng, len: usize) -> Vec<f32> {
    (0..len)
        .map(|_| random.random_range(-2i8..=2).into())
        .collect()
}

/// Random layers: channels 1 to 70, kernels 1 to 5, strides 1 and 2 (3 to leave pixels out), padding 0 to 2,
/// up to 5 images, at least `min_output` rows and columns out.
pub fn layers(min_output: usize) -> impl Strategy<Value = Layer> {
    let pair = |range: std::ops::RangeInclusive<usize>| [range.clone(), range];
    (
        (1usize..=70, 1usize..=70, 1usize..=5),
        pair(1..=5),
        pair(1..=3),
        pair(0..=2),
        pair(0..=27),
        any::<u64>(),
    )
        .prop_map(
            move |((cin, cout, mut count), kernel, stride, padding, extra, seed)| {
                let per_pixel = cin * cout * kernel[0] * kernel[1];
                // The fewest rows and columns that do, and some more as far as the time allows.
                let least = [0, 1].map(|a| {
                    ((min_output - 1) * stride[a] + kernel[a])
                        .saturating_sub(2 * padding[a])
                        .max(1)
                });
                let mut extra = extra;
                let terms = |extra: [usize; 2], count: usize| {
                    let out = [0, 1].map(|a| {
                        (least[a] + extra[a] + 2 * padding[a] - kernel[a]) / stride[a] + 1
                    });
                    out[0] * out[1] * count * per_pixel
                };
                while terms(extra, count) > MAX_TERMS && (count > 1 || extra != [0, 0]) {
                    count = (count / 2).max(1);
                    extra = extra.map(|extra| extra * 3 / 4);
                }
                Layer {
                    cin,
                    cout,
                    kernel,
                    stride,
                    padding,
                    images: Images {
                        count,
                        height: least[0] + extra[0],
                        width: least[1] + extra[1],
                    },
                    seed,
                }
            },
        )
}

/// Random layers that are computed with fewer products under a pool: 3×3 kernels of stride 1 over 16 to 64 channels, up to
/// three images with up to 9 × 9 windows of a pool.
pub fn winograd_layers() -> impl Strategy<Value = Layer> {
    let pair = |range: std::ops::RangeInclusive<usize>| [range.clone(), range];
    (
        (1usize..=4, 1usize..=40, 1usize..=3),
        pair(0..=2),
        pair(4..=20),
        any::<u64>(),
    )
        .prop_map(|((sixteens, cout, count), padding, size, seed)| Layer {
            cin: 16 * sixteens,
            cout,
            kernel: [3, 3],
            stride: [1, 1],
            padding,
            images: Images {
                count,
                height: size[0],
                width: size[1],
            },
            seed,
        })
}

pub fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 48,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}
