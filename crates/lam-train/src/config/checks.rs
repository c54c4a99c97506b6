//! What only several keys together show to be wrong or without effect.

use lam_search::Ranking;

use super::problem::{Fault, Place, Problem};
use super::reader::Reader;
use super::{
    Calibrate, Config, ConfigValue, DatasetChoice, Freeze, HeadInit, Loss, Method, Origin,
    Posterior, Predictive, Pretrained, Selection, Uncertainty, Warning,
};

/// Keys that only some methods read.
const ONLY_FOR: &[(&[&str], &[Method])] = &[
    (
        &[
            "posterior",
            "loss_approx",
            "type_of_triplets_hessian",
            "max_pairs",
            "subsample_pairs",
            "prior_prec",
        ],
        &[Method::LaplaceOnline, Method::LaplacePosthoc],
    ),
    (
        &["hessian_memory_factor", "init_hessian", "scale_hessian"],
        &[Method::LaplaceOnline],
    ),
    (
        &["optimize_prior_prec"],
        &[Method::LaplacePosthoc, Method::LaplaceOnline],
    ),
    (&["kl_weight"], &[Method::Hib]),
    (&["dropout_rate"], &[Method::McDropout]),
    (&["seeds"], &[Method::DeepEnsemble]),
    (&["use_global_last_bn_layer"], &[Method::Pfe, Method::Hib]),
];

/// Reports contradictions as problems and settings without effect as warnings. A rule is skipped
/// where one of its keys is wrong by itself.
pub(super) fn cross_check(config: &Config, reader: &mut Reader, warnings: &mut Vec<Warning>) {
    contradictions(config, reader);
    if !reader.broken.contains("model") {
        without_effect(config, reader, warnings);
    }
}

fn contradictions(config: &Config, reader: &mut Reader) {
    if config.pos_dist_thr > config.neg_dist_thr {
        let message = format!(
            "'posDistThr' is {} and 'negDistThr' {}: a positive must be nearer than a negative; nearest valid: posDistThr: {}",
            config.pos_dist_thr, config.neg_dist_thr, config.neg_dist_thr
        );
        conflict(reader, &["posDistThr", "negDistThr"], message);
    }
    if config.model.is_laplace() && config.loss == Loss::Triplet {
        let message = format!(
            "'loss' is triplet, which has no Hessian for 'model' {}: expected one of contrastive, arccos; nearest valid: contrastive",
            config.model
        );
        conflict(reader, &["loss", "model"], message);
    }
    if config.model == Method::DeepEnsemble && config.seeds.is_none() {
        let message =
            "'model' deep_ensemble needs 'seeds', the seeds of its members, as in [1, 2, 3]"
                .to_owned();
        conflict(reader, &["seeds", "model"], message);
    }
    if config.model == Method::McDropout && config.dropout_rate == 0.0 {
        let message =
            "'model' mc_dropout needs a 'dropout_rate' above 0: nothing is uncertain without; nearest valid: dropout_rate: 0.05"
                .to_owned();
        conflict(reader, &["dropout_rate", "model"], message);
    }
    if config.calibrate == Calibrate::Temperature && config.selection == Selection::Test {
        let message = "'calibrate' is temperature and 'selection' test, which holds nothing out to calibrate on; nearest valid: selection: held_out"
            .to_owned();
        conflict(reader, &["calibrate", "selection"], message);
    }
    if config.calibrate == Calibrate::Temperature && !config.model.is_laplace() {
        let message = format!(
            "'calibrate' is temperature and 'model' {}, which has no posterior over weights; nearest valid: calibrate: none",
            config.model
        );
        conflict(reader, &["calibrate", "model"], message);
    }
    if config.ranking == Ranking::Expected && config.model == Method::Deterministic {
        let message = "'ranking' is expected and 'model' deterministic, whose embeddings have no spread; nearest valid: ranking: distance"
            .to_owned();
        conflict(reader, &["ranking", "model"], message);
    }
    features(config, reader);
    places(config, reader);
    structure(config, reader);
    network(config, reader);
    if config.ood_dataset.as_ref() == Some(&config.dataset) {
        let message = format!(
            "'ood_dataset' is {}, the data set itself: expected another one, or null",
            config.dataset
        );
        conflict(reader, &["ood_dataset", "dataset"], message);
    }
}

