//! The device that a verb computes on.

use clap::Args;
use lam_train::config::{Device, Override};

/// Where tensors live.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct DeviceArgs {
    /// Where tensors live: auto, cpu, cuda, metal, vulkan or wgpu, perhaps with a number, as in cuda:1 (see `lam devices`)
    #[arg(long, value_name = "DEVICE")]
    pub device: Option<Device>,
}

impl DeviceArgs {
    /// As a key of a configuration.
    pub fn overriding(self) -> Option<Override> {
        self.device
            .map(|device| Override::flag("--device", "device", &device))
    }
}
