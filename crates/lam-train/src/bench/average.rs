//! The curves of several seeds as one.

use crate::run::{ConfidenceBin, Line, RunCurves};

/// Points of a mean curve.
const POINTS: usize = 200;

/// The mean of the curves of several runs: heights at equal places, and confidence bins of all images together. A
/// single run's curves stay as they are; a curve that only some runs have is the mean of those.
pub fn average_curves(runs: &[RunCurves]) -> RunCurves {
    if let [only] = runs {
        return only.clone();
    }
    let lines = |pick: fn(&RunCurves) -> Option<&Line>| -> Option<Line> {
        let found: Vec<&Line> = runs.iter().filter_map(pick).collect();
        mean_line(&found)
    };
    let prevalences: Vec<f64> = runs.iter().filter_map(|run| run.prevalence).collect();
    let bins: Vec<&Vec<ConfidenceBin>> = runs
        .iter()
        .filter_map(|run| run.calibration.as_ref())
        .collect();
    RunCurves {
        roc: lines(|run| run.roc.as_ref()),
        precision_recall: lines(|run| run.precision_recall.as_ref()),
        prevalence: (!prevalences.is_empty())
            .then(|| prevalences.iter().sum::<f64>() / prevalences.len() as f64),
        sparsification: lines(|run| run.sparsification.as_ref()),
        calibration: (!bins.is_empty()).then(|| pooled(&bins)),
        ..RunCurves::default()
    }
}

fn mean_line(lines: &[&Line]) -> Option<Line> {
    let first = lines.first()?;
    // Sparsification has the same places in every run; others get places of their own, denser at the left, where ROC
    // curves rise.
    let x: Vec<f64> = if lines.iter().all(|line| line.x == first.x) {
        first.x.clone()
    } else {
        let ends = lines.iter().flat_map(|line| line.x.last().copied());
        let end = ends.fold(f64::NEG_INFINITY, f64::max);
        let starts = lines.iter().flat_map(|line| line.x.first().copied());
        let start = starts.fold(f64::INFINITY, f64::min);
        (0..=POINTS)
            .map(|i| {
                let share = i as f64 / POINTS as f64;
                start + (end - start) * share * share
            })
            .collect()
    };
    let share = 1.0 / lines.len() as f64;
    let y = x
        .iter()
        .map(|&x| lines.iter().map(|line| share * height(line, x)).sum())
        .collect();
    Some(Line { x, y })
}

/// The height of a curve at `x`, on the straight line between two points. Where the curve rises or falls upright, its
/// end; beyond its ends, the nearer one.
fn height(line: &Line, x: f64) -> f64 {
    let after = line.x.partition_point(|&place| place <= x);
    let at = |i: usize| (line.x.get(i).copied(), line.y.get(i).copied());
    match (after.checked_sub(1).map(at), at(after)) {
        (Some((Some(x0), Some(y0))), (Some(x1), Some(y1))) => {
            y0 + (y1 - y0) * ((x - x0) / (x1 - x0))
        }
        (Some((_, Some(y0))), _) => y0,
        (_, (_, Some(y1))) => y1,
        _ => f64::NAN,
    }
}

fn pooled(runs: &[&Vec<ConfidenceBin>]) -> Vec<ConfidenceBin> {
    let count = runs.iter().map(|bins| bins.len()).max().unwrap_or(0);
    (0..count)
        .map(|i| {
            let bins = runs.iter().filter_map(|bins| bins.get(i));
            let total: u64 = bins.clone().map(|bin| bin.count).sum();
            let mean = |value: fn(&ConfidenceBin) -> f64| {
                let sum: f64 = bins.clone().map(|bin| bin.count as f64 * value(bin)).sum();
                if total > 0 { sum / total as f64 } else { 0.0 }
            };
            ConfidenceBin {
                count: total,
                confidence: mean(|bin| bin.confidence),
                accuracy: mean(|bin| bin.accuracy),
            }
        })
        .collect()
}
