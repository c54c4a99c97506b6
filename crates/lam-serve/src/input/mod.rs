//! What requests send.

mod body;
mod id;
mod image;
mod json;
mod vectors;

pub(crate) use body::{Payload, parameters, read};
pub(crate) use id::{IdBody, described, from_segment, to_segment};
pub(crate) use image::embed_image;
pub(crate) use json::parse;
pub(crate) use vectors::{Given, MOST_ROWS, embed, limited};
