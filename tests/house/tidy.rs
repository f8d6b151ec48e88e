//! The house rules that no compiler checks.

use super::files;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a source without its tests, and with them.
const MOST_LINES: usize = 500;
const MOST_LINES_IN_ALL: usize = 600;
const MOST_COLUMNS: usize = 110;

/// What may stand at the top beside dotfiles and what git ignores.
const TOP: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "benches",
    "results",
    "runbooks",
    "scenarios",
    "src",
    "tests",
    "tools",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Rust sources with their text.
fn sources() -> Vec<(PathBuf, String)> {
    let folders = ["src", "tests", "benches"];
    let paths = folders.into_iter().flat_map(|folder| files::below(folder, "rs"));
    paths.map(|path| (path.clone(), read(&path))).collect()
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

/// Everything that people write and read: sources, scenarios, pages, scripts, settings.
fn texts() -> Vec<(PathBuf, String)> {
    let mut found = sources();
    for folder in ["scenarios", "runbooks", "results", "tools"] {
        if root().join(folder).is_dir() {
            walk(Path::new(folder), &mut found);
        }
    }
    walk(Path::new(".ci"), &mut found);
    for entry in fs::read_dir(root()).unwrap() {
        let name = PathBuf::from(entry.unwrap().file_name());
        // In a second work tree of Git, `.git` is a file that says where the first one is.
        let others = [Path::new("Cargo.lock"), Path::new(".git")];
        if root().join(&name).is_file() && !others.contains(&name.as_path()) {
            found.push((name.clone(), read(&name)));
        }
    }
    for script in ["tests/all", "tests/digests"] {
        if root().join(script).is_file() {
            found.push((script.into(), read(Path::new(script))));
        }
    }
    found
}

/// Adds the texts below a folder; what is no text, such as a compressed trace, is left out.
fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(root().join(folder)) else {
        return;
    };
    for entry in entries {
        let path = folder.join(entry.unwrap().file_name());
        if root().join(&path).is_dir() {
            walk(&path, found);
        } else if let Ok(text) = fs::read_to_string(root().join(&path)) {
            found.push((path, text));
        }
    }
}

/// Says what is wrong, all of it.
fn none(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Complaints about lines of texts.
fn lines_that(
    texts: &[(PathBuf, String)],
    what: &str,
    is_wrong: impl Fn(&Path, &str) -> bool,
) -> Vec<String> {
    let mut wrong = Vec::new();
    for (path, text) in texts {
        for (number, line) in (1..).zip(text.lines()) {
            if is_wrong(path, line) {
                wrong.push(format!("{}:{number}: {what}: {}", path.display(), line.trim()));
            }
        }
    }
    wrong
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    name == "tests.rs" || name.ends_with("_tests.rs") || path.starts_with("tests")
}

#[test]
fn files_are_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let all = text.lines().count();
        let before_tests = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
        if all > MOST_LINES_IN_ALL || (before_tests > MOST_LINES && !is_test(&path)) {
            wrong.push(format!("{}: {before_tests} lines, {all} in all", path.display()));
        }
    }
    none(&wrong);
}

#[test]
fn every_source_says_what_it_is() {
    // A unit-test file is told about by the file that it tests.
    let of_unit = |path: &Path| path.starts_with("src") && is_test(path);
    let silent = |source: &&(PathBuf, String)| !source.1.starts_with("//! ") && !of_unit(&source.0);
    let all = sources();
    let wrong: Vec<_> = all.iter().filter(silent).map(|(path, _)| format!("{path:?}")).collect();
    none(&wrong);
}

#[test]
fn lines_are_clean() {
    let texts = texts();
    let blank = |_: &Path, line: &str| line.ends_with([' ', '\t', '\r']);
    none(&lines_that(&texts, "blanks at the end", blank));
    none(&lines_that(&texts, "a tab", |_, line| line.contains('\t')));
    // Rows of a table that is data stay in one line.
    let is_row = |line: &str| line.matches(" | ").count() == 4;
    let long = |path: &Path, line: &str| {
        let code = path.extension().is_some_and(|ext| ext == "rs") || path.starts_with("tests");
        code && line.chars().count() > MOST_COLUMNS && !is_row(line)
    };
    none(&lines_that(&texts, "too long", long));
}

