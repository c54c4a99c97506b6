//! The SVG writer: elements, colours, text measurement and rasterisation.

pub(crate) mod canvas;
pub(crate) mod escape;
pub(crate) mod font;
pub(crate) mod number;
pub(crate) mod raster;
pub(crate) mod tone;

pub(crate) use canvas::{Anchor, Canvas, Stroke, Text};
pub(crate) use escape::escape;
pub(crate) use font::Weight;
pub(crate) use tone::Tone;
