//! Where tensors live: which devices there are, and how the one that is asked for is opened.
//!
//! Cargo features decide which interfaces a build knows (`cuda`, `metal`, `vulkan`, `wgpu`); without any there is the
//! processor alone. Everything else in this crate takes a [`burn::tensor::Device`] and does not ask which one it is.

mod cpu;
mod error;
mod interface;

pub use error::DeviceError;

use burn::tensor::Device;

use crate::config::{Api, Choice, Device as Asked};

/// A device of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// What asks for it.
    pub asked: Asked,
    /// What it calls itself.
    pub name: String,
    /// Whether it computes on the processor all the same: a driver without hardware.
    pub is_software: bool,
}

/// What this build knows of an interface.
#[derive(Debug, Clone)]
pub struct Interface {
    /// Which.
    pub api: Api,
    /// Its devices, or why there is none.
    pub devices: Result<Vec<Listed>, DeviceError>,
}

/// The processor.
pub fn processor() -> Listed {
    Listed {
        asked: Asked::Cpu,
        name: cpu::name(),
        is_software: false,
    }
}

/// Every interface with its devices, in the order in which [`Asked::Auto`] tries them. Opens every device, which can
/// take a second each.
pub fn interfaces() -> Vec<Interface> {
    let all = Api::ALL.iter();
    all.map(|&(api, _)| Interface {
        api,
        devices: list(api),
    })
    .collect()
}

/// Those that can be opened; an error only if none can.
fn list(api: Api) -> Result<Vec<Listed>, DeviceError> {
    let found = interface::devices(api)?;
    let found = found.iter().enumerate();
    let (mut usable, mut error) = (Vec::new(), None);
    for (at, device) in found {
        match listed(api, at, device) {
            Ok(device) => usable.push(device),
            Err(why) => error = error.or(Some(why)),
        }
    }
    match error {
        Some(error) if usable.is_empty() => Err(error),
        _ => Ok(usable),
    }
}

fn listed(api: Api, at: usize, device: &Device) -> Result<Listed, DeviceError> {
    let asked = Asked::Of(api, u16::try_from(at).ok());
    let identity = interface::identity(asked, device)?;
    Ok(Listed {
        asked,
        name: identity.name,
        is_software: identity.is_software,
    })
}

/// The device that is asked for, without automatic differentiation.
///
/// [`Asked::Auto`] is the first device of the first interface that has one with hardware behind it, else the processor.
///
/// # Errors
/// [`DeviceError`] where this build or this machine does not have it, or where it cannot be opened.
pub fn open(asked: Asked) -> Result<Device, DeviceError> {
    match asked {
        Asked::Cpu => Ok(Device::flex()),
        Asked::Auto => {
            let mut hardware = Api::ALL
                .iter()
                .filter_map(|&(api, _)| first(api, false).ok());
            Ok(hardware.next().unwrap_or_else(Device::flex))
        }
        Asked::Of(api, None) => first(api, true),
        Asked::Of(api, Some(index)) => {
            let mut devices = interface::devices(api)?;
            let count = devices.len();
            if usize::from(index) >= count {
                return Err(DeviceError::NoSuch { api, index, count });
            }
            let device = devices.swap_remove(usize::from(index));
            interface::identity(asked, &device)?;
            Ok(device)
        }
    }
}

/// The first device with hardware behind it; the first of all if there is none and `any` will do.
fn first(api: Api, any: bool) -> Result<Device, DeviceError> {
    let asked = Asked::Of(api, None);
    let mut software = None;
    for device in interface::devices(api)? {
        if !interface::identity(asked, &device)?.is_software {
            return Ok(device);
        }
        software = software.or(Some(device));
    }
    software
        .filter(|_| any)
        .ok_or(DeviceError::NoneFound { api })
}

/// Whether tensors there are memory of this process, so that reading one costs nothing.
pub fn is_host(device: &Device) -> bool {
    lam_model::is_host(device)
}
