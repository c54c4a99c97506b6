//! The best trial of a sweep.

use super::run::Sweep;
use super::trials::{Trial, TrialState};
use crate::config::ConfigError;

/// The file of the best configuration: everything that it says, and where it comes from.
pub(super) fn best_yaml(sweep: &Sweep, best: &Trial) -> Result<String, ConfigError> {
    let config = sweep.trial_config(&best.values)?;
    let mut out = format!(
        "# The best of a sweep: {} {} on held-out images, trial {} of {}.\n",
        sweep.spec.metric,
        best.value.unwrap_or(f64::NAN),
        best.index,
        sweep.spec.path.display(),
    );
    for (key, value) in &best.values {
        out.push_str(&format!("# found: {key}: {value}\n"));
    }
    out.push('\n');
    out.push_str(&config.to_yaml());
    Ok(out)
}

/// The best of the trials with a value; the earliest of equals.
pub(super) fn best_of<'a>(sweep: &Sweep, trials: &'a [Trial]) -> Option<&'a Trial> {
    let mut best: Option<(&Trial, f64)> = None;
    for trial in trials {
        // A trial that was ended early has no final value to be compared.
        let value = match (trial.state, trial.value) {
            (TrialState::Complete, Some(value)) => value,
            _ => continue,
        };
        if best.is_none_or(|(_, found)| sweep.spec.goal.better(value, found)) {
            best = Some((trial, value));
        }
    }
    best.map(|(trial, _)| trial)
}
