//! File formats that hold images or their descriptions, read without trusting them.

mod cifar_batch;
mod csv_table;
mod mat5;
mod numpy_array;
mod text;

pub use cifar_batch::{CifarBatch, read_cifar_batch, read_cifar_pickle};
pub use mat5::{MatArray, read_mat5};

pub(crate) use csv_table::{CsvTable, Row};
pub(crate) use text::{read_lines, read_text};
