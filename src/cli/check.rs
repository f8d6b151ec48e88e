//! `squall check`: every problem of every file, and no run.

use super::args::CheckArgs;
use super::inputs::{self, Inputs};
use super::{Exit, out, runbook, study};

/// Loads every file and says what is wrong with it.
pub(super) fn check(args: &CheckArgs) -> Exit {
    let Inputs { sources, studies, exit } = inputs::find_with_studies(&args.files);
    let mut exit = exit;
    let mut good = String::new();
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
