//! What is asked of a device.

use burn::backend::DispatchDevice;
use burn::tensor::Device;

/// Whether tensors there are memory of this process (Burn's Flex device): to read them costs nothing, and code of our
/// own can compute on them.
pub fn is_host(device: &Device) -> bool {
    matches!(
        device.clone().inner().as_dispatch(),
        DispatchDevice::Flex(_)
    )
}
