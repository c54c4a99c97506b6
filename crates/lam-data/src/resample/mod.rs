//! Pictures in another size, to the bit as Pillow makes them.

mod filter;
mod region;
mod resize;
mod taps;

pub use filter::Filter;
pub use region::Region;
pub use resize::resize;
