//! A csv's records.

use super::error::{Place, Problem, TraceError, quote};
use super::fields::{self, Fields, LineError};
use super::source::Source;
use super::{Column, Columns, Delimiter};
use std::borrow::Cow;
use std::path::Path;

/// In the order in which they are tried.
const DELIMITERS: [Delimiter; 4] =
    [Delimiter::Comma, Delimiter::Tab, Delimiter::Semicolon, Delimiter::Blanks];

/// A csv under way.
pub(super) struct Table {
    /// The line at hand, and whether its record has yet to be read.
    line: Vec<u8>,
    pending: bool,
    number: u64,
    delimiter: Delimiter,
    places: Places,
    tick_nanos: u64,
    fields: Fields,
    /// What the key column may be called instead.
    other_key: Option<&'static str>,
}

/// Where the columns are, from 0.
#[derive(Clone, Copy, Default)]
struct Places {
    time: usize,
    key: usize,
    size: Option<usize>,
}

/// A record with its time since the column's origin.
pub(super) struct Raw {
    pub nanos: u128,
    pub key: u64,
    pub size: u64,
}

impl Table {
    /// Reads up to the first record, and finds out the delimiter and the columns on the way.
    pub(super) fn open(
        source: &mut Source,
        path: &Path,
        columns: &Columns,
        other_key: Option<&'static str>,
        delimiter: Option<Delimiter>,
        tick_nanos: u64,
    ) -> Result<Self, TraceError> {
        let mut table = Self {
            line: Vec::new(),
            pending: false,
            number: 0,
            delimiter: delimiter.unwrap_or(Delimiter::Comma),
            places: Places::default(),
            tick_nanos,
            fields: Fields::default(),
            other_key,
        };
        let candidates = delimiter.map_or_else(|| DELIMITERS.to_vec(), |given| vec![given]);
        let named = columns.all().any(|column| matches!(column, Column::Name(_)));
        let opened = if named {
            table.open_named(source, columns, &candidates)
        } else {
            table.open_numbered(source, columns, &candidates)
        };
        opened.map_err(|(place, problem)| TraceError::new(path, place, problem))?;
        Ok(table)
    }

    /// Finds the header and puts the first line behind it into the buffer.
    fn open_named(
        &mut self,
        source: &mut Source,
        columns: &Columns,
        candidates: &[Delimiter],
    ) -> Result<(), (Place, Problem)> {
        if !self.advance(source)? {
            return Err((Place::File, Problem::Empty));
        }
        let mut comment = None;
        if let Some(text) = self.line.strip_prefix(b"#") {
            let text = text.to_vec();
            if self.resolve(&text, columns, candidates).is_ok() {
                return self.first_record(source);
            }
            comment = Some(text);
            self.first_record(source)?;
        } else if self.line.trim_ascii().is_empty() {
            self.first_record(source)?;
        }
        let line = std::mem::take(&mut self.line);
        let place = Place::Line(self.number);
        let Err(problem) = self.resolve(&line, columns, candidates) else {
            return self.first_record(source);
        };
        let meant = comment.and_then(|text| self.meant_header(&text, &line, columns, candidates));
        Err(meant.map_or((place, problem), |problem| (Place::Line(1), problem)))
    }

    /// The complaint about a first comment that has as many fields as the first line: without a
    /// header among the lines it is what the author meant as one.
    fn meant_header(
        &mut self,
        comment: &[u8],
        line: &[u8],
        columns: &Columns,
        candidates: &[Delimiter],
    ) -> Option<Problem> {
        let mut count = |text: &[u8], delimiter| {
            self.fields.split(text, delimiter, usize::MAX).map_or(0, |()| self.fields.len())
        };
        let alike = candidates.iter().copied().find(|delimiter| {
            let fields = count(comment, *delimiter);
            fields > 1 && fields == count(line, *delimiter)
        })?;
        self.resolve(comment, columns, &[alike]).err()
    }

    /// Puts the first line into the buffer, and finds the delimiter under which it is a record.
    fn open_numbered(
        &mut self,
        source: &mut Source,
        columns: &Columns,
        candidates: &[Delimiter],
    ) -> Result<(), (Place, Problem)> {
        self.places = columns.resolve(&[]).map_err(|problem| (Place::File, problem))?;
        self.first_record(source)?;
        // A wrong delimiter mostly leaves too few fields; any other complaint says more.
        let mut nearest = None;
        for delimiter in candidates {
            self.delimiter = *delimiter;
            let fields = match self.record() {
                Ok(_) => return Ok(()),
                Err(Problem::NotEnoughColumns { found, .. }) => found,
                Err(_) => usize::MAX,
            };
            if nearest.is_none_or(|(_, most)| fields > most) {
                nearest = Some((*delimiter, fields));
            }
        }
        // The record is read again by the iterator's first step, which then says what is wrong.
        self.delimiter = nearest.map_or(self.delimiter, |(delimiter, _)| delimiter);
        Ok(())
    }

