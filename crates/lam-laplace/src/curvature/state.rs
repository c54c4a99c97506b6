//! Stored tensors, checked against what they should be.

use burn::tensor::Tensor;
use lam_model::StateDict;

use crate::LaplaceError;

/// Takes tensors from a state and keeps account of what is wrong with it.
pub(super) struct Reader<'a> {
    state: &'a StateDict,
    used: Vec<String>,
    problems: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(state: &'a StateDict) -> Self {
        Self {
            state,
            used: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The stored tensor of the shape of `like`; `like` itself where there is none, which [`finish`](Self::finish)
    /// will report.
    pub(super) fn tensor<const R: usize>(&mut self, name: &str, like: &Tensor<R>) -> Tensor<R> {
        self.used.push(name.to_owned());
        let expected = like.dims();
        match self.state.get(name) {
            Some(data) if data.shape().as_slice() == expected.as_slice() => {
                Tensor::from_data(data.clone(), (&like.device(), like.dtype()))
            }
            Some(data) => {
                self.problems.push(format!(
                    "{name} has shape {:?}, expected {expected:?}",
                    data.shape()
                ));
                like.clone()
            }
            None => {
                self.problems
                    .push(format!("missing tensor {name} {expected:?}"));
                like.clone()
            }
        }
    }

    /// # Errors
    /// [`LaplaceError::State`] if anything was missing, misshapen or left over.
    pub(super) fn finish(mut self) -> Result<(), LaplaceError> {
        let left = self.state.keys().filter(|name| !self.used.contains(name));
        self.problems
            .extend(left.map(|name| format!("unexpected tensor {name}")));
        if self.problems.is_empty() {
            Ok(())
        } else {
            Err(LaplaceError::State(self.problems))
        }
    }
}
