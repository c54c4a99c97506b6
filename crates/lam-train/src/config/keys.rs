//! The table of keys. To add one, add a line.
//!
//! Names, spellings and defaults are those of the released code where it has the key.

use std::path::PathBuf;

use lam_search::Ranking;

use super::table::config_keys;
use super::{
    Activation, Allowed, Arch, Calibrate, DatasetChoice, Device, Distance, FileParts, Freeze,
    HeadInit, HessianApprox, Loss, LrSchedule, Method, Optimizer, Pool, Posterior, Precision,
    Predictive, Pretrained, Selection, TripletType, Uncertainty,
};

const ANY: Allowed = Allowed::ANY;

config_keys! {
    "Experiment" identity true {
        model: Method = [required], ANY, "The method.";
        dataset: DatasetChoice = [required], ANY, "The data set to train and test on: a name, the path of one's own folder of classes or CSV table, or files of vectors that others computed.";
        seed: u64 = [1], ANY, "Start of every random number; the same seed on the same machine gives the same run.";
        train: bool = [true], ANY, "Train before evaluating.";
        resume: Option<PathBuf> = [None], ANY, "Folder of deterministic runs that a method starts from: `<resume>/<seed>/checkpoints`.";
        seeds: Option<Vec<u64>> = [None], ANY, "Seeds of the members of a deep ensemble under `resume`.";
    }
    "Network" identity true {
        arch: Arch = [Arch::Linear], ANY, "The network; `linear` is the small one for 28×28 and 32×32 images.";
        head_init: HeadInit = [HeadInit::Random], ANY, "What the head begins with: random weights, the identity (the embedding space is that of the features), or the head of a finished run.";
        latent_dim: Option<usize> = [dataset.default_latent_dim(arch, &head_init) => "3; 128 on files of vectors; null for a trunk or head_init: identity"], Allowed::between(1.0, 65536.0), "Size D of the embedding; null for as many as there are features.";
        head: Vec<usize> = [Vec::new()], Allowed::between(1.0, 65536.0), "Sizes of hidden layers between the features and the embedding; none for one linear layer.";
        head_activation: Activation = [Activation::Tanh], ANY, "After every hidden layer of the head.";
        random_features: Option<usize> = [None => "null: the features as they are"], Allowed::between(1.0, 65536.0), "Size of a fixed random map between the features, scaled to length 1, and the head: the head is approximately a Gaussian process, uncertain far from the training images; null for none.";
        length_scale: f64 = [1.0], Allowed::above(0.0, 1e6), "With random_features: at what distance between features of length 1, at most 2, images have little to say about each other.";
        dropout_rate: f64 = [0.0], Allowed::between(0.0, 0.99), "Share of channels dropped after each block; of a trunk's pooled features.";
        pool: Option<Pool> = [arch.default_pool() => "gem for a trunk, else null"], ANY, "Pooling of a trunk's feature map; -r behind a name means region by region.";
        whitening: bool = [arch.is_trunk() => "true for a trunk, else false"], ANY, "The linear layer after a trunk's pooling, F → latent_dim; every trunk has it, as in the released code.";
        pretrained: Pretrained = [Pretrained::No], ANY, "Start a trunk from torchvision's ImageNet weights (true), or the network from a file of weights.";
        freeze: Freeze = [Freeze::None], ANY, "What keeps the weights it begins with; the features of a frozen backbone are computed once, without random views, and kept on disk.";
        use_global_last_bn_layer: bool = [false], ANY, "PFE: one scale and shift for all dimensions in the last batch norm.";
    }
    "Data" identity true {
        labels: FileParts = [Vec::new()], ANY, "Files of vectors: their labels, a file for each file of vectors; none where these hold a column or tensor `label` themselves.";
        test_features: FileParts = [Vec::new()], ANY, "Files of vectors to test on; none to test on a fifth of each file of the data set.";
        test_labels: FileParts = [Vec::new()], ANY, "Labels of test_features.";
        image_size: Option<usize> = [None => "227; 224 in place recognition"], Allowed::between(8.0, 8192.0), "Photographs: side of the crop that is seen, in pixels; in place recognition the width to which they are resized.";
        pairs: bool = [dataset.has_pairs() => "true for lfw and in place recognition"], ANY, "Train on pairs of images that show the same, so that a batch has positives where classes are many and small; a batch of B pairs has 2 B images.";
        split_query_database: bool = [false], ANY, "Place recognition: the first half of a batch are queries, the second references.";
        pos_dist_thr "posDistThr": f64 = [10.0], Allowed::above(0.0, 1e6), "Place recognition: a positive is nearer, in metres.";
        neg_dist_thr "negDistThr": f64 = [25.0], Allowed::above(0.0, 1e6), "Place recognition: a negative is farther, in metres.";
        augment_flip: bool = [false], ANY, "Mirror half of the training images left to right, anew each epoch.";
        augment_shift: usize = [0], Allowed::between(0.0, 1024.0), "Move training images by up to so many pixels.";
        augment_erase: f64 = [0.0], Allowed::between(0.0, 1.0), "Share of the training images in which a random rectangle is erased.";
        ood_dataset: Option<DatasetChoice> = [dataset.ood_partner() => "the data set's partner"], ANY, "Data set whose images should be uncertain; null for none.";
    }
    "Training" identity true {
        epochs: usize = [20], Allowed::between(0.0, 1e5), "Passes over the training set.";
        batch_size: usize = [64], Allowed::between(2.0, 1048576.0), "Images in a step; the last, partial batch is dropped.";
        lr: f64 = [0.001], Allowed::above(0.0, 10.0), "Learning rate per image: the optimiser's rate is lr × batch_size × devices.";
        lr_decay: f64 = [0.01], Allowed::between(0.0, 10.0), "The rate is multiplied by exp(−lr_decay) each epoch.";
        lr_schedule: LrSchedule = [LrSchedule::Exponential], ANY, "How the rate falls; cosine goes to 0 and ignores lr_decay.";
        optimizer: Optimizer = [Optimizer::Rmsprop], ANY, "The optimiser (α 0.99, ε 1e-8).";
        weight_decay: f64 = [1e-5], Allowed::between(0.0, 10.0), "L2 penalty inside the optimiser.";
        precision: Precision = [Precision::Full], ANY, "In what type the backbone computes, in training and evaluation: mixed is bf16 between its layers and full precision everywhere else, for devices with units for it.";
        loss: Loss = [Loss::Contrastive], ANY, "The loss; arccos trains as contrastive and differs in the Hessian.";
        margin: f64 = [0.7], Allowed::between(0.0, 100.0), "Margin of the loss and of the miner.";
        distance: Distance = [Distance::Euclidean], ANY, "Distance between embeddings.";
        type_of_triplets: TripletType = [dataset.default_triplets() => "all; semihard in place recognition"], ANY, "Which triplets the loss sees.";
        train_n_samples: usize = [1], Allowed::between(1.0, 1e6), "Weight samples in a training step.";
        kl_weight: f64 = [1e-6], Allowed::between(0.0, 1e6), "HIB: weight of the KL term.";
    }
    "Laplace" identity true {
        posterior: Posterior = [Posterior::Diag], ANY, "Which weights of the head depend on each other in the posterior: none; all, by a Kronecker product; those of an output; all. Online, block takes up to 2047 features and full up to 1024 weights.";
        loss_approx: HessianApprox = [HessianApprox::Full], ANY, "Which terms of the pair Hessian are kept.";
        type_of_triplets_hessian: TripletType = [TripletType::All], ANY, "Which triplets the Hessian sees.";
        max_pairs: usize = [5000], Allowed::between(1.0, 1e9), "With subsample_pairs: how many pairs of each kind a step draws for the Hessian.";
        subsample_pairs: bool = [false], ANY, "Draw max_pairs pairs at random for the Hessian, as the released code does, instead of using all; either way a step adds scale_hessian times the mean.";
        hessian_memory_factor: f64 = [0.999], Allowed::between(0.0, 1.0), "Online: m in H ← m·H + h.";
        init_hessian: Option<f64> = [None => "N, the size of the training set"], Allowed::between(0.0, 1e30), "Online: the Hessian before the first step.";
        scale_hessian: Option<f64> = [None => "N², N the size of the training set"], Allowed::above(0.0, 1e30), "Online: scale of a step's Hessian.";
        prior_prec: f64 = [1.0], Allowed::above(0.0, 1e30), "Prior precision of the head's weights.";
        optimize_prior_prec: bool = [false], ANY, "Post hoc: tune the prior precision by the marginal likelihood.";
    }
    "Evaluation" identity true {
        selection: Selection = [Selection::HeldOut], ANY, "Images that choose the best checkpoint; `test` is the paper's protocol.";
        held_out_fraction: f64 = [0.1], Allowed::above(0.0, 0.9), "Share of the training set held out for selection.";
        held_out_seed: u64 = [seed => "as seed"], ANY, "Chooses the images that are held out; one for all members of an ensemble and for the ensemble, so that no member has seen what it is judged by.";
        check_val_every_n_epoch: usize = [1], Allowed::between(1.0, 1e5), "Epochs between validations.";
        val_n_samples: usize = [5], Allowed::between(1.0, 1e6), "Weight samples in validation.";
        test_n_samples: usize = [100], Allowed::between(1.0, 1e6), "Weight samples in the final evaluation.";
        evaluate_at_most: Option<usize> = [dataset.default_evaluate_at_most() => "2000 on files of vectors, else null"], Allowed::between(2.0, 1e9), "So many images of the held-out part, of the test set and of the out-of-distribution set are evaluated, drawn class by class; null for all.";
        calibrate: Calibrate = [Calibrate::None], ANY, "What is fitted on held-out images after training: one temperature of the posterior, so that confidence is what it says.";
        ranking: Ranking = [Ranking::Distance], ANY, "What the nearest neighbours are nearest by: the distance of the embeddings, or its expectation, which holds an image's own spread against it.";
        predictive: Predictive = [Predictive::of(&head_init) => "sampled; centred for head_init: identity"], ANY, "How the predictive distribution of an embedding is formed.";
        uncertainty: Uncertainty = [Uncertainty::Embedding], ANY, "By which spread unknown images are noticed: that of the embedding, or that of the head's output before it is brought to length 1; wrong answers are by that of the embedding either way.";
    }
    "Machine" identity false {
        data_dir: Option<PathBuf> = [None], ANY, "Folder of the data sets; without it the usual places are searched.";
        log_dir: PathBuf = [PathBuf::from("runs")], ANY, "Folder under which run folders are made.";
        device: Device = [Device::Auto], ANY, "Where tensors live: auto for the best device that this build and this machine have; `lam devices` lists them.";
        checkpoint_every_n_seconds: f64 = [30.0], Allowed::between(0.0, 1e9), "Seconds between checkpoints within an epoch, from which --resume goes on exactly.";
        log_every_n_steps: usize = [10], Allowed::between(1.0, 1e9), "Steps between lines of the training log.";
    }
}

/// Spellings read as another key, with a warning. They occur in released files.
pub(super) const MISSPELT_KEYS: &[(&str, &str)] =
    &[("split_quesry_database", "split_query_database")];
