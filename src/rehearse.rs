//! A scenario becomes a judged run: the file's own run, and the control that must break.

mod recording;
mod run;
#[cfg(test)]
mod tests;

pub use recording::RecordingOptions;
pub use run::{Undisturbed, rehearse, rehearse_and_keep, undisturbed};

use crate::engine::Digest;
use crate::judge::JudgedRun;
use crate::scenario::{Edit, Problem};
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// Which scenario.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The file as it was named on the command line.
    pub path: String,
    /// Its title.
    pub title: String,
    /// The digest of its text and edits.
    pub hash: Digest,
}

/// Where a region's requests are: drawn = answered + failed + given up + under way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Conservation {
    /// The region in which the viewers sit.
    pub region: String,
    /// Requests that they made.
    pub drawn: u64,
    /// Requests that were answered.
    pub answered: u64,
    /// Requests whose last attempt got an error.
    pub failed: u64,
    /// Requests whose last attempt timed out.
    pub given_up: u64,
    /// Requests under way at the end.
    pub under_way: u64,
}

/// What only a simulation has: chance that can be repeated, and books that must balance.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Simulated {
    /// The seed.
    pub seed: u64,
    /// The digest of everything that happened and was seen.
    pub digest: Digest,
    /// The bookkeeping, by region.
    pub conservation: Vec<Conservation>,
}

/// One run of a scenario with one seed, judged. It is read as the judged run that it holds.
#[derive(Clone, Debug)]
pub struct RehearsedRun {
    /// How it was simulated.
    pub simulated: Simulated,
    /// What the judge says of it.
    pub run: JudgedRun,
}

impl Deref for RehearsedRun {
    type Target = JudgedRun;

    fn deref(&self) -> &JudgedRun {
        &self.run
    }
}

/// All runs of one scenario.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Which scenario.
    pub scenario: Identity,
    /// The runs, one a seed, in the order of seeds; never empty.
    pub runs: Vec<RehearsedRun>,
    /// The share of runs in which an invariant must hold (1 unless the file says otherwise).
    pub holds_in: f64,
    /// The options that repeat it: what stands after `squall run PATH`.
    pub options: Vec<String>,
}

/// What is asked of a rehearsal. Only edits, seeds and the control bear on the result.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// Changes to the file, in the order in which they are made.
    pub edits: Vec<Edit>,
    /// The seeds; none means the file's own.
    pub seeds: Vec<u64>,
    /// Threads to run on.
    pub threads: NonZeroUsize,
    /// Whether the control is run, too.
    pub control: bool,
    /// Set from outside to end it early.
    pub stop: Arc<AtomicBool>,
}

/// Which run is under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Phase {
    /// The file's own.
    Run,
    /// The one without the protection.
    Control,
}

/// How far a rehearsal has come.
#[derive(Clone, PartialEq, Debug)]
pub struct Progress {
    /// The file.
    pub path: String,
    /// Which of its runs.
    pub phase: Phase,
    /// With which seed.
    pub seed: u64,
    /// The part of this run's simulated time that has passed, 0 to 1.
    pub done: f64,
    /// Requests of this run so far.
    pub requests: u64,
}

/// Why there is no rehearsal.
#[derive(Clone, Debug)]
pub enum RunError {
    /// The user's: the file or an edit is wrong.
    Problems(Vec<Problem>),
    /// The world's: a file cannot be read.
    Error(String),
    /// It was stopped.
    Interrupted,
}
