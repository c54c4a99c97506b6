//! Curves over panels.

use crate::axis::{Panel, drawable};
use crate::svg::{Canvas, Stroke};

use super::simplify::simplify;

/// One curve in the units of the axes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Curve<'a> {
    pub(crate) x: &'a [f64],
    pub(crate) y: &'a [f64],
    pub(crate) stroke: Stroke,
}

/// A curve as drawn: connected pieces in units of the figure.
#[derive(Clone, Debug)]
pub(crate) struct Trace {
    pub(crate) pieces: Vec<Vec<(f64, f64)>>,
    pub(crate) stroke: Stroke,
    /// Points without a place (NaN, infinite), at which the curve is interrupted.
    pub(crate) skipped: usize,
}

impl Curve<'_> {
    /// Places of the points in the panel.
    pub(crate) fn trace(&self, panel: &Panel) -> Trace {
        let mut pieces = Vec::new();
        let mut piece = Vec::new();
        let mut skipped = 0;
        for (&x, &y) in self.x.iter().zip(self.y) {
            if drawable(x) && drawable(y) {
                piece.push(panel.place(x, y));
                continue;
            }
            skipped += 1;
            if !piece.is_empty() {
                pieces.push(simplify(&std::mem::take(&mut piece)));
            }
        }
        if !piece.is_empty() {
            pieces.push(simplify(&piece));
        }
        Trace {
            pieces,
            stroke: self.stroke,
            skipped,
        }
    }
}

impl Trace {
    /// A straight line between two points of the panel.
    pub(crate) fn line(from: (f64, f64), to: (f64, f64), stroke: Stroke) -> Self {
        Self {
            pieces: vec![vec![from, to]],
            stroke,
            skipped: 0,
        }
    }

    /// Lines, and a dot for every piece of a single point.
    pub(crate) fn draw(&self, canvas: &mut Canvas) {
        for piece in &self.pieces {
            match piece.as_slice() {
                [point] => canvas.circle(*point, self.stroke.width + 1.0, self.stroke.tone, 1.0),
                [a, b] if (a.0 - b.0).hypot(a.1 - b.1) < 1.0 => {
                    canvas.circle(*a, self.stroke.width + 1.0, self.stroke.tone, 1.0);
                }
                points => canvas.polyline(points, self.stroke),
            }
        }
    }

    /// Last point drawn.
    pub(crate) fn end(&self) -> Option<(f64, f64)> {
        self.pieces.last()?.last().copied()
    }
}

/// A note on points that have no place, empty if there are none.
pub(crate) fn skipped_note(traces: &[Trace]) -> String {
    match traces.iter().map(|t| t.skipped).sum() {
        0 => String::new(),
        1 => "One point is not a finite number and is left out.".to_owned(),
        n => format!("{n} points are not finite numbers and are left out."),
    }
}
