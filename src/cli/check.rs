//! `squall check`: every problem of every file, and no run.

use super::args::CheckArgs;
use super::inputs::{self, Inputs};
use super::{Exit, out};

/// Loads every file and says what is wrong with it.
pub(super) fn check(args: &CheckArgs) -> Exit {
    let Inputs { sources, exit } = inputs::find(&args.files);
    let mut exit = exit;
    let mut good = String::new();
    for source in &sources {
        let checked = inputs::check(source, &[], true);
        if checked == Exit::Holds {
            good += &format!("{}: no problems\n", source.name());
        }
        exit = exit.worse(checked);
    }
    exit.worse(out::print(&good))
}
