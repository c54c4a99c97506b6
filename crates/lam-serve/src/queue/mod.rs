//! Work off the network's threads. What waits is taken together.

mod changes;
mod encodings;
mod line;
mod rows;
mod searches;

pub(crate) use changes::{Changes, NewItem};
pub(crate) use encodings::{Encodings, OwnedInput};
pub(crate) use searches::{Searched, Searches};
