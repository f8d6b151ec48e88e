//! Time, order and chance. Knows no region, cache or file.

mod stream;

pub use stream::{Seed, Stream};
