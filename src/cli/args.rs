//! The words of the command line.

mod diff;
mod gate;
mod kubernetes;
mod replay;
mod report;
mod runbook;
mod study;

pub(super) use diff::DiffArgs;
pub(super) use gate::{GateArgs, GateFormat};
pub(super) use replay::{Between, CurveBy, ReplayArgs, ReplayFormat, TraceFormat};
pub(super) use report::ReportArgs;
pub(super) use runbook::RunbookArgs;
pub(super) use study::{EngineName, MergeArgs, StudyArgs, StudyFormat, StudyVerb};

use super::inputs;
use clap::builder::styling::{AnsiColor, Styles};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Parser, Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(AnsiColor::Cyan.on_default());

/// Rehearses chaos drills on a simulated five-region video network and judges them.
///
/// A scenario says what is harmed, when, and what must hold. The same scenario and seed give the
/// same report, to the byte, on any machine and with any number of threads.
#[derive(Debug, Parser)]
#[command(
    name = "squall",
    version,
    styles = STYLES,
    arg_required_else_help = true,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "\
Examples:
  squall check scenarios
  squall run scenarios/monthly/region-outage.toml
  squall run scenarios/monthly --seeds 1..20 --format junit --out target/reports
  squall run scenarios/monthly --html drills.html
  squall gate scenarios
  squall explain metric failover_time

Exit codes:
  0 everything holds; 1 an invariant is broken; 2 problems with the input or the command line;
  3 something was not measured; 4 a control did not break what it names; 6 the gate found a
  regression; 7 the gate cannot tell; 70 a bug of ours; 74 a file error; 130 and 143 interrupted.
  Of several, the most severe: `squall explain exit-code`."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(super) verb: Verb,
}

#[derive(Debug, Subcommand)]
pub(super) enum Verb {
    /// Simulate scenarios, judge them and report
    Run(RunArgs),
    /// Load scenarios and say every problem, without a run
    Check(CheckArgs),
    /// Run scenarios against their baselines and fail when something has become worse
    Gate(GateArgs),
    /// Lay two reports or two scenarios side by side: what broke, what differs first, what it costs
    Diff(DiffArgs),
    /// Rehearse a month's drills: does each hold, what do they spend, what has changed?
    Runbook(RunbookArgs),
    /// Look up a metric, fault, preset, budget, exit code, statistic or key
    Explain(ExplainArgs),
    /// The monthly bill, line by line
    Bill(BillArgs),
    /// Send a real trace through cache policies: what do they miss?
    Replay(ReplayArgs),
    /// Many variants of a scenario: tables with intervals, paired differences, searches
    Study(Box<StudyArgs>),
    /// Print a script that completes commands and options in a shell
    Completions(CompletionsArgs),
    /// A stored result as a page: the same bytes each time
    Report(ReportArgs),
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(super) enum Format {
    /// For people.
    Text,
    /// For programs: `squall.report/1`.
    Json,
    /// For continuous integration.
    Junit,
    /// GitHub's annotations: at most ten, the worst first, pointing into the scenarios.
    Github,
}

/// A range of seeds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Seeds(pub Vec<u64>);

fn seeds(text: &str) -> Result<Seeds, String> {
    inputs::seeds(text).map(Seeds)
}

/// A text. clap's own parser refuses what is not UTF-8 without saying which argument it is.
fn utf8() -> impl TypedValueParser<Value = String> {
    OsStringValueParser::new().try_map(inputs::text)
}

/// Simulate scenarios, judge them and report.
///
/// All scenarios are checked before the first one runs. Problems and progress go to standard error,
/// reports to standard output.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall run scenarios/monthly/region-outage.toml
  squall run scenarios/monthly --format json > report.json
  squall run scenarios/smoke --format junit --out target/reports
  squall run scenarios/smoke --format github
  squall run drill.toml --seeds 1..20
  squall run drill.toml --set run.length=5m --set inject.outage.at=1m --no-control
  squall run drill.toml --openmetrics run.om
    && promtool tsdb create-blocks-from openmetrics run.om data
    && prometheus --storage.tsdb.path data --storage.tsdb.retention.time 100y
  squall run drill.toml --trace run.json --trace-requests 0.1%
  squall run scenarios/smoke --html drills.html
  squall run drill.toml --format json --series > result.json")]
pub(super) struct RunArgs {
    /// Scenario files, or folders: every `*.toml` in a folder and in those below it, by path
    #[arg(required = true, value_name = "SCENARIO", value_hint = clap::ValueHint::AnyPath)]
    pub scenarios: Vec<PathBuf>,
    /// The seed, instead of the file's
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = inputs::seed)]
    pub seed: Option<u64>,
    /// One run for each seed from A to B, both included; reports how often each invariant held
    #[arg(long, value_name = "A..B", conflicts_with = "seed")]
    #[arg(allow_hyphen_values = true, value_parser = seeds)]
    pub seeds: Option<Seeds>,
    /// Change what a file says: keys with dots between them, elements by their label. Repeatable
    #[arg(long, value_name = "PATH=VALUE", value_parser = utf8())]
    pub set: Vec<String>,
    /// How the report is written
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Write one report for each scenario into this folder; standard output gets the text
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// Write each second of the run of one scenario and one seed as OpenMetrics text with timestamps,
    /// for `promtool tsdb create-blocks-from openmetrics`. The run begins at 2020-01-01T00:00:00Z
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with = "seeds")]
    pub openmetrics: Option<PathBuf>,
    /// Write the run of one scenario and one seed as a Chrome trace, for ui.perfetto.dev: faults,
    /// levels, and a sample of requests with their hops
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    #[arg(conflicts_with = "seeds")]
    pub trace: Option<PathBuf>,
    /// The share of requests in the trace, by a hash of each; less where over 50,000 would come
    #[arg(long, value_name = "SHARE", default_value = "1%", requires = "trace")]
    #[arg(value_parser = inputs::share)]
    pub trace_requests: f64,
    /// Write a page that opens offline: verdicts, what happened, plots over time. Of several seeds the
    /// plots are of the first
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Add each second of every run to the JSON report (`timeline` and `series`), so that `squall
    /// report` can plot it
    #[arg(long)]
    pub series: bool,
    /// Threads to run on; never more than regions. The default is one for each core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = inputs::threads)]
    pub threads: Option<NonZeroUsize>,
    /// Leave out the control: the run without protection, in which the invariants must break
    #[arg(long)]
    pub no_control: bool,
    /// Show each invariant's sentence, how many samples it rests on, and the table of requests
    #[arg(long, short)]
    pub verbose: bool,
}

