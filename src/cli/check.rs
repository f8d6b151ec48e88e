//! `squall check`: every problem of every file, and no run.

use super::args::CheckArgs;
use super::folders::is_study;
use super::inputs::{self, Inputs};
use super::{Exit, out, runbook, study};
use crate::scenario::{self, FileKind, Source};
use std::fmt::Write;
use std::path::Path;

/// Loads every file and says what is wrong with it.
pub(super) fn check(args: &CheckArgs) -> Exit {
    let mut good = String::new();
    if args.fix {
        let exit = rewritten(args, &mut good);
        if exit != Exit::Holds {
            return exit.worse(out::print(&good));
        }
    }
    let Inputs { sources, studies, exit } = inputs::find_with_studies(&args.files);
    let mut exit = exit;
    for source in &sources {
        let checked = if runbook::is_one(source) {
            runbook::check(source)
        } else {
            inputs::check(source, &[], true)
        };
        if checked == Exit::Holds {
            good += &format!("{}: no problems\n", source.name());
        }
        exit = exit.worse(checked);
    }
    for path in &studies {
        match study::opened(path) {
            Ok(_) => good += &format!("{}: no problems\n", path.display()),
            Err(worse) => exit = exit.worse(worse),
        }
    }
    exit.worse(out::print(&good))
}

/// Replaces the old words of every file by the present ones and tells which they were. A file without
/// any is not written.
fn rewritten(args: &CheckArgs, told: &mut String) -> Exit {
    let Inputs { sources, studies, mut exit } = inputs::find_with_studies(&args.files);
    for source in &sources {
        let kind = if runbook::is_one(source) { FileKind::Runbook } else { FileKind::Scenario };
        exit = exit.worse(rewrite(source, kind, told));
    }
    for path in studies.iter().filter(|path| is_study(path)) {
        exit = exit.worse(match inputs::open(path) {
            Ok(source) => rewrite(&source, FileKind::Study, told),
            Err(worse) => worse,
        });
    }
    exit
}

fn rewrite(source: &Source, kind: FileKind, told: &mut String) -> Exit {
    let (text, replaced) = scenario::fix(source, kind);
    if replaced.is_empty() {
        return Exit::Holds;
    }
    let path = Path::new(source.name());
    if let Err(error) = out::replace(path, text.as_bytes()) {
        out::complain(&error);
        return Exit::Error;
    }
    for word in &replaced {
        // Writing to a text cannot fail.
        let _ =
            writeln!(told, "{}:{}: `{}` is now `{}`", source.name(), word.line, word.old, word.new);
    }
    Exit::Holds
}
