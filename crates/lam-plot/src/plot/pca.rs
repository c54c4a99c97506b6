//! The two principal components of many points.

/// Most coordinates that the components are fitted to; of more points an evenly spread part is used.
const MOST_COORDINATES: usize = 4_000_000;
/// Vectors iterated together: with more than two, convergence hangs on the gap to the ninth.
const BLOCK: usize = 8;
const MOST_ITERATIONS: usize = 200;

/// Points in the plane of their two principal components.
#[derive(Debug)]
pub(crate) struct Projection {
    /// One place per point.
    pub(crate) places: Vec<(f64, f64)>,
    /// Share of the variance that each component explains; NaN without variance.
    pub(crate) explained: [f64; 2],
}

/// The plane of two principal components.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    mean: Vec<f64>,
    axes: [Vec<f64>; 2],
    explained: [f64; 2],
}

impl Plane {
    /// Fits to `points` [N, `dim`] (finite) by block power iteration with Rayleigh–Ritz on the covariance, which is
    /// never formed. The sign of each component is such that its largest weight is positive. Without variance both
    /// are zero.
    pub fn fit(points: &[f32], dim: usize) -> Self {
        let stride = points.len().div_ceil(MOST_COORDINATES).max(1);
        let rows = points.chunks_exact(dim.max(1));
        let fitted: Vec<&[f32]> = rows.step_by(stride).collect();
        let mean = mean_of(&fitted, dim);
        let total = fitted
            .iter()
            .map(|row| square_distance(row, &mean))
            .sum::<f64>()
            / fitted.len().max(1) as f64;
        let nothing = || vec![0.0; dim];
        if total <= 0.0 {
            return Self {
                axes: [nothing(), nothing()],
                mean,
                explained: [f64::NAN; 2],
            };
        }
        let (values, vectors) = leading(&fitted, &mean);
        let mut vectors = vectors.into_iter();
        let mut next = || vectors.next().unwrap_or_else(nothing);
        let axes = [next(), next()];
        let share = |i: usize| values.get(i).map_or(0.0, |v| (v / total).clamp(0.0, 1.0));
        Self {
            mean,
            axes,
            explained: [share(0), share(1)],
        }
    }

    /// Where a point [`dim`] lies in it.
    pub fn place(&self, point: &[f32]) -> (f64, f64) {
        let along = |axis: &[f64]| {
            let centred = point.iter().zip(&self.mean);
            let products = centred.zip(axis);
            products.map(|((x, m), v)| (f64::from(*x) - m) * v).sum()
        };
        (along(&self.axes[0]), along(&self.axes[1]))
    }

    /// The two directions, [`dim`] each.
    pub fn axes(&self) -> &[Vec<f64>; 2] {
        &self.axes
    }

    /// Share of the variance that each component explains; NaN without variance.
    pub fn explained(&self) -> [f64; 2] {
        self.explained
    }
}

/// Projects `points` [N, `dim`] (finite) to the plane that is fitted to them.
pub(crate) fn project(points: &[f32], dim: usize) -> Projection {
    let plane = Plane::fit(points, dim);
    let rows = points.chunks_exact(dim.max(1));
    Projection {
        places: rows.map(|row| plane.place(row)).collect(),
        explained: plane.explained,
    }
}

fn mean_of(rows: &[&[f32]], dim: usize) -> Vec<f64> {
    let mut mean = vec![0.0; dim];
    for row in rows {
        for (m, x) in mean.iter_mut().zip(*row) {
            *m += f64::from(*x);
        }
    }
    for m in &mut mean {
        *m /= rows.len().max(1) as f64;
    }
    mean
}

fn square_distance(row: &[f32], mean: &[f64]) -> f64 {
    row.iter()
        .zip(mean)
        .map(|(x, m)| (f64::from(*x) - m).powi(2))
        .sum()
}

