//! The words of `squall report`.

use std::path::PathBuf;

/// A stored result as a page.
///
/// The page is one file that opens offline: verdicts, what happened, and, where the result was stored
/// with `--series`, plots over time. The same result gives the same bytes, and those of `squall run
/// --html`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall run drill.toml --format json --series > result.json
  squall report result.json --html drill.html
  squall run drill.toml --format json --series | squall report - --html drill.html")]
pub(in crate::cli) struct ReportArgs {
    /// What `squall run --format json` wrote; `-` is standard input
    #[arg(value_name = "RESULT", value_hint = clap::ValueHint::FilePath)]
    pub result: PathBuf,
    /// Where the page goes
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub html: PathBuf,
}