#[test]
fn files_end_with_one_line_feed() {
    let ends_well =
        |text: &str| text.is_empty() || (text.ends_with('\n') && !text.ends_with("\n\n"));
    let wrong: Vec<_> = texts()
        .into_iter()
        // The licence is as its authors publish it.
        .filter(|(path, text)| !ends_well(text) && path != Path::new("LICENSE"))
        .map(|(path, _)| path.display().to_string())
        .collect();
    none(&wrong);
}

/// Written in halves, so that this file does not hold them.
const UNFINISHED: &[(&str, &str)] = &[
    ("todo", "!("),
    ("unimplemented", "!("),
    ("dbg", "!("),
    ("#[ign", "ore"),
    ("TO", "DO"),
    ("FIX", "ME"),
    ("XX", "X"),
];

/// What belongs to one machine and not to the project.
const OF_A_MACHINE: &[(&str, &str)] = &[
    ("/wo", "rk/"),
    ("/tm", "p/"),
    ("/ro", "ot/"),
    ("/ho", "me/"),
    ("index.crates", ".io"),
    ("static.crates", ".io"),
    ("localho", "st:"),
    ("127.0", ".0.1"),
];

#[test]
fn nothing_is_unfinished_and_nothing_names_a_machine() {
    let texts = texts();
    let holds = |line: &str, words: &[(&str, &str)]| {
        words.iter().any(|(one, two)| line.contains(&format!("{one}{two}")))
    };
    none(&lines_that(&texts, "unfinished", |_, line| holds(line, UNFINISHED)));
    none(&lines_that(&texts, "of one machine", |_, line| holds(line, OF_A_MACHINE)));
}

/// Where an attribute that begins in a line ends.
fn end_of_attribute(lines: &[&str], begin: usize) -> usize {
    let mut depth = 0_i64;
    for (at, line) in lines.iter().enumerate().skip(begin) {
        let code = line.split("//").next().unwrap_or_default();
        let opened = code.matches(['[', '(']).count();
        let closed = code.matches([']', ')']).count();
        depth += i64::try_from(opened).unwrap() - i64::try_from(closed).unwrap();
        if depth <= 0 {
            return at;
        }
    }
    lines.len() - 1
}

#[test]
fn every_exception_from_a_lint_has_its_reason() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            let line = line.trim_start();
            if !["#[allow", "#![allow", "#[expect"].iter().any(|begin| line.starts_with(begin)) {
                continue;
            }
            seen += 1;
            let end = end_of_attribute(&lines, at);
            let around = &lines[at.saturating_sub(1)..(end + 2).min(lines.len())];
            if !around.iter().any(|line| line.contains("// reason: ")) {
                wrong.push(format!("{}:{}: {line}", path.display(), at + 1));
            }
        }
    }
    assert!(seen > 10, "{seen} exceptions: the reader is broken");
    none(&wrong);
}

#[test]
fn the_top_holds_what_the_design_names() {
    let mut wrong = Vec::new();
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if !name.starts_with('.') && name != "target" && !TOP.contains(&name.as_str()) {
            wrong.push(format!("{name}: not at the top"));
        }
    }
    none(&wrong);
}

/// Records and the programs that write them are apart, and a program says that it is one.
#[cfg(unix)]
#[test]
fn results_holds_records_and_tools_holds_programs() {
    use std::os::unix::fs::PermissionsExt;
    let mut wrong = Vec::new();
    for (folder, is_program) in [("results", false), ("tools", true)] {
        let mut files = Vec::new();
        walk(Path::new(folder), &mut files);
        assert!(files.len() > 10, "{folder}: {} files are too few", files.len());
        for (path, text) in files {
            let mode = fs::metadata(root().join(&path)).unwrap().permissions().mode();
            if (mode & 0o111 != 0) != is_program || text.starts_with("#!") != is_program {
                let must = if is_program { "must" } else { "must not" };
                wrong.push(format!("{}: {must} be executable and begin with #!", path.display()));
            }
        }
    }
    none(&wrong);
}
