//! The configuration of a run: flat YAML with the key names of the released LAM code, overridden by
//! `--set key=value` and by flags, checked once, then a typed [`Config`].
//!
//! Every key is one line of the table in `keys.rs`: parsing, checking, the written
//! configuration, the documentation and the suggestions for misspelt keys all come from that line.

mod allowed;
mod checks;
mod choice;
mod dataset;
mod derived;
mod device;
mod document;
mod file_parts;
mod head_init;
mod keys;
mod load;
mod origin;
mod pretrained;
mod problem;
mod reader;
mod scalar;
mod suggest;
mod table;
mod tree;
mod value;
mod yaml;

pub use allowed::Allowed;
pub use choice::{
    Activation, Arch, Calibrate, Choice, Distance, Freeze, HessianApprox, Loss, LrSchedule, Method,
    Optimizer, Pool, Posterior, Precision, Predictive, Selection, TripletType, Uncertainty,
};
pub use dataset::{DatasetChoice, DatasetName};
pub use derived::Difference;
pub use device::{Api, Device};
pub use document::markdown_table;
pub use file_parts::FileParts;
pub use head_init::HeadInit;
pub use keys::{Config, key_specs};
pub use load::{Loaded, MAX_FILE_BYTES, Override};
pub use origin::Origin;
pub use pretrained::Pretrained;
pub use problem::{ConfigError, Fault, Place, Problem, Warning};
pub use table::{KeySpec, Setting};
pub use value::ConfigValue;

pub(crate) use load::read_text;
pub(crate) use scalar::{Scalar, classify, write_float, write_text};
pub(crate) use suggest::{nearest_key, nearest_name};
pub(crate) use tree::{Branch, Tree, read_tree};
pub(crate) use yaml::{LineFault, Node};
