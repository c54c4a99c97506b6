//! Where tensors live.

use crate::TrainError;
use crate::config::Device as Choice;

/// The device a configuration asks for, without automatic differentiation.
///
/// # Errors
/// [`TrainError::NoDevice`] for one that this build does not have.
pub fn open(choice: Choice) -> Result<burn::tensor::Device, TrainError> {
    match choice {
        Choice::Auto | Choice::Cpu => Ok(burn::tensor::Device::flex()),
        Choice::Cuda | Choice::Vulkan => Err(TrainError::NoDevice(choice)),
    }
}
