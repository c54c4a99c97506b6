//! What the charts with curves have in common.

use crate::axis::Panel;
use crate::figure::Figure;
use crate::layout::curve::skipped_note;
use crate::layout::{Legend, Page, Trace};
use crate::svg::tone::series_dash;
use crate::svg::{Canvas, Stroke, Tone};

/// Stroke of the i-th of several series.
pub(crate) fn series_stroke(i: usize) -> Stroke {
    Stroke::dashed(Tone::Series(i), 1.8, series_dash(i))
}

/// Stroke of reference lines.
pub(crate) fn reference_stroke() -> Stroke {
    Stroke::dashed(Tone::Axis, 1.2, "4 3")
}

/// One panel with curves and a legend.
pub(crate) struct Chart {
    pub(crate) panel: Panel,
    /// Height of the panel with its labels.
    pub(crate) height: f64,
    /// Lines behind the curves.
    pub(crate) references: Vec<Trace>,
    pub(crate) curves: Vec<Trace>,
    pub(crate) legend: Legend,
}

impl Chart {
    /// The figure; `decorate` draws labels over the curves.
    pub(crate) fn compose(
        self,
        mut page: Page,
        decorate: impl FnOnce(&mut Canvas, &Panel),
    ) -> Figure {
        let width = page.inner_width();
        let mut inner = Canvas::default();
        self.panel.draw_axes(&mut inner);
        for trace in self.references.iter().chain(&self.curves) {
            trace.draw(&mut inner);
        }
        decorate(&mut inner, &self.panel);
        if self.curves.iter().all(|trace| trace.pieces.is_empty()) {
            self.panel.draw_remark(&mut inner, "no data");
        }
        page.note(skipped_note(&self.curves));
        let all: Vec<&Trace> = self.references.iter().chain(&self.curves).collect();
        let mut drawing = Canvas::default();
        let mut above = 0.0;
        if let Some(corner) = self.legend.free_corner(self.panel.area(), &all) {
            self.legend.draw_box(&mut inner, corner);
        } else {
            above = self.legend.rows_height(width);
            self.legend.draw_rows(&mut drawing, (0.0, 0.0), width);
        }
        drawing.place((0.0, above), &inner);
        page.compose(&drawing, self.height + above)
    }
}
