//! The extension: forward on Flex, forward and backward under automatic differentiation.

use std::sync::Arc;

use burn::backend::autodiff::Autodiff;
use burn::backend::autodiff::checkpoint::{base::Checkpointer, strategy::CheckpointStrategy};
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::backend::tensor::FloatTensor;
use burn::backend::{Backend, Flex, backend_extension};
use burn_flex::FlexTensor;
use lam_kernels::{Conv2d, Gradients as Wanted, Layout, PooledGrad, PooledOutput, relu_grad};

use super::images::{
    ChannelsLast, dims, expect, from_channels_last, from_values, is_channels_last, row_major, sizes,
};
use super::zeros::zeros;

/// What stands next to a block. Two blocks in a row share what lies between them: no other operation may read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Place {
    /// The input is a block's output, and so that of a ReLU: the input's gradient goes out as the gradient before that
    /// ReLU, which costs nothing while the numbers are in a cache.
    pub after_block: bool,
    /// A block reads the output: its numbers stay channels-last, and its gradient comes in as the one before the ReLU.
    pub before_block: bool,
}

/// The block as an operation of a backend.
#[backend_extension(Flex, Autodiff)]
pub(crate) trait ConvBlockOps: Backend {
    fn conv_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        pool: bool,
        after_block: bool,
        before_block: bool,
    ) -> FloatTensor<Self>;
}

/// What a backend needs to give for the block to be differentiable on it.
pub(crate) trait ConvBlockKernels: Backend {
    fn forward(call: Call<Self>) -> (FloatTensor<Self>, Kept<Self>);
    fn backward(kept: Kept<Self>, grad: FloatTensor<Self>, needs_input: bool) -> Grads<Self>;
}

/// The inputs of a block.
pub(crate) struct Call<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
    pool: bool,
    place: Place,
    /// Whether the backward pass will be asked for.
    train: bool,
}

/// What the backward pass needs of the forward pass.
#[derive(Clone, Debug)]
pub(crate) struct Kept<B: Backend> {
    x: FloatTensor<B>,
    weight: FloatTensor<B>,
    through: Through<B>,
    place: Place,
}

/// Where a gradient gets through the block's end.
#[derive(Clone, Debug)]
enum Through<B: Backend> {
    /// ReLU: where the output is above zero.
    Positive(FloatTensor<B>),
    /// ReLU, seen to by the block that read the output.
    Everywhere,
    /// ReLU and max-pool: at the winner of each window, `[B, C', H', W']`.
    Winners(Arc<Vec<u8>>),
}

pub(crate) struct Grads<B: Backend> {
    x: Option<FloatTensor<B>>,
    weight: FloatTensor<B>,
    bias: FloatTensor<B>,
}

impl ConvBlockOps for Flex {
    fn conv_block(
        x: FlexTensor,
        weight: FlexTensor,
        bias: FlexTensor,
        pool: bool,
        after_block: bool,
        before_block: bool,
    ) -> FlexTensor {
        Self::forward(Call {
            x,
            weight,
            bias,
            pool,
            place: Place {
                after_block,
                before_block,
            },
            train: false,
        })
        .0
    }
}

fn layer(weight: &FlexTensor) -> Conv2d {
    let [channels_out, channels_in, height, width] = dims(weight);
    expect(Conv2d::new(
        channels_in,
        channels_out,
        [height, width],
        [1, 1],
        [0, 0],
    ))
}

impl ConvBlockKernels for Flex {
    fn forward(call: Call<Self>) -> (FlexTensor, Kept<Self>) {
        let (weight, bias) = (call.weight.to_contiguous(), call.bias.to_contiguous());
        let conv = layer(&weight);
        let input = sizes(dims(&call.x));
        let x = ChannelsLast::of(call.x.clone());
        let (weights, biases) = (row_major(&weight), Some(row_major(&bias)));
        let channels = conv.cout();
        let (output, through) = if call.pool {
            let to = expect(conv.pooled_output(input));
            let elements = expect(to.elements(channels));
            let mut values = zeros(elements);
            let mut winners = zeros(if call.train { elements } else { 0 });
            let layout = if call.place.before_block {
                Layout::Nhwc
            } else {
                Layout::Nchw
            };
            let out = PooledOutput {
                layout,
                values: &mut values,
                winners: call.train.then_some(&mut winners[..]),
            };
            expect(conv.forward_relu_pool(input, x.values(), weights, biases, out));
            let shape = [to.count, channels, to.height, to.width];
            let output = match layout {
                Layout::Nchw => from_values(values, &shape),
                Layout::Nhwc => from_channels_last(values, shape),
            };
            (output, Through::Winners(Arc::new(winners)))
        } else {
            let to = expect(conv.output(input));
            let mut values = zeros(expect(to.elements(channels)));
            expect(conv.forward(input, x.values(), weights, biases, true, &mut values));
            let output = from_channels_last(values, [to.count, channels, to.height, to.width]);
            // Channels first is a matter of strides; whoever needs the numbers moved moves them.
            let through = if call.place.before_block {
                Through::Everywhere
            } else {
                Through::Positive(output.clone())
            };
            (output, through)
        };
        let kept = Kept {
            x: call.x,
            weight,
            through,
            place: call.place,
        };
        (output, kept)
    }

