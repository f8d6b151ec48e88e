//! The records of a trace, one after the other.

use super::binary::Binary;
use super::error::{Place, Problem, TraceError};
use super::source::Source;
use super::table::{Raw, Table};
use super::{Column, Columns, Delimiter, Format, Record, TraceSpec};
use crate::units::Span;
use std::path::PathBuf;

/// The key column of Wikimedia's text traces.
const TEXT_KEY: &str = "hashed_host_path_query";

/// Gives the records of a trace in their order, and ends after the first error.
///
/// A reader that could be opened gives at least one item.
pub struct Reader {
    path: PathBuf,
    source: Source,
    layout: Layout,
    /// The first record's time and the last one's, in nanoseconds since the origin of the column.
    times: Option<(u128, u128)>,
    over: bool,
}

enum Layout {
    Table(Table),
    Binary(Binary),
}

impl Reader {
    /// Opens the file and reads up to its first record.
    ///
    /// # Errors
    /// When there is no such file, it cannot be read or decompressed, has no record, or lacks a
    /// column, and when the specification asks for column 0 or ticks of no length.
    pub fn open(spec: &TraceSpec) -> Result<Self, TraceError> {
        let fail = |place, problem| TraceError::new(&spec.path, place, problem);
        let tick_nanos = spec.time_unit.as_nanos();
        if tick_nanos == 0 {
            return Err(fail(Place::File, Problem::NoTick));
        }
        let from_source = |error: super::buffer::SourceError| {
            fail(error.byte.map_or(Place::File, Place::Byte), error.problem)
        };
        let mut source = Source::open(&spec.path).map_err(from_source)?;
        if source.fill().map_err(from_source)?.is_empty() {
            return Err(fail(Place::File, Problem::Empty));
        }
        let mut table = |columns, other_key, delimiter| {
            let path = &spec.path;
            Table::open(&mut source, path, columns, other_key, delimiter, tick_nanos)
                .map(Layout::Table)
        };
        let layout = match spec.format {
            Format::OracleGeneral => Layout::Binary(Binary::new(tick_nanos)),
            Format::Csv { delimiter } => table(&spec.columns, None, delimiter)?,
            Format::Webcachesim => table(&Columns::default(), None, Some(Delimiter::Blanks))?,
            Format::Wikimedia => table(&wikimedia(), Some(TEXT_KEY), Some(Delimiter::Tab))?,
        };
        Ok(Self { path: spec.path.clone(), source, layout, times: None, over: false })
    }

    fn read(&mut self) -> Result<Option<Record>, (Place, Problem)> {
        let (raw, place) = match &mut self.layout {
            Layout::Table(table) => (table.next(&mut self.source)?, table.place()),
            Layout::Binary(binary) => (binary.next(&mut self.source)?, binary.place()),
        };
        let Some(Raw { nanos, key, size }) = raw else {
            return Ok(None);
        };
        let (first, last) = self.times.unwrap_or((nanos, nanos));
        if nanos < last {
            return Err((place, Problem::Backwards(last - nanos)));
        }
        self.times = Some((first, nanos));
        let at = u64::try_from(nanos - first).map_err(|_| (place, Problem::TooLate))?;
        Ok(Some(Record { at: Span::from_nanos(at), key, size }))
    }
}

/// The columns of Wikimedia's caching traces of 2019, upload; of those of text only the key has
/// another name, [`TEXT_KEY`].
fn wikimedia() -> Columns {
    let [time, key, size] = ["relative_unix", "hashed_path_query", "response_size"]
        .map(|name| Column::Name(name.to_owned()));
    Columns { time, key, size: Some(size) }
}

impl Iterator for Reader {
    type Item = Result<Record, TraceError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let read = self.read();
        self.over = !matches!(read, Ok(Some(_)));
        read.map_err(|(place, problem)| TraceError::new(&self.path, place, problem)).transpose()
    }
}

impl std::iter::FusedIterator for Reader {}
