//! `squall runbook`: a month's drills, rehearsed and put on record.

use super::args::RunbookArgs;
use super::inputs;
use super::progress::Runs;
use super::signals::Signals;
use super::{Exit, out};
use crate::engine::processors;
use crate::rehearse::RunError;
use crate::runbook::{self, Asked, Change, Kept, Prepared, Record, month_before};
use crate::scenario::{self, OpenError, Problem, Runbook, Source};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The name of a month's record.
const RECORD: &str = "runbook.json";

/// Rehearses and records.
pub(super) fn runbook(args: &RunbookArgs) -> Exit {
    match work(args) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn complain(told: &str) -> Exit {
    out::complain(told);
    Exit::Error
}

fn work(args: &RunbookArgs) -> Result<Exit, Exit> {
    let source = inputs::open(&args.file)?;
    let book = scenario::runbook(&source).map_err(|problems| inputs::tell(&problems.0, &source))?;
    let drills = prepare(&book, &source)?;
    let month = match &args.month {
        Some(month) => month.clone(),
        None => this_month().ok_or_else(|| complain("the clock of this machine is not set"))?,
    };
    let folder = args.out.join(&month);
    let before = last_month(&args.out, &month)?;
    if let Some(path) = &args.html {
        out::prepare_file(path).map_err(|told| complain(&told))?;
    }
    out::prepare(&folder).map_err(|told| complain(&told))?;
    let signals = Signals::listen_or_tell()?;
    let asked = Asked {
        month,
        path: source.name().to_owned(),
        threads: args.threads.unwrap_or_else(processors),
        stop: Arc::clone(&signals.stop),
    };
    let bar = Runs::new("runbook");
    let rehearsed = runbook::rehearse(&book, &drills, &asked, &mut |done, all| bar.show(done, all));
    bar.clear();
    let (mut record, kept) = rehearsed.map_err(|trouble| match trouble {
        RunError::Problems(problems) => {
            problems.iter().for_each(inputs::tell_about);
            Exit::Problems
        }
        RunError::Error(told) => complain(&told),
        RunError::Interrupted => {
            out::note("interrupted: the month is not recorded\n");
            signals.exit().unwrap_or(Exit::Interrupted)
        }
    })?;
    record.since = before
        .map(|before| Change { lines: runbook::changes(&before, &record), month: before.month });
    store(&record, &kept, &folder, args.html.as_deref())?;
    let printed = out::print(&runbook::text(&record, out::stdout_paint()));
    Ok(exit_of(&record).worse(printed))
}

fn exit_of(record: &Record) -> Exit {
    match record.verdict.as_str() {
        "holds" => Exit::Holds,
        "unmeasured" => Exit::Unmeasured,
        "control held" => Exit::ControlHeld,
        _ => Exit::Broken,
    }
}

/// Whether a file is a runbook, by its look: only they have drills.
pub(super) fn is_one(source: &Source) -> bool {
    source.text().lines().any(|line| line.trim_start().starts_with("[[drill]]"))
}

/// Tells of everything that is wrong with a runbook and with the scenarios of its drills.
pub(super) fn check(source: &Source) -> Exit {
    let read = scenario::runbook(source).map_err(|problems| inputs::tell(&problems.0, source));
    match read.and_then(|book| prepare(&book, source).map(|_| ())) {
        Ok(()) => Exit::Holds,
        Err(exit) => exit,
    }
}

/// Loads all drills, and tells of everything that is wrong with any.
fn prepare<'a>(book: &'a Runbook, source: &Source) -> Result<Vec<Prepared<'a>>, Exit> {
    let (mut drills, mut exit) = (Vec::new(), Exit::Holds);
    for drill in &book.drills {
        let path = beside(source, &drill.scenario);
        let opened = match Source::open(&path) {
            Ok(opened) => opened,
            Err(OpenError::Problem(problem)) => {
                let help = problem.help.as_deref().unwrap_or("a path from the runbook's folder");
                let mut here = Problem::about(source.name(), &problem.message, help);
                here.at = Some(drill.at.clone());
                exit = exit.worse(inputs::tell(&[here], source));
                continue;
            }
            Err(error @ OpenError::Io { .. }) => {
                exit = exit.worse(complain(&error.to_string()));
                continue;
            }
        };
        match scenario::load(&opened, &[]) {
            Ok(scenario) => drills.push(Prepared { drill, source: opened, scenario }),
            Err(problems) => exit = exit.worse(inputs::tell(&problems.0, &opened)),
        }
    }
    if exit == Exit::Holds { Ok(drills) } else { Err(exit) }
}

