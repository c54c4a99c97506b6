//! From a file to an encoder.

use std::collections::BTreeMap;

use super::fit::{Fit, fit};
use super::{WeightsError, WeightsFile};
use crate::backbone::Backbone;
use crate::state::shapes;
use crate::{Encoder, StateDict, load_state, state_dict};

/// Prefix of the backbone's parameters.
const BACKBONE: &str = "backbone.";
/// Parameters that a classifier's file may lack.
const POOL: &str = "backbone.pool.";
const HEAD_MAP: &str = "head.random_features.";
const HEAD: [&str; 2] = ["head.weight", "head.bias"];

/// What a file had besides a backbone's layers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// Parameters of the pooling.
    pub pool: bool,
    /// The head.
    pub head: bool,
}

/// `encoder` with the weights of `file`: a classifier's (its last layers are left out), or a whole encoder's, with the
/// exponent of its pooling and its linear layer, under whatever prefix.
///
/// # Errors
/// [`WeightsError::Mismatch`] lists what is missing, unexpected or misshapen; what reading a tensor can run into.
pub fn load(encoder: Encoder, file: &WeightsFile) -> Result<(Encoder, Taken), WeightsError> {
    let parameters = shapes(&encoder);
    let in_backbone: BTreeMap<String, Vec<usize>> = parameters
        .iter()
        .filter_map(|(name, shape)| Some((name.strip_prefix(BACKBONE)?.to_owned(), shape.clone())))
        .collect();
    let Fit {
        prefix,
        found,
        missing,
    } = fit(&encoder.backbone, &in_backbone, file);
    let mut problems: Vec<String> = missing
        .iter()
        .map(|(name, shape)| format!("missing tensor {name} {shape:?}"))
        .collect();
    let mut chosen: BTreeMap<String, String> = found
        .into_iter()
        .map(|(ours, theirs)| (format!("{BACKBONE}{ours}"), theirs))
        .collect();

    let claimed: Vec<String> = chosen.values().cloned().collect();
    let rest: Vec<&str> = file
        .tensors()
        .map(|(name, _)| name)
        .filter(|name| !claimed.iter().any(|c| c == name))
        .filter(|name| !is_left_out(name, &prefix))
        .collect();
    let beyond = beyond_backbone(&encoder.backbone, &rest, &parameters);
    let mut taken = Taken {
        pool: false,
        head: false,
    };
    for name in rest {
        match beyond.get(name) {
            Some(ours) => {
                taken.pool |= ours.starts_with(POOL);
                taken.head |= HEAD.contains(&ours.as_str());
                chosen.insert(ours.clone(), name.to_owned());
            }
            None => problems.push(format!("unexpected tensor {name}")),
        }
    }
    if taken.head {
        let lacking = HEAD.iter().filter(|name| !chosen.contains_key(**name));
        problems.extend(lacking.map(|name| format!("missing tensor of {name}")));
    }

    let mut state: StateDict = state_dict(&encoder);
    for (ours, theirs) in &chosen {
        let (Some(want), Some(have)) = (parameters.get(ours), file.shape(theirs)) else {
            continue;
        };
        if want == have {
            if problems.is_empty() {
                state.insert(ours.clone(), file.read(theirs)?);
            }
        } else {
            problems.push(format!("{theirs} has shape {have:?}, expected {want:?}"));
        }
    }
    let mismatch = |problems| WeightsError::Mismatch {
        path: file.path().to_owned(),
        what: "the encoder".to_owned(),
        problems,
    };
    if !problems.is_empty() {
        return Err(mismatch(problems));
    }
    let encoder = load_state(encoder, &state).map_err(|e| mismatch(vec![e.to_string()]))?;
    Ok((encoder, taken))
}

/// Tensors that are no weights, the last layers of a classifier, and what our checkpoints have besides an encoder.
fn is_left_out(name: &str, prefix: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or_default();
    let below = name.strip_prefix(prefix).unwrap_or(name);
    last == "num_batches_tracked"
        || ["fc.", "classifier."]
            .into_iter()
            .any(|layer| below.starts_with(layer))
        || ["curvature.", "posterior.", "optimizer"]
            .into_iter()
            .any(|part| name.starts_with(part))
}

/// Our names of a file's tensors that belong to pooling and head, by what the released LAM code and
/// cnnimageretrieval-pytorch call them: `pool.0.p`, `pool.p`; `linear.0.weight`, `linear.0.1.weight` behind a dropout,
/// `whiten.weight`; or as we do.
fn beyond_backbone(
    backbone: &Backbone,
    names: &[&str],
    parameters: &BTreeMap<String, Vec<usize>>,
) -> BTreeMap<String, String> {
    let mut ours = BTreeMap::new();
    let exponent = parameters.keys().find(|name| is_exponent(name));
    for &name in names {
        let parts: Vec<&str> = name.split('.').collect();
        let within = |layer: &str| parts.contains(&layer);
        let last = parts.last().copied().unwrap_or_default();
        let pooled = matches!(backbone, Backbone::Retrieval(_)) && within("pool");
        let parameter = match last {
            "p" | "exponent" if pooled => exponent.cloned(),
            "weight" | "bias" if pooled && within("whiten") => {
                let regional = format!("{POOL}whiten.{last}");
                parameters.contains_key(&regional).then_some(regional)
            }
            "weight" | "bias" if ["linear", "whiten", "head"].into_iter().any(within) => {
                Some(format!("head.{last}"))
            }
            "projection" | "phase" if within("random_features") => {
                let map = format!("{HEAD_MAP}{last}");
                parameters.contains_key(&map).then_some(map)
            }
            _ => None,
        };
        if let Some(parameter) = parameter {
            ours.insert(name.to_owned(), parameter);
        }
    }
    ours
}

fn is_exponent(ours: &str) -> bool {
    ours.starts_with(POOL) && ours.ends_with("exponent")
}
