//! A month's bill: lines that add up exactly.

use super::exact;
use super::printed::{self, name};
use super::{Item, Usage};
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
        Mode::AsPrinted => printed::lines(usage)?.into(),
        Mode::Exact => exact::lines(usage)?,
    };
    Bill::new(mode, lines)
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
