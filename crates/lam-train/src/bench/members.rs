//! Members of ensembles that are still to be trained.

use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, Method, Override};
use crate::members::member_overrides;
use crate::run::RunFolder;
use crate::starts::Starts;

/// The configuration of a member, beside that of its ensemble.
const MEMBER: &str = "deterministic.yaml";

/// Adds the deterministic runs that ensembles of the plan lack: with the seeds that their `seeds` names, by the
/// configuration that lies beside theirs. Where there is none, the ensemble's run says itself what it lacks.
///
/// # Errors
/// What is wrong with the members' configuration.
pub(super) fn add_members(
    loaded: &mut Vec<(PathBuf, Vec<Config>)>,
    overrides: &[Override],
) -> Result<(), ConfigError> {
    for Missing {
        file,
        seed,
        ensemble,
    } in missing(loaded)
    {
        let all = member_overrides(&ensemble, overrides, "seeds", seed);
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

/// A member that was not trained.
struct Missing {
    file: PathBuf,
    seed: u64,
    ensemble: Config,
}

fn missing(loaded: &[(PathBuf, Vec<Config>)]) -> Vec<Missing> {
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
            missing.extend(untrained.map(|seed| Missing {
                file: member.clone(),
                seed,
                ensemble: ensemble.clone(),
            }));
        }
    }
    missing
}
