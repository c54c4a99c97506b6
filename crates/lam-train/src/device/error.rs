//! Why there is no such device.

use crate::config::{Api, Device};

/// A device that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviceError {
    /// The build does not know the interface.
    #[error(
        "this build has no {api} devices: build it with `cargo build --release --features {api}`, or use --device cpu"
    )]
    NotBuilt {
        /// The interface.
        api: Api,
    },
    /// No driver, or no hardware.
    #[error("no {api} device was found: {}; `lam devices` lists what there is", hint(*.api))]
    NoneFound {
        /// The interface.
        api: Api,
    },
    /// The number is too large.
    #[error("there is no {api}:{index}, {}; `lam devices` lists what there is", numbers(*.api, *.count))]
    NoSuch {
        /// The interface.
        api: Api,
        /// The number asked for.
        index: u16,
        /// Devices there are.
        count: usize,
    },
    /// The driver refuses.
    #[error("{device} was found but cannot be opened: {message}")]
    Unusable {
        /// The device.
        device: Device,
        /// What the driver's interface says.
        message: String,
    },
}

fn hint(api: Api) -> &'static str {
    match api {
        Api::Cuda => "is NVIDIA's driver installed (does nvidia-smi run)?",
        Api::Metal => "Metal exists on macOS only",
        Api::Vulkan => "is a Vulkan driver installed (does vulkaninfo --summary run)?",
        Api::Wgpu => {
            "is a driver of a graphics interface installed (on Linux: does vulkaninfo --summary run)?"
        }
    }
}

fn numbers(api: Api, count: usize) -> String {
    match count {
        0 => "nor any other".to_owned(),
        1 => format!("only {api}:0"),
        _ => format!("only {api}:0 to {api}:{}", count - 1),
    }
}
