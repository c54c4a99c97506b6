//! From the tree of a sweep's file to a [`SweepSpec`](super::SweepSpec), with everything that is wrong reported at once.

mod parameter;
mod scalar;
mod spec_reader;
mod stopping;
mod sweep;

pub(super) use spec_reader::SpecReader;
