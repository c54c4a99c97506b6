//! Members of ensembles that are still to be trained.

use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, Method, Override};
use crate::run::RunFolder;
use crate::starts::Starts;

/// The configuration of a member, beside that of its ensemble.
const MEMBER: &str = "deterministic.yaml";

/// Keys that an ensemble has for itself and its members do not share.
const OF_THE_ENSEMBLE: [&str; 5] = ["model", "resume", "seeds", "seed", "train"];

/// Adds the deterministic runs that ensembles of the plan lack: with the seeds that their `seeds` names, by the
/// configuration that lies beside theirs. Where there is none, the ensemble's run says itself what it lacks.
///
/// # Errors
/// What is wrong with the members' configuration.
pub(super) fn add_members(
    loaded: &mut Vec<(PathBuf, Vec<Config>)>,
    overrides: &[Override],
) -> Result<(), ConfigError> {
    let mut shared = overrides.to_vec();
    shared.retain(|one| !OF_THE_ENSEMBLE.contains(&one.key()));
    for (file, seed) in missing(loaded) {
        let mut all = shared.clone();
        all.push(Override::flag("seeds", "seed", &seed));
        let config = Config::load(&file, &all)?.config;
        match loaded.iter_mut().find(|(known, _)| *known == file) {
            Some((_, configs)) if configs.iter().any(|known| known.seed == seed) => {}
            Some((_, configs)) => configs.push(config),
            // First, whether or not the ensemble names them in `resume`.
            None => loaded.insert(0, (file, vec![config])),
        }
    }
    Ok(())
}

/// Files and seeds of members that were not trained.
fn missing(loaded: &[(PathBuf, Vec<Config>)]) -> Vec<(PathBuf, u64)> {
    let mut missing = Vec::new();
    for (file, configs) in loaded {
        let Some(ensemble) = configs
            .first()
            .filter(|one| one.model == Method::DeepEnsemble)
        else {
            continue;
        };
        let (starts, member) = (Starts::new(ensemble), file.with_file_name(MEMBER));
        let name = Path::new(MEMBER).file_stem().unwrap_or_default();
        let runs = RunFolder::path_for(ensemble, &name.to_string_lossy());
        // Elsewhere the ensemble would not find them.
        let is_found_there = runs.parent() == Some(starts.folder().as_path());
        if member.is_file() && is_found_there {
            let seeds = ensemble.seeds.iter().flatten().copied();
            let untrained = seeds.filter(|&seed| !starts.exists(seed));
            missing.extend(untrained.map(|seed| (member.clone(), seed)));
        }
    }
    missing
}