/// The largest eigenvalues of the covariance, descending, and their vectors.
fn leading(rows: &[&[f32]], mean: &[f64]) -> (Vec<f64>, Vec<Vec<f64>>) {
    let dim = mean.len();
    let mut basis: Vec<Vec<f64>> = (0..BLOCK.min(dim))
        .map(|i| (0..dim).map(|j| noise((i * dim + j) as u64)).collect())
        .collect();
    orthonormalise(&mut basis);
    let mut values = Vec::new();
    for _ in 0..MOST_ITERATIONS {
        let images = covariance_times(rows, mean, &basis);
        let small: Vec<Vec<f64>> = basis
            .iter()
            .map(|v| images.iter().map(|w| dot(v, w)).collect())
            .collect();
        let (ritz, rotation) = symmetric_eigen(small);
        let vectors = combine(&basis, &rotation);
        let rotated = combine(&images, &rotation);
        values = ritz;
        let residual = (0..vectors.len().min(2))
            .map(|i| {
                let difference = rotated[i].iter().zip(&vectors[i]);
                difference
                    .map(|(w, v)| (w - values[i] * v).powi(2))
                    .sum::<f64>()
                    .sqrt()
            })
            .fold(0.0, f64::max);
        if residual <= 1e-9 * values[0] || basis.len() == dim {
            basis = vectors;
            break;
        }
        basis = rotated;
        orthonormalise(&mut basis);
    }
    for vector in &mut basis {
        let largest = vector
            .iter()
            .copied()
            .fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        if largest < 0.0 {
            vector.iter_mut().for_each(|v| *v = -*v);
        }
    }
    (values, basis)
}

