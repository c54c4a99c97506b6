//! A module's parameters by name, in and out.

use std::collections::BTreeMap;

use burn::module::{Module, ModuleMapper, ModuleVisitor, Param, ParamId};
use burn::tensor::{Tensor, TensorData};

use crate::ModelError;

/// Tensors by their path in the module (`backbone.blocks.0.weight`), sorted.
pub type StateDict = BTreeMap<String, TensorData>;

/// All float parameters of `module`, as host data.
pub fn state_dict<M: Module>(module: &M) -> StateDict {
    let mut visitor = Collect::default();
    module.visit(&mut visitor);
    visitor.tensors
}

/// Shapes of all float parameters of `module`.
pub(crate) fn shapes<M: Module>(module: &M) -> BTreeMap<String, Vec<usize>> {
    let mut visitor = Shapes::default();
    module.visit(&mut visitor);
    visitor.shapes
}

/// Replaces every parameter of `module` by the tensor of the same name in `state`.
///
/// # Errors
/// [`ModelError::StateMismatch`] lists all tensors that are missing, have another shape, or belong to no parameter.
pub fn load_state<M: Module>(module: M, state: &StateDict) -> Result<M, ModelError> {
    let mut mapper = Load {
        state,
        path: Vec::new(),
        used: Vec::new(),
        problems: Vec::new(),
    };
    let module = module.map(&mut mapper);
    let Load {
        used, mut problems, ..
    } = mapper;
    problems.extend(
        state
            .keys()
            .filter(|name| !used.contains(name))
            .map(|name| format!("unexpected tensor {name}")),
    );
    if problems.is_empty() {
        Ok(module)
    } else {
        Err(ModelError::StateMismatch(problems))
    }
}

/// Whether a part of a container has a place in names: which of several kinds of network a module holds has none, so that
/// a kind that became one of several keeps its names.
fn is_named(container: &str) -> bool {
    !container.starts_with("Enum:")
}

#[derive(Default)]
struct Collect {
    path: Vec<String>,
    tensors: StateDict,
}

impl ModuleVisitor for Collect {
    fn enter_module(&mut self, name: &str, container: &str) {
        if is_named(container) {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        if is_named(container) {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        self.tensors
            .insert(self.path.join("."), param.val().into_data());
    }
}

#[derive(Default)]
struct Shapes {
    path: Vec<String>,
    shapes: BTreeMap<String, Vec<usize>>,
}

impl ModuleVisitor for Shapes {
    fn enter_module(&mut self, name: &str, container: &str) {
        if is_named(container) {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        if is_named(container) {
            self.path.pop();
        }
    }

    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        let shape = param.val().dims().to_vec();
        self.shapes.insert(self.path.join("."), shape);
    }
}

struct Load<'a> {
    state: &'a StateDict,
    path: Vec<String>,
    used: Vec<String>,
    problems: Vec<String>,
}

impl ModuleMapper for Load<'_> {
    fn enter_module(&mut self, name: &str, container: &str) {
        if is_named(container) {
            self.path.push(name.to_owned());
        }
    }

    fn exit_module(&mut self, _name: &str, container: &str) {
        if is_named(container) {
            self.path.pop();
        }
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let name = self.path.join(".");
        let expected = param.val().dims();
        let Some(data) = self.state.get(&name) else {
            self.problems
                .push(format!("missing tensor {name} {expected:?}"));
            return param;
        };
        self.used.push(name.clone());
        if data.shape().as_slice() != expected.as_slice() {
            self.problems.push(format!(
                "{name} has shape {:?}, expected {expected:?}",
                data.shape()
            ));
            return param;
        }
        param.map(|tensor| {
            let required = tensor.is_require_grad();
            Tensor::from_data(data.clone(), &tensor.device()).set_require_grad(required)
        })
    }
}

/// Gives every parameter its position in the module as identifier. Optimisers keep their state by identifier, and a
/// random one, as parameters are born with, would be another in the process that resumes. A module put together of
/// several needs numbers of its own: those of its parts collide.
pub fn number_parameters<M: Module>(module: M) -> M {
    module.map(&mut Number::default())
}

#[derive(Default)]
struct Number {
    next: u64,
}

impl ModuleMapper for Number {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let (_, tensor, mapper) = param.consume();
        self.next += 1;
        Param::from_mapped_value(ParamId::from(self.next), tensor, mapper)
    }
}
