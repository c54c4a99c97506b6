//! What a head begins with.

use std::path::PathBuf;

use super::yaml::Node;
use super::{Allowed, ConfigValue};

/// What the head begins with where no run is begun with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeadInit {
    /// Random weights.
    Random,
    /// The identity: embeddings are the features.
    Identity,
    /// The head of a finished run.
    Run(PathBuf),
}

impl HeadInit {
    /// Whether a method that begins with a trained head has one without a run to begin with.
    pub fn is_given(&self) -> bool {
        *self != Self::Random
    }
}

impl ConfigValue for HeadInit {
    fn describe(_: &Allowed) -> String {
        "random, identity, or the folder of a run, with a / in it".to_owned()
    }

    fn read(node: &Node, allowed: &Allowed) -> Result<Self, Option<String>> {
        match node.text() {
            Some("random") => Ok(Self::Random),
            Some("identity") => Ok(Self::Identity),
            Some(text) if text.contains(['/', '\\']) => PathBuf::read(node, allowed).map(Self::Run),
            Some(text) if text.starts_with('i') => Err(Some("identity".to_owned())),
            _ => Err(Some("random".to_owned())),
        }
    }

    fn write(&self) -> String {
        match self {
            Self::Random => "random".to_owned(),
            Self::Identity => "identity".to_owned(),
            Self::Run(path) => path.write(),
        }
    }
}
