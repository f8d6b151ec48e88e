//! The words of `squall diff`.

use std::path::PathBuf;

/// Lay two reports or two scenarios side by side: what broke, what differs first, what it costs.
///
/// Reports are what `squall run --format json` has written, of one scenario or of many; scenarios are run
/// first, each with its own seed. The answer is Markdown, to be read here or put under a pull request.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  squall run scenarios/smoke --format json > before.json     on the one commit
  squall run scenarios/smoke --format json > now.json        on the other
  squall diff before.json now.json
  squall diff drill.toml drill-with-a-larger-pool.toml

Exit codes:
  0 nothing that held is broken; 1 something is; 2 problems.")]
pub(in crate::cli) struct DiffArgs {
    /// The first report or scenario
    #[arg(value_name = "A", value_hint = clap::ValueHint::FilePath)]
    pub before: PathBuf,
    /// The second
    #[arg(value_name = "B", value_hint = clap::ValueHint::FilePath)]
    pub now: PathBuf,
}
