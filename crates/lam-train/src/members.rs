//! How the members of an ensemble are configured.

use crate::config::{Config, Origin, Override};

/// Keys that an ensemble has for itself and its members do not share.
const OF_THE_ENSEMBLE: [&str; 5] = ["model", "resume", "seeds", "seed", "train"];

/// What is set beside the file of a member: what was set for its ensemble, all but what only an ensemble has; the member's own
/// seed; and the choice of held-out images, where the ensemble makes one. `by` names the flag that asks for the member.
pub fn member_overrides(
    ensemble: &Config,
    set: &[Override],
    by: &'static str,
    seed: u64,
) -> Vec<Override> {
    let shared = set
        .iter()
        .filter(|one| !OF_THE_ENSEMBLE.contains(&one.key()));
    let mut overrides: Vec<Override> = shared.cloned().collect();
    if ensemble.origin("held_out_seed") != Origin::Default {
        let held_out_seed = ensemble.held_out_seed;
        overrides.push(Override::flag(by, "held_out_seed", &held_out_seed));
    }
    overrides.push(Override::flag(by, "seed", &seed));
    overrides
}
