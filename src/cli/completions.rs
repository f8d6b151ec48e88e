//! `squall completions`: a script that completes commands and options in a shell.

use super::args::{Args, CompletionsArgs};
use super::{Exit, out};
use clap::CommandFactory;

/// Prints the script.
pub(super) fn completions(args: &CompletionsArgs) -> Exit {
    let mut bytes = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "squall", &mut bytes);
    out::print(&String::from_utf8_lossy(&bytes))
}
