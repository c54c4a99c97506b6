//! Python pickles, protocols 0 to 5, as a tree of values; nothing of them is ever executed.
//!
//! A pickle is a program for a small stack machine. [`read`] runs that machine with one difference from Python's: an instruction
//! that would call a function or a class only records the call, its name, its arguments and what is set in the
//! result afterwards ([`Call`]). What a recorded call means (a NumPy array, a tensor) is for the caller to say, for the few it
//! knows. Names that are there to run something, `os.system` say, are refused wherever they stand.
//!
//! ```
//! let file = b"\x80\x02}X\x06\x00\x00\x00labels]K\x03as.";
//! let pickle = lam_pickle::read(file, 1000)?;
//! let labels = pickle.get(pickle.root(), "labels").and_then(|id| pickle.items(id));
//! assert_eq!(labels.map(|items| pickle.int(items[0])), Some(Some(3)));
//! # Ok::<(), lam_pickle::PickleError>(())
//! ```

mod dangerous;
mod error;
mod escapes;
mod input;
mod machine;
mod node;
mod pickle;

pub use error::PickleError;
pub use machine::read;
pub use node::{Call, Id, Node};
pub use pickle::Pickle;