/// Numbers in [−1, 1] that depend on the index only (SplitMix64).
pub(crate) fn noise(index: u64) -> f64 {
    (hash(index) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

/// SplitMix64.
pub(crate) fn hash(index: u64) -> u64 {
    let mut z = index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

/// Column i of the rotation as weights of the vectors, for each i.
fn combine(vectors: &[Vec<f64>], rotation: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let dim = vectors.first().map_or(0, Vec::len);
    (0..vectors.len())
        .map(|i| {
            let mut out = vec![0.0; dim];
            for (vector, weights) in vectors.iter().zip(rotation) {
                for (o, v) in out.iter_mut().zip(vector) {
                    *o += weights[i] * v;
                }
            }
            out
        })
        .collect()
}

fn covariance_times(rows: &[&[f32]], mean: &[f64], basis: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut out = vec![vec![0.0; mean.len()]; basis.len()];
    let mut centred = vec![0.0; mean.len()];
    for row in rows {
        for ((c, x), m) in centred.iter_mut().zip(*row).zip(mean) {
            *c = f64::from(*x) - m;
        }
        for (vector, image) in basis.iter().zip(&mut out) {
            let weight = dot(vector, &centred);
            for (o, c) in image.iter_mut().zip(&centred) {
                *o += weight * c;
            }
        }
    }
    let n = rows.len().max(1) as f64;
    out.iter_mut().flatten().for_each(|o| *o /= n);
    out
}

/// Gram and Schmidt, twice for accuracy. A vector that depends on the ones before becomes zero.
fn orthonormalise(vectors: &mut [Vec<f64>]) {
    for i in 0..vectors.len() {
        let (done, rest) = vectors.split_at_mut(i);
        let vector = &mut rest[0];
        let before = dot(vector, vector).sqrt();
        for _ in 0..2 {
            for other in done.iter() {
                let along = dot(vector, other);
                for (v, o) in vector.iter_mut().zip(other) {
                    *v -= along * o;
                }
            }
        }
        let norm = dot(vector, vector).sqrt();
        let scale = if norm > before * 1e-12 {
            1.0 / norm
        } else {
            0.0
        };
        vector.iter_mut().for_each(|v| *v *= scale);
    }
}

/// Eigenvalues, descending, and eigenvectors (columns) of a small symmetric matrix, by Jacobi's
/// rotations.
fn symmetric_eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut vectors: Vec<Vec<f64>> = (0..n)
        .map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect())
        .collect();
    for _ in 0..40 {
        for p in 0..n {
            for q in p + 1..n {
                if a[p][q] == 0.0 {
                    continue;
                }
                let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
                let t = theta.signum() / (theta.abs() + theta.hypot(1.0));
                let t = if theta == 0.0 { 1.0 } else { t };
                let c = 1.0 / t.hypot(1.0);
                let s = t * c;
                for row in &mut a {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
                let (head, tail) = a.split_at_mut(q);
                for (x, y) in head[p].iter_mut().zip(&mut tail[0]) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
                for row in &mut vectors {
                    (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                }
            }
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|i, j| a[*j][*j].total_cmp(&a[*i][*i]));
    let values = order.iter().map(|i| a[*i][*i]).collect();
    let sorted = vectors
        .iter()
        .map(|row| order.iter().map(|i| row[*i]).collect())
        .collect();
    (values, sorted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn eigen_of_a_known_matrix() {
        // Eigenvalues of [[2,1,0],[1,2,1],[0,1,2]]: 2 + √2, 2, 2 − √2.
        let (values, vectors) = symmetric_eigen(vec![
            vec![2.0, 1.0, 0.0],
            vec![1.0, 2.0, 1.0],
            vec![0.0, 1.0, 2.0],
        ]);
        for (found, expected) in values
            .iter()
            .zip([2.0 + 2f64.sqrt(), 2.0, 2.0 - 2f64.sqrt()])
        {
            assert!((found - expected).abs() < 1e-12);
        }
        assert!((vectors[1][0].abs() - 0.5f64.sqrt()).abs() < 1e-12);
    }

    #[test]
    fn known_axes_are_found_in_many_dimensions() {
        // Points along two hidden directions of 40 dimensions, standard deviations 3 and 2, and
        // noise of variance 0.01 in each of the 40.
        let (n, dim) = (3000, 40);
        let gauss = |i: u64| {
            (0..12)
                .map(|k| (noise(i * 12 + k) + 1.0) / 2.0)
                .sum::<f64>()
                - 6.0
        };
        let mut points = Vec::new();
        for i in 0..n {
            let (a, b) = (3.0 * gauss(i), 2.0 * gauss(i + 1_000_000));
            for j in 0..dim {
                let (u, v) = (((j % 2) * 2) as f64 - 1.0, ((j / 2 % 2) * 2) as f64 - 1.0);
                let scale = 1.0 / 40f64.sqrt();
                let own = 0.1 * gauss(i * 40 + j + 5_000_000);
                points.push((a * u * scale + b * v * scale + own + 7.0) as f32);
            }
        }
        let found = project(&points, dim as usize);
        let total = 9.0 + 4.0 + 0.4;
        assert!(
            (found.explained[0] - 9.0 / total).abs() < 0.03,
            "{:?}",
            found.explained
        );
        assert!(
            (found.explained[1] - 4.0 / total).abs() < 0.03,
            "{:?}",
            found.explained
        );
        for (i, (x, y)) in found.places.iter().enumerate().take(50) {
            let (a, b) = (3.0 * gauss(i as u64), 2.0 * gauss(i as u64 + 1_000_000));
            assert!((x.abs() - a.abs()).abs() < 0.7 && (y.abs() - b.abs()).abs() < 0.7);
        }
    }

    proptest! {
        /// In the plane the projection is a rotation: distances stay, all variance is explained.
        #[test]
        fn plane_is_only_turned(points in prop::collection::vec(-5.0f32..5.0, 6..60)) {
            let points = &points[..points.len() / 2 * 2];
            let found = project(points, 2);
            prop_assume!(!found.explained[0].is_nan());
            prop_assert!((found.explained[0] + found.explained[1] - 1.0).abs() < 1e-9);
            prop_assert!(found.explained[0] >= found.explained[1]);
            for i in 1..found.places.len() {
                let original = f64::from(points[2 * i] - points[0]).hypot(f64::from(points[2 * i + 1] - points[1]));
                let (a, b) = (found.places[i], found.places[0]);
                prop_assert!(((a.0 - b.0).hypot(a.1 - b.1) - original).abs() < 1e-4);
            }
        }

        #[test]
        fn components_are_uncorrelated_with_the_stated_variance(
            points in prop::collection::vec(-2.0f32..2.0, 120..360)
        ) {
            let points = &points[..points.len() / 12 * 12];
            let found = project(points, 12);
            let n = found.places.len() as f64;
            let (xx, yy, xy) = found.places.iter().fold((0.0, 0.0, 0.0), |s, (x, y)| {
                (s.0 + x * x / n, s.1 + y * y / n, s.2 + x * y / n)
            });
            let rows: Vec<&[f32]> = points.chunks_exact(12).collect();
            let mean = mean_of(&rows, 12);
            let total: f64 = rows.iter().map(|r| square_distance(r, &mean)).sum::<f64>() / n;
            prop_assert!((xx / total - found.explained[0]).abs() < 1e-6);
            prop_assert!((yy / total - found.explained[1]).abs() < 1e-6);
            prop_assert!(xy.abs() / total < 1e-4, "{}", xy / total);
        }
    }
}
