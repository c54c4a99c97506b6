//! Keys whose value is one of a few names, spelled as in the released code.

use lam_search::Ranking;

/// A value that is one of a fixed list of names.
pub trait Choice: Copy + PartialEq + 'static {
    /// What is chosen, for messages ("method").
    const WHAT: &'static str;
    /// Every value with its name.
    const ALL: &'static [(Self, &'static str)];
    /// Other spellings that mean a value and are read as it.
    const ALSO_READ: &'static [(&'static str, Self)];
    /// Words people use elsewhere: never read, but suggested from.
    const HINTS: &'static [(&'static str, Self)];

    /// The name as written in a configuration.
    fn name(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(value, _)| *value == self)
            .map_or("", |(_, name)| name)
    }

    /// The value with this name or accepted spelling.
    fn from_name(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .map(|&(value, name)| (name, value))
            .chain(Self::ALSO_READ.iter().copied())
            .find(|(name, _)| *name == text)
            .map(|(_, value)| value)
    }

    /// "one of a, b, c".
    fn describe() -> String {
        let names: Vec<&str> = Self::ALL.iter().map(|(_, name)| *name).collect();
        match names.as_slice() {
            [only] => (*only).to_owned(),
            _ => format!("one of {}", names.join(", ")),
        }
    }
}

/// Declares an enum whose variants carry their names: `Variant = "name" | "also read" ~ "hint"`.
macro_rules! choices {
    ($(#[$meta:meta])* $type:ident, $what:literal:
     $( $(#[$vmeta:meta])* $variant:ident = $name:literal $(| $also:literal)* $(~ $hint:literal)* ),+ $(,)?) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $type { $( $(#[$vmeta])* $variant ),+ }

        impl $crate::config::Choice for $type {
            const WHAT: &'static str = $what;
            const ALL: &'static [(Self, &'static str)] = &[$((Self::$variant, $name)),+];
            const ALSO_READ: &'static [(&'static str, Self)] = &[$($(($also, Self::$variant),)*)+];
            const HINTS: &'static [(&'static str, Self)] = &[$($(($hint, Self::$variant),)*)+];
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad($crate::config::Choice::name(*self))
            }
        }

        impl std::str::FromStr for $type {
            type Err = String;

            /// Reads a name; the error lists the names.
            fn from_str(text: &str) -> Result<Self, String> {
                <Self as $crate::config::Choice>::from_name(text).ok_or_else(|| {
                    format!("{} '{text}': expected {}", $what, <Self as $crate::config::Choice>::describe())
                })
            }
        }
    };
}
pub(super) use choices;

choices! {
    /// How a model is trained and where its uncertainty comes from.
    Method, "method":
    /// A point estimate: no uncertainty.
    Deterministic = "deterministic" ~ "det" ~ "point",
    /// Dropout kept on at evaluation.
    McDropout = "mc_dropout" ~ "mcdrop" ~ "dropout" ~ "mcdropout",
    /// The mean over several deterministic runs.
    DeepEnsemble = "deep_ensemble" ~ "ensemble" ~ "deepensemble",
    /// Probabilistic face embeddings: a variance head on a frozen mean.
    Pfe = "pfe",
    /// Hedged instance embedding.
    Hib = "hib" ~ "hedged",
    /// LAM with the posterior accumulated while training.
    LaplaceOnline = "laplace_online" | "online" ~ "lam" ~ "laplace" ~ "online_laplace",
    /// LAM with the posterior fitted after training.
    LaplacePosthoc = "laplace_posthoc" ~ "posthoc" ~ "post_hoc" ~ "laplace_post_hoc",
}

choices! {
    /// The training loss; `arccos` trains as `contrastive` and differs in the Hessian (method.md).
    Loss, "loss":
    /// Contrastive loss, Hessian of half the squared Euclidean distance.
    Contrastive = "contrastive",
    /// Contrastive loss, Hessian of the negative cosine.
    Arccos = "arccos" ~ "arcface" ~ "cosine",
    /// Triplet margin loss; it has no Hessian here.
    Triplet = "triplet" ~ "triplet_margin",
}