/// What vectors that others computed need, and what only they have.
fn features(config: &Config, reader: &mut Reader) {
    if config.head_init == HeadInit::Identity
        && (config.latent_dim.is_some() || !config.head.is_empty())
    {
        let message = format!(
            "'head_init' is identity, 'latent_dim' {} and 'head' {}: the identity has as many outputs as there are features, and one layer; nearest valid: latent_dim: null, head: []",
            config.latent_dim.write(),
            config.head.write()
        );
        conflict(reader, &["head_init", "latent_dim", "head"], message);
    }
    if let (HeadInit::Identity, Some(size)) = (&config.head_init, config.random_features) {
        let message = format!(
            "'head_init' is identity and 'random_features' {size}: the identity leaves the features as they are; nearest valid: random_features: null"
        );
        conflict(reader, &["random_features", "head_init"], message);
    }
    let DatasetChoice::Features(files) = &config.dataset else {
        return;
    };
    if !config.labels.is_empty() && config.labels.len() != files.len() {
        let message = format!(
            "'labels' has {} files and 'dataset' {}: expected a file of labels for each file of vectors",
            config.labels.len(),
            files.len()
        );
        conflict(reader, &["labels", "dataset"], message);
    }
    if !config.test_labels.is_empty() && config.test_labels.len() != config.test_features.len() {
        let message = format!(
            "'test_labels' has {} files and 'test_features' {}: expected a file of labels for each file of vectors",
            config.test_labels.len(),
            config.test_features.len()
        );
        conflict(reader, &["test_labels", "test_features"], message);
    }
    if config.arch.is_trunk() {
        let message = format!(
            "'arch' is {} and 'dataset' {}, which has vectors and no images; nearest valid: arch: linear",
            config.arch, config.dataset
        );
        conflict(reader, &["arch", "dataset"], message);
    }
    if config.freeze == Freeze::Backbone {
        let message = format!(
            "'freeze' is backbone and 'dataset' {}, which has vectors and no backbone; nearest valid: freeze: none",
            config.dataset
        );
        conflict(reader, &["freeze", "dataset"], message);
    }
}

/// What place recognition has no use for.
fn places(config: &Config, reader: &mut Reader) {
    if !config.dataset.is_place_recognition() {
        return;
    }
    if config.calibrate == Calibrate::Temperature {
        let message = format!(
            "'calibrate' is temperature and 'dataset' {}: places have no classes to vote for, hence no confidence to calibrate; nearest valid: calibrate: none",
            config.dataset
        );
        conflict(reader, &["calibrate", "dataset"], message);
    }
    if !config.pairs {
        let message = format!(
            "'pairs' is false and 'dataset' {}: a place is trained with a picture of it from the database; nearest valid: pairs: true",
            config.dataset
        );
        conflict(reader, &["pairs", "dataset"], message);
    }
}

/// What a trunk needs, and what only a trunk has.
fn network(config: &Config, reader: &mut Reader) {
    let arch = config.arch;
    if arch.is_trunk() && config.pool.is_none() {
        let message = format!(
            "'arch' is {arch} and 'pool' null: a trunk's feature map has to be pooled; nearest valid: pool: gem"
        );
        conflict(reader, &["pool", "arch"], message);
    }
    if arch.is_trunk() && !config.whitening {
        let message = format!(
            "'arch' is {arch} and 'whitening' false: the linear layer after a trunk's pooling is its head; nearest valid: whitening: true"
        );
        conflict(reader, &["whitening", "arch"], message);
    }
    if config.freeze == Freeze::Backbone && config.model == Method::DeepEnsemble {
        let message = "'freeze' is backbone and 'model' deep_ensemble, whose members have backbones of their own; nearest valid: freeze: none"
            .to_owned();
        conflict(reader, &["freeze", "model"], message);
    }
    if !arch.is_trunk() && config.pretrained == Pretrained::Torchvision {
        let message = format!(
            "'pretrained' is true and 'arch' {arch}, which torchvision has no weights of; nearest valid: pretrained: false"
        );
        conflict(reader, &["pretrained", "arch"], message);
    }
}

