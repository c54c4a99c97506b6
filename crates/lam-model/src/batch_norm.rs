//! Batch normalisation as in PyTorch, of features `[B, C]` and of feature maps `[B, C, H, W]`.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, Param, ParamId};
use burn::tensor::{Device, Tensor};

use crate::precision::through_full;

/// Share of a batch's statistics in the running ones.
const MOMENTUM: f64 = 0.1;
/// Added to the variance.
const EPSILON: f64 = 1e-5;

/// `(x − mean)/√(variance + 1e-5) · scale + shift` per channel, by the statistics of the batch in training and by running
/// ones otherwise.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// `[C]`, or `[1]` where all channels share it.
    pub scale: Param<Tensor<1>>,
    /// As `scale`.
    pub shift: Param<Tensor<1>>,
    /// `[C]`; without gradient, but part of the state.
    pub running_mean: Param<Tensor<1>>,
    /// `[C]`, of the unbiased variance.
    pub running_variance: Param<Tensor<1>>,
}

/// Means and unbiased variances of a batch in every norm of a module, `[C]` each, without gradient.
#[derive(Debug, Clone, Default)]
pub struct BatchStatistics {
    /// By the running parameter that they go into.
    seen: BTreeMap<ParamId, Tensor<1>>,
}

/// Whose statistics the norms of a module use.
#[derive(Debug)]
pub enum Pass<'a> {
    /// The running ones.
    Evaluation,
    /// The batch's own, which are noted down.
    Training(&'a mut BatchStatistics),
}

impl BatchNorm {
    /// For `size` (C) channels, which share one scale and shift if `shared`.
    pub fn init(size: usize, shared: bool, device: &Device) -> Self {
        let learnt = if shared { 1 } else { size };
        let running = |values: Tensor<1>| Param::from_tensor(values).set_require_grad(false);
        Self {
            scale: Param::from_tensor(Tensor::ones([learnt], device)),
            shift: Param::from_tensor(Tensor::zeros([learnt], device)),
            running_mean: running(Tensor::zeros([size], device)),
            running_variance: running(Tensor::ones([size], device)),
        }
    }

    /// Computes in `f32`, whatever the type of `x`.
    ///
    /// # Shapes
    /// - `x`: `[B, C, …]`
    /// - output: as `x`, in its type
    pub fn forward<const D: usize>(&self, x: Tensor<D>, pass: &mut Pass) -> Tensor<D> {
        through_full(x, |x| match pass {
            Pass::Evaluation => self.by_running_statistics(x),
            Pass::Training(statistics) => self.by_own_statistics(x, statistics),
        })
    }

    fn by_running_statistics<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        // One factor and one summand per channel: the map is gone through twice, not four times.
        let deviation = (self.running_variance.val() + EPSILON).sqrt();
        let factor = self.scale.val() / deviation;
        let summand = self.shift.val() - self.running_mean.val() * factor.clone();
        x * per_channel(factor) + per_channel(summand)
    }

    /// Gradients flow through the statistics.
    fn by_own_statistics<const D: usize>(
        &self,
        x: Tensor<D>,
        statistics: &mut BatchStatistics,
    ) -> Tensor<D> {
        let dims = x.dims();
        let count = (dims.iter().product::<usize>() / dims[1].max(1)) as f64;
        let mean = channel_means(x.clone());
        let centred = x - per_channel(mean.clone());
        let variance = channel_means(centred.clone().square());
        let unbiased = variance.clone().detach() * (count / (count - 1.0).max(1.0));
        statistics
            .seen
            .insert(self.running_mean.id, mean.detach().inner());
        statistics
            .seen
            .insert(self.running_variance.id, unbiased.inner());
        let deviation = per_channel((variance + EPSILON).sqrt());
        centred / deviation * per_channel(self.scale.val()) + per_channel(self.shift.val())
    }
}

/// `[C]` as `[1, C, 1, …]`.
fn per_channel<const D: usize>(values: Tensor<1>) -> Tensor<D> {
    let mut shape = [1; D];
    shape[1] = values.dims()[0];
    values.reshape(shape)
}

/// Means of `[B, C, …]` over all but the channels, `[C]`.
fn channel_means<const D: usize>(x: Tensor<D>) -> Tensor<1> {
    let dims = x.dims();
    let [batch, channels] = [dims[0], dims[1]];
    let places: usize = dims[2..].iter().product();
    let of_images = if places == 1 {
        x.reshape([batch, channels])
    } else {
        x.reshape([batch, channels, places])
            .mean_dim(2)
            .reshape([batch, channels])
    };
    of_images.mean_dim(0).reshape([channels])
}

impl BatchStatistics {
    /// `module` with these statistics taken into the running ones of its norms.
    pub fn into_module<M: Module>(mut self, module: M) -> M {
        if self.seen.is_empty() {
            return module;
        }
        module.map(&mut self)
    }
}

impl ModuleMapper for BatchStatistics {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let Some(seen) = self.seen.remove(&param.id) else {
            return param;
        };
        param.map(|running| {
            let (shape, device) = (running.dims(), running.device());
            let seen = seen.without_autodiff();
            let seen = if device.is_autodiff() {
                Tensor::from_inner(seen)
            } else {
                seen
            };
            let seen = seen.reshape(shape);
            (running * (1.0 - MOMENTUM) + seen * MOMENTUM)
                .detach()
                .set_require_grad(false)
        })
    }
}