choices! {
    /// Which terms of the pair Hessian are kept.
    HessianApprox, "Hessian approximation":
    /// Positive pairs minus negative pairs.
    Full = "full" ~ "all",
    /// Positive pairs only.
    Pos = "pos" ~ "positive" ~ "positives",
    /// Cross terms between the two images of a pair dropped.
    Fix = "fix" ~ "fixed",
}

choices! {
    /// Which triplets are mined, by the violation m = d(a,n) − d(a,p).
    TripletType, "type of triplets":
    /// m ≤ margin.
    All = "all",
    /// m ≤ 0.
    Hard = "hard" ~ "hardest",
    /// 0 < m ≤ margin.
    Semihard = "semihard" ~ "semi-hard" ~ "semi_hard" ~ "semi",
    /// m > margin.
    Easy = "easy",
    /// Every triplet, unfiltered.
    None = "none" ~ "off",
}

choices! {
    /// Distance between embeddings.
    Distance, "distance":
    /// |u₁ − u₂| of normalised embeddings.
    Euclidean = "euclidean" ~ "l2" ~ "lp",
    /// Cosine similarity.
    Cosine = "cosine" ~ "cos" ~ "angular",
}

choices! {
    /// Which weights of the posterior depend on each other.
    Posterior, "posterior":
    /// None.
    Diag = "diag" ~ "diagonal",
    /// All, by a factor for the outputs and one for the inputs.
    Kron = "kron" ~ "kronecker" ~ "kfac",
    /// Those of the same output.
    Block = "block" ~ "blocks" ~ "block_diagonal",
    /// All.
    Full = "full" ~ "dense" ~ "matrix",
}

choices! {
    /// What stands between two layers of a head.
    Activation, "activation":
    /// Hyperbolic tangent.
    Tanh = "tanh",
    /// Rectifier.
    Relu = "relu" ~ "rectifier",
}

choices! {
    /// How the predictive distribution of an embedding is formed.
    Predictive, "predictive":
    /// From samples of the head's weights.
    Sampled = "sampled" ~ "samples" ~ "sample" ~ "monte_carlo" ~ "mc",
    /// From samples of the head's weights, around the embedding by their mean, which stays where it is.
    Centred = "centred" ~ "centered" ~ "point",
    /// Exact for the linear head, delta method through the normalisation.
    Analytic = "analytic" ~ "analytical" ~ "exact" ~ "delta" ~ "closed_form",
}

choices! {
    /// Which spread is an image's uncertainty, the number by which unknown images are noticed.
    Uncertainty, "uncertainty":
    /// That of the embedding: deviations added up over its dimensions (method, "OOD score").
    Embedding = "embedding" ~ "direction" ~ "sigma",
    /// That of the head's output before the normalisation, added up alike.
    Output = "output" ~ "output_spread" ~ "outputs" ~ "raw",
}

impl Choice for Ranking {
    const WHAT: &'static str = "ranking";
    const ALL: &'static [(Self, &'static str)] =
        &[(Self::Distance, "distance"), (Self::Expected, "expected")];
    const ALSO_READ: &'static [(&'static str, Self)] = &[];
    const HINTS: &'static [(&'static str, Self)] = &[
        ("mean", Self::Distance),
        ("expected_distance", Self::Expected),
    ];
}

choices! {
    /// Which images choose the best checkpoint.
    Selection, "selection":
    /// A part of the training set that is not trained on.
    HeldOut = "held_out" ~ "validation" ~ "val" ~ "heldout" ~ "held-out",
    /// The test set, as the released code does: the paper's protocol.
    Test = "test" ~ "paper" ~ "original",
}

choices! {
    /// What is fitted on held-out images after training.
    Calibrate, "calibration":
    /// Nothing.
    None = "none" ~ "off" ~ "no" ~ "false",
    /// One factor on the posterior's covariance.
    Temperature = "temperature" ~ "temp" ~ "on" ~ "true" ~ "yes",
}