/// What a structure of the posterior needs of the other keys.
fn structure(config: &Config, reader: &mut Reader) {
    if !config.model.is_laplace() {
        return;
    }
    let name = config.posterior;
    if name != Posterior::Diag && !config.head.is_empty() {
        let message = format!(
            "'posterior' is {name} and 'head' {}: only diag exists for a head of several layers; nearest valid: posterior: diag",
            config.head.write()
        );
        conflict(reader, &["posterior", "head"], message);
    }
    let closed_form = matches!(name, Posterior::Diag | Posterior::Block) && config.head.is_empty();
    if config.predictive == Predictive::Analytic && !closed_form {
        let message = format!(
            "'predictive' is analytic, which exists for one linear layer with posterior diag or block, not for posterior {name} with head {}; nearest valid: predictive: sampled",
            config.head.write()
        );
        conflict(reader, &["predictive", "posterior", "head"], message);
    }
}

/// Reports a contradiction at the first of its keys that is set.
fn conflict(reader: &mut Reader, keys: &[&str], message: String) {
    if keys.iter().any(|&key| reader.broken.contains(key)) {
        return;
    }
    let place = keys
        .iter()
        .find_map(|&key| reader.raw.get(key))
        .map_or_else(|| reader.whole.clone(), |raw| raw.place.clone());
    reader.problems.push(Problem {
        place,
        fault: Fault::Conflict { message },
    });
}

fn without_effect(config: &Config, reader: &Reader, warnings: &mut Vec<Warning>) {
    let mut warn = |key: &str, reason: String| {
        if let Some(place) = place_in_sight(reader, key) {
            warnings.push(Warning {
                place,
                message: format!("'{key}' has no effect: {reason}"),
            });
        }
    };
    for (keys, methods) in ONLY_FOR {
        if !methods.contains(&config.model) {
            let names: Vec<String> = methods.iter().map(Method::to_string).collect();
            let readers = match names.as_slice() {
                [one] => format!("only {one} reads it"),
                several => format!("only {} read it", several.join(" and ")),
            };
            for key in *keys {
                warn(key, format!("{readers}, 'model' is {}", config.model));
            }
        }
    }
    if !config.model.is_laplace() {
        let unused = [
            ("predictive", config.predictive != Predictive::Sampled),
            ("uncertainty", config.uncertainty != Uncertainty::Embedding),
        ];
        for (key, _) in unused.into_iter().filter(|(_, given)| *given) {
            let reason = format!("'model' {} has no posterior over weights", config.model);
            warn(key, reason);
        }
    }
    if !config.arch.is_trunk() {
        for key in ["pool", "whitening"] {
            warn(
                key,
                format!("'arch' is {}, which has no pooling", config.arch),
            );
        }
    }
    // Released files of methods that begin with another run say both.
    let from_runs = matches!(
        config.model,
        Method::Pfe | Method::LaplacePosthoc | Method::DeepEnsemble
    );
    if config.pretrained != Pretrained::No && config.resume.is_some() && !from_runs {
        warn("pretrained", "the weights are those of 'resume'".to_owned());
    }
    if !config.dataset.is_features() {
        for key in ["labels", "test_features", "test_labels"] {
            let reason = format!(
                "'dataset' is {}, which is no file of vectors",
                config.dataset
            );
            warn(key, reason);
        }
    }
    if config.head.is_empty() {
        let reason = "'head' has no hidden layer".to_owned();
        warn("head_activation", reason);
    }
    if config.random_features.is_none() {
        let reason = "there are no 'random_features'".to_owned();
        warn("length_scale", reason);
    }
    if config.selection == Selection::Test {
        for key in ["held_out_fraction", "held_out_seed"] {
            let reason = "'selection' is test, which holds nothing out".to_owned();
            warn(key, reason);
        }
    }
}

/// Where a key was set, unless that is a configuration that states every key, as `to_yaml` writes.
fn place_in_sight(reader: &Reader, key: &str) -> Option<Place> {
    let raw = reader.raw.get(key)?;
    let complete = super::key_specs()
        .iter()
        .all(|spec| reader.raw.contains_key(spec.key));
    match raw.origin {
        Origin::File { .. } if complete => None,
        _ => Some(raw.place.clone()),
    }
}
