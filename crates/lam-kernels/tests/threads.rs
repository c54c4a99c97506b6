//! Results do not depend on the number of threads, to the last bit.

use crate::common::{Layer, uniform};
use lam_kernels::{Gradients, Images, Layout, Level, PooledGrad, PooledOutput, relu_grad};

/// Everything the crate computes from a layer, as bits.
fn everything(layer: &Layer, level: Level) -> Vec<Vec<u32>> {
    let mut random = layer.random();
    let conv = layer.conv(level);
    let images = layer.images;
    let (x, weight) = (
        uniform(&mut random, layer.x_len()),
        uniform(&mut random, layer.weight_len()),
    );
    let bias = uniform(&mut random, layer.cout);
    let dy = uniform(&mut random, layer.y_len());
    let grad = uniform(&mut random, layer.pooled_len());
    let mut y = vec![0.0; layer.y_len()];
    conv.forward(images, &x, &weight, Some(&bias), true, &mut y)
        .unwrap();
    let mut masked = vec![0.0; dy.len()];
    relu_grad(&y, &dy, &mut masked).unwrap();
    let (mut dw, mut db) = (vec![0.0; weight.len()], vec![0.0; bias.len()]);
    conv.weight_grad(images, &x, &dy, &mut dw, Some(&mut db))
        .unwrap();
    let mut dx = vec![0.0; x.len()];
    conv.input_grad(images, &dy, &weight, Some(&x), &mut dx)
        .unwrap();
    let mut pooled = vec![0.0; grad.len()];
    let mut winners = vec![0; grad.len()];
    let out = PooledOutput {
        layout: Layout::Nchw,
        values: &mut pooled,
        winners: Some(&mut winners),
    };
    conv.forward_relu_pool(images, &x, &weight, Some(&bias), out)
        .unwrap();
    let (mut dw_pool, mut db_pool) = (dw.clone(), db.clone());
    let mut dx_pool = dx.clone();
    let grads = Gradients {
        weight: &mut dw_pool,
        bias: Some(&mut db_pool),
        input: Some(&mut dx_pool),
        mask: true,
    };
    let pooled_grad = PooledGrad {
        layout: Layout::Nchw,
        values: &grad,
        winners: &winners,
    };
    conv.backward_relu_pool(images, &x, &weight, pooled_grad, grads)
        .unwrap();
    [y, masked, dw, db, dx, pooled, dw_pool, db_pool, dx_pool]
        .into_iter()
        .map(|values| values.into_iter().map(f32::to_bits).collect())
        .collect()
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let layer = Layer {
        cin: 5,
        cout: 37,
        kernel: [3, 3],
        stride: [1, 1],
        padding: [1, 1],
        // More images than groups, and not a multiple of them.
        images: Images {
            count: 41,
            height: 9,
            width: 8,
        },
        seed: 3,
    };
    for level in Level::available() {
        let want = everything(&layer, level);
        for threads in [1, 2, 3, 8] {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            for _ in 0..5 {
                assert!(pool.install(|| everything(&layer, level)) == want);
            }
        }
    }
}