/// A path that counts from the runbook's folder, with `..` taken out of its middle, so that reports name a
/// scenario as a reader would.
fn beside(source: &Source, path: &str) -> PathBuf {
    let mut whole = PathBuf::new();
    for part in source.folder().join(path).components() {
        let up = part == std::path::Component::ParentDir;
        let named = whole
            .components()
            .next_back()
            .is_some_and(|last| matches!(last, std::path::Component::Normal(_)));
        if up && named {
            whole.pop();
        } else if part != std::path::Component::CurDir {
            whole.push(part);
        }
    }
    whole
}

/// The record of the last month before this one, if there is any.
fn last_month(folder: &Path, month: &str) -> Result<Option<Record>, Exit> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(complain(&format!("{} cannot be read: {error}", folder.display())));
        }
    };
    let named = entries.flatten().filter(|entry| entry.path().join(RECORD).is_file());
    let names: Vec<String> =
        named.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    let Some(before) = month_before(names.iter().map(String::as_str), month) else {
        return Ok(None);
    };
    let path = folder.join(before).join(RECORD);
    let name = path.display().to_string();
    let text = fs::read_to_string(&path)
        .map_err(|error| complain(&format!("{name} cannot be read: {error}")))?;
    match Record::read(&text) {
        Ok(record) => Ok(Some(record)),
        Err(wrong) => {
            let message = format!("this is no record of a month: {wrong}");
            let help = "rehearse that month again, or take the file away";
            inputs::tell_about(&Problem::about(&name, &message, help));
            Err(Exit::Problems)
        }
    }
}

/// Writes the month's record into its folder, and its page into a file of its own, too.
fn store(record: &Record, kept: &[Kept], folder: &Path, html: Option<&Path>) -> Result<(), Exit> {
    let bug = |error: String| {
        out::note(&format!("bug: a record cannot be written: {error}\n"));
        Exit::Bug
    };
    let page = runbook::page(record, kept).map_err(bug)?;
    let mut files = vec![
        (folder.join(RECORD), record.write().map_err(bug)?),
        (folder.join("runbook.xml"), runbook::junit(record).map_err(bug)?),
        (folder.join("runbook.html"), page.clone()),
    ];
    files.extend(html.map(|path| (path.to_path_buf(), page)));
    for (path, text) in files {
        out::save_with(&path, |file| file.write_all(text.as_bytes()))
            .map_err(|told| complain(&told))?;
    }
    Ok(())
}

/// This month in UTC; `None` when the clock stands before 1970. The only look at a clock, and it bears on
/// the record's name alone.
#[allow(clippy::disallowed_types)] // reason: the month is today's, and a user can name another
fn this_month() -> Option<String> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    Some(month_of_day(now.as_secs() / 86_400))
}

/// The month of a day that is counted from 1970-01-01, in the Gregorian calendar, years beginning in March
/// (Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn month_of_day(day: u64) -> String {
    let shifted = day + 719_468;
    let era_day = shifted % 146_097;
    let year_of_era = (era_day - era_day / 1_460 + era_day / 36_524 - era_day / 146_096) / 365;
    let day_of_year = era_day - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = shifted / 146_097 * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_fall_into_their_months() {
        // Days by `date -d @0`, and so on.
        for (day, month) in [
            (0, "1970-01"),
            (30, "1970-01"),
            (31, "1970-02"),
            (11_016, "2000-02"),
            (11_017, "2000-03"),
            (20_786, "2026-11"),
            (20_787, "2026-11"),
            (20_788, "2026-12"),
        ] {
            assert_eq!(month_of_day(day), month, "{day}");
        }
    }

    #[test]
    fn a_scenario_is_named_as_a_reader_would() {
        let source = Source::from_text("runbooks/monthly.toml", "");
        let named = beside(&source, "../scenarios/./a.toml");
        assert!(named.ends_with("scenarios/a.toml"), "{}", named.display());
        assert!(!named.to_string_lossy().contains("runbooks"), "{}", named.display());
    }
}
