//! A buffer of SVG elements.

use std::fmt::Write;

use super::escape::single_line;
use super::number::coordinate;
use super::{Tone, Weight, escape};

/// How a line is drawn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stroke {
    pub(crate) tone: Tone,
    pub(crate) width: f64,
    /// `stroke-dasharray`, empty for a full line.
    pub(crate) dash: &'static str,
}

impl Stroke {
    /// A full line.
    pub(crate) fn solid(tone: Tone, width: f64) -> Self {
        Self {
            tone,
            width,
            dash: "",
        }
    }

    /// A dashed line.
    pub(crate) fn dashed(tone: Tone, width: f64, dash: &'static str) -> Self {
        Self { tone, width, dash }
    }

    fn attributes(self) -> String {
        let mut out = paint("stroke", "s", self.tone);
        let _ = write!(out, " stroke-width=\"{}\"", coordinate(self.width));
        if !self.dash.is_empty() {
            let _ = write!(out, " stroke-dasharray=\"{}\"", self.dash);
        }
        out
    }
}

/// Which point of the text stands at the given place.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Anchor {
    #[default]
    Start,
    Middle,
    End,
}

/// How text is set; the place is the baseline.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text {
    pub(crate) size: f64,
    pub(crate) weight: Weight,
    pub(crate) tone: Tone,
    pub(crate) anchor: Anchor,
    /// Rotation about the place, degrees clockwise.
    pub(crate) rotate: f64,
    /// An outline in the page's colour, for text over marks.
    pub(crate) halo: bool,
}

impl Text {
    /// Plain text of `size` pixels.
    pub(crate) fn new(size: f64, tone: Tone) -> Self {
        Self {
            size,
            weight: Weight::Regular,
            tone,
            anchor: Anchor::Start,
            rotate: 0.0,
            halo: false,
        }
    }

    pub(crate) fn semi_bold(mut self) -> Self {
        self.weight = Weight::SemiBold;
        self
    }

    pub(crate) fn anchor(mut self, anchor: Anchor) -> Self {
        self.anchor = anchor;
        self
    }

    pub(crate) fn rotate(mut self, degrees: f64) -> Self {
        self.rotate = degrees;
        self
    }

    pub(crate) fn halo(mut self) -> Self {
        self.halo = true;
        self
    }
}

/// SVG elements in drawing order. No element has an `id`, so any number of figures can stand
/// inline in one page.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    body: String,
}

impl Canvas {
    pub(crate) fn rect(&mut self, [x, y, w, h]: [f64; 4], fill: Tone, opacity: f64) {
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"{}{}/>",
            coordinate(x),
            coordinate(y),
            coordinate(w.max(0.0)),
            coordinate(h.max(0.0)),
            paint("fill", "f", fill),
            fill_opacity(opacity),
        );
    }

    pub(crate) fn frame(&mut self, [x, y, w, h]: [f64; 4], stroke: Stroke) {
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\"{}/>",
            coordinate(x),
            coordinate(y),
            coordinate(w.max(0.0)),
            coordinate(h.max(0.0)),
            stroke.attributes(),
        );
    }

    pub(crate) fn circle(&mut self, (x, y): (f64, f64), radius: f64, fill: Tone, opacity: f64) {
        let _ = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\"{}{}/>",
            coordinate(x),
            coordinate(y),
            coordinate(radius.max(0.0)),
            paint("fill", "f", fill),
            fill_opacity(opacity),
        );
    }

    pub(crate) fn ring(&mut self, (x, y): (f64, f64), radius: f64, stroke: Stroke) {
        let _ = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"none\"{}/>",
            coordinate(x),
            coordinate(y),
            coordinate(radius.max(0.0)),
            stroke.attributes(),
        );
    }

    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), stroke: Stroke) {
        self.polyline(&[from, to], stroke);
    }

    pub(crate) fn polyline(&mut self, points: &[(f64, f64)], stroke: Stroke) {
        if points.len() < 2 {
            return;
        }
        let _ = write!(
            self.body,
            "<path d=\"{}\" fill=\"none\" stroke-linejoin=\"round\"{}/>",
            path_data(points),
            stroke.attributes(),
        );
    }

    pub(crate) fn area(&mut self, points: &[(f64, f64)], fill: Tone, opacity: f64) {
        if points.len() < 3 {
            return;
        }
        let _ = write!(
            self.body,
            "<path d=\"{}Z\"{}{}/>",
            path_data(points),
            paint("fill", "f", fill),
            fill_opacity(opacity),
        );
    }

    pub(crate) fn text(&mut self, (x, y): (f64, f64), text: &str, style: Text) {
        let text = single_line(text);
        if text.is_empty() {
            return;
        }
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let weight = match style.weight {
            Weight::Regular => "",
            Weight::SemiBold => " font-weight=\"600\"",
        };
        let place = |extra: &str| {
            format!(
                "<text x=\"{}\" y=\"{}\" font-size=\"{}\"{anchor}{weight}{}{extra}>{}</text>",
                coordinate(x),
                coordinate(y),
                coordinate(style.size),
                if style.rotate == 0.0 {
                    String::new()
                } else {
                    format!(
                        " transform=\"rotate({} {} {})\"",
                        coordinate(style.rotate),
                        coordinate(x),
                        coordinate(y)
                    )
                },
                escape(&text),
            )
        };
        if style.halo {
            let halo = format!(
                " fill=\"none\" stroke-linejoin=\"round\" aria-hidden=\"true\"{}",
                Stroke::solid(Tone::Paper, 3.0).attributes()
            );
            self.body.push_str(&place(&halo));
        }
        self.body.push_str(&place(&paint("fill", "f", style.tone)));
    }

    /// A PNG file stretched over the rectangle; `pixelated` keeps its pixels sharp.
    pub(crate) fn image(&mut self, [x, y, w, h]: [f64; 4], png: &[u8], pixelated: bool) {
        use base64::Engine;
        let _ = write!(
            self.body,
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\"{} \
             href=\"data:image/png;base64,{}\"/>",
            coordinate(x),
            coordinate(y),
            coordinate(w),
            coordinate(h),
            if pixelated {
                " style=\"image-rendering:pixelated\""
            } else {
                ""
            },
            base64::engine::general_purpose::STANDARD.encode(png),
        );
    }

    /// All of `other`, shifted.
    pub(crate) fn place(&mut self, (dx, dy): (f64, f64), other: &Canvas) {
        let _ = write!(
            self.body,
            "<g transform=\"translate({} {})\">{}</g>",
            coordinate(dx),
            coordinate(dy),
            other.body
        );
    }

    /// The elements.
    pub(crate) fn body(&self) -> &str {
        &self.body
    }
}

fn path_data(points: &[(f64, f64)]) -> String {
    let mut data = String::with_capacity(points.len() * 14);
    for (i, (x, y)) in points.iter().enumerate() {
        let command = if i == 0 { "M" } else { "L" };
        let _ = write!(data, "{command}{} {}", coordinate(*x), coordinate(*y));
    }
    data
}

fn paint(property: &str, prefix: &str, tone: Tone) -> String {
    let class = tone
        .role()
        .map(|role| format!(" class=\"{prefix}-{role}\""))
        .unwrap_or_default();
    format!("{class} {property}=\"{}\"", tone.light())
}

fn fill_opacity(opacity: f64) -> String {
    if opacity >= 1.0 {
        String::new()
    } else {
        format!(" fill-opacity=\"{}\"", coordinate(opacity.max(0.0)))
    }
}