choices! {
    /// What is not trained.
    Freeze, "frozen part":
    /// Nothing is frozen.
    None = "none" ~ "off" ~ "no" ~ "false",
    /// Everything but the head.
    Backbone = "backbone" ~ "trunk" ~ "features" ~ "true",
}

choices! {
    /// How the learning rate falls from epoch to epoch.
    LrSchedule, "learning-rate schedule":
    /// Multiplied by exp(−lr_decay) each epoch.
    Exponential = "exponential" ~ "exp" ~ "decay",
    /// Half a cosine from the first rate to 0 after the last epoch.
    Cosine = "cosine" ~ "cos" ~ "annealing",
}

choices! {
    /// The optimiser.
    Optimizer, "optimiser":
    /// RMSprop, α 0.99, ε 1e-8.
    Rmsprop = "rmsprop" ~ "adam" ~ "adamw" ~ "sgd",
}

choices! {
    /// In what type the layers of the backbone compute.
    Precision, "precision":
    /// f32.
    Full = "full" ~ "f32" ~ "float32" ~ "32",
    /// bf16, with parameters and everything after the backbone in f32.
    Mixed = "mixed" ~ "bf16" ~ "bfloat16" ~ "bf16-mixed" ~ "amp" ~ "half" ~ "16",
}

choices! {
    /// The pooling of a convolutional trunk's feature map.
    Pool, "pooling":
    /// Maximum.
    Mac = "mac" ~ "max",
    /// Mean.
    Spoc = "spoc" ~ "avg" ~ "mean" ~ "average",
    /// Generalised mean with one exponent.
    Gem = "gem",
    /// Generalised mean with one exponent per channel.
    Gemmp = "gemmp",
    /// Regional maximum.
    Rmac = "rmac",
    /// Maximum, region by region.
    MacRegional = "mac-r" | "mac_r" ~ "rpool",
    /// Mean, region by region.
    SpocRegional = "spoc-r" | "spoc_r",
    /// Generalised mean, region by region.
    GemRegional = "gem-r" | "gem_r" ~ "regional",
    /// Generalised mean with one exponent per channel, region by region.
    GemmpRegional = "gemmp-r" | "gemmp_r",
}

choices! {
    /// The network: `linear` is the small network of the 28×28 and 32×32 sets, the others are trunks named as in torchvision.
    Arch, "architecture":
    /// The small convolutional network with a linear head.
    Linear = "linear" ~ "conv" ~ "cnn" ~ "small",
    /// ResNet-18.
    Resnet18 = "resnet18",
    /// ResNet-34.
    Resnet34 = "resnet34",
    /// ResNet-50.
    Resnet50 = "resnet50" ~ "resnet",
    /// ResNet-101.
    Resnet101 = "resnet101",
    /// ResNet-152.
    Resnet152 = "resnet152",
    /// AlexNet.
    Alexnet = "alexnet",
    /// VGG-11.
    Vgg11 = "vgg11",
    /// VGG-13.
    Vgg13 = "vgg13",
    /// VGG-16.
    Vgg16 = "vgg16" ~ "vgg",
    /// VGG-19.
    Vgg19 = "vgg19",
    /// DenseNet-121.
    Densenet121 = "densenet121" ~ "densenet",
    /// DenseNet-161.
    Densenet161 = "densenet161",
    /// DenseNet-169.
    Densenet169 = "densenet169",
    /// DenseNet-201.
    Densenet201 = "densenet201",
    /// SqueezeNet 1.0.
    Squeezenet1_0 = "squeezenet1_0",
    /// SqueezeNet 1.1.
    Squeezenet1_1 = "squeezenet1_1" ~ "squeezenet",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for &(method, name) in Method::ALL {
            assert_eq!(method.to_string(), name);
            assert_eq!(name.parse(), Ok(method));
        }
        assert_eq!("online".parse(), Ok(Method::LaplaceOnline));
        let err = "paper".parse::<Selection>();
        assert_eq!(
            err,
            Err("selection 'paper': expected one of held_out, test".to_owned())
        );
    }
}
