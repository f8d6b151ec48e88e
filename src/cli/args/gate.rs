//! The words of `squall gate`.

use super::{Seeds, seeds};
use crate::cli::inputs;
use clap::ValueEnum;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// How the gate's result is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum GateFormat {
    /// For people.
    Text,
    /// For programs: `squall.gate/1`.
    Json,
    /// For continuous integration: a case for each invariant and each quantity that gates.
    Junit,
    /// GitHub's annotations: at most ten, the worst first, pointing into the scenarios.
    Github,
    /// A summary in Markdown.
    Markdown,
}

/// Run scenarios against their baselines and fail when something has become worse.
///
/// Runs whose digests are those of the baseline are the same. Every run's invariants are judged, and the
/// control with the first seed. What differs is compared in pairs, seed by seed; what seems worse than its
/// tolerance is looked at again on fresh seeds before it is called a regression. Without a scenario, all
/// that have a baseline are run.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall gate scenarios --update              record baselines of 5 + 5 seeds
  squall gate                                 all that have a baseline
  squall gate scenarios/smoke --format github --out target/gate
  squall gate drill.toml --tolerance tolerances.toml

Tolerances, 1 % of the mean where nothing else is said:
  [every]
  relative = \"2%\"
  [[quantity]]
  name     = \"half of them are answered in 20 ms\"
  absolute = \"1ms\"
  worse    = \"higher\"          # lower, both; neither: it does not gate

Exit codes:
  0 nothing is worse; 1 an invariant is broken; 2 problems, or no baseline that fits; 3 something was
  not measured; 4 a control did not break what it names; 6 something is worse than its tolerance;
  7 something may be worse, and the seeds do not tell.")]
pub(in crate::cli) struct GateArgs {
    /// Scenario files, or folders: every `*.toml` in a folder and in those below it, by path
    #[arg(value_name = "SCENARIO", value_hint = clap::ValueHint::AnyPath)]
    pub scenarios: Vec<PathBuf>,
    /// The folder of baselines: a file for each scenario
    #[arg(long, value_name = "DIR", default_value = "results/baselines")]
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub baseline: PathBuf,
    /// Write the baselines anew, of scenarios that hold. As many fresh seeds follow those of --seeds
    #[arg(long)]
    pub update: bool,
    /// The seeds of the first look: those of the baseline, or 1..5 with --update
    #[arg(long, value_name = "A..B", allow_hyphen_values = true, value_parser = seeds)]
    pub seeds: Option<Seeds>,
    /// How much worse each quantity may become
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with = "update")]
    pub tolerance: Option<PathBuf>,
    /// How the result is written to standard output
    #[arg(long, value_enum, default_value_t = GateFormat::Text)]
    pub format: GateFormat,
    /// Write gate.json, gate.xml (JUnit) and gate.md into this folder, too
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    #[arg(conflicts_with = "update")]
    pub out: Option<PathBuf>,
    /// Write a page for people: what has changed, with plots of the scenarios that are not the same
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with = "update")]
    pub html: Option<PathBuf>,
    /// Runs at one time. The default is one for each core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = inputs::threads)]
    pub threads: Option<NonZeroUsize>,
    /// Leave out the control of each scenario
    #[arg(long)]
    pub no_control: bool,
}
