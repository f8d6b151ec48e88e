//! From words on the command line to scenarios: files, folders, edits and seeds.

use super::folders::{Found, is_study};
use super::{Exit, out};
use crate::problem::{self, Problem};
use crate::report::Paint;
use crate::scenario::{self, Edit, OpenError, Source};
use crate::units::{Quantity, Unit};
use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The most seeds of one command: more belong to an engine that spreads them over machines.
const MOST_SEEDS: u64 = 100_000;
/// The largest seed: what a scenario file can hold.
pub(super) const LARGEST_SEED: u64 = (1 << 63) - 1;

/// What was named and could be opened; what could not has been told.
#[derive(Debug)]
pub(super) struct Inputs {
    /// The scenarios, in the order in which they were named.
    pub sources: Vec<Source>,
    /// Study files, where they were asked for.
    pub studies: Vec<PathBuf>,
    /// The most severe trouble so far.
    pub exit: Exit,
}

/// Opens files, and every `*.toml` in folders and in the folders below them, sorted by path. Tells
/// of everything that cannot be opened.
pub(super) fn find(paths: &[PathBuf]) -> Inputs {
    find_all(paths, false)
}

/// The same with studies, which are not opened: `*.study.toml`.
pub(super) fn find_with_studies(paths: &[PathBuf]) -> Inputs {
    find_all(paths, true)
}

fn find_all(paths: &[PathBuf], studies: bool) -> Inputs {
    let mut inputs = Inputs { sources: Vec::new(), studies: Vec::new(), exit: Exit::Holds };
    for path in paths {
        if path.is_dir() {
            inputs.folder(path, studies);
        } else if !is_study(path) {
            inputs.open(path);
        } else if studies {
            inputs.studies.push(path.clone());
        } else {
            let name = path.display().to_string();
            let help = format!("`squall study {name}`");
            inputs.problem(&Problem::about(&name, "this is a study, not a scenario", &help));
        }
    }
    inputs
}

impl Inputs {
    fn folder(&mut self, path: &Path, studies: bool) {
        let mut found = Found::below(path);
        if studies {
            self.studies.append(&mut found.studies);
        }
        if found.is_empty() && self.studies.is_empty() {
            let name = path.display().to_string();
            let message = "there is no scenario in this folder";
            let help = "a scenario's name ends in `.toml`; links to folders are not followed";
            self.problem(&Problem::about(&name, message, help));
        }
        for folder in &found.too_deep {
            let name = folder.display().to_string();
            let message = "this folder lies too deep and is not looked into";
            let help = "at most 8 folders below a named one are; name this one as well";
            self.problem(&Problem::about(&name, message, help));
        }
        for (folder, error) in &found.unread {
            self.error(&format!("{} cannot be read: {error}", folder.display()));
        }
        found.files.iter().for_each(|file| self.open(file));
    }

    fn open(&mut self, path: &Path) {
        match open(path) {
            Ok(source) => self.sources.push(source),
            Err(worse) => self.exit = self.exit.worse(worse),
        }
    }

    fn problem(&mut self, problem: &Problem) {
        self.exit = self.exit.worse(tell_about(problem));
    }

    fn error(&mut self, text: &str) {
        out::complain(text);
        self.exit = self.exit.worse(Exit::Error);
    }
}

/// Opens one file, or tells why it cannot be opened.
pub(super) fn open(path: &Path) -> Result<Source, Exit> {
    Source::open(path).map_err(|error| match error {
        OpenError::Problem(problem) => tell_about(&problem),
        error @ OpenError::Io { .. } => {
            out::complain(&error.to_string());
            Exit::Error
        }
    })
}

/// Loads one scenario and tells of its problems. `control` says whether its control will be run:
/// what is not run need not make sense with the edits.
pub(super) fn check(source: &Source, edits: &[Edit], control: bool) -> Exit {
    let loaded = if control {
        scenario::load(source, edits)
    } else {
        scenario::load_without_control(source, edits)
    };
    match loaded {
        Ok(_) => Exit::Holds,
        Err(problems) => tell(&problems.0, source),
    }
}

/// Tells of a problem without the line that it stands in: of an option, or of a file that could not be
/// opened.
pub(super) fn tell_about(problem: &Problem) -> Exit {
    tell_in(&[Problem { at: None, text: None, ..problem.clone() }], "")
}

/// Tells of problems of one scenario.
pub(super) fn tell(problems: &[Problem], source: &Source) -> Exit {
    tell_in(problems, source.text())
}

