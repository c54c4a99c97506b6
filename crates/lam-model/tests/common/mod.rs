//! Golden cases for the tests of this crate.
#![allow(dead_code)] // each test file uses some of it

use std::path::PathBuf;

use burn::tensor::{Device, Tensor, TensorData};
use safetensors::{Dtype, SafeTensors};

/// The bytes of `<name>.safetensors` in `$LAM_GOLDEN_DIR`, by default the copy in the repository.
pub fn golden(name: &str) -> Vec<u8> {
    let dir = std::env::var_os("LAM_GOLDEN_DIR").map_or_else(
        || {
            PathBuf::from(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/../../tests/fixtures/golden"
            ))
        },
        PathBuf::from,
    );
    let path = dir.join(format!("{name}.safetensors"));
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Shape and values of a tensor, floats or integers, as `f64`.
pub fn values(file: &SafeTensors, name: &str) -> (Vec<usize>, Vec<f64>) {
    let view = file.tensor(name).unwrap();
    let bytes = view.data().chunks_exact(8);
    let values = match view.dtype() {
        Dtype::F32 => view
            .data()
            .chunks_exact(4)
            .map(|b| f64::from(f32::from_le_bytes(b.try_into().unwrap())))
            .collect(),
        Dtype::F64 => bytes
            .map(|b| f64::from_le_bytes(b.try_into().unwrap()))
            .collect(),
        Dtype::I64 => bytes
            .map(|b| i64::from_le_bytes(b.try_into().unwrap()) as f64)
            .collect(),
        other => panic!("{name}: unexpected type {other:?}"),
    };
    (view.shape().to_vec(), values)
}

/// The device under test: the processor, or in a build that knows others what `BURN_DEVICE` names.
pub fn device() -> Device {
    Device::default()
}

/// What agreement can be asked for: other devices sum in another order.
fn tolerable(tolerance: f64) -> f64 {
    if lam_model::is_host(&device()) {
        tolerance
    } else {
        tolerance.max(1e-3)
    }
}

/// A tensor's numbers.
pub fn host<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().try_into_vec::<f32>().unwrap()
}

/// Numbers as a tensor.
pub fn tensor<const D: usize>(values: &[f64], shape: &[usize], device: &Device) -> Tensor<D> {
    let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
    let shape: [usize; D] = shape.try_into().unwrap();
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Asserts that `got` equals `want` within `tolerance` of the largest magnitude.
pub fn assert_close(what: &str, got: &[f32], want: &[f64], tolerance: f64) {
    assert_eq!(got.len(), want.len(), "{what}: length");
    let tolerance = tolerable(tolerance);
    let scale = want.iter().fold(0.0_f64, |m, v| m.max(v.abs())).max(1e-300);
    for (i, (&g, &w)) in got.iter().zip(want).enumerate() {
        let error = (f64::from(g) - w).abs() / scale;
        assert!(
            error <= tolerance,
            "{what}[{i}]: {g} instead of {w}, relative {error:e}"
        );
    }
}
