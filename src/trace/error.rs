//! What can be wrong with a trace.

use crate::problem;
use crate::words;
use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

/// How many of a header's columns a message lists.
const LISTED: usize = 20;
/// How many characters of a field a message quotes.
const QUOTED: usize = 60;

/// Why a trace cannot be read, or not further; prints as a sentence without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceError {
    path: PathBuf,
    place: Place,
    // Boxed, because a result is moved for each record and an error is rare.
    problem: Box<Problem>,
}

/// Where in a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// No place inside: the file as such.
    File,
    /// A line of a csv, from 1; comments and empty lines count.
    Line(u64),
    /// A record of a binary file, from 1.
    Record(u64),
    /// An offset from 0 in the file as it is on disk, so in a compressed file among the compressed
    /// bytes.
    Byte(u64),
}

/// What is wrong. Texts from the file are shortened and free of control characters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Problem {
    /// There is no such file.
    Missing,
    /// The path leads to a directory.
    IsDirectory,
    /// The system refuses to open or to read it: its reason.
    Unreadable(String),
    /// There is no record in it.
    Empty,
    /// The length of a tick is zero, so that no time could pass.
    NoTick,
    /// A column is given by the number 0, and they count from 1.
    ColumnZero,
    /// A column is asked for that the header does not have.
    UnknownColumn {
        /// The name that is asked for.
        name: String,
        /// The first 20 names of the header.
        header: Vec<String>,
        /// How many names the header has.
        columns: usize,
        /// The most similar name, if any is similar.
        nearest: Option<String>,
    },
    /// The header has this name more than once.
    AmbiguousColumn(String),
    /// The line has too few fields.
    NotEnoughColumns {
        /// The number, from 1, of the last column that is needed.
        needed: usize,
        /// How many fields there are.
        found: usize,
    },
    /// The text is no time.
    BadTime(String),
    /// The text is no size.
    BadSize(String),
    /// The key is empty.
    EmptyKey,
    /// A double quote is open at the end of the line, or text follows the closing one.
    BadQuote,
    /// The time is earlier than that of the record before, by so many nanoseconds.
    Backwards(u128),
    /// The time is more than 2^64 ns (584 years) after the first one.
    TooLate,
    /// The line is longer than [`super::LONGEST_LINE`].
    LineTooLong,
    /// The last record is cut off.
    TruncatedRecord {
        /// Where the record begins, in (uncompressed) bytes from 0.
        offset: u64,
        /// How many of its 24 bytes there are.
        bytes: usize,
    },
    /// The compressed data end in the middle.
    TruncatedZstd,
    /// The compressed data are damaged, need a dictionary or a window above 128 MiB: the decoder's
    /// reason.
    CorruptZstd(String),
    /// The gzip data end in the middle.
    TruncatedGzip,
    /// The gzip data are damaged, or something else follows the last member: the decoder's reason.
    CorruptGzip(String),
    /// There are more distinct keys than this bound.
    TooManyKeys(u32),
}

impl TraceError {
    pub(super) fn new(path: &Path, place: Place, problem: Problem) -> Self {
        Self { path: path.to_path_buf(), place, problem: Box::new(problem) }
    }

    /// The trace's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where in it.
    #[must_use]
    pub const fn place(&self) -> Place {
        self.place
    }

    /// What is wrong there.
    #[must_use]
    pub fn problem(&self) -> &Problem {
        &self.problem
    }
}

impl Problem {
    pub(super) fn unknown_column(name: &str, header: &[Cow<'_, str>]) -> Self {
        let nearest = words::nearest(name, header).map(|known| quote(known.as_bytes()));
        let columns = header.len();
        let header = header.iter().take(LISTED).map(|known| quote(known.as_bytes())).collect();
        Self::UnknownColumn { name: name.to_owned(), header, columns, nearest }
    }
}

/// A text from a file for a message: at most 60 characters, nothing that moves a cursor.
pub(super) fn quote(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(QUOTED * 4)];
    let text = String::from_utf8_lossy(start);
    let printable = |letter: char| match letter {
        '"' | '\'' | '\\' => letter.to_string(),
        _ => letter.escape_debug().collect::<String>(),
    };
    let mut quoted: String = text.chars().take(QUOTED).map(printable).collect();
    if start.len() < bytes.len() || text.chars().count() > QUOTED {
        quoted.push_str("...");
    }
    quoted
}

impl TraceError {
    /// The file, and the place in it.
    fn whereabouts(&self) -> String {
        let path = self.path.display();
        match self.place {
            Place::File => path.to_string(),
            Place::Line(line) => format!("{path}, line {line}"),
            Place::Record(record) => format!("{path}, record {record}"),
            Place::Byte(byte) => format!("{path}, byte {byte}"),
        }
    }
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.whereabouts(), self.problem)
    }
}

impl From<&TraceError> for problem::Problem {
    fn from(error: &TraceError) -> Self {
        Self::without_help(&error.whereabouts(), &error.problem.to_string())
    }
}

impl std::error::Error for TraceError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no such file"),
            Self::IsDirectory => f.write_str("this is a directory, and a trace is one file"),
            Self::Unreadable(reason) => write!(f, "it cannot be read: {reason}"),
            Self::Empty => f.write_str("there is no record in it"),
            Self::NoTick => f.write_str("one tick of the time column must be longer than nothing"),
            Self::ColumnZero => f.write_str("there is no column 0: columns count from 1"),
            Self::UnknownColumn { name, header, columns, nearest } => {
                unknown_column(f, name, header, *columns, nearest.as_deref())
            }
            Self::AmbiguousColumn(name) => {
                write!(f, "the header has `{name}` twice: give its number")
            }
            Self::NotEnoughColumns { needed, found } => {
                write!(f, "column {needed} is asked for and the line has {found}")
            }
            Self::BadTime(text) => {
                write!(f, "`{text}` is not a time in ticks such as 12 or 12.5")
            }
            Self::BadSize(text) => {
                write!(f, "`{text}` is not a size in bytes such as 512")
            }
            Self::EmptyKey => f.write_str("the key is empty"),
            Self::BadQuote => f.write_str("a quoted field does not end where its quote does"),
            Self::Backwards(nanos) => {
                write!(f, "the time is {nanos} ns earlier than the one before")
            }
            Self::TooLate => f.write_str("the time is more than 584 years after the first one"),
            Self::LineTooLong => f.write_str("the line is longer than 1 MiB"),
            Self::TruncatedRecord { offset, bytes } => {
                write!(f, "the record at byte {offset} is cut off after {bytes} of its 24 bytes")
            }
            Self::TruncatedZstd | Self::TruncatedGzip => {
                f.write_str("the compressed data end too early")
            }
            Self::CorruptZstd(reason) | Self::CorruptGzip(reason) => {
                write!(f, "the compressed data cannot be decoded: {reason}")
            }
            Self::TooManyKeys(bound) => write!(f, "there are more than {bound} distinct keys"),
        }
    }
}

fn unknown_column(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    header: &[String],
    columns: usize,
    nearest: Option<&str>,
) -> fmt::Result {
    write!(f, "there is no column `{name}`: the header has `{}`", header.join("`, `"))?;
    if columns > header.len() {
        write!(f, " and {} more", columns - header.len())?;
    }
    nearest.map_or(Ok(()), |near| write!(f, "; {}", words::did_you_mean(near)))
}
