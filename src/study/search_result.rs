//! What a search found.

use super::journal::{Header, Record, Search};
use super::plan::Planner;
use super::rows::Row;

/// What was found for one combination of the axes that are not searched.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The value of each axis; 0 for the one that is searched.
    pub choice: Vec<usize>,
    /// Of a recovery first without the trigger, then with it; else one.
    pub sides: Vec<Side>,
}

/// Between which values of the axis it lies.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Side {
    /// The last value with which everything holds; `None` when it does not hold with the first.
    pub holds: Option<usize>,
    /// The first with which it does not; `None` when it holds with the last.
    pub fails: Option<usize>,
    /// What gave way there.
    pub gave_way: Option<GaveWay>,
}

/// The invariant that broke first in simulated time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GaveWay {
    /// Its place.
    pub invariant: usize,
    /// In how many runs it did not hold.
    pub runs: u64,
    /// Of how many.
    pub of: u64,
    /// When it broke in the earliest of them, in seconds.
    pub at_s: Option<f64>,
}

/// What a study found.
#[derive(Clone, PartialEq, Debug)]
pub enum Found {
    /// It searched for nothing.
    Table,
    /// Values of an axis.
    Along {
        /// Which.
        axis: usize,
        /// Whether with and without a trigger.
        recovery: bool,
        /// For each combination of the others.
        findings: Vec<Finding>,
    },
    /// The variant that holds for the least money, with the mean of its monthly cost in dollars.
    Cheapest(Option<(u64, f64)>),
}

impl Found {
    /// What the runs of a study's journal found along an axis; `records` are all of them, in their order.
    /// The cheapest variant is found by [`Found::look`].
    ///
    /// # Errors
    /// What reading them says.
    pub fn of(
        header: &Header,
        mut records: impl Iterator<Item = Result<Record, String>>,
    ) -> Result<Self, String> {
        let (axis, recovery) = match header.find {
            Some(Search::Largest { axis }) => (axis, false),
            Some(Search::Recovery { axis }) => (axis, true),
            Some(Search::Cheapest) => return Ok(Self::Cheapest(None)),
            None => return Ok(Self::Table),
        };
        let mut planner = Planner::new(header);
        while let Some(jobs) = planner.next_round() {
            for _ in jobs {
                let record = records.next().ok_or("the journal ends before the search does")?;
                planner.take(&record?);
            }
        }
        Ok(Self::Along { axis, recovery, findings: planner.findings() })
    }

    /// Looks at one row of a table after the other for the cheapest that holds.
    pub fn look(&mut self, header: &Header, row: &Row) {
        if let Self::Cheapest(best) = self
            && row.holds(header)
            && best.is_none_or(|(_, cost)| row.monthly.mean < cost)
        {
            *best = Some((row.variant, row.monthly.mean));
        }
    }

    /// Whether something was searched for and nothing found.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        match self {
            Self::Table => false,
            Self::Cheapest(best) => best.is_none(),
            Self::Along { findings, .. } => {
                findings.iter().all(|one| one.sides.iter().all(|side| side.holds.is_none()))
            }
        }
    }
}
