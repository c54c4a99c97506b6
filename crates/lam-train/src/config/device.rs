//! Where tensors live, as it is asked for.

use std::fmt;
use std::str::FromStr;

use super::choice::choices;
use super::suggest::nearest_name;
use super::yaml::Node;
use super::{Allowed, Choice, ConfigValue};

choices! {
    /// An interface to devices other than the processor, in the order in which `auto` tries them.
    Api, "interface":
    /// NVIDIA cards.
    Cuda = "cuda" ~ "nvidia",
    /// Apple's graphics processors.
    Metal = "metal" ~ "mps" ~ "apple",
    /// Graphics cards, through Vulkan with SPIR-V shaders.
    Vulkan = "vulkan",
    /// Graphics cards, through whichever graphics interface there is, with WGSL shaders.
    Wgpu = "wgpu" ~ "webgpu",
}

/// Where tensors live: `auto`, `cpu`, `cuda`, `cuda:1`, …
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    /// The best device this build and this machine have.
    Auto,
    /// The processor.
    Cpu,
    /// A device of an interface, as numbered by `lam devices`; without a number the first that is no software driver.
    Of(Api, Option<u16>),
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.pad("auto"),
            Self::Cpu => f.pad("cpu"),
            Self::Of(api, None) => f.pad(api.name()),
            Self::Of(api, Some(index)) => f.pad(&format!("{api}:{index}")),
        }
    }
}

/// What is expected where a device is named.
const EXPECTED: &str =
    "auto, cpu, or one of cuda, metal, vulkan, wgpu, perhaps with a number, as in cuda:1";

impl FromStr for Device {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, number) = match text.split_once(':') {
            Some((name, number)) => (name, Some(number)),
            None => (text, None),
        };
        let index = number.map(str::parse::<u16>);
        match (name, Api::from_name(name), index) {
            ("auto", _, None) => Ok(Self::Auto),
            ("cpu", _, None) => Ok(Self::Cpu),
            (_, Some(api), None) => Ok(Self::Of(api, None)),
            (_, Some(api), Some(Ok(index))) => Ok(Self::Of(api, Some(index))),
            _ => Err(format!("expected {EXPECTED}")),
        }
    }
}

impl ConfigValue for Device {
    fn describe(_: &Allowed) -> String {
        EXPECTED.to_owned()
    }

    fn read(node: &Node, _: &Allowed) -> Result<Self, Option<String>> {
        let text = node.text().ok_or(None)?;
        text.parse().map_err(|_| {
            let word = text.split(':').next().unwrap_or(text);
            let names = Api::ALL.iter().map(|&(_, name)| (name, name));
            let hints = Api::HINTS.iter().map(|&(word, api)| (word, api.name()));
            let plain = [
                ("auto", "auto"),
                ("any", "auto"),
                ("gpu", "auto"),
                ("cpu", "cpu"),
                ("host", "cpu"),
                ("flex", "cpu"),
            ];
            nearest_name(word, names.chain(hints).chain(plain)).map(str::to_owned)
        })
    }

    fn write(&self) -> String {
        self.to_string()
    }
}
