//! The journal of a study as a file: runs are kept as they are done, and a study that was killed goes on.

use super::super::{Exit, inputs, out};
use crate::problem::Problem;
use crate::study::{Header, Record};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How old a run may grow before it is made sure that the disk has it.
const SYNC: Duration = Duration::from_secs(1);

/// A journal that is open for one study, and closed to all others.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
    synced: Instant,
    /// What was in it when it was opened.
    earlier: u64,
}

/// Why a study cannot go on.
#[derive(Debug)]
pub(super) enum Refused {
    /// The user's trouble.
    Problem(Box<Problem>),
    /// The world's trouble: a file that cannot be read or written.
    Error(String),
    /// A bug of ours.
    Bug(String),
}

impl Refused {
    pub fn problem(file: &str, message: &str, help: &str) -> Self {
        Self::Problem(Box::new(Problem::about(file, message, help)))
    }

    /// Tells of it, and says how the program ends.
    pub fn tell(self) -> Exit {
        let (told, exit) = match self {
            Self::Problem(problem) => return inputs::tell_about(&problem),
            Self::Error(told) => (told, Exit::Error),
            Self::Bug(told) => (told, Exit::Bug),
        };
        out::complain(&told);
        exit
    }
}

impl Journal {
    /// Opens the journal of a study; writes its first line when there is none. What was being written
    /// when the program was killed is dropped.
    pub fn open(path: &Path, header: &Header) -> Result<Self, Refused> {
        let told = |error: io::Error| Refused::Error(error_at(path, &error));
        let mut options = OpenOptions::new();
        let file = options.read(true).append(true).create(true).open(path).map_err(told)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let text = format!("{} is being written by another study", path.display());
                return Err(Refused::Error(text));
            }
            Err(TryLockError::Error(error)) => return Err(told(error)),
        }
        let line = header.line().map_err(Refused::Bug)?;
        let mut journal = Self { path: path.into(), file, synced: Instant::now(), earlier: 0 };
        let whole = journal.whole_lines().map_err(told)?;
        journal.file.set_len(whole).map_err(told)?;
        if whole == 0 {
            journal.file.write_all(line.as_bytes()).map_err(told)?;
            journal.sync().map_err(told)?;
            journal.earlier = line.len() as u64;
        } else {
            let there = first_line(path).map_err(told)?;
            if there != line {
                return Err(another(path));
            }
            journal.earlier = whole;
        }
        Ok(journal)
    }

    /// How many bytes end with a line break.
    fn whole_lines(&mut self) -> io::Result<u64> {
        let mut at = self.file.seek(SeekFrom::End(0))?;
        let mut block = [0; 4096];
        while at > 0 {
            let size = at.min(block.len() as u64);
            let part = &mut block[..usize::try_from(size).unwrap_or(0)];
            self.file.seek(SeekFrom::Start(at - size))?;
            self.file.read_exact(part)?;
            if let Some(last) = part.iter().rposition(|&byte| byte == b'\n') {
                return Ok(at - size + last as u64 + 1);
            }
            at -= size;
        }
        Ok(0)
    }

    /// The runs that were there when it was opened.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn earlier(&self) -> Result<impl Iterator<Item = Result<Record, String>> + use<>, Refused> {
        let file =
            File::open(&self.path).map_err(|error| Refused::Error(error_at(&self.path, &error)))?;
        Ok(records_in(file.take(self.earlier)))
    }

    /// Adds a run.
    pub fn add(&mut self, record: &Record) -> Result<(), String> {
        let line = record.line()?;
        let told = |error: io::Error| error_at(&self.path, &error);
        self.file.write_all(line.as_bytes()).map_err(told)?;
        if self.synced.elapsed() >= SYNC {
            self.sync().map_err(|error| error_at(&self.path, &error))?;
        }
        Ok(())
    }

    /// Makes sure that the disk has every run.
    pub fn sync(&mut self) -> io::Result<()> {
        self.synced = Instant::now();
        self.file.sync_data()
    }
}

fn error_at(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}

fn another(path: &Path) -> Refused {
    let message = "this journal is of another study, another scenario or another version";
    let help = "name another folder, or remove this one";
    Refused::problem(&path.display().to_string(), message, help)
}

fn first_line(path: &Path) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(File::open(path)?).read_line(&mut line)?;
    Ok(line)
}

/// The runs behind a journal's first line.
fn records_in(file: impl Read) -> impl Iterator<Item = Result<Record, String>> {
    let lines = BufReader::new(file).lines().skip(1);
    let mut number = 1;
    lines.map(move |line| {
        number += 1;
        let line = line.map_err(|error| error.to_string())?;
        Record::parse(&line).map_err(|told| format!("its line {number} is no run: {told}"))
    })
}

/// The runs of a finished journal.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn records(
    path: &Path,
) -> io::Result<impl Iterator<Item = Result<Record, String>> + use<>> {
    File::open(path).map(records_in)
}

/// What a journal says of itself.
///
/// # Errors
/// When it cannot be read or is none.
pub(super) fn header(path: &Path) -> Result<Header, Refused> {
    let line = first_line(path).map_err(|error| Refused::Error(error_at(path, &error)))?;
    Header::parse(line.trim_end()).map_err(|told| {
        let message = format!("this is no journal of a study: {told}");
        let help = "name the folders that `squall study --shard I/N --out DIR` has written";
        Refused::problem(&path.display().to_string(), &message, help)
    })
}
