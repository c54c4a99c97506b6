//! The name that was probably meant.

/// Words other programs use, and the key of ours that means the same.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("accelerator", "device"),
    ("architecture", "arch"),
    ("backbone", "arch"),
    ("bs", "batch_size"),
    ("batchsize", "batch_size"),
    ("ckpt_path", "resume"),
    ("checkpoint", "resume"),
    ("data", "dataset"),
    ("data_path", "data_dir"),
    ("data_root", "data_dir"),
    ("root", "data_dir"),
    ("decay", "weight_decay"),
    ("dropout", "dropout_rate"),
    ("embedding_dim", "latent_dim"),
    ("embedding_size", "latent_dim"),
    ("dim", "latent_dim"),
    ("hidden_dim", "latent_dim"),
    ("eval_every", "check_val_every_n_epoch"),
    ("gamma", "lr_decay"),
    ("hessian", "loss_approx"),
    ("approximation", "loss_approx"),
    ("image_width", "image_size"),
    ("img_size", "image_size"),
    ("kl", "kl_weight"),
    ("beta", "kl_weight"),
    ("l2", "weight_decay"),
    ("learning_rate", "lr"),
    ("log_interval", "log_every_n_steps"),
    ("loss_fn", "loss"),
    ("criterion", "loss"),
    ("max_epochs", "epochs"),
    ("n_epochs", "epochs"),
    ("num_epochs", "epochs"),
    ("method", "model"),
    ("metric", "distance"),
    ("mc_samples", "test_n_samples"),
    ("memory_factor", "hessian_memory_factor"),
    ("miner", "type_of_triplets"),
    ("triplets", "type_of_triplets"),
    ("momentum", "hessian_memory_factor"),
    ("n_samples", "test_n_samples"),
    ("num_samples", "test_n_samples"),
    ("ood", "ood_dataset"),
    ("optim", "optimizer"),
    ("optimiser", "optimizer"),
    ("out", "log_dir"),
    ("out_dir", "log_dir"),
    ("output", "log_dir"),
    ("output_dir", "log_dir"),
    ("save_dir", "log_dir"),
    ("pooling", "pool"),
    ("prior", "prior_prec"),
    ("prior_precision", "prior_prec"),
    ("tau", "prior_prec"),
    ("protocol", "selection"),
    ("random_seed", "seed"),
    ("random_state", "seed"),
    ("val_fraction", "held_out_fraction"),
    ("val_split", "held_out_fraction"),
    ("validation_split", "held_out_fraction"),
    ("wd", "weight_decay"),
];

/// The key of `keys` that `word` was probably meant to be.
pub(crate) fn nearest_key<'a>(word: &str, keys: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    nearest_name(
        word,
        keys.map(|key| (key, key))
            .chain(OTHER_NAMES.iter().copied()),
    )
}

/// Of pairs (spelling, meaning), the meaning of the spelling nearest to `word`: equal up to case,
/// dashes and underscores, or at most a third of its letters wrong; none beyond that.
pub(crate) fn nearest_name<'a>(
    word: &str,
    candidates: impl Iterator<Item = (&'a str, &'a str)>,
) -> Option<&'a str> {
    // Longer words cannot be near any name, and the distance is quadratic.
    const LONGEST: usize = 64;
    let word = plain(word);
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let limit = (word.chars().count() / 3).clamp(1, 4);
    candidates
        .map(|(spelling, meaning)| {
            let distance = strsim::damerau_levenshtein(&word, &plain(spelling));
            (distance, meaning)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, meaning)| meaning)
}

fn plain(word: &str) -> String {
    word.chars()
        .filter(|c| !matches!(c, '_' | '-' | ' '))
        .flat_map(char::to_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelt_and_foreign_names() {
        fn near(word: &str) -> Option<&'static str> {
            let keys = ["lr", "batch_size", "dataset", "epochs", "negDistThr"];
            nearest_key(word, keys.into_iter())
        }
        assert_eq!(near("lerning_rate"), Some("lr"));
        assert_eq!(near("BatchSize"), Some("batch_size"));
        assert_eq!(near("epoch"), Some("epochs"));
        assert_eq!(near("neg_dist_thr"), Some("negDistThr"));
        assert_eq!(near("frobnicate"), None);
        assert_eq!(near(&"x".repeat(100_000)), None);
        assert_eq!(near(""), None);
    }
}
