//! Observations become verdicts: what held, what happened, which alerts would have paged, what a month
//! like it costs.
//!
//! A judge knows the plan and the observations alone. It cannot tell a simulation from a live run, and
//! both fill the same input: a [`Case`] (what was planned, and what must hold), then every slice of time
//! in order ([`RunJudge::slice`]), then the totals ([`RunJudge::finish`]). A [`Recording`] takes the same
//! slices in, for readers that want each second.

mod alerts;
mod client_hop;
mod control;
mod hops;
mod incident_timeline;
mod month;
mod recording;
mod run;
mod sentence;
#[cfg(test)]
mod tests;

pub use alerts::Alert;
pub use client_hop::ClientHop;
pub use control::Control;
pub use hops::{Attempts, Hops};
pub use incident_timeline::Episode;
pub use recording::{PlannedEvent, Recording};
pub use run::{Case, JudgedRun, RunJudge};
pub use sentence::{Judged, Watched};
