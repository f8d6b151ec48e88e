//! Quantities with units: whole-nanosecond time, exact money, and what people write in files.
//!
//! Everything above this module computes with these types. Times are whole nanoseconds and money is
//! whole millionths of a dollar, so that sums are exact and independent of their order.

mod money;
mod quantity;
mod time;

pub use money::Money;
pub use quantity::{Quantity, QuantityError, Unit};
pub use time::{Instant, Span};

/// Converts a count to `f64`. Exact below 2^53, which no counter of a run reaches.
#[must_use]
#[allow(clippy::cast_precision_loss)] // reason: counts of a run stay below 2^53
pub const fn count_to_f64(count: u64) -> f64 {
    count as f64
}
