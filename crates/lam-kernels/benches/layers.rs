//! Each kernel at the sizes of the two small networks, batch 64, and the networks as a whole.
//!
//! After Criterion's own report, a table: the fastest repetition, its GFLOP/s, and the share of the fastest
//! 2048³ matrix product of the same run. Only products that are needed count: those of the winners where a
//! kernel skips the rest.
#![allow(clippy::unwrap_used, missing_docs)]

use std::cell::RefCell;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lam_kernels::{
    ChannelSubsets, Conv2d, DEAD, Gradients, Images, Layout, PooledGrad, PooledOutput,
    nchw_to_nhwc, nhwc_to_nchw, relu_grad,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

const BATCH: usize = 64;

thread_local! {
    static TABLE: RefCell<Vec<(String, Duration, u64)>> = const { RefCell::new(Vec::new()) };
}

/// Benchmarks `f`, which needs so many floating point operations.
fn bench(c: &mut Criterion, name: &str, flop: u64, mut f: impl FnMut()) {
    let mut fastest = Duration::MAX;
    let mut group = c.benchmark_group("batch 64");
    group
        .throughput(Throughput::Elements(flop))
        .bench_function(name, |b| {
            b.iter_custom(|repetitions| {
                let mut total = Duration::ZERO;
                for _ in 0..repetitions {
                    let start = Instant::now();
                    f();
                    let time = start.elapsed();
                    total += time;
                    fastest = fastest.min(time);
                }
                total
            })
        });
    group.finish();
    if fastest < Duration::MAX {
        TABLE.with_borrow_mut(|table| table.push((name.to_owned(), fastest, flop)));
    }
}

fn print_table(_: &mut Criterion) {
    let table = TABLE.take();
    let gflops = |time: &Duration, flop: &u64| *flop as f64 / time.as_secs_f64() * 1e-9;
    let peak = table
        .iter()
        .find(|row| row.0.starts_with("matrix"))
        .map(|row| gflops(&row.1, &row.2));
    println!(
        "\n{:<60} {:>9} {:>9} {:>7}",
        "kernel", "ms", "GFLOP/s", "share"
    );
    for (name, time, flop) in &table {
        let share = peak.map_or("–".to_owned(), |peak| {
            format!("{:.0}%", 100.0 * gflops(time, flop) / peak)
        });
        println!(
            "{name:<60} {:>9.3} {:>9.1} {share:>7}",
            time.as_secs_f64() * 1e3,
            gflops(time, flop),
        );
    }
}

fn uniform(random: &mut ChaCha8Rng, len: usize, bound: f32) -> Vec<f32> {
    (0..len)
        .map(|_| random.random_range(-bound..bound))
        .collect()
}

/// A layer with its parameters and everything it reads and writes.
struct Layer {
    conv: Conv2d,
    input: Images,
    output: Images,
    /// None without a pool.
    layout: Option<Layout>,
    mask: bool,
    needs_dx: bool,
    weight: Vec<f32>,
    bias: Vec<f32>,
    y: Vec<f32>,
    winners: Vec<u8>,
    dw: Vec<f32>,
    db: Vec<f32>,
    dx: Vec<f32>,
}

impl Layer {
    fn new(random: &mut ChaCha8Rng, channels: [usize; 2], size: usize) -> Self {
        let conv = Conv2d::new(channels[0], channels[1], [3, 3], [1, 1], [0, 0]).unwrap();
        let input = Images {
            count: BATCH,
            height: size,
            width: size,
        };
        let output = conv.output(input).unwrap();
        let bound = ((channels[0] * 9) as f32).powf(-0.5);
        Self {
            conv,
            input,
            output,
            layout: None,
            mask: false,
            needs_dx: true,
            weight: uniform(random, conv.weight_elements(), bound),
            bias: uniform(random, channels[1], bound),
            y: vec![0.0; output.elements(channels[1]).unwrap()],
            winners: Vec::new(),
            dw: vec![0.0; conv.weight_elements()],
            db: vec![0.0; channels[1]],
            dx: vec![0.0; input.elements(channels[0]).unwrap()],
        }
    }

    fn pooled(mut self, layout: Layout) -> Self {
        let output = self.conv.pooled_output(self.input).unwrap();
        self.output = output;
        self.layout = Some(layout);
        self.y = vec![0.0; output.elements(self.conv.cout()).unwrap()];
        self.winners = vec![0; self.y.len()];
        self
    }

    fn first(self) -> Self {
        Self {
            needs_dx: false,
            ..self
        }
    }

    fn masked(self) -> Self {
        Self { mask: true, ..self }
    }

    fn forward(&mut self, x: &[f32]) {
        let bias = Some(&self.bias[..]);
        match self.layout {
            None => self
                .conv
                .forward(self.input, x, &self.weight, bias, true, &mut self.y)
                .unwrap(),
            Some(layout) => {
                let out = PooledOutput {
                    layout,
                    values: &mut self.y,
                    winners: Some(&mut self.winners),
                };
                self.conv
                    .forward_relu_pool(self.input, x, &self.weight, bias, out)
                    .unwrap();
            }
        }
    }

    /// `dy` is after the ReLU with a pool, before it without.
    fn backward(&mut self, x: &[f32], dy: &[f32]) {
        match self.layout {
            None => {
                self.conv
                    .weight_grad(self.input, x, dy, &mut self.dw, Some(&mut self.db))
                    .unwrap();
                if self.needs_dx {
                    let mask = self.mask.then_some(x);
                    self.conv
                        .input_grad(self.input, dy, &self.weight, mask, &mut self.dx)
                        .unwrap();
                }
            }
            Some(layout) => {
                let pooled = PooledGrad {
                    layout,
                    values: dy,
                    winners: &self.winners,
                };
                let grads = Gradients {
                    weight: &mut self.dw,
                    bias: Some(&mut self.db),
                    input: self.needs_dx.then_some(&mut self.dx[..]),
                    mask: self.mask,
                };
                self.conv
                    .backward_relu_pool(self.input, x, &self.weight, pooled, grads)
                    .unwrap();
            }
        }
    }

    /// Of the forward pass.
    fn flop(&self) -> u64 {
        let map = match self.layout {
            None => self.output.height * self.output.width,
            Some(_) => 4 * self.output.height * self.output.width,
        };
        2 * (BATCH * map * self.weight.len()) as u64
    }

    /// Of the gradient of the weight or the input.
    fn grad_flop(&self) -> u64 {
        match self.layout {
            None => self.flop(),
            Some(_) => {
                let alive = self.winners.iter().filter(|&&place| place != DEAD).count();
                2 * (alive * self.weight.len() / self.conv.cout()) as u64
            }
        }
    }

    fn bench(&mut self, c: &mut Criterion, name: &str, x: &[f32], dy: &[f32]) {
        let flop = self.flop();
        bench(c, &format!("{name} forward"), flop, || self.forward(x));
        let flop = self.grad_flop();
        let needs_dx = self.needs_dx;
        self.needs_dx = false;
        bench(c, &format!("{name} weight gradient"), flop, || {
            self.backward(x, dy)
        });
        self.needs_dx = needs_dx;
        if needs_dx {
            bench(
                c,
                &format!("{name} weight and input gradient"),
                2 * flop,
                || self.backward(x, dy),
            );
        }
    }
}

/// Two threads, two cores: the measured peak.
fn matrix_product(c: &mut Criterion) {
    const N: usize = 2048;
    let (a, b) = (vec![1.0f32; N * N], vec![1.0f32; N * N]);
    let mut out = vec![0.0f32; N * N];
    bench(c, "matrix product 2048³", 2 * (N as u64).pow(3), || {
        #[allow(unsafe_code)]
        // SAFETY: three matrices of N × N, in columns of N.
        unsafe {
            gemm::gemm(
                N,
                N,
                N,
                out.as_mut_ptr(),
                N as isize,
                1,
                false,
                a.as_ptr(),
                N as isize,
                1,
                b.as_ptr(),
                N as isize,
                1,
                0.0,
                1.0,
                false,
                false,
                false,
                gemm::Parallelism::Rayon(0),
            );
        }
    });
}

fn network_28(c: &mut Criterion) {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut first = Layer::new(&mut random, [1, 32], 28).first();
    let mut second = Layer::new(&mut random, [32, 64], 26)
        .pooled(Layout::Nchw)
        .masked();
    let x = uniform(&mut random, BATCH * 28 * 28, 1.0);
    let dy = uniform(&mut random, second.y.len(), 1.0);
    first.forward(&x);
    let y = first.y.clone();
    second.forward(&y);
    second.backward(&y, &dy);
    let dy_first = second.dx.clone();
    first.bench(c, "28×28 conv 1→32, ReLU:", &x, &dy_first);
    second.bench(c, "28×28 conv 32→64, ReLU, pool:", &y, &dy);
    let forward = first.flop() + second.flop();
    bench(c, "28×28 network forward", forward, || {
        first.forward(&x);
        second.forward(&first.y);
    });
    let all = forward + first.grad_flop() + 2 * second.grad_flop();
    bench(c, "28×28 network forward and backward", all, || {
        first.forward(&x);
        second.forward(&first.y);
        second.backward(&first.y, &dy);
        first.backward(&x, &second.dx);
    });
    let mut dense = Layer::new(&mut random, [32, 64], 26);
    let dy = uniform(&mut random, dense.y.len(), 1.0);
    dense.bench(c, "28×28 conv 32→64 without pool:", &y, &dy);
}

/// The second layer of the 28×28 network under 100 subsets of its input channels; four images, as all maps of one take
/// 3.7 MB. Beside it the products that 100 whole passes need.
fn subsets(c: &mut Criterion) {
    const SUBSETS: usize = 100;
    const IMAGES: usize = 4;
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let layer = Layer::new(&mut random, [32, 64], 26).pooled(Layout::Nhwc);
    let input = Images {
        count: IMAGES,
        ..layer.input
    };
    let x = uniform(&mut random, input.elements(32).unwrap(), 1.0);
    for rate in [0.05, 0.5] {
        let kept: Vec<Vec<bool>> = (0..SUBSETS)
            .map(|_| (0..32).map(|_| random.random_bool(1.0 - rate)).collect())
            .collect();
        let subsets = ChannelSubsets::new(32, &kept);
        let factors = vec![1.0; SUBSETS * 64];
        let pooled = layer.conv.pooled_output(input).unwrap();
        let mut out = vec![0.0; pooled.elements(SUBSETS * 64).unwrap()];
        let flop = layer.flop() / BATCH as u64 * (IMAGES * SUBSETS) as u64;
        let name = format!(
            "28×28 conv 32→64, ReLU, pool: {IMAGES} images × {SUBSETS} subsets without {rate} of channels"
        );
        bench(c, &name, flop, || {
            let (weight, bias) = (&layer.weight, Some(&layer.bias[..]));
            layer
                .conv
                .forward_relu_pool_subsets(input, &x, weight, bias, &subsets, &factors, &mut out)
                .unwrap();
        });
    }
}

fn network_32(c: &mut Criterion) {
    let mut random = ChaCha8Rng::seed_from_u64(2);
    let mut first = Layer::new(&mut random, [3, 32], 32)
        .pooled(Layout::Nhwc)
        .first();
    let mut second = Layer::new(&mut random, [32, 64], 15).pooled(Layout::Nhwc);
    let mut third = Layer::new(&mut random, [64, 64], 6);
    let images = uniform(&mut random, BATCH * 3 * 32 * 32, 1.0);
    let mut x = vec![0.0; images.len()];
    nchw_to_nhwc(first.input, 3, &images, &mut x).unwrap();
    first.forward(&x);
    let y_first = first.y.clone();
    second.forward(&y_first);
    let y_second = second.y.clone();
    third.forward(&y_second);
    let dy = uniform(&mut random, third.y.len(), 1.0);
    third.backward(&y_second, &dy);
    let dy_second = third.dx.clone();
    second.backward(&y_first, &dy_second);
    let dy_first = second.dx.clone();
    first.bench(c, "32×32 conv 3→32, ReLU, pool:", &x, &dy_first);
    second.bench(c, "32×32 conv 32→64, ReLU, pool:", &y_first, &dy_second);
    third.bench(c, "32×32 conv 64→64, ReLU:", &y_second, &dy);
    let mut features = vec![0.0; third.y.len()];
    let forward = first.flop() + second.flop() + third.flop();
    bench(c, "32×32 network forward", forward, || {
        nchw_to_nhwc(first.input, 3, &images, &mut x).unwrap();
        first.forward(&x);
        second.forward(&first.y);
        third.forward(&second.y);
        nhwc_to_nchw(third.output, 64, &third.y, &mut features).unwrap();
    });
    let all = forward + first.grad_flop() + 2 * (second.grad_flop() + third.grad_flop());
    let (mut dy_last, mut masked) = (vec![0.0; dy.len()], vec![0.0; dy.len()]);
    bench(c, "32×32 network forward and backward", all, || {
        nchw_to_nhwc(first.input, 3, &images, &mut x).unwrap();
        first.forward(&x);
        second.forward(&first.y);
        third.forward(&second.y);
        nhwc_to_nchw(third.output, 64, &third.y, &mut features).unwrap();
        nchw_to_nhwc(third.output, 64, &dy, &mut dy_last).unwrap();
        relu_grad(&third.y, &dy_last, &mut masked).unwrap();
        third.backward(&second.y, &masked);
        second.backward(&first.y, &third.dx);
        first.backward(&x, &second.dx);
    });
}

criterion_group! {
    name = layers;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1000));
    targets = matrix_product, network_28, subsets, network_32, print_table
}
criterion_main!(layers);
