//! Lists of seeds as given on the command line.

/// More seeds than anyone runs: a typing error.
const MOST: u64 = 10_000;

/// A list of seeds that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{text}' is no list of seeds ({reason}): expected 1..5 (from 1 to 5, 5 included) or 1,2,7"
)]
pub struct SeedError {
    /// What was given.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads `1..5` and `1..=5` (both with 5), `1,2,7`, and mixtures. Seeds keep their order.
///
/// # Errors
/// Something that is no seed, an empty range, a seed that stands twice.
pub fn parse_seeds(text: &str) -> Result<Vec<u64>, SeedError> {
    let failed = |reason: String| SeedError {
        text: text.chars().take(60).collect(),
        reason,
    };
    let number = |word: &str| {
        word.trim()
            .parse::<u64>()
            .map_err(|_| failed(format!("'{}' is no seed", word.trim())))
    };
    let mut seeds = Vec::new();
    for part in text.split(',') {
        let (first, last) = match part.split_once("..") {
            Some((first, last)) => (
                number(first)?,
                number(last.strip_prefix('=').unwrap_or(last))?,
            ),
            None => (number(part)?, number(part)?),
        };
        if first > last {
            return Err(failed(format!("{first} lies after {last}")));
        }
        if last - first >= MOST {
            return Err(failed(format!("more than {MOST} seeds")));
        }
        for seed in first..=last {
            if seeds.contains(&seed) {
                return Err(failed(format!("{seed} stands twice")));
            }
            seeds.push(seed);
        }
    }
    Ok(seeds)
}
