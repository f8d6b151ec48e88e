//! From words on the command line to scenarios: files, folders, edits and seeds.

use super::{Exit, out};
use crate::report::Paint;
use crate::scenario::{self, Edit, OpenError, Problem, Source};
use std::fs;
use std::io;
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
    /// The most severe trouble so far.
    pub exit: Exit,
}

/// Opens files, and every `*.toml` in folders and in the folders in them, sorted by name. Tells of
/// everything that cannot be opened.
pub(super) fn find(paths: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs { sources: Vec::new(), exit: Exit::Holds };
    for path in paths {
        if !path.is_dir() {
            inputs.open(path);
            continue;
        }
        match files_in(path) {
            Ok(files) if files.is_empty() => {
                let name = path.display().to_string();
                let help = "a scenario's name ends in `.toml`";
                inputs.problem(&Problem::about(&name, "there is no scenario in this folder", help));
            }
            Ok(files) => files.iter().for_each(|file| inputs.open(file)),
            Err(error) => inputs.error(&format!("{} cannot be read: {error}", path.display())),
        }
    }
    inputs
}

impl Inputs {
    fn open(&mut self, path: &Path) {
        match Source::open(path) {
            Ok(source) => self.sources.push(source),
            Err(OpenError::Problem(problem)) => self.problem(&problem),
            Err(error @ OpenError::Io { .. }) => self.error(&error.to_string()),
        }
    }

    fn problem(&mut self, problem: &Problem) {
        tell_about(problem);
        self.exit = self.exit.worse(Exit::Problems);
    }

    fn error(&mut self, text: &str) {
        out::complain(text);
        self.exit = self.exit.worse(Exit::Error);
    }
}

/// The scenarios of a folder and of the folders in it; hidden ones are left out.
fn files_in(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for path in visible(folder)? {
        if path.is_dir() {
            found.extend(visible(&path)?.into_iter().filter(|below| is_scenario(below)));
        } else if is_scenario(&path) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn visible(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if !entry.file_name().as_encoded_bytes().starts_with(b".") {
            paths.push(entry.path());
        }
    }
    Ok(paths)
}

fn is_scenario(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == "toml") && path.is_file()
}

/// Loads one scenario and tells of its problems.
pub(super) fn check(source: &Source, edits: &[Edit]) -> Exit {
    match scenario::load(source, edits) {
        Ok(_) => Exit::Holds,
        Err(problems) => tell(&problems.0, source),
    }
}

/// Tells of a problem with something that could not be opened, so that there is no line to show.
pub(super) fn tell_about(problem: &Problem) {
    let title = if out::stderr_paint() == Paint::Ansi {
        anstyle::AnsiColor::BrightRed.on_default().bold()
    } else {
        anstyle::Style::new()
    };
    let Problem { file, message, help, .. } = problem;
    let help = help.as_ref().map_or_else(String::new, |help| format!("help: {help}\n"));
    out::note(&format!("{title}problem{title:#}: {message}\n  --> {file}\n{help}\n"));
}

/// Tells of problems of one scenario.
pub(super) fn tell(problems: &[Problem], source: &Source) -> Exit {
    out::note(&scenario::render(problems, source, out::stderr_paint() == Paint::Ansi));
    out::note("\n");
    Exit::Problems
}

/// The edits of `--set`.
///
/// # Errors
/// One text for all that are malformed.
pub(super) fn edits(options: &[String]) -> Result<Vec<Edit>, String> {
    let (mut edits, mut wrong) = (Vec::new(), String::new());
    for option in options {
        match Edit::from_option(option) {
            Ok(edit) => edits.push(edit),
            Err(problem) => {
                let Problem { message, help, .. } = *problem;
                let help = help.map_or_else(String::new, |help| format!("help: {help}\n"));
                wrong += &format!("problem: {message}\n  --> --set {option}\n{help}\n");
            }
        }
    }
    if wrong.is_empty() { Ok(edits) } else { Err(wrong) }
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

    #[test]
    fn folders_give_their_scenarios_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/deep")).unwrap();
        for name in ["c.toml", "a.toml", "a.txt", ".hidden.toml", "b/d.toml", "b/deep/e.toml"] {
            fs::write(at(name), "").unwrap();
        }
        let expected = ["a.toml", "b/d.toml", "c.toml"].map(at);
        assert_eq!(files_in(folder.path()).unwrap(), expected);
    }
}