    /// Sets the columns' places by the header, under the first delimiter that has them all. The
    /// problem is that of the delimiter that makes the most of the line.
    fn resolve(
        &mut self,
        header: &[u8],
        columns: &Columns,
        candidates: &[Delimiter],
    ) -> Result<(), Problem> {
        let mut nearest: Option<(usize, Problem)> = None;
        for delimiter in candidates {
            let resolved = self.fields.split(header, *delimiter, usize::MAX).and_then(|()| {
                let names: Vec<_> = self.fields.iter().map(String::from_utf8_lossy).collect();
                columns.resolve(&names).or_else(|problem| self.otherwise(columns, &names, problem))
            });
            match resolved {
                Ok(places) => {
                    (self.places, self.delimiter) = (places, *delimiter);
                    return Ok(());
                }
                Err(problem) => {
                    let fields = self.fields.len();
                    if nearest.as_ref().is_none_or(|(most, _)| fields > *most) {
                        nearest = Some((fields, problem));
                    }
                }
            }
        }
        Err(nearest.map_or(Problem::Empty, |(_, problem)| problem))
    }

    /// The columns' places with the key's other name. If the header has neither name, the problem
    /// stays that of the first.
    fn otherwise(
        &self,
        columns: &Columns,
        names: &[Cow<'_, str>],
        problem: Problem,
    ) -> Result<Places, Problem> {
        let Some(other) = self.other_key else {
            return Err(problem);
        };
        let key = Column::Name(other.to_owned());
        Columns { key, ..columns.clone() }.resolve(names).map_err(|second| match second {
            Problem::UnknownColumn { ref name, .. } if name == other => problem,
            _ => second,
        })
    }

    /// Reads on to the first line that is a record.
    fn first_record(&mut self, source: &mut Source) -> Result<(), (Place, Problem)> {
        self.pending = self.next_content(source)?;
        if self.pending { Ok(()) } else { Err((Place::File, Problem::Empty)) }
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, (Place, Problem)> {
        if !std::mem::take(&mut self.pending) && !self.next_content(source)? {
            return Ok(None);
        }
        self.record().map(Some).map_err(|problem| (self.place(), problem))
    }

    /// Where the line at hand is.
    pub(super) const fn place(&self) -> Place {
        Place::Line(self.number)
    }

    /// Reads the next line that is neither a comment nor empty. False at the end.
    fn next_content(&mut self, source: &mut Source) -> Result<bool, (Place, Problem)> {
        while self.advance(source)? {
            let start = self.line.trim_ascii_start();
            if !start.is_empty() && start[0] != b'#' {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Reads the next line, whatever it is. False at the end.
    fn advance(&mut self, source: &mut Source) -> Result<bool, (Place, Problem)> {
        self.number += 1;
        let read = fields::read_line(source, &mut self.line).map_err(|error| match error {
            LineError::TooLong => (self.place(), Problem::LineTooLong),
            LineError::Source(error) => {
                (error.byte.map_or(self.place(), Place::Byte), error.problem)
            }
        })?;
        if self.number == 1 && self.line.starts_with(b"\xef\xbb\xbf") {
            // The mark that some programs put in front of UTF-8 is no part of the first name.
            self.line.drain(..3);
        }
        Ok(read)
    }

    /// The record in the line at hand.
    fn record(&mut self) -> Result<Raw, Problem> {
        let Places { time, key, size } = self.places;
        let needed = time.max(key).max(size.unwrap_or(0)).saturating_add(1);
        self.fields.split(&self.line, self.delimiter, needed)?;
        let found = self.fields.len();
        let field =
            |place| self.fields.get(place).ok_or(Problem::NotEnoughColumns { needed, found });
        let (time, key) = (field(time)?, field(key)?);
        let size = size.map(field).transpose()?;
        let nanos = fields::ticks(time, self.tick_nanos);
        let nanos = nanos.ok_or_else(|| Problem::BadTime(quote(time)))?;
        if key.is_empty() {
            return Err(Problem::EmptyKey);
        }
        let size = match size {
            Some(text) => fields::whole(text).ok_or_else(|| Problem::BadSize(quote(text)))?,
            None => 1,
        };
        Ok(Raw { nanos, key: fields::key(key), size })
    }
}

impl Columns {
    /// All columns that are asked for.
    fn all(&self) -> impl Iterator<Item = &Column> {
        [&self.time, &self.key].into_iter().chain(&self.size)
    }

    fn resolve(&self, header: &[Cow<'_, str>]) -> Result<Places, Problem> {
        let place = |column: &Column| match column {
            Column::Number(number) => number.checked_sub(1).ok_or(Problem::ColumnZero),
            Column::Name(name) => {
                let mut found = (0..header.len()).filter(|place| header[*place] == *name);
                match (found.next(), found.next()) {
                    (Some(place), None) => Ok(place),
                    (Some(_), Some(_)) => Err(Problem::AmbiguousColumn(name.clone())),
                    (None, _) => Err(Problem::unknown_column(name, header)),
                }
            }
        };
        Ok(Places {
            time: place(&self.time)?,
            key: place(&self.key)?,
            size: self.size.as_ref().map(place).transpose()?,
        })
    }
}
