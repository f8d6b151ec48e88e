//! The monthly bill of the fabric.
//!
//! A [`PriceBook`] says what a unit costs and where that price comes from, a [`Usage`] says what a
//! month of the fabric uses, and [`bill()`] multiplies the two into lines that add up exactly.
//!
//! There are two books and so two bills. [`Mode::AsPrinted`] repeats the project brief's estimate
//! to the cent: flat prices, a month of 720 hours, five lines. [`Mode::Exact`] takes the price
//! lists: tiers, regional prices, 730 hours, and the lines that the estimate leaves out; every line
//! says why it differs. What even the exact bill leaves out is listed in [`OMITTED`].
//!
//! All arithmetic is on whole bytes and whole millionths of a dollar. Volumes are decimal: a GB is
//! 10^9 bytes and a TB is 1,000 GB, as in the brief. This module knows no scenario, no run and no
//! report.

mod bill;
mod book;
mod exact;
mod printed;
mod usage;
mod words;

pub use bill::{Bill, CostError, Line, Mode, OMITTED, bill};
pub use book::{Item, Mark, Per, Price, PriceBook};
pub use usage::{CacheUsage, PriceArea, RegionUsage, Usage, apportion};

/// Bytes in the GB that prices are for: decimal, 10^9.
pub const GB: u64 = 1_000_000_000;
/// Bytes in a TB: decimal, 1,000 GB.
pub const TB: u64 = 1_000 * GB;
