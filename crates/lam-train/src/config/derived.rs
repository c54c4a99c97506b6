//! What follows from a configuration: its written form, identity, learning rates.

use std::fmt;

use sha2::{Digest, Sha256};

use super::{Arch, Config, HeadInit, LrSchedule, Method, Origin, Pool, Predictive, Selection};

impl Method {
    /// Whether the method keeps a Laplace posterior over the head's weights.
    pub fn is_laplace(self) -> bool {
        matches!(self, Self::LaplaceOnline | Self::LaplacePosthoc)
    }
}

impl Arch {
    /// Whether it is one of torchvision's trunks.
    pub fn is_trunk(self) -> bool {
        self != Self::Linear
    }

    /// `latent_dim` where it is not given: as many as features for a trunk.
    pub fn default_latent_dim(self) -> Option<usize> {
        (!self.is_trunk()).then_some(3)
    }

    /// `pool` where it is not given.
    pub fn default_pool(self) -> Option<Pool> {
        self.is_trunk().then_some(Pool::Gem)
    }
}

impl Predictive {
    /// `predictive` where it is not given: an identity head is there to keep the embeddings where they are.
    pub(super) fn of(head: &HeadInit) -> Self {
        match head {
            HeadInit::Identity => Self::Centred,
            _ => Self::Sampled,
        }
    }
}

impl Selection {
    /// The protocol's name in results: what chose the checkpoint that is reported.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::HeldOut => "held-out selection",
            Self::Test => "paper (selection on the test set)",
        }
    }
}

/// A key on which two configurations differ.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The key.
    pub key: &'static str,
    /// Its value here.
    pub ours: String,
    /// Its value in the other configuration.
    pub theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} there, {} now", self.key, self.theirs, self.ours)
    }
}

impl Config {
    /// Where the value of a key came from.
    pub fn origin(&self, key: &str) -> Origin {
        self.origins.get(key).cloned().unwrap_or_default()
    }

    /// The optimiser's learning rate in an epoch (counted from 0): lr × batch_size × devices ×
    /// exp(−lr_decay · epoch) (method.md, "Training protocol"), or along half a cosine.
    pub fn learning_rate(&self, epoch: usize, devices: usize) -> f64 {
        let first = self.lr * self.batch_size as f64 * devices as f64;
        match self.lr_schedule {
            LrSchedule::Exponential => first * (-self.lr_decay * epoch as f64).exp(),
            LrSchedule::Cosine => {
                let share = epoch as f64 / self.epochs.max(1) as f64;
                first * 0.5 * (1.0 + (std::f64::consts::PI * share).cos())
            }
        }
    }

    /// The resolved configuration as a file: every key with its value, under the table's headings.
    /// Reading it gives an equal configuration.
    pub fn to_yaml(&self) -> String {
        let mut out = String::new();
        let mut section = "";
        for setting in self.settings() {
            if setting.section != section {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = setting.section;
                out.push_str(&format!("{gap}# {section}\n"));
            }
            out.push_str(&format!("{}: {}\n", setting.key, setting.value));
        }
        out
    }

    /// SHA-256 in hexadecimal of the keys that change results: paths, device and logging do not
    /// count, nor where a value came from.
    pub fn identity_hash(&self) -> String {
        let mut hash = Sha256::new();
        for setting in self.settings().iter().filter(|setting| setting.identity) {
            hash.update(format!("{}: {}\n", setting.key, setting.value));
        }
        let digest = hash.finalize();
        digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The keys that change results and differ from those of another configuration.
    pub fn differences(&self, other: &Self) -> Vec<Difference> {
        self.settings()
            .into_iter()
            .zip(other.settings())
            .filter(|(ours, theirs)| ours.identity && ours.value != theirs.value)
            .map(|(ours, theirs)| Difference {
                key: ours.key,
                ours: ours.value,
                theirs: theirs.value,
            })
            .collect()
    }
}

/// Equal values; where they came from does not count.
impl PartialEq for Config {
    fn eq(&self, other: &Self) -> bool {
        let values = |config: &Self| -> Vec<String> {
            config.settings().into_iter().map(|s| s.value).collect()
        };
        values(self) == values(other)
    }
}
