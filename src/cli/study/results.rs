//! A finished journal becomes files and what is printed.

use super::super::{Exit, out};
use super::{StudyFormat, file_of, journal};
use crate::study::{
    Group, Header, Record, Row, Rows, SearchResult, csv, html, json, parquet, text,
};
use std::io::{self, Write};
use std::path::Path;

/// The runs of a journal; one error when it cannot be opened.
pub(super) fn records_of(path: &Path) -> Box<dyn Iterator<Item = Result<Record, String>>> {
    match journal::records(path) {
        Ok(records) => Box::new(records),
        Err(error) => Box::new(std::iter::once(Err(error.to_string()))),
    }
}

/// No runs.
pub(super) fn none() -> Box<dyn Iterator<Item = Result<Record, String>>> {
    Box::new(std::iter::empty())
}

/// What is to be made of a finished journal.
pub(super) struct Wanted<'a> {
    /// The folder for its files.
    pub folder: Option<&'a Path>,
    /// The page with its plots.
    pub html: Option<&'a Path>,
    /// What is printed.
    pub format: StudyFormat,
}

/// A finished journal.
struct Finished<'a> {
    header: &'a Header,
    path: &'a Path,
    base: Option<Group>,
    found: SearchResult,
}

/// Writes the files of a study into its folder, prints it, and says how the program ends.
pub(super) fn report(header: &Header, path: &Path, wanted: &Wanted<'_>) -> Exit {
    let finished = match Finished::read(header, path) {
        Ok(finished) => finished,
        Err(told) => {
            out::complain(&format!("{}: {told}", path.display()));
            return Exit::Error;
        }
    };
    let mut exit = if finished.found.is_nothing() { Exit::Broken } else { Exit::Holds };
    let mut saved = Vec::new();
    if let Some(folder) = wanted.folder {
        let formats = [StudyFormat::Text, StudyFormat::Json, StudyFormat::Csv];
        saved.push(out::save_with(&folder.join("runs.csv"), |file| {
            csv::runs(file, header, &|each| finished.records(each))
        }));
        saved.push(out::save_with(&folder.join("runs.parquet"), |file| {
            parquet::runs(file, header, &|each| finished.records(each))
        }));
        saved.push(out::save_with(&folder.join("variants.parquet"), |file| {
            parquet::variants(file, header, &|each| finished.rows(each))
        }));
        saved.extend(formats.map(|format| {
            out::save_with(&folder.join(file_of(format)), |file| finished.write(file, format))
        }));
    }
    if let Some(page) = wanted.html {
        saved.push(out::save_with(page, |file| finished.page(file)));
    }
    for told in saved.into_iter().filter_map(Result::err) {
        out::complain(&told);
        exit = exit.worse(Exit::Error);
    }
    exit.worse(out::print_with(|file| finished.write(file, wanted.format)))
}

impl<'a> Finished<'a> {
    fn read(header: &'a Header, path: &'a Path) -> Result<Self, String> {
        let mut found = SearchResult::of(header, records_of(path))?;
        let mut base = None;
        if !header.is_search() {
            let number = header.number(&header.base);
            let groups = Rows::new(header, records_of(path));
            base = groups.flatten().find(|group| group.variant == number);
        }
        if let SearchResult::Cheapest(_) = found {
            for group in Rows::new(header, records_of(path)) {
                found.look(header, &group?.row(header, None));
            }
        }
        Ok(Self { header, path, base, found })
    }

    fn rows(&self, each: &mut dyn FnMut(&Row) -> io::Result<()>) -> io::Result<()> {
        for group in Rows::new(self.header, records_of(self.path)) {
            each(&group.map_err(io::Error::other)?.row(self.header, self.base.as_ref()))?;
        }
        Ok(())
    }

    fn write(&self, file: &mut dyn Write, format: StudyFormat) -> io::Result<()> {
        let rows = |each: &mut dyn FnMut(&Row) -> io::Result<()>| self.rows(each);
        match format {
            StudyFormat::Text => text::render(file, self.header, &rows, &self.found),
            StudyFormat::Json => json::render(file, self.header, &rows, &self.found),
            StudyFormat::Csv => csv::variants(file, self.header, &rows),
        }
    }

    fn page(&self, file: &mut dyn Write) -> io::Result<()> {
        let mut rows = Vec::new();
        if self.header.variants() <= html::MOST && !self.header.is_search() {
            self.rows(&mut |row| {
                rows.push(row.clone());
                Ok(())
            })?;
        }
        file.write_all(html::page(self.header, &rows, &self.found).as_bytes())
    }

    fn records(&self, each: &mut dyn FnMut(&Record) -> io::Result<()>) -> io::Result<()> {
        records_of(self.path).try_for_each(|record| each(&record.map_err(io::Error::other)?))
    }
}
