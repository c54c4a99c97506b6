//! The unit sphere seen from afar (orthographic projection).

use crate::svg::{Canvas, Stroke, Tone};

/// A direction of view: three orthonormal vectors.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View {
    right: [f64; 3],
    up: [f64; 3],
    toward: [f64; 3],
}

fn dot(a: [f64; 3], b: [f64; 3]) -> f64 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

impl View {
    /// From azimuth 35°, elevation 22°: no axis hides another.
    pub(crate) fn front() -> Self {
        Self::from_angles(35f64.to_radians(), 22f64.to_radians())
    }

    /// From the opposite point.
    pub(crate) fn back() -> Self {
        Self::from_angles(215f64.to_radians(), -22f64.to_radians())
    }

    fn from_angles(azimuth: f64, elevation: f64) -> Self {
        let (sin_a, cos_a) = azimuth.sin_cos();
        let (sin_e, cos_e) = elevation.sin_cos();
        Self {
            right: [-sin_a, cos_a, 0.0],
            up: [-sin_e * cos_a, -sin_e * sin_a, cos_e],
            toward: [cos_e * cos_a, cos_e * sin_a, sin_e],
        }
    }

    /// Place of a unit vector on the disc of radius 1, y down; `None` on the far side.
    pub(crate) fn place(&self, point: [f64; 3]) -> Option<(f64, f64)> {
        (dot(point, self.toward) >= 0.0).then(|| (dot(point, self.right), -dot(point, self.up)))
    }

    /// Disc, meridians and parallels every 30°, outline.
    pub(crate) fn draw_globe(&self, canvas: &mut Canvas, (cx, cy): (f64, f64), radius: f64) {
        canvas.circle((cx, cy), radius, Tone::Wash, 1.0);
        let line = Stroke::solid(Tone::Grid, 1.0);
        let mut draw = |curve: &dyn Fn(f64) -> [f64; 3], turns: (f64, f64)| {
            let mut piece = Vec::new();
            for i in 0..=120 {
                let t = turns.0 + (turns.1 - turns.0) * f64::from(i) / 120.0;
                match self.place(curve(t)) {
                    Some((x, y)) => piece.push((cx + x * radius, cy + y * radius)),
                    None => canvas.polyline(&std::mem::take(&mut piece), line),
                }
            }
            canvas.polyline(&piece, line);
        };
        let half = std::f64::consts::PI;
        for k in 0..12 {
            let longitude = f64::from(k) * half / 6.0;
            let meridian = |latitude: f64| {
                [
                    latitude.cos() * longitude.cos(),
                    latitude.cos() * longitude.sin(),
                    latitude.sin(),
                ]
            };
            draw(&meridian, (-half / 2.0, half / 2.0));
        }
        for k in -2..=2 {
            let latitude = f64::from(k) * half / 6.0;
            let parallel = |longitude: f64| {
                [
                    latitude.cos() * longitude.cos(),
                    latitude.cos() * longitude.sin(),
                    latitude.sin(),
                ]
            };
            draw(&parallel, (0.0, 2.0 * half));
        }
        canvas.ring((cx, cy), radius, Stroke::solid(Tone::Axis, 1.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_point_is_on_one_side(
            x in -1.0f64..1.0, y in -1.0f64..1.0, z in -1.0f64..1.0
        ) {
            let norm = (x * x + y * y + z * z).sqrt();
            prop_assume!(norm > 0.1);
            let point = [x / norm, y / norm, z / norm];
            let (front, back) = (View::front().place(point), View::back().place(point));
            prop_assert!(front.is_some() != back.is_some() || front == back);
            for (u, v) in front.into_iter().chain(back) {
                prop_assert!(u.hypot(v) <= 1.0 + 1e-12);
            }
        }
    }

    #[test]
    fn views_are_orthonormal() {
        for view in [View::front(), View::back()] {
            for (a, b, expected) in [
                (view.right, view.up, 0.0),
                (view.right, view.toward, 0.0),
                (view.up, view.toward, 0.0),
                (view.right, view.right, 1.0),
                (view.up, view.up, 1.0),
                (view.toward, view.toward, 1.0),
            ] {
                assert!((dot(a, b) - expected).abs() < 1e-12);
            }
        }
        let (front, back) = (View::front().toward, View::back().toward);
        assert!((dot(front, back) + 1.0).abs() < 1e-12);
    }
}
