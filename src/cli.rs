//! Words to calls, verdicts to exit codes; one file a command.
//!
//! The only module that knows of arguments, terminals, signals and exit codes. Reports go to
//! standard output through `out`, everything else to standard error.

mod args;
mod bill;
mod check;
mod completions;
mod diff;
mod exit;
mod explain;
mod folders;
mod gate;
mod inputs;
mod out;
mod progress;
mod replay;
mod report;
mod run;
mod runbook;
mod signals;
mod study;

pub use args::Args;
pub use exit::Exit;

use args::Verb;
use clap::Parser;
use clap::error::{ContextKind, ContextValue};
use std::ffi::OsString;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};

/// Runs the program with these arguments, the first of which is its name, and says how it ended.
/// Prints to standard output and standard error. Never panics: a panic below is reported as a bug
/// of ours.
pub fn main(words: impl IntoIterator<Item = OsString>) -> Exit {
    let words: Vec<OsString> = words.into_iter().collect();
    let line = command_line(&words);
    panic::set_hook(Box::new(move |info| out::note(&bug(info, &line))));
    guarded(|| match Args::try_parse_from(words) {
        Ok(args) => carry_out(args.verb),
        Err(refused) => usage(refused),
    })
}

fn carry_out(verb: Verb) -> Exit {
    match verb {
        Verb::Run(args) => run::run(&args),
        Verb::Check(args) => check::check(&args),
        Verb::Gate(args) => gate::gate(&args),
        Verb::Diff(args) => diff::compare(&args),
        Verb::Runbook(args) => runbook::runbook(&args),
        Verb::Explain(args) => explain::explain(&args),
        Verb::Bill(args) => bill::bill(&args),
        Verb::Replay(args) => replay::replay(&args),
        Verb::Study(args) => study::study(&args),
        Verb::Completions(args) => completions::completions(&args),
        Verb::Report(args) => report::report(&args),
    }
}

/// Prints a help that was asked for, or says what is wrong with the command line.
fn usage(mut refused: clap::Error) -> Exit {
    for kind in [ContextKind::InvalidArg, ContextKind::InvalidSubcommand, ContextKind::InvalidValue]
    {
        if let Some(ContextValue::String(word)) = refused.get(kind) {
            let word = out::cut(word).into_owned();
            refused.insert(kind, ContextValue::String(word));
        }
    }
    let text = refused.render();
    if refused.use_stderr() {
        let colours = out::stderr_paint() == crate::report::Paint::Ansi;
        out::note(&if colours { text.ansi().to_string() } else { text.to_string() });
        return Exit::Problems;
    }
    let colours = out::stdout_paint() == crate::report::Paint::Ansi;
    out::print(&if colours { text.ansi().to_string() } else { text.to_string() })
}

/// Turns a panic into an exit code. What is left half done belongs to the call that panicked, and
/// nothing uses it afterwards.
fn guarded(work: impl FnOnce() -> Exit) -> Exit {
    panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(Exit::Bug)
}

/// What is said of a panic.
fn bug(info: &PanicHookInfo<'_>, line: &str) -> String {
    let what = info
        .payload()
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| info.payload().downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".into());
    let place = info.location().map_or_else(|| "somewhere".into(), ToString::to_string);
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "bug: {what}\n  --> {place}\nThis is a bug of ours, not of your scenario. Please report it \
         with squall {version} and this command line,\nand with the scenario if you can:\n  {line}\n"
    )
}

/// The command line as one line, without what a terminal would obey.
fn command_line(words: &[OsString]) -> String {
    let words: Vec<_> = words.iter().map(|word| format!("{:?}", word.to_string_lossy())).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_with_the_code_of_a_bug() {
        assert_eq!(guarded(|| panic!("a test's own panic")), Exit::Bug);
        assert_eq!(guarded(|| Exit::Holds), Exit::Holds);
    }

    #[test]
    fn the_command_line_is_shown_whole_and_tame() {
        let words = ["squall", "run", "a b\u{1b}[2J"].map(OsString::from);
        assert_eq!(command_line(&words), r#""squall" "run" "a b\u{1b}[2J""#);
    }
}
