//! Real request traces, read as a stream.
//!
//! A trace is a file of requests in the order of their times: a csv, the tables of webcachesim and
//! Wikimedia, or libCacheSim's binary `oracleGeneral` layout, plain or compressed with zstd or gzip.
//! Nothing here holds a whole file: memory is a buffer of 64 KiB, one line of at most
//! [`LONGEST_LINE`], and the window of zstd (at most 128 MiB, the bound of the `zstd` command) or
//! gzip (32 KiB). Only [`survey()`] and [`KeyIndex`] grow with the number
//! of distinct keys.

mod binary;
mod buffer;
#[cfg(test)]
mod bytes_tests;
mod error;
mod fields;
#[cfg(test)]
mod formats_tests;
mod guess;
mod gzip;
mod keys;
mod reader;
mod source;
mod survey;
mod table;
#[cfg(test)]
mod tests;

pub use error::{Place, Problem, TraceError};
pub use fields::LONGEST_LINE;
pub use guess::guess_format;
pub use keys::{KeyIndex, TooManyKeys};
pub use reader::Reader;
pub use survey::{Survey, survey};

use crate::units::Span;
use std::path::PathBuf;

/// Which file to read, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceSpec {
    /// The file. A pipe will do, because it is read once from the front to the back.
    pub path: PathBuf,
    /// The layout of a record.
    pub format: Format,
    /// Where the fields of a csv are. The other formats know that and do not look at this.
    pub columns: Columns,
    /// The length of one tick of the time column; a second in every public trace that is known
    /// here. Must be longer than nothing.
    pub time_unit: Span,
}

impl TraceSpec {
    /// A csv whose times are in seconds and whose delimiter is guessed.
    #[must_use]
    pub fn csv(path: impl Into<PathBuf>, columns: Columns) -> Self {
        let format = Format::Csv { delimiter: None };
        Self { path: path.into(), format, columns, time_unit: Span::from_secs(1) }
    }

    /// An `oracleGeneral` file, whose times are in seconds.
    #[must_use]
    pub fn oracle_general(path: impl Into<PathBuf>) -> Self {
        Self::of(path.into(), Format::OracleGeneral)
    }

    /// A webcachesim table, whose times are in seconds.
    #[must_use]
    pub fn webcachesim(path: impl Into<PathBuf>) -> Self {
        Self::of(path.into(), Format::Webcachesim)
    }

    /// A file of Wikimedia's caching traces of 2019, whose times are in seconds.
    #[must_use]
    pub fn wikimedia(path: impl Into<PathBuf>) -> Self {
        Self::of(path.into(), Format::Wikimedia)
    }

    /// A format that does not look at columns.
    fn of(path: PathBuf, format: Format) -> Self {
        Self { path, format, columns: Columns::default(), time_unit: Span::from_secs(1) }
    }
}

/// The layout of a record. Plain, zstd or gzip is no part of it: the file's first bytes say that.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// One request a line. Blanks around a field are no part of it, a field may stand in double
    /// quotes (RFC 4180, but never over several lines), lines that start with `#` are comments.
    ///
    /// There is a header when any column is given by name. A comment in the very first line serves
    /// as the header when it has every name that is asked for, as in libCacheSim's sample of a
    /// Twitter trace (`# time, object, size, next_access_vtime`).
    Csv {
        /// What stands between two fields. `None`: the first of comma, tab, semicolon and blanks
        /// under which the header has the columns' names, or, without a header, under which the
        /// first line has numbers where times and sizes are expected.
        delimiter: Option<Delimiter>,
    },
    /// libCacheSim's binary layout: 24 bytes a request, little-endian and packed: time (u32),
    /// object (u64), size in bytes (u32), and the number of the next request for the object (i64),
    /// which is not used here.
    OracleGeneral,
    /// The table of webcachesim (Berger's `webcachesim`, and Song's LRB after it): `time id size`
    /// between blanks, no header. More columns may follow and are not used.
    Webcachesim,
    /// The caching traces that Wikimedia published in 2019: fields between tabs under a header. The
    /// time is `relative_unix`, the size `response_size`, and the key `hashed_path_query` (upload)
    /// or else `hashed_host_path_query` (text); the other columns are not used. Keys are signed
    /// 64-bit hashes, so that the negative ones are hashed again, like any text.
    Wikimedia,
}

/// What stands between two fields of a csv.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delimiter {
    /// `,`
    Comma,
    /// A tab: two in a row have an empty field between them.
    Tab,
    /// `;`
    Semicolon,
    /// Blanks and tabs, any number of them: the `time id size` of webcachesim.
    Blanks,
}

/// Where the fields of a csv are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Columns {
    /// When: ticks of [`TraceSpec::time_unit`] since any origin, whole or decimal. Never goes back.
    pub time: Column,
    /// What: a decimal number below 2^64 is itself, anything else is hashed (64-bit FNV-1a).
    pub key: Column,
    /// How large, in whole bytes. `None`: every record has size 1, so that bytes count requests.
    pub size: Option<Column>,
}

impl Default for Columns {
    /// `time`, `object`, `size`: the first three columns, by number.
    fn default() -> Self {
        Self { time: Column::Number(1), key: Column::Number(2), size: Some(Column::Number(3)) }
    }
}

/// One column of a csv.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Column {
    /// By its name in the header, letter for letter.
    Name(String),
    /// By its place, from 1.
    Number(usize),
}

/// One request of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    /// Since the first record's time, rounded to whole nanoseconds. Never goes back.
    pub at: Span,
    /// Which object.
    pub key: u64,
    /// The object's size in bytes; 1 when the trace has none. Zero occurs in real traces.
    pub size: u64,
}
