/// A function that never falls, fitted to outcomes: for every score the share of successes, by pooling adjacent
/// violators (Ayer et al. 1955). Between two fitted scores it is linear, beyond them constant.
#[derive(Debug, Clone, PartialEq)]
pub struct Isotonic {
    /// (score, share of successes), ascending in both.
    points: Vec<(f64, f64)>,
}

/// Scores that were pooled.
struct Pool {
    /// Σ score, Σ success, number.
    scores: f64,
    successes: f64,
    count: f64,
}

impl Isotonic {
    /// Fits to finite scores and whether each was a success. Every pool is drawn towards the overall share by one
    /// outcome, so that a pool of few is not certain. `None` if there is no finite score.
    pub fn fit(outcomes: impl IntoIterator<Item = (f64, bool)>) -> Option<Self> {
        let mut outcomes: Vec<(f64, bool)> = outcomes
            .into_iter()
            .filter(|(score, _)| score.is_finite())
            .collect();
        if outcomes.is_empty() {
            return None;
        }
        outcomes.sort_by(|a, b| a.0.total_cmp(&b.0));
        let all = outcomes.len() as f64;
        let overall = outcomes.iter().filter(|(_, success)| *success).count() as f64 / all;
        let mut pools: Vec<Pool> = Vec::new();
        for equal in outcomes.chunk_by(|a, b| a.0 == b.0) {
            let mut pool = Pool {
                scores: equal.iter().map(|(score, _)| score).sum(),
                successes: equal.iter().filter(|(_, success)| *success).count() as f64,
                count: equal.len() as f64,
            };
            while let Some(before) = pools
                .pop_if(|before| before.successes * pool.count >= pool.successes * before.count)
            {
                pool.scores += before.scores;
                pool.successes += before.successes;
                pool.count += before.count;
            }
            pools.push(pool);
        }
        let share = |pool: &Pool| (pool.successes + overall) / (pool.count + 1.0);
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(pools.len());
        for pool in &pools {
            // Small pools are drawn further than large ones, which may break the order by a little.
            let least = points.last().map_or(0.0, |(_, before)| *before);
            points.push((pool.scores / pool.count, share(pool).max(least)));
        }
        Some(Self { points })
    }

    /// The share of successes at a score, 0 to 1.
    pub fn at(&self, score: f64) -> f64 {
        let after = self.points.partition_point(|(at, _)| *at < score);
        let (Some(&right), Some(&left)) = (
            self.points.get(after).or_else(|| self.points.last()),
            self.points.get(after.saturating_sub(1)),
        ) else {
            return f64::NAN;
        };
        let width = right.0 - left.0;
        if width <= 0.0 || score <= left.0 {
            return left.1;
        }
        left.1 + (right.1 - left.1) * ((score - left.0) / width).min(1.0)
    }
}
