//! The printed bill's lines: flat prices, and the arithmetic that the exact bill shares.

use super::words::{price, volume};
use super::{CostError, GB, Item, Line, Price, PriceArea, PriceBook, Usage};
use crate::units::Money;

/// The names of the lines.
pub(super) mod name {
    pub const STORAGE: &str = "object storage";
    pub const GROWTH: &str = "library growth";
    pub const REPLICATION: &str = "replication egress";
    pub const COPIES: &str = "storage of the copies";
    pub const CONTROL_PLANES: &str = "control planes";
    pub const NODES: &str = "worker nodes";
    /// What an autoscaler has started.
    pub const STARTED: &str = "nodes started";
    pub const EGRESS: &str = "edge egress";
    pub const READS: &str = "cross-region reads";
    /// What caches have room for, where that is paid for.
    pub const CACHES: &str = "caches";
    /// The memory of a database's connections, where that is paid for.
    pub const CONNECTIONS: &str = "database connections";
}

/// The brief's five lines, in its order.
pub(super) fn lines(usage: &Usage) -> Result<[Line; 5], CostError> {
    let book = PriceBook::as_printed();
    let flat = |item| first(&book, item, None);
    let hours = book.hours();
    let regions = regions(usage)?;
    let copied = replicated_bytes(usage)?;
    let nodes: u64 = usage.regions.iter().map(|region| u64::from(region.nodes)).sum();
    let egress = usage
        .regions
        .iter()
        .try_fold(0_u64, |sum, region| sum.checked_add(region.egress_bytes))
        .ok_or(CostError::Overflow(name::EGRESS))?;
    let (storage, between) = (flat(Item::Storage)?, flat(Item::BetweenRegions)?);
    let (plane, node) = (flat(Item::ControlPlane)?, flat(Item::Node)?);
    let edge = flat(Item::EdgeEgress)?;
    let line = |name, working, amount| -> Result<Line, CostError> {
        let amount = in_cents(amount, name)?;
        Ok(Line { name, working, amount, printed: Some(amount), why: None })
    };
    Ok([
        line(
            name::STORAGE,
            format!("{} x {}/GB", volume(usage.library_bytes), price(storage.value)),
            storage.value.times_ratio(usage.library_bytes, GB),
        )?,
        line(
            name::REPLICATION,
            replication_working(usage, between.value),
            between.value.times_ratio(copied, GB),
        )?,
        line(
            name::CONTROL_PLANES,
            format!("{}/h x {hours} h x {regions} regions", price(plane.value)),
            times(plane.value, regions, hours),
        )?,
        line(
            name::NODES,
            format!("{}/h x {hours} h x {nodes} nodes", price(node.value)),
            times(node.value, nodes, hours),
        )?,
        line(
            name::EGRESS,
            format!("{} x {}/GB", volume(egress), price(edge.value)),
            edge.value.times_ratio(egress, GB),
        )?,
    ])
}

/// The price of an item's first tier.
pub(super) fn first(
    book: &PriceBook,
    item: Item,
    area: Option<PriceArea>,
) -> Result<&Price, CostError> {
    book.tiers(item, area).first().ok_or(CostError::NoPrice(item))
}

/// An amount in whole cents, rounded half up, so that the lines of a bill add up as they are
/// printed.
pub(super) fn in_cents(amount: Option<Money>, line: &'static str) -> Result<Money, CostError> {
    const CENT: u64 = 10_000;
    amount
        .and_then(|money| money.times_ratio(1, CENT))
        .and_then(|cents| cents.times_ratio(CENT, 1))
        .ok_or(CostError::Overflow(line))
}

/// A price for `count` things over `hours` hours. `None` on overflow.
pub(super) fn times(value: Money, count: u64, hours: u64) -> Option<Money> {
    value.times_ratio(count.checked_mul(hours)?, 1)
}

/// Bytes that leave the primary for the other regions: the month's uploads, once for each.
pub(super) fn replicated_bytes(usage: &Usage) -> Result<u64, CostError> {
    let others = regions(usage)?.saturating_sub(1);
    usage.upload_bytes.checked_mul(others).ok_or(CostError::Overflow(name::REPLICATION))
}

/// The number of regions.
pub(super) fn regions(usage: &Usage) -> Result<u64, CostError> {
    u64::try_from(usage.regions.len()).map_err(|_| CostError::Overflow(name::CONTROL_PLANES))
}

/// `20 TB x 4 regions x $0.02/GB`.
pub(super) fn replication_working(usage: &Usage, value: Money) -> String {
    let others = usage.regions.len().saturating_sub(1);
    format!("{} x {others} regions x {}/GB", volume(usage.upload_bytes), price(value))
}