/// Tells of problems of one text.
pub(super) fn tell_in(problems: &[Problem], text: &str) -> Exit {
    out::note(&problem::render(problems, text, out::stderr_paint() == Paint::Ansi));
    out::note("\n");
    Exit::Problems
}

/// The edits of `--set`. All that are malformed are told.
pub(super) fn edits(options: &[String]) -> Result<Vec<Edit>, Exit> {
    let (mut edits, mut wrong) = (Vec::new(), Vec::new());
    for option in options {
        match Edit::from_option(option) {
            Ok(edit) => edits.push(edit),
            Err(problem) => wrong.push(*problem),
        }
    }
    if wrong.is_empty() { Ok(edits) } else { Err(tell_in(&wrong, "")) }
}

/// A word of the command line as text.
///
/// # Errors
/// When it is not UTF-8.
pub(super) fn text(word: OsString) -> Result<String, &'static str> {
    word.into_string().map_err(|_| "it is not UTF-8, which scenarios and their names are")
}

/// A seed.
///
/// # Errors
/// A sentence when it is none.
pub(super) fn seed(text: &str) -> Result<u64, String> {
    let seed = text.parse().ok().filter(|&seed| seed <= LARGEST_SEED);
    seed.ok_or_else(|| format!("a seed is a whole number from 0 to {LARGEST_SEED}"))
}

/// A number of threads.
///
/// # Errors
/// A sentence when it is none.
pub(super) fn threads(text: &str) -> Result<NonZeroUsize, &'static str> {
    text.parse().map_err(|_| "threads are a whole number, and at least 1")
}

/// A cache's size in objects.
///
/// # Errors
/// A sentence when it is none.
pub(super) fn slots(text: &str) -> Result<u32, &'static str> {
    let help = "slots are a whole number up to 4,294,967,295, for example 10_000";
    text.trim().replace('_', "").parse().map_err(|_| help)
}

/// A cache's size in bytes; a number without a unit is bytes.
///
/// # Errors
/// A sentence when it is none.
pub(super) fn bytes(text: &str) -> Result<u64, String> {
    let help = "a size is bytes with or without a unit, for example 500_000, 10MB or 1GiB";
    if let Ok(plain) = text.trim().replace('_', "").parse() {
        return Ok(plain);
    }
    let quantity = Quantity::parse(text).map_err(|error| format!("{error}: {help}"))?;
    if quantity.unit() != Unit::Bytes {
        return Err(help.to_owned());
    }
    u64::try_from(quantity.grains()).map_err(|_| help.to_owned())
}

/// A share, written as `1%` or `0.01`.
///
/// # Errors
/// A sentence when it is none.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let help = "a share is 0% to 100%, for example 1%";
    let number = |text: &str| text.trim().parse::<f64>().map_err(|_| help.to_owned());
    let share = match text.trim().strip_suffix('%') {
        Some(percent) => number(percent)? / 100.0,
        None => number(text)?,
    };
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(help.to_owned()) }
}

/// The seeds of a range `A..B`, both ends included.
///
/// # Errors
/// A sentence when it is no range, runs backwards, or is longer than one command should run.
pub(super) fn seeds(text: &str) -> Result<Vec<u64>, String> {
    let help = "a range is A..B with both ends included, for example 1..20";
    let (first, last) = text.split_once("..").ok_or(help)?;
    let number = |word: &str| word.trim().parse::<u64>().map_err(|_| help.to_owned());
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(format!("{first} comes after {last}: {help}"));
    }
    if last > LARGEST_SEED {
        return Err(format!("the largest seed is {LARGEST_SEED}"));
    }
    if last - first >= MOST_SEEDS {
        return Err(format!("one command runs at most {MOST_SEEDS} seeds"));
    }
    Ok((first..=last).collect())
}

/// A month, as clap reads it.
pub(super) fn month(text: &str) -> Result<String, &'static str> {
    if crate::runbook::is_month(text) {
        Ok(text.to_owned())
    } else {
        Err("a month is a year and a number from 01 to 12, for example 2026-11")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_include_both_ends() {
        assert_eq!(seeds("1..3").unwrap(), [1, 2, 3]);
        assert_eq!(seeds("7..7").unwrap(), [7]);
        for wrong in ["3..1", "1", "1..", "..2", "a..b", "-1..2", "0..100000", "1..=3"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
        assert!(seeds("0..9223372036854775808").unwrap_err().contains("largest"));
    }
}