    fn backward(kept: Kept<Self>, grad: FlexTensor, needs_input: bool) -> Grads<Self> {
        let conv = layer(&kept.weight);
        let shape = dims(&kept.x);
        let input = sizes(shape);
        let x = ChannelsLast::of(kept.x);
        let weights = row_major(&kept.weight);
        let mut weight_grad = vec![0.0; conv.weight_elements()];
        let mut bias_grad = vec![0.0; conv.cout()];
        let mut input_grad = zeros(if needs_input { x.values().len() } else { 0 });
        match kept.through {
            Through::Winners(winners) => {
                let (layout, grad) = if is_channels_last(&grad) {
                    (Layout::Nhwc, grad)
                } else {
                    (Layout::Nchw, grad.to_contiguous())
                };
                let pooled = PooledGrad {
                    layout,
                    values: grad.storage(),
                    winners: &winners,
                };
                let wanted = Wanted {
                    weight: &mut weight_grad,
                    bias: Some(&mut bias_grad),
                    input: needs_input.then_some(&mut input_grad[..]),
                    mask: kept.place.after_block,
                };
                expect(conv.backward_relu_pool(input, x.values(), weights, pooled, wanted));
            }
            through => {
                let mut grad = ChannelsLast::of(grad);
                if let Through::Positive(output) = through {
                    let output = ChannelsLast::of(output);
                    let mut masked = zeros(grad.values().len());
                    expect(relu_grad(output.values(), grad.values(), &mut masked));
                    grad = ChannelsLast::Moved(masked);
                }
                let (grad, bias) = (grad.values(), Some(&mut bias_grad[..]));
                expect(conv.weight_grad(input, x.values(), grad, &mut weight_grad, bias));
                if needs_input {
                    let mask = kept.place.after_block.then_some(x.values());
                    expect(conv.input_grad(input, grad, weights, mask, &mut input_grad));
                }
            }
        }
        Grads {
            x: needs_input.then(|| from_channels_last(input_grad, shape)),
            weight: from_values(weight_grad, &dims(&kept.weight)),
            bias: from_values(bias_grad, &[conv.cout()]),
        }
    }
}

impl<B: ConvBlockKernels + ConvBlockOps, C: CheckpointStrategy> ConvBlockOps for Autodiff<B, C> {
    fn conv_block(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        pool: bool,
        after_block: bool,
        before_block: bool,
    ) -> FloatTensor<Self> {
        let step = ConvBlockStep.prepare::<C>([x.node(), weight.node(), bias.node()]);
        let (x, weight, bias) = (
            x.into_primitive(),
            weight.into_primitive(),
            bias.into_primitive(),
        );
        match step.compute_bound().stateful() {
            OpsKind::Tracked(prepared) => {
                let (output, kept) = B::forward(Call {
                    x,
                    weight,
                    bias,
                    pool,
                    place: Place {
                        after_block,
                        before_block,
                    },
                    train: true,
                });
                prepared.finish(kept, output)
            }
            OpsKind::UnTracked(prepared) => prepared.finish(B::conv_block(
                x,
                weight,
                bias,
                pool,
                after_block,
                before_block,
            )),
        }
    }
}

/// The node of the graph.
#[derive(Debug)]
struct ConvBlockStep;

impl<B: ConvBlockKernels> Backward<B, 3> for ConvBlockStep {
    type State = Kept<B>;

    fn backward(
        self,
        ops: Ops<Self::State, 3>,
        grads: &mut Gradients,
        _checkpointer: &mut Checkpointer,
    ) {
        let grad = grads.consume::<B>(&ops.node);
        let [x, weight, bias] = ops.parents;
        let found = B::backward(ops.state, grad, x.is_some());
        if let (Some(node), Some(grad)) = (x, found.x) {
            grads.register::<B>(node.id, grad);
        }
        if let Some(node) = weight {
            grads.register::<B>(node.id, found.weight);
        }
        if let Some(node) = bias {
            grads.register::<B>(node.id, found.bias);
        }
    }
}
