//! The only place that writes: to standard output, standard error and report files.

use super::Exit;
use crate::report::Paint;
use anstream::ColorChoice;
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Writes a report to standard output. A reader that has left (`squall run ... | head`) is no
/// error; anything else that keeps the bytes from arriving is, and is told on standard error.
pub(super) fn print(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Holds,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Holds,
        Err(error) => {
            complain(&format!("standard output cannot be written: {error}"));
            Exit::Error
        }
    }
}

/// Writes a report to standard output as it is made, for one that may be long.
pub(super) fn print_with(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Exit {
    let mut stdout = BufWriter::new(io::stdout().lock());
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Ok(()) => Exit::Holds,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Exit::Holds,
        Err(error) => {
            complain(&format!("standard output cannot be written: {error}"));
            Exit::Error
        }
    }
}

/// A folder for what is needed only until the program ends.
///
/// # Errors
/// What the system says.
pub(super) fn scratch() -> Result<tempfile::TempDir, String> {
    let told = |error: io::Error| format!("no temporary folder can be made: {error}");
    tempfile::Builder::new().prefix("squall-").tempdir().map_err(told)
}

/// Writes to standard error. Nothing can be done when that fails, and nothing depends on it.
pub(super) fn note(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Tells of an error: something that the world, not the user or the program, has done.
pub(super) fn complain(text: &str) {
    note(&format!("error: {text}\n"));
}

/// A word to be quoted in what is told: one of a hundred thousand letters would bury the sentence.
pub(super) fn cut(word: &str) -> Cow<'_, str> {
    const MOST: usize = 200;
    match word.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &word[..end]).into(),
        None => word.into(),
    }
}

/// Whether standard output takes colours: a terminal does, unless `NO_COLOR`, `CLICOLOR` or `TERM`
/// say otherwise; `CLICOLOR_FORCE` forces them (bixense.com/clicolors, no-color.org).
pub(super) fn stdout_paint() -> Paint {
    paint(anstream::AutoStream::choice(&io::stdout()))
}

/// The same for standard error.
pub(super) fn stderr_paint() -> Paint {
    paint(anstream::AutoStream::choice(&io::stderr()))
}

fn paint(choice: ColorChoice) -> Paint {
    if choice == ColorChoice::Never { Paint::Plain } else { Paint::Ansi }
}

/// Makes sure that a folder exists and takes files, before an hour is spent on what goes there.
///
/// # Errors
/// What the system says, with the folder's name.
pub(super) fn prepare(folder: &Path) -> Result<(), String> {
    let told = |error: io::Error| format!("{} cannot be written to: {error}", folder.display());
    fs::create_dir_all(folder).map_err(told)?;
    temporary(folder).map_err(told)?.close().map_err(told)
}

/// Writes a whole file or nothing: to a temporary file beside it, which takes its name when every
/// byte is on the disk.
///
/// # Errors
/// What the system says, with the file's name. The temporary file is gone.
pub(super) fn save(folder: &Path, name: &str, bytes: &[u8]) -> Result<PathBuf, String> {
    let path = folder.join(name);
    save_with(&path, |file| file.write_all(bytes))?;
    Ok(path)
}

/// The same for what is written bit by bit.
///
/// # Errors
/// As [`save`].
pub(super) fn save_with(
    path: &Path,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    let told = |error: io::Error| format!("{} cannot be written: {error}", path.display());
    let folder = folder_of(path);
    let mut file = temporary(folder).map_err(told)?;
    let mut buffer = BufWriter::new(&mut file);
    write(&mut buffer).and_then(|()| buffer.flush()).map_err(told)?;
    drop(buffer);
    file.as_file().sync_all().map_err(told)?;
    file.persist(path).map_err(|refused| told(refused.error))?;
    // The name is safe only when the folder is. Some systems cannot sync one, and need not.
    if cfg!(unix) {
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(told)?;
    }
    Ok(())
}

/// Writes a file that is there anew, with the mode that it has.
///
/// # Errors
/// As [`save`]; also that it is a link, a pipe or a device, which a new file must not replace.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let told = |error: io::Error| format!("{} cannot be written: {error}", path.display());
    let there = fs::symlink_metadata(path).map_err(told)?;
    if !there.is_file() {
        return Err(format!("{} cannot be written: it is no ordinary file", path.display()));
    }
    save_with(path, |file| file.write_all(bytes))?;
    fs::set_permissions(path, there.permissions()).map_err(told)
}

/// Makes sure that a file can be written, before an hour is spent on what it is to hold.
///
/// # Errors
/// What the system says, or that it is a folder, a pipe or a device: nothing can take its place.
pub(super) fn prepare_file(path: &Path) -> Result<(), String> {
    if fs::metadata(path).is_ok_and(|there| !there.is_file()) || path.file_name().is_none() {
        return Err(format!("{} cannot be written: it is no ordinary file", path.display()));
    }
    prepare(folder_of(path))
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn temporary(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".squall-").suffix(".partial");
    // Reports are for others to read: the mode of an ordinary file, less the umask.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_as_a_whole_and_nothing_else_is_left() {
        let folder = tempfile::tempdir().unwrap();
        prepare(folder.path()).unwrap();
        save(folder.path(), "a.json", b"first, and longer").unwrap();
        save(folder.path(), "a.json", b"second").unwrap();
        assert_eq!(fs::read(folder.path().join("a.json")).unwrap(), b"second");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_name_that_is_taken_by_a_folder_is_an_error_and_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a.json")).unwrap();
        let told = save(folder.path(), "a.json", b"text").unwrap_err();
        assert!(told.contains("a.json cannot be written"), "{told}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn long_words_are_cut_between_characters() {
        assert_eq!(cut(&"\u{e9}".repeat(200)), "\u{e9}".repeat(200));
        let long = "\u{e9}".repeat(201);
        assert_eq!(cut(&long), format!("{}...", "\u{e9}".repeat(200)));
    }

    #[test]
    fn a_file_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(prepare(&file).unwrap_err().contains("cannot be written to"));
        assert!(prepare(&file.join("below")).is_err());
    }
}
