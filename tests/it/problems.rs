//! Broken files and the exact text that each gets: `tests/problems/NAME.toml` and `NAME.txt`.
//!
//! A file's first lines may give edits: `# --set PATH=VALUE`. `SQUALL_BLESS=1` writes the texts; read
//! the difference before it is committed.

use super::bless::blessed;
use squall::problem::{Problem, render};
use squall::scenario::{Edit, OpenError, Source, load};
use std::fs;
use std::path::{Path, PathBuf};

fn problem_files() -> Vec<PathBuf> {
    let entries = fs::read_dir("tests/problems").into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

/// What a user sees, or nothing for a file without problems.
fn said(path: &Path) -> String {
    let source = match Source::open(path) {
        Ok(source) => source,
        Err(OpenError::Problem(problem)) => {
            return render(&[*problem], "", false);
        }
        Err(error) => return format!("{error}\n"),
    };
    let options = source.text().lines().map_while(|line| line.strip_prefix("# --set "));
    let mut edits = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for option in options {
        match Edit::from_option(option) {
            Ok(edit) => edits.push(edit),
            Err(problem) => problems.push(*problem),
        }
    }
    if let Err(found) = load(&source, &edits) {
        problems.extend(found.0);
    }
    render(&problems, source.text(), false)
}

#[test]
fn every_broken_file_gets_its_exact_text() {
    let files = problem_files();
    assert!(files.len() >= 45, "only {} files", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let said = said(&file);
        assert!(said.starts_with("problem: "), "{} has no problem:\n{said}", file.display());
        if let Err(told) = blessed(file.with_extension("txt"), &said) {
            wrong.push(format!("{told}\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_problem_says_what_to_write_instead() {
    for file in problem_files() {
        let said = said(&file);
        let count = |start: &str| said.lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(count("problem: "), count("help: "), "{}:\n{said}", file.display());
    }
}

/// What opening a path says, with the folder cut out.
fn opening(folder: &Path, name: &str) -> String {
    match Source::open(folder.join(name)) {
        Ok(_) => "opened".into(),
        Err(error) => error.to_string().replace(&format!("{}/", folder.display()), ""),
    }
}

#[test]
fn what_is_no_file_of_ours_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("outage.toml"), "title = \"x\"\n").unwrap();
    fs::create_dir(folder.join("monthly")).unwrap();
    // Sparse, so that the hundred megabytes exist in name only.
    fs::File::create(folder.join("film.toml")).unwrap().set_len(100_000_000).unwrap();
    fs::write(folder.join("latin.toml"), b"title = \"S\xe3o Paulo\"\n").unwrap();
    fs::write(folder.join("empty.toml"), "\n  # nothing yet\n").unwrap();
    assert_eq!(opening(folder, "outage.toml"), "opened");
    assert_eq!(
        opening(folder, "outgae.toml"),
        "outgae.toml: there is no such file (help: there is `outage.toml`)"
    );
    assert!(opening(folder, "outage.toml/x.toml").contains("there is no such file"));
    assert!(opening(folder, "monthly").starts_with("monthly: this is a directory, not a scenario"));
    assert!(
        opening(folder, "film.toml").contains("100000000 bytes, and a scenario has at most 1 MiB")
    );
    assert!(opening(folder, "latin.toml").contains("byte 10 (line 1, byte 11 of it) is not UTF-8"));
    assert!(opening(folder, "empty.toml").contains("there is nothing in this file"));
    assert!(opening(folder, "a\0b").contains("there is no such file"));
}

#[cfg(unix)]
#[test]
fn a_file_that_may_not_be_read_is_an_error_and_no_problem() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret.toml");
    fs::write(&path, "title = \"x\"\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read everything; then there is nothing to see here.
    if fs::File::open(&path).is_ok() {
        return;
    }
    assert!(matches!(Source::open(&path), Err(OpenError::Io { .. })));
}
