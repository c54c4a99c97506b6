//! What an image costs under 100 samples of dropout, beside 100 networks that share the first block.
#![allow(clippy::unwrap_used, missing_docs)]

use burn::tensor::{Device, Distribution, Tensor};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use lam_model::EncoderConfig;
use lam_model::backbone::{Backbone, ChannelDropout};
use rand::SeedableRng;
use rand_chacha::ChaCha12Rng;

const SAMPLES: usize = 100;
const BATCH: usize = 32;

fn dropout_samples(c: &mut Criterion) {
    let device = Device::flex();
    for (name, image, size) in [("28×28", [1, 28, 28], 3), ("32×32", [3, 32, 32], 16)] {
        let mut rng = ChaCha12Rng::seed_from_u64(1);
        let encoder = EncoderConfig::new("linear", image, size).unwrap();
        let encoder = encoder.init(&mut rng, &device);
        let shape = [BATCH, image[0], image[1], image[2]];
        let x = Tensor::<4>::random(shape, Distribution::Default, &device);
        let mut group = c.benchmark_group(format!("{name}, {SAMPLES} samples, {BATCH} images"));
        group
            .sample_size(10)
            .throughput(Throughput::Elements(BATCH as u64));
        let dropout = ChannelDropout::new(0.05).unwrap();
        let Backbone::Small(net) = &encoder.backbone else {
            panic!("a small network")
        };
        let networks: Vec<_> = (0..SAMPLES)
            .map(|_| net.rest_with_dropout(dropout, &mut rng))
            .collect();
        group.bench_function("networks", |b| {
            b.iter(|| {
                let map = net.first_block(x.clone());
                let each = networks.iter();
                let outputs = each.map(|net| encoder.head.forward(net.forward(map.clone())));
                let outputs: Tensor<3> = Tensor::stack(outputs.collect(), 1);
                outputs.into_data()
            });
        });
        for rate in [0.05, 0.5] {
            let dropout = ChannelDropout::new(rate).unwrap();
            let samples = encoder.clone().dropout_samples(dropout, SAMPLES, &mut rng);
            group.bench_function(format!("shared, rate {rate}"), |b| {
                b.iter(|| samples.outputs(x.clone()).outputs.into_data());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, dropout_samples);
criterion_main!(benches);
