//! Which runs a comparison consists of, and in which order they can be made.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use super::BenchError;
use super::members::add_members;
use crate::config::{Config, ConfigError, Override, Warning};
use crate::run::{RunError, RunFolder, RunState};

/// A configuration of the comparison.
#[derive(Clone, Debug)]
pub struct PlannedConfig {
    /// Its name in tables: the stem of its file, with the data set where several are compared.
    pub label: String,
    /// The stem of its file.
    pub name: String,
    /// Its file.
    pub file: PathBuf,
    /// Configurations whose runs this one starts from, by index in the plan; all of them stand before it.
    pub starts_from: Vec<usize>,
    /// As resolved for the first seed.
    pub config: Config,
}

/// One run.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    /// Index of its configuration in the plan.
    pub of: usize,
    /// Its seed.
    pub seed: u64,
    /// Its configuration with the seed.
    pub config: Config,
    /// Its folder.
    pub folder: PathBuf,
}

/// Configurations and runs, in the order in which they can be made.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The configurations.
    pub configs: Vec<PlannedConfig>,
    /// Their runs, those of one configuration together.
    pub runs: Vec<PlannedRun>,
    /// The seeds.
    pub seeds: Vec<u64>,
}

impl Plan {
    /// Reads every file with every seed. A configuration that starts from another one's runs (`resume` is their
    /// folder) comes after it; otherwise the order is that of the files. Members of an ensemble that are not trained are added.
    ///
    /// # Errors
    /// All that is wrong with the files; two that share a run folder.
    pub fn load(
        files: &[PathBuf],
        overrides: &[Override],
        seeds: &[u64],
    ) -> Result<(Self, Vec<Warning>), BenchError> {
        let mut problems = Vec::new();
        let mut warnings = Vec::new();
        let mut loaded: Vec<(PathBuf, Vec<Config>)> = Vec::new();
        for file in files {
            let mut configs = Vec::new();
            for (i, seed) in seeds.iter().enumerate() {
                let mut all = overrides.to_vec();
                all.push(Override::flag("--seeds", "seed", seed));
                match Config::load(file, &all) {
                    Ok(one) => {
                        if i == 0 {
                            warnings.extend(one.warnings);
                        }
                        configs.push(one.config);
                    }
                    Err(error) => {
                        problems.extend(error.problems);
                        break;
                    }
                }
            }
            loaded.push((file.clone(), configs));
        }
        if !problems.is_empty() {
            return Err(ConfigError { problems }.into());
        }
        add_members(&mut loaded, overrides)?;
        Ok((Self::of(loaded, seeds)?, warnings))
    }

    fn of(loaded: Vec<(PathBuf, Vec<Config>)>, seeds: &[u64]) -> Result<Self, BenchError> {
        let loaded: Vec<Candidate> = loaded.into_iter().filter_map(Candidate::of).collect();
        let mut taken: BTreeMap<PathBuf, &Path> = BTreeMap::new();
        for candidate in &loaded {
            let folder = candidate.runs_folder();
            if let Some(first) = taken.insert(normal(&folder), &candidate.file) {
                return Err(BenchError::SameFolder {
                    first: first.to_owned(),
                    second: candidate.file.clone(),
                    folder,
                });
            }
        }
        let several = loaded
            .iter()
            .any(|one| one.first().dataset != loaded[0].first().dataset);
        let before: Vec<Vec<usize>> = loaded
            .iter()
            .map(|one| {
                (0..loaded.len())
                    .filter(|&other| one.starts_from(&loaded[other]))
                    .collect()
            })
            .collect();
        let order = sorted(&before);
        let mut plan = Self {
            seeds: seeds.to_vec(),
            ..Self::default()
        };
        for (index, &candidate) in order.iter().enumerate() {
            let one = &loaded[candidate];
            let place = |other: &usize| order.iter().position(|at| at == other);
            plan.configs.push(PlannedConfig {
                label: if several {
                    format!("{} ({})", one.name, one.first().dataset)
                } else {
                    one.name.clone()
                },
                name: one.name.clone(),
                file: one.file.clone(),
                starts_from: before[candidate]
                    .iter()
                    .filter_map(place)
                    .filter(|&other| other < index)
                    .collect(),
                config: one.first().clone(),
            });
            plan.runs
                .extend(one.configs.iter().map(|config| PlannedRun {
                    of: index,
                    seed: config.seed,
                    folder: RunFolder::path_for(config, &one.name),
                    config: config.clone(),
                }));
        }
        Ok(plan)
    }

    /// The configuration of a run.
    pub fn config_of(&self, run: &PlannedRun) -> &PlannedConfig {
        &self.configs[run.of]
    }
}

/// What the folder of a run holds.
///
/// # Errors
/// It holds a run of another configuration, or its record cannot be read.
pub fn look(run: &PlannedRun) -> Result<RunState, RunError> {
    RunFolder::look(&run.folder, &run.config)
}

/// A configuration with all seeds, at least one.
struct Candidate {
    name: String,
    file: PathBuf,
    configs: Vec<Config>,
}

impl Candidate {
    fn of((file, configs): (PathBuf, Vec<Config>)) -> Option<Self> {
        let stem = file.file_stem().unwrap_or_default();
        let name = stem.to_string_lossy().into_owned();
        (!configs.is_empty()).then_some(Self {
            name,
            file,
            configs,
        })
    }

    fn first(&self) -> &Config {
        &self.configs[0]
    }

    /// The folder of the runs of all seeds.
    fn runs_folder(&self) -> PathBuf {
        let run = RunFolder::path_for(self.first(), &self.name);
        run.parent().map(Path::to_owned).unwrap_or(run)
    }

    /// Whether this one begins with the other's runs: `resume` names their folder or one of them, or has the last part
    /// that their folder has, which stands for it where `resume` itself is not there.
    fn starts_from(&self, other: &Self) -> bool {
        let Some(resume) = self.first().resume.as_deref() else {
            return false;
        };
        let runs = normal(&other.runs_folder());
        let own = RunFolder::path_for(self.first(), &last_part(resume));
        let stand_in = own.parent().map(normal);
        self.file != other.file && (normal(resume).starts_with(&runs) || stand_in == Some(runs))
    }
}

fn last_part(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// An absolute path without `.` and `..`, as far as that can be said without looking.
fn normal(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut out = PathBuf::new();
    for part in absolute.components() {
        match part {
            Component::ParentDir => {
                out.pop();
            }
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// Indices such that those in `before[i]` come before `i`, otherwise in their order. What a circle holds back comes
/// last, in its order: its runs say themselves what they lack.
fn sorted(before: &[Vec<usize>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    loop {
        let next = (0..before.len())
            .find(|i| !order.contains(i) && before[*i].iter().all(|needed| order.contains(needed)));
        match next {
            Some(next) => order.push(next),
            None => break,
        }
    }
    let rest: Vec<usize> = (0..before.len()).filter(|i| !order.contains(i)).collect();
    order.extend(rest);
    order
}

#[cfg(test)]
mod tests {
    use super::sorted;

    #[test]
    fn what_is_needed_comes_first_and_the_rest_keeps_its_order() {
        assert_eq!(sorted(&[vec![], vec![], vec![]]), [0, 1, 2]);
        assert_eq!(sorted(&[vec![2], vec![], vec![]]), [1, 2, 0]);
        assert_eq!(sorted(&[vec![1], vec![2], vec![]]), [2, 1, 0]);
        assert_eq!(sorted(&[vec![1], vec![0], vec![]]), [2, 0, 1]);
    }
}