/// Load scenarios and say every problem, without a run.
///
/// Exits with 0 when there is none and with 2 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall check drill.toml
  squall check scenarios runbooks")]
pub(super) struct CheckArgs {
    /// Scenario files, or folders: every `*.toml` in a folder and in those below it, by path
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::AnyPath)]
    pub files: Vec<PathBuf>,
}

/// Look up a metric, fault, preset, budget, exit code, statistic or key.
///
/// Without a name it lists what there is.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall explain
  squall explain metric
  squall explain metric failover_time
  squall explain fault region-down
  squall explain key fabric.metadata.ttl
  squall explain exit-code 4
  squall explain schema report")]
pub(super) struct ExplainArgs {
    /// metric, fault, change, preset, budget, exit-code, statistic, key or schema; or a name, whatever it is
    #[arg(value_name = "TOPIC", value_parser = utf8())]
    pub topic: Option<String>,
    /// What to explain
    #[arg(value_name = "NAME", value_parser = utf8())]
    pub name: Option<String>,
}

/// The monthly bill, line by line.
///
/// Without a scenario it is the bill of the five-region fabric with 500 TB a month to viewers. With
/// one, the scenario is run (without its control) and its traffic is what is billed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall bill
  squall bill --as-printed
  squall bill drill.toml --set fabric.cost.nodes-per-region=4")]
pub(super) struct BillArgs {
    /// A scenario file
    #[arg(value_name = "SCENARIO", value_hint = clap::ValueHint::FilePath)]
    pub scenario: Option<PathBuf>,
    /// Flat prices and a month of 720 hours, as the original estimate printed them
    #[arg(long)]
    pub as_printed: bool,
    /// Change what the file says. Repeatable
    #[arg(long, value_name = "PATH=VALUE", value_parser = utf8(), requires = "scenario")]
    pub set: Vec<String>,
}

/// Print a script that completes commands and options in a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall completions bash > ~/.local/share/bash-completion/completions/squall
  squall completions zsh > ~/.zfunc/_squall
  squall completions fish > ~/.config/fish/completions/squall.fish")]
pub(super) struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Args::command().debug_assert();
    }
}
