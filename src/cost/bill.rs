//! A month's bill: lines that add up exactly.

use super::exact;
use super::words::{price, volume};
use super::{GB, Item, Price, PriceArea, PriceBook, Usage};
use crate::units::Money;
use std::fmt;

/// Which bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// The brief's estimate: flat prices, 720 hours, five lines.
    AsPrinted,
    /// List prices, 730 hours, and the lines that the estimate leaves out.
    Exact,
}

/// One line of a bill.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// What is paid for. Unique within a bill, and the same in both modes.
    pub name: &'static str,
    /// The arithmetic in words: `100 TB x $0.023/GB`.
    pub working: String,
    /// What it costs, rounded half up to whole cents as on an invoice.
    pub amount: Money,
    /// What the brief's prices make of the same usage: for [`Usage::capstone`] the figure that the
    /// brief prints. `None` when the brief has no such line.
    pub printed: Option<Money>,
    /// How and why `amount` differs from `printed`; `None` when it does not.
    pub why: Option<String>,
}

/// A month's bill. Only [`bill`] makes one, so its sums are known to fit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bill {
    mode: Mode,
    lines: Vec<Line>,
}

/// Why there is no bill.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CostError {
    /// The usage is beyond what the arithmetic can hold, in the line of this name or in the total.
    Overflow(&'static str),
    /// The primary's index is not that of a region.
    NoPrimary {
        /// The index.
        primary: usize,
        /// How many regions there are.
        regions: usize,
    },
    /// The price book has no price for this item.
    NoPrice(Item),
    /// The weights of a split are not one a region, or all zero.
    Weights {
        /// How many regions there are.
        regions: usize,
        /// How many weights there are.
        weights: usize,
    },
}

const DATABASE: &str = "the metadata database, its replicas and their storage";
const CACHES: &str = "caches, node disks, load balancers and public addresses";

/// What neither bill charges, unless a usage asks for it.
pub const OMITTED: &[&str] = &[
    DATABASE,
    CACHES,
    "logs, metrics and traces: collecting, keeping and reading them",
    "transfer between zones ($0.01/GB each way)",
    "request fees of object storage and of the edge",
    "replication with a time limit ($0.015/GB, from memory, to be checked)",
    "the edge's free first TB a month, worth at most 120.00",
    "committed-use and volume discounts, support, taxes",
    "binary units: a GB here is 10^9 bytes; metered in 2^30 bytes the same bytes cost 6.9 % less, \
     and a TB of 1,024 such GB costs 2.4 % more",
];

impl Bill {
    /// A bill of these lines.
    ///
    /// # Errors
    /// [`CostError::Overflow`] when a total does not fit. Amounts are never negative, so no partial
    /// sum overflows either.
    pub(super) fn new(mode: Mode, lines: Vec<Line>) -> Result<Self, CostError> {
        for part in [|line: &Line| line.amount, |line: &Line| line.printed.unwrap_or_default()] {
            lines
                .iter()
                .try_fold(Money::ZERO, |sum, line| sum.checked_add(part(line)))
                .ok_or(CostError::Overflow("total"))?;
        }
        Ok(Self { mode, lines })
    }

    /// Which bill this is.
    #[must_use]
    pub const fn mode(&self) -> Mode {
        self.mode
    }

    /// What the bill does not charge: [`OMITTED`], less what one of its lines is.
    pub fn omitted(&self) -> impl Iterator<Item = &'static str> {
        let has = |name| self.lines.iter().any(|line| line.name == name);
        let (caches, connections) = (has(name::CACHES), has(name::CONNECTIONS));
        OMITTED.iter().map(move |&item| match item {
            DATABASE if connections => {
                "the metadata database but for the memory of its connections"
            }
            CACHES if caches => "node disks, load balancers and public addresses",
            _ => item,
        })
    }

    /// The lines. Those of the printed bill are always there; what a usage does not have or does not pay
    /// for may have none.
    #[must_use]
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// The exact sum of the lines' amounts.
    #[must_use]
    pub fn total(&self) -> Money {
        self.lines.iter().map(|line| line.amount).sum()
    }

    /// The exact sum of what is printed.
    #[must_use]
    pub fn printed_total(&self) -> Money {
        self.lines.iter().filter_map(|line| line.printed).sum()
    }
}

/// The bill of a month with this usage.
///
/// # Errors
/// [`CostError::NoPrimary`] when the primary is not one of the regions, [`CostError::Overflow`]
/// when an amount or a volume does not fit.
pub fn bill(usage: &Usage, mode: Mode) -> Result<Bill, CostError> {
    if usage.primary >= usage.regions.len() {
        let regions = usage.regions.len();
        return Err(CostError::NoPrimary { primary: usage.primary, regions });
    }
    let lines = match mode {
        Mode::AsPrinted => printed_lines(usage)?.into(),
        Mode::Exact => exact::lines(usage)?,
    };
    Bill::new(mode, lines)
}

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
pub(super) fn printed_lines(usage: &Usage) -> Result<[Line; 5], CostError> {
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

impl fmt::Display for CostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow(line) => write!(f, "the bill's `{line}` is beyond what can be held"),
            Self::NoPrimary { primary, regions } => {
                write!(f, "the primary is region {primary} counted from 0, and there are {regions}")
            }
            Self::NoPrice(item) => write!(f, "the price book has no price for `{item}`"),
            Self::Weights { regions, weights } => write!(
                f,
                "{weights} weights cannot split the traffic of {regions} regions: it takes one \
                 each, and not all of them zero"
            ),
        }
    }
}

impl std::error::Error for CostError {}

#[cfg(test)]
#[path = "bill_tests.rs"]
mod tests;
