//! A run against its baseline: has something become worse?
//!
//! Three layers, each of which can only add to what the one before it says:
//!
//! 1. Runs whose digests and values are those of the baseline are the same run.
//! 2. The scenario's own invariants are judged in every run, and its control with the first seed.
//! 3. What differs is compared in pairs, seed by seed: the same seed means the same viewers in both
//!    versions, so that what is left in the difference is the change. A first look chooses the quantities
//!    whose mean lies beyond its tolerance with 95 % confidence; each of these is looked at again on seeds
//!    that played no part in the choice, and is a regression if the difference is beyond the tolerance
//!    there, too, with an error of 0.1 % over all of them together (Holm). Between the two lies `cannot
//!    tell`, and never a pass on silence.
//!
//! A baseline therefore holds two sets of seeds: those of the first look, and as many fresh ones.

mod baseline;
mod compare;
mod gated;
mod github;
mod json;
mod junit;
mod markdown;
mod page;
mod quantity;
mod run;
mod text;
mod words;

pub use baseline::{Baseline, Known, Seeded, file_name};
pub use compare::{CONFIRM, FIRST_LOOK, Look, Rule, Verdict, confirm};
pub use gated::{Compared, Gated};
pub use quantity::{Kind, Quantity, quantities, rules};
pub use run::{Asked, Kept, compare, keep, record};

use crate::report::json::ReportInput;

/// The published JSON Schema of `squall.gate/1`.
pub const SCHEMA: &str = include_str!("gate/gate-1.schema.json");

/// How the result of a gate is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// For people.
    Text,
    /// For programs: `squall.gate/1`.
    Json,
    /// For continuous integration: a case for each invariant and each quantity that gates.
    Junit,
    /// GitHub's workflow commands: at most ten annotations, the worst first.
    Github,
    /// A summary in Markdown, such as GitHub shows for a step.
    Markdown,
}

/// Everything that the gate has found, in one form, ending in a line break.
///
/// # Errors
/// A sentence when something cannot be written in that form, which is a bug of ours.
pub fn render(gated: &[Gated], form: Form, paint: crate::report::Paint) -> Result<String, String> {
    match form {
        Form::Text => Ok(text::render(gated, paint)),
        Form::Json => json::render(gated).map_err(|error| error.to_string()),
        Form::Junit => junit::render(gated).map_err(|error| error.to_string()),
        Form::Github => Ok(github::render(gated)),
        Form::Markdown => Ok(markdown::render(gated)),
    }
}

/// Everything that the gate has found as a page for people, with the plots of what was kept
/// ([`keep`]): one self-contained file.
#[must_use]
pub fn page(gated: &[Gated], kept: &[Kept]) -> String {
    let told: Vec<ReportInput<'_>> = kept
        .iter()
        .map(|one| ReportInput { rehearsal: &one.rehearsal, recordings: &one.recordings })
        .collect();
    page::render(gated, &told)
}
