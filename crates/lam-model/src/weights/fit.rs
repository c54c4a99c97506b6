//! Which tensors of a file are which parameters of a backbone.

use std::collections::BTreeMap;

use super::WeightsFile;
use super::names::{Naming, foreign_name, modern_name};
use crate::backbone::Backbone;

/// The best way to read a file's tensors as a backbone's.
pub(super) struct Fit {
    /// What stands before every name.
    pub prefix: String,
    /// Our names with the file's.
    pub found: BTreeMap<String, String>,
    /// Names that the file would have to have, with shapes.
    pub missing: Vec<(String, Vec<usize>)>,
}

/// Tries every way of naming behind every prefix; the one that finds most tensors is taken.
pub(super) fn fit(
    backbone: &Backbone,
    parameters: &BTreeMap<String, Vec<usize>>,
    file: &WeightsFile,
) -> Fit {
    let theirs: BTreeMap<String, &str> = file
        .tensors()
        .map(|(name, _)| (modern_name(name), name))
        .collect();
    let mut best: Option<Fit> = None;
    for naming in Naming::ALL {
        let wanted: BTreeMap<&str, String> = parameters
            .keys()
            .filter_map(|ours| Some((ours.as_str(), foreign_name(backbone, ours, naming)?)))
            .collect();
        // Any of them may be missing, so every name may tell the prefix.
        let mut prefixes: Vec<&str> = wanted
            .values()
            .flat_map(|name| {
                theirs
                    .keys()
                    .filter_map(|key| key.strip_suffix(name.as_str()))
            })
            .filter(|prefix| prefix.is_empty() || prefix.ends_with('.'))
            .collect();
        prefixes.sort_unstable();
        prefixes.dedup();
        // None at all still tells what is missing.
        prefixes.push("");
        for prefix in prefixes {
            let candidate = with_prefix(prefix, &wanted, parameters, &theirs);
            let more = best
                .as_ref()
                .is_none_or(|b| candidate.found.len() > b.found.len());
            if more {
                best = Some(candidate);
            }
        }
    }
    best.unwrap_or(Fit {
        prefix: String::new(),
        found: BTreeMap::new(),
        missing: Vec::new(),
    })
}

fn with_prefix(
    prefix: &str,
    wanted: &BTreeMap<&str, String>,
    parameters: &BTreeMap<String, Vec<usize>>,
    theirs: &BTreeMap<String, &str>,
) -> Fit {
    let mut fit = Fit {
        prefix: prefix.to_owned(),
        found: BTreeMap::new(),
        missing: Vec::new(),
    };
    for (&ours, name) in wanted {
        let full = format!("{prefix}{name}");
        match theirs.get(&full) {
            Some(&name) => {
                fit.found.insert(ours.to_owned(), name.to_owned());
            }
            None => {
                let shape = parameters.get(ours).cloned().unwrap_or_default();
                fit.missing.push((full, shape));
            }
        }
    }
    fit
}
