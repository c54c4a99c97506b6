//! Axes: ranges, ticks, and the frame of a panel.

pub(crate) mod panel;
pub(crate) mod range;
pub(crate) mod scale;
pub(crate) mod ticks;

pub(crate) use panel::Panel;
pub(crate) use range::{drawable, extent, quantile};
pub(crate) use scale::{Axis, TickFormat};
