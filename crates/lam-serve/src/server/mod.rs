//! Connections, and what every request passes.

mod connections;
mod gate;
mod guard;
mod origin;
mod run;

pub(crate) use gate::Gate;
pub(crate) use guard::{BodyDeadline, guard, panicked};
pub use run::{run, serve};
