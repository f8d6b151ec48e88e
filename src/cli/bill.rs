//! `squall bill`: what a month costs, line by line.

use super::args::BillArgs;
use super::signals::Signals;
use super::{Exit, inputs, out};
use crate::cost::{Mode, Usage, bill as bill_of};
use crate::engine::processors;
use crate::rehearse::{self, Asked, Trouble};
use crate::report;
use std::path::Path;
use std::sync::Arc;

/// The edit that `--as-printed` stands for.
const AS_PRINTED: &str = "fabric.cost.book=as-printed";

/// Prints the bill of the fabric, or of a scenario.
pub(super) fn bill(args: &BillArgs) -> Exit {
    match &args.scenario {
        Some(path) => of_scenario(path, args),
        None => of_fabric(if args.as_printed { Mode::AsPrinted } else { Mode::Exact }),
    }
}

fn of_fabric(mode: Mode) -> Exit {
    const TITLE: &str = "A month of the five-region fabric, 500 TB to viewers";
    match bill_of(&Usage::capstone(), mode) {
        Ok(bill) => out::print(&report::bill::text(&bill, TITLE)),
        Err(error) => {
            out::note(&format!("bug: the fabric has no bill: {error}\n"));
            Exit::Bug
        }
    }
}

fn of_scenario(path: &Path, args: &BillArgs) -> Exit {
    let mut options = args.set.clone();
    if args.as_printed {
        options.push(AS_PRINTED.into());
    }
    let edits = match inputs::edits(&options) {
        Ok(edits) => edits,
        Err(exit) => return exit,
    };
    let source = match inputs::open(path) {
        Ok(source) => source,
        Err(exit) => return exit,
    };
    let checked = inputs::check(&source, &edits, false);
    if checked != Exit::Holds {
        return checked;
    }
    let signals = match Signals::listen_or_tell() {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    let stop = Arc::clone(&signals.stop);
    let asked = Asked { edits, seeds: Vec::new(), threads: processors(), control: false, stop };
    let bar = super::progress::RunProgress::new();
    bar.start();
    let rehearsed = rehearse::rehearse(&source, &asked, &|progress| bar.show(progress));
    bar.clear();
    match rehearsed {
        Ok(rehearsal) => match rehearsal.runs.first() {
            Some(run) => out::print(&report::bill::text(&run.bill, &rehearsal.scenario.title)),
            None => Exit::Unmeasured,
        },
        Err(Trouble::Problems(problems)) => inputs::tell(&problems, &source),
        Err(Trouble::Error(told)) => {
            out::complain(&format!("{}: {told}", source.name()));
            Exit::Error
        }
        Err(Trouble::Interrupted) => signals.exit().unwrap_or(Exit::Interrupted),
    }
}
