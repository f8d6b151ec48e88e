//! A judged run becomes bytes: text for people, JSON for programs, JUnit for continuous integration,
//! OpenMetrics for a Prometheus, a Chrome trace for Perfetto, a page for whoever has to decide.
//!
//! Every report is a function of the rehearsal and of how it is asked for, and of nothing else: no
//! clock, no terminal, no environment. The same run gives the same bytes.

pub mod bill;
pub mod chrome;
mod colour;
mod course;
pub mod diff;
pub mod github;
mod hops;
pub mod html;
pub mod json;
pub mod junit;
mod layout;
mod model;
pub mod openmetrics;
mod phrases;
pub mod replay;
mod replay_command;
mod seeds;
mod series;
mod stored;
mod summary;
pub mod text;
pub mod value;

pub use colour::{Paint, tame};
pub use replay_command::{quoted, run as replay_command};
pub use stored::{Stored, read, stored};
pub use summary::{Across, Spread, across, control_verdict, overall, verdict};

/// The published JSON Schema of `squall.report/1`.
pub const SCHEMA: &str = include_str!("report/report-1.schema.json");

/// How a report is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Shape {
    /// Several scenarios or a folder were named, so that JSON is an array even when there is only
    /// one.
    pub list: bool,
    /// Several seeds were asked for (`--seeds`), even when the range holds only one.
    pub seeds: bool,
}

/// A verdict as every report writes it: `holds`, `broken`, `unmeasured`.
#[must_use]
pub const fn verdict_name(verdict: crate::invariant::Verdict) -> &'static str {
    use crate::invariant::Verdict;
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Broken => "broken",
        Verdict::Unmeasured => "unmeasured",
    }
}
