//! A month's drills, rehearsed: what each would spend of the month's error budget and of its money, whether
//! the purse is enough for all, and what has changed since the last month on record.
//!
//! Nothing is fired here. A record has a place for what was seen when a drill was, and is null there.

mod changes;
mod junit;
mod page;
mod record;
mod run;
mod text;

pub use changes::changes;
pub use record::{Change, DrillRecord, Invariant, Purse, Record, Spent, is_month, month_before};
pub use run::{Asked, Kept, Prepared, rehearse};

use crate::report::Paint;

/// The published JSON Schema of `squall.runbook/1`.
pub const SCHEMA: &str = include_str!("runbook/runbook-1.schema.json");

/// The record as text for a terminal, ending in a line break.
#[must_use]
pub fn text(record: &Record, paint: Paint) -> String {
    text::render(record, paint)
}

/// The record as JUnit: a suite a drill, a case for each invariant, the control and the purse.
///
/// # Errors
/// A sentence when a text cannot be written as XML.
pub fn junit(record: &Record) -> Result<String, String> {
    junit::render(record).map_err(|error| error.to_string())
}

/// The record as a page for people, with the plots of what was kept: one self-contained file.
#[must_use]
pub fn page(record: &Record, kept: &[Kept]) -> String {
    page::render(record, kept)
}
