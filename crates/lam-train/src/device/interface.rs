//! The devices of an interface, as this build knows them.

use burn::tensor::Device;

use super::DeviceError;
use crate::config::{Api, Device as Asked};

/// What a device says of itself.
pub(super) struct Identity {
    pub name: String,
    pub is_software: bool,
}

/// The devices of an interface, in the order of their numbers; at least one. None is opened.
pub(super) fn devices(api: Api) -> Result<Vec<Device>, DeviceError> {
    let found = gpu::devices(api).ok_or(DeviceError::NotBuilt { api })?;
    if found.is_empty() {
        return Err(DeviceError::NoneFound { api });
    }
    Ok(found)
}

/// Opens a device and asks what it is.
pub(super) fn identity(asked: Asked, device: &Device) -> Result<Identity, DeviceError> {
    gpu::identity(device).map_err(|message| DeviceError::Unusable {
        device: asked,
        message,
    })
}

#[cfg(any(feature = "cuda", feature = "wgpu"))]
mod gpu {
    use std::panic::{self, AssertUnwindSafe};

    use burn::tensor::{Device, DeviceType};

    use super::Identity;
    use crate::config::Api;

    pub(super) fn devices(api: Api) -> Option<Vec<Device>> {
        let kind = match api {
            #[cfg(feature = "cuda")]
            Api::Cuda => DeviceType::Cuda,
            #[cfg(feature = "metal")]
            Api::Metal => DeviceType::Metal,
            #[cfg(feature = "vulkan")]
            Api::Vulkan => DeviceType::Vulkan,
            #[cfg(feature = "wgpu")]
            Api::Wgpu => DeviceType::Wgpu,
            // All of them in a build with every feature.
            #[allow(unreachable_patterns)]
            _ => return None,
        };
        Some(quietly(|| Device::enumerate(kind).into_vec()).unwrap_or_default())
    }

    pub(super) fn identity(device: &Device) -> Result<Identity, String> {
        let identity = quietly(|| device.identity())?;
        let identity = identity.ok_or("it does not say what it is")?;
        Ok(Identity {
            is_software: identity.physical.is_none(),
            name: identity.name,
        })
    }

    /// Burn's runtimes panic where a driver fails. The message then is the answer, and not printed besides.
    fn quietly<T>(ask: impl FnOnce() -> T) -> Result<T, String> {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let answer = panic::catch_unwind(AssertUnwindSafe(ask));
        panic::set_hook(hook);
        answer.map_err(|payload| {
            let text = payload.downcast_ref::<String>().cloned();
            let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            text.unwrap_or_else(|| "the driver failed without a message".to_owned())
        })
    }
}

/// A build for the processor alone.
#[cfg(not(any(feature = "cuda", feature = "wgpu")))]
mod gpu {
    use burn::tensor::Device;

    use super::Identity;
    use crate::config::Api;

    pub(super) fn devices(_: Api) -> Option<Vec<Device>> {
        None
    }

    pub(super) fn identity(_: &Device) -> Result<Identity, String> {
        Err("this build knows the processor only".to_owned())
    }
}
