//! What a study found, from its runs.

use super::finding::Finding;
use super::journal::{Header, Record, Search};
use super::plan::Planner;
use super::rows::Row;

/// What a study found.
#[derive(Clone, PartialEq, Debug)]
pub enum SearchResult {
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

impl SearchResult {
    /// What the runs of a study's journal found along an axis; `records` are all of them, in their order.
    /// The cheapest variant is found by [`SearchResult::look`].
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
