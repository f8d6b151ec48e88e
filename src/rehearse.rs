//! A scenario becomes a judged run: the file's own run, and the control that must break.

mod alerts;
mod course;
mod hop;
mod hops;
mod keep;
mod month;
mod run;

pub use alerts::Alert;
pub use course::Spell;
pub use hop::Hop;
pub use hops::{Attempts, Hops};
pub use keep::{Happening, Keep, Recording};
pub use run::{Undisturbed, rehearse, rehearse_and_keep, undisturbed};

use crate::cost::Bill;
use crate::engine::Digest;
use crate::invariant::{Judgement, Seen, Verdict};
use crate::scenario::{Edit, Problem};
use crate::units::Span;
use std::num::NonZeroUsize;
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

/// An invariant and what became of it.
#[derive(Clone, PartialEq, Debug)]
pub struct Judged {
    /// Its name.
    pub name: String,
    /// Its sentence.
    pub text: String,
    /// The judgement.
    pub judgement: Judgement,
}

/// Something that is only watched.
#[derive(Clone, PartialEq, Debug)]
pub struct Watched {
    /// Its name.
    pub name: String,
    /// Its term.
    pub text: String,
    /// What was seen.
    pub seen: Seen,
}

/// What the control did: the same run with the protection taken away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control {
    /// `Holds` when every expected invariant broke, `Broken` when one did not, `Unmeasured` when one
    /// was not measured.
    pub verdict: Verdict,
    /// The invariants that broke, in the file's order.
    pub broke: Vec<String>,
    /// The invariants that must break.
    pub expected: Vec<String>,
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

/// One run of a scenario with one seed, judged.
#[derive(Clone, Debug)]
pub struct JudgedRun {
    /// The seed.
    pub seed: u64,
    /// The digest of everything that happened and was seen.
    pub digest: Digest,
    /// How long it was in simulated time.
    pub simulated: Span,
    /// How many requests viewers made.
    pub requests: u64,
    /// The invariants in the file's order.
    pub invariants: Vec<Judged>,
    /// The watches in the file's order.
    pub watch: Vec<Watched>,
    /// The control; `None` when the file has none or it was not asked for.
    pub control: Option<Control>,
    /// The bill of a month with this run's traffic.
    pub bill: Bill,
    /// What the judged part of the run spends of a month's error budget, as a share of one; `None` if
    /// nothing was measured.
    pub error_budget_spent: Option<f64>,
    /// How long the judged part is.
    pub judged: Span,
    /// The bookkeeping, by region.
    pub conservation: Vec<Conservation>,
    /// What went on, in the order in which it began.
    pub course: Vec<Spell>,
    /// Attempts a request at each hop.
    pub hops: Hops,
    /// What the breakers' alert rules would have made of it, in the order in which it began.
    pub alerts: Vec<Alert>,
}

/// All runs of one scenario.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    /// Which scenario.
    pub scenario: Identity,
    /// The runs, one a seed, in the order of seeds; never empty.
    pub runs: Vec<JudgedRun>,
    /// The share of runs in which an invariant must hold (1 unless the file says otherwise).
    pub holds_in: f64,
    /// The options that repeat it: what stands after `squall run PATH`.
    pub options: Vec<String>,
}

/// What is asked of a rehearsal. Only edits, seeds and the control bear on the result.
#[derive(Clone, Debug)]
pub struct Asked {
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
pub enum Trouble {
    /// The user's: the file or an edit is wrong.
    Problems(Vec<Problem>),
    /// The world's: a file cannot be read.
    Error(String),
    /// It was stopped.
    Interrupted,
}
