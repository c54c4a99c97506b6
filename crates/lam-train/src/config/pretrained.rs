//! What a network begins with.

use std::path::PathBuf;

use super::yaml::Node;
use super::{Allowed, ConfigValue};

/// Weights that others trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pretrained {
    /// None: drawn at random.
    No,
    /// Those that torchvision offers under the architecture's name.
    Torchvision,
    /// Those of a file.
    File(PathBuf),
}

impl ConfigValue for Pretrained {
    fn describe(_: &Allowed) -> String {
        "true, false, or the path of a file of weights (.pth, .ckpt, .safetensors)".to_owned()
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        let is_path = node.text().is_some_and(|text| {
            let known = [".pth", ".pt", ".ckpt", ".safetensors"];
            text.contains('/') || known.iter().any(|ending| text.ends_with(ending))
        });
        if is_path {
            return PathBuf::read(node, allowed).map(Self::File);
        }
        bool::read(node, allowed).map(|pretrained| {
            if pretrained {
                Self::Torchvision
            } else {
                Self::No
            }
        })
    }

    fn write(&self) -> String {
        match self {
            Self::No => false.write(),
            Self::Torchvision => true.write(),
            Self::File(path) => path.write(),
        }
    }
}
