//! The words of `squall runbook`.

use crate::cli::inputs;
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// Rehearse a month's drills: does each hold, what do they spend, what has changed?
///
/// Runs every drill of the runbook and its control, and once more without its faults, so that what the
/// drill spends of the month's error budget and of its money is told from what the time spends anyway.
/// Writes a record of the month beside those of earlier months, and says what differs from the last one.
/// Nothing is fired.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall runbook runbooks/monthly.toml
  squall runbook runbooks/monthly.toml --month 2026-12 --out results/runbooks
  squall runbook runbooks/monthly.toml --html month.html
  squall explain exit-code

Exit codes:
  0 every drill holds and the purse is enough; 1 a drill is broken, or they spend more than the purse
  holds; 2 problems; 3 something was not measured; 4 a control did not break what it names.")]
pub(in crate::cli) struct RunbookArgs {
    /// The runbook
    #[arg(value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: PathBuf,
    /// The month. The default is this one, in UTC
    #[arg(long, value_name = "YYYY-MM", value_parser = inputs::month)]
    pub month: Option<String>,
    /// The folder of records: a folder for each month
    #[arg(long, value_name = "DIR", default_value = "results/runbooks")]
    #[arg(value_hint = clap::ValueHint::DirPath)]
    pub out: PathBuf,
    /// Write the month's page into this file, too: the same bytes as runbook.html in the month's folder
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// Runs at one time. The default is one for each core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = inputs::threads)]
    pub threads: Option<NonZeroUsize>,
}
