//! Fewer points for the same line.

/// Points nearer than this to the last one kept say nothing that a reader could see.
const STEP: f64 = 0.15;
/// Largest distance between the line and its simplification.
const TOLERANCE: f64 = 0.1;

/// The line with at most [`STEP`] + [`TOLERANCE`] units of difference; first and last point stay.
/// Radial decimation, then Douglas and Peucker's algorithm without recursion.
pub(crate) fn simplify(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let thinned = thin(points);
    let Some(last) = thinned.len().checked_sub(1) else {
        return thinned;
    };
    let mut keep = vec![false; thinned.len()];
    keep[0] = true;
    keep[last] = true;
    let mut open = vec![(0, last)];
    while let Some((from, to)) = open.pop() {
        let farthest = (from + 1..to)
            .map(|i| (i, distance(thinned[i], thinned[from], thinned[to])))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        if let Some((middle, far)) = farthest
            && far > TOLERANCE
        {
            keep[middle] = true;
            open.push((from, middle));
            open.push((middle, to));
        }
    }
    thinned
        .into_iter()
        .zip(keep)
        .filter_map(|(point, kept)| kept.then_some(point))
        .collect()
}

fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut out: Vec<(f64, f64)> = Vec::new();
    for (i, &point) in points.iter().enumerate() {
        let near = out
            .last()
            .is_some_and(|kept| (kept.0 - point.0).hypot(kept.1 - point.1) < STEP);
        if near && i + 1 == points.len() && out.len() > 1 {
            out.pop();
        }
        if !near || i + 1 == points.len() {
            out.push(point);
        }
    }
    out
}

/// Distance of `p` from the segment `a`–`b`.
fn distance(p: (f64, f64), a: (f64, f64), b: (f64, f64)) -> f64 {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let length = dx * dx + dy * dy;
    let t = if length > 0.0 {
        (((p.0 - a.0) * dx + (p.1 - a.1) * dy) / length).clamp(0.0, 1.0)
    } else {
        0.0
    };
    (p.0 - a.0 - t * dx).hypot(p.1 - a.1 - t * dy)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_straight_line_needs_two_points() {
        let line: Vec<_> = (0..1000)
            .map(|i| (f64::from(i) * 0.4, f64::from(i) * 0.2))
            .collect();
        assert_eq!(simplify(&line), [line[0], line[999]]);
        assert_eq!(simplify(&[]), []);
        assert_eq!(simplify(&[(1.0, 2.0)]), [(1.0, 2.0)]);
    }

    proptest! {
        #[test]
        fn no_point_is_far_from_the_simplified_line(
            points in prop::collection::vec((0.0f64..50.0, 0.0f64..50.0), 2..80)
        ) {
            let simple = simplify(&points);
            prop_assert_eq!(simple[0], points[0]);
            prop_assert_eq!(simple[simple.len() - 1], points[points.len() - 1]);
            for &p in &points {
                let nearest = simple
                    .windows(2)
                    .map(|w| distance(p, w[0], w[1]))
                    .fold(f64::INFINITY, f64::min);
                prop_assert!(nearest <= 2.0 * STEP + TOLERANCE, "{nearest}");
            }
        }
    }
}
