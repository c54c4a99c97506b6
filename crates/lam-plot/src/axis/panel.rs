//! A rectangle with two axes.

use crate::svg::font::{fit_text, text_width};
use crate::svg::{Anchor, Canvas, Stroke, Text, Tone, Weight};

use super::Axis;
use super::ticks::Tick;

const TICK_SIZE: f64 = 11.0;
const LABEL_SIZE: f64 = 12.0;
const TICK_LENGTH: f64 = 4.0;

/// Space around the plotting area.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Insets {
    pub(crate) left: f64,
    pub(crate) right: f64,
    pub(crate) top: f64,
    pub(crate) bottom: f64,
}

/// A plotting area and its axes.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) width: f64,
    pub(crate) height: f64,
    pub(crate) x_axis: Axis,
    pub(crate) y_axis: Axis,
}

impl Panel {
    /// Space that tick labels and axis titles need.
    pub(crate) fn insets(x_axis: &Axis, y_axis: &Axis) -> Insets {
        let width = |tick: &Tick| text_width(&tick.label, TICK_SIZE, Weight::Regular);
        let y_labels = y_axis.ticks.iter().map(width).fold(0.0, f64::max);
        let first_x = x_axis.ticks.first().map_or(0.0, width);
        let last_x = x_axis.ticks.last().map_or(0.0, width);
        let title = |axis: &Axis, space: f64| if axis.label.is_empty() { 0.0 } else { space };
        Insets {
            left: (y_labels + TICK_LENGTH + 5.0 + title(y_axis, LABEL_SIZE + 8.0))
                .max(first_x / 2.0 + 1.0)
                .max(12.0),
            right: (last_x / 2.0 + 1.0).max(8.0),
            top: 8.0,
            bottom: TICK_LENGTH + TICK_SIZE + 6.0 + title(x_axis, LABEL_SIZE + 6.0),
        }
    }

    /// A panel that fills `outer` = [x, y, width, height], labels included.
    pub(crate) fn fill(outer: [f64; 4], x_axis: Axis, y_axis: Axis) -> Self {
        let insets = Self::insets(&x_axis, &y_axis);
        let [x, y, width, height] = outer;
        Self {
            x: x + insets.left,
            y: y + insets.top,
            width: (width - insets.left - insets.right).max(10.0),
            height: (height - insets.top - insets.bottom).max(10.0),
            x_axis,
            y_axis,
        }
    }

    /// A panel with a square plotting area in a strip of `width` that starts at (0, 0), and the
    /// height of the whole.
    pub(crate) fn square(width: f64, x_axis: Axis, y_axis: Axis) -> (Self, f64) {
        let insets = Self::insets(&x_axis, &y_axis);
        let side = width - insets.left - insets.right;
        let height = side + insets.top + insets.bottom;
        (
            Self::fill([0.0, 0.0, width, height], x_axis, y_axis),
            height,
        )
    }

    /// Place of a point; outside the ranges, the nearest place on the border.
    pub(crate) fn place(&self, x: f64, y: f64) -> (f64, f64) {
        (
            self.x + self.x_axis.fraction(x) * self.width,
            self.y + (1.0 - self.y_axis.fraction(y)) * self.height,
        )
    }

    /// [x, y, width, height] of the plotting area.
    pub(crate) fn area(&self) -> [f64; 4] {
        [self.x, self.y, self.width, self.height]
    }

    /// Lower end of the plotting area.
    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.height
    }

    /// Grid, axis lines, ticks, labels and titles.
    pub(crate) fn draw_axes(&self, canvas: &mut Canvas) {
        let axis = Stroke::solid(Tone::Axis, 1.0);
        let right = self.x + self.width;
        let tick_text = Text::new(TICK_SIZE, Tone::Muted);
        for tick in self.spaced(&self.y_axis, self.height, |_| TICK_SIZE) {
            let y = self.bottom() - self.y_axis.fraction(tick.value) * self.height;
            canvas.line((self.x, y), (right, y), Stroke::solid(Tone::Grid, 1.0));
            canvas.line((self.x - TICK_LENGTH, y), (self.x, y), axis);
            canvas.text(
                (self.x - TICK_LENGTH - 4.0, y + TICK_SIZE * 0.36),
                &tick.label,
                tick_text.anchor(Anchor::End),
            );
        }
        let width = |tick: &Tick| text_width(&tick.label, TICK_SIZE, Weight::Regular) + 6.0;
        for tick in self.spaced(&self.x_axis, self.width, width) {
            let x = self.x + self.x_axis.fraction(tick.value) * self.width;
            canvas.line((x, self.bottom()), (x, self.bottom() + TICK_LENGTH), axis);
            canvas.text(
                (x, self.bottom() + TICK_LENGTH + TICK_SIZE + 2.0),
                &tick.label,
                tick_text.anchor(Anchor::Middle),
            );
        }
        canvas.polyline(
            &[
                (self.x, self.y),
                (self.x, self.bottom()),
                (right, self.bottom()),
            ],
            axis,
        );
        self.draw_titles(canvas);
    }

    fn draw_titles(&self, canvas: &mut Canvas) {
        let insets = Self::insets(&self.x_axis, &self.y_axis);
        let label = Text::new(LABEL_SIZE, Tone::Ink).anchor(Anchor::Middle);
        let fitted = |text: &str, room: f64| fit_text(text, room, LABEL_SIZE, Weight::Regular);
        canvas.text(
            (
                self.x + self.width / 2.0,
                self.bottom() + insets.bottom - 3.0,
            ),
            &fitted(&self.x_axis.label, self.width + insets.left),
            label,
        );
        let (x, y) = (
            self.x - insets.left + LABEL_SIZE,
            self.y + self.height / 2.0,
        );
        canvas.text(
            (x, y),
            &fitted(&self.y_axis.label, self.height + insets.bottom),
            label.rotate(-90.0),
        );
    }

    /// Ticks of an axis of `length` pixels, thinned until their labels, `size` pixels each, stand apart.
    fn spaced<'a>(
        &self,
        axis: &'a Axis,
        length: f64,
        size: impl Fn(&Tick) -> f64,
    ) -> Vec<&'a Tick> {
        let mut stride = 1;
        loop {
            let kept: Vec<&Tick> = axis.ticks.iter().step_by(stride).collect();
            let apart = kept.windows(2).all(|pair| {
                let gap = axis.fraction(pair[1].value) - axis.fraction(pair[0].value);
                gap * length >= (size(pair[0]) + size(pair[1])) / 2.0
            });
            if apart || kept.len() < 2 {
                return kept;
            }
            stride += 1;
        }
    }

    /// A remark in an empty panel, above the diagonal that some panels have.
    pub(crate) fn draw_remark(&self, canvas: &mut Canvas, text: &str) {
        canvas.text(
            (self.x + self.width / 2.0, self.y + self.height * 0.3),
            &fit_text(text, self.width, 13.0, Weight::Regular),
            Text::new(13.0, Tone::Muted).anchor(Anchor::Middle).halo(),
        );
    }
}
