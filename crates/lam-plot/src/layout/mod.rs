//! Where things stand: the page of a figure, curves, legends.

pub(crate) mod curve;
pub(crate) mod legend;
pub(crate) mod page;
pub(crate) mod simplify;

pub(crate) use curve::{Curve, Trace};
pub(crate) use legend::{Legend, Swatch};
pub(crate) use page::Page;
