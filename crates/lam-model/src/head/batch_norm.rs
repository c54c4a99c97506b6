//! Batch normalisation as in PyTorch.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

/// Share of a batch's statistics in the running ones.
const MOMENTUM: f64 = 0.1;
/// Added to the variance.
const EPSILON: f64 = 1e-5;

/// `(x − mean)/√(variance + 1e-5) · scale + shift`, by the statistics of the batch in training and by running ones
/// otherwise.
#[derive(Module, Debug)]
pub struct BatchNorm {
    /// `[D]`, or `[1]` where all dimensions share it.
    pub scale: Param<Tensor<1>>,
    /// As `scale`.
    pub shift: Param<Tensor<1>>,
    /// `[D]`; without gradient, but part of the state.
    pub running_mean: Param<Tensor<1>>,
    /// `[D]`, of the unbiased variance.
    pub running_variance: Param<Tensor<1>>,
}

/// Mean and unbiased variance of a batch, `[D]` each, without gradient.
#[derive(Debug, Clone)]
pub struct BatchStatistics {
    mean: Tensor<1>,
    variance: Tensor<1>,
}

impl BatchNorm {
    /// For `size` (D) dimensions, which share one scale and shift if `shared`.
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

    /// By the batch's own statistics, through which gradients flow; they come back for [`BatchNorm::observed`].
    ///
    /// # Shapes
    /// - `x`: `[B, D]`
    /// - output: `[B, D]`
    pub fn forward_train(&self, x: Tensor<2>) -> (Tensor<2>, BatchStatistics) {
        let batch = x.dims()[0] as f64;
        let mean = x.clone().mean_dim(0);
        let centred = x - mean.clone();
        let variance = centred.clone().square().mean_dim(0);
        let unbiased = variance.clone().detach() * (batch / (batch - 1.0).max(1.0));
        let statistics = BatchStatistics {
            mean: mean.detach().squeeze_dim(0),
            variance: unbiased.squeeze_dim(0),
        };
        (self.scaled(centred, variance), statistics)
    }

    /// By the running statistics.
    ///
    /// # Shapes
    /// - `x`: `[B, D]`
    /// - output: `[B, D]`
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let centred = x - self.running_mean.val().unsqueeze::<2>();
        self.scaled(centred, self.running_variance.val().unsqueeze())
    }

    /// With a batch's statistics taken into the running ones.
    pub fn observed(self, batch: BatchStatistics) -> Self {
        let blend = |running: Param<Tensor<1>>, seen: Tensor<1>| {
            running.map(|running| running * (1.0 - MOMENTUM) + seen * MOMENTUM)
        };
        Self {
            running_mean: blend(self.running_mean, batch.mean),
            running_variance: blend(self.running_variance, batch.variance),
            ..self
        }
    }

    fn scaled(&self, centred: Tensor<2>, variance: Tensor<2>) -> Tensor<2> {
        let unit = centred / (variance + EPSILON).sqrt();
        unit * self.scale.val().unsqueeze::<2>() + self.shift.val().unsqueeze::<2>()
    }
}
