//! Ranges of values that may hold anything.

/// Values beyond this magnitude are treated as not finite: differences and ratios of the others
/// cannot overflow.
const LARGEST: f64 = 1e300;

/// Whether a value has a place on an axis.
pub(crate) fn drawable(value: f64) -> bool {
    value.is_finite() && value.abs() <= LARGEST
}

/// Smallest and largest drawable value; `None` if there is none.
pub(crate) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values
        .into_iter()
        .filter(|v| drawable(*v))
        .fold(None, |range, v| {
            Some(range.map_or((v, v), |(lo, hi): (f64, f64)| (lo.min(v), hi.max(v))))
        })
}

/// The value below which the share `q` of the ascending values lies, by linear interpolation.
pub(crate) fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let position = q.clamp(0.0, 1.0) * last as f64;
    let below = (position as usize).min(last);
    let above = (below + 1).min(last);
    let share = position - below as f64;
    Some(sorted[below] * (1.0 - share) + sorted[above] * share)
}

/// A range with a width above zero around the given one.
pub(crate) fn widened((lo, hi): (f64, f64)) -> (f64, f64) {
    let magnitude = lo.abs().max(hi.abs());
    if hi - lo > magnitude * 1e-9 && hi - lo > 1e-290 {
        return (lo, hi);
    }
    let pad = if magnitude > 1e-290 {
        magnitude * 0.1
    } else {
        1.0
    };
    (lo - pad, hi + pad)
}
