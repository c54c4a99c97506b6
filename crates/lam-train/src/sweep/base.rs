//! The base configuration of a sweep, and whether the values that are searched fit it.

use std::path::{Path, PathBuf};

use super::domain::Domain;
use super::error::SweepError;
use super::spec::SweepSpec;
use crate::config::{Config, ConfigError, Fault, Override, Place, Problem};

/// The configuration that a sweep names: beside its file, or in the folders above it, where files written for a program
/// that is started elsewhere mean it.
pub(super) fn named_config(spec: &SweepSpec) -> Result<PathBuf, SweepError> {
    let Some(named) = &spec.config else {
        return Err(SweepError::NoConfig {
            path: spec.path.clone(),
        });
    };
    let here = spec.path.parent().unwrap_or(Path::new(""));
    let absolute = std::path::absolute(here).unwrap_or_else(|_| here.to_owned());
    let beside = std::iter::once(here.join(named));
    let above = absolute
        .ancestors()
        .skip(1)
        .map(|folder| folder.join(named));
    let found = beside.chain(above).find(|path| path.is_file());
    found.ok_or_else(|| SweepError::ConfigNotFound {
        config: named.clone(),
        sweep: spec.path.clone(),
    })
}

/// Tries every value of a list, and both ends of an interval, in the base configuration.
pub(super) fn check_values(
    spec: &SweepSpec,
    config: &Path,
    overrides: &[Override],
) -> Result<(), ConfigError> {
    let mut problems = Vec::new();
    for parameter in &spec.parameters {
        let coordinates = match &parameter.domain {
            Domain::Numeric(numeric) => {
                vec![numeric.nearest(numeric.min), numeric.nearest(numeric.max)]
            }
            other => other.all().unwrap_or_default(),
        };
        for coordinate in coordinates {
            let value = parameter.domain.text(coordinate);
            let mut all = overrides.to_vec();
            all.push(Override::Set(format!("{}={value}", parameter.key)));
            let Err(error) = Config::load(config, &all) else {
                continue;
            };
            // What is wrong with the value itself; combinations are tried when they come.
            for problem in error.problems {
                let is_of_value = matches!(problem.place, Place::Argument(_))
                    && matches!(problem.fault, Fault::BadValue { .. } | Fault::Syntax { .. });
                let known = problems.iter().any(|p: &Problem| p.fault == problem.fault);
                if is_of_value && !known {
                    problems.push(Problem {
                        place: Place::Line(spec.path.clone(), parameter.line),
                        fault: problem.fault,
                    });
                }
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(ConfigError { problems })
    }
}
