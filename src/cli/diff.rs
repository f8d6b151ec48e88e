//! `squall diff`: two reports or two scenarios side by side.

use super::args::DiffArgs;
use super::inputs;
use super::signals::Signals;
use super::{Exit, out};
use crate::engine::processors;
use crate::rehearse::{self, RunError, RunRequest};
use crate::report::{self, Shape, diff};
use std::fs;
use std::path::Path;
use std::sync::Arc;

/// Reads both, runs what is a scenario, and says what differs.
pub(super) fn compare(args: &DiffArgs) -> Exit {
    let (before, now) = (documents(&args.before), documents(&args.now));
    let (before, now) = match (before, now) {
        (Ok(before), Ok(now)) => (before, now),
        (before, now) => {
            let wrong = [before.err(), now.err()];
            return Exit::worst(wrong.into_iter().flatten());
        }
    };
    let difference = diff::diff(&before, &now);
    let exit = if difference.broke { Exit::Broken } else { Exit::Holds };
    exit.worse(out::print(&difference.text))
}

/// The reports of a file; those of a scenario are made first.
fn documents(path: &Path) -> Result<Vec<report::Stored>, Exit> {
    let name = path.display().to_string();
    let text = if path.extension().is_some_and(|end| end == "toml") {
        rehearsed(path)?
    } else {
        fs::read_to_string(path).map_err(|error| {
            out::complain(&format!("{name} cannot be read: {error}"));
            Exit::Error
        })?
    };
    report::read(&text).map_err(|wrong| super::report::refuse(&wrong, path))
}

/// Runs a scenario with its own seed and without its control.
fn rehearsed(path: &Path) -> Result<String, Exit> {
    let source = inputs::open(path)?;
    let signals = Signals::listen_or_tell()?;
    let asked = RunRequest {
        edits: Vec::new(),
        seeds: Vec::new(),
        threads: processors(),
        control: false,
        stop: Arc::clone(&signals.stop),
    };
    let rehearsal =
        rehearse::rehearse(&source, &asked, &|_| {}).map_err(|trouble| match trouble {
            RunError::Problems(problems) => inputs::tell(&problems, &source),
            RunError::Error(told) => {
                out::complain(&told);
                Exit::Error
            }
            RunError::Interrupted => signals.exit().unwrap_or(Exit::Interrupted),
        })?;
    report::json::render(&[rehearsal], Shape::default()).map_err(|error| {
        out::note(&format!("bug: a report cannot be written: {error}\n"));
        Exit::Bug
    })
}
