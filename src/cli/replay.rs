//! `squall replay`: a real trace through cache policies.

use super::args::{Between, CurveBy, ReplayArgs, ReplayFormat, TraceFormat};
use super::{Exit, inputs, out};
use crate::problem::Problem;
use crate::replay::{ReadError, Requests, Room, Rule, curve, replay as replay_one};
use crate::report;
use crate::trace::{
    Column, Columns, Delimiter, Format, Problem as Wrong, Reader, TraceError, TraceSpec,
    guess_format,
};
use std::path::Path;

/// Headers that are tried where no column is named: time, object, size.
const HEADERS: [[&str; 3]; 6] = [
    ["time", "object", "size"],
    ["time", "key", "size"],
    ["time", "id", "size"],
    ["time", "lbn", "size"],
    ["timestamp", "object", "size"],
    ["timestamp", "key", "size"],
];

/// Reads the trace once and sends it through each cache that is asked for.
pub(super) fn replay(args: &ReplayArgs) -> Exit {
    if let Some(Err(told)) = args.html.as_deref().map(out::prepare_file) {
        out::complain(&told);
        return Exit::Error;
    }
    let requests = match read(args) {
        Ok(requests) => requests,
        Err(error) => return refuse(&error, &args.trace),
    };
    let name = args.trace.display().to_string();
    let rules: Vec<Rule> = args.policy.iter().map(|policy| policy.0).collect();
    let (told, page) = if args.curve {
        let by_bytes = args.curve_by == CurveBy::Bytes;
        let curves: Vec<_> = rules
            .iter()
            .map(|&rule| (rule, curve(&requests, rule, by_bytes, args.points)))
            .collect();
        let told = match args.format {
            ReplayFormat::Text => Ok(report::replay::curve_text(&name, &requests, &curves)),
            ReplayFormat::Json => report::replay::curve_json(&requests, &curves),
        };
        let page = || report::replay::curve_page(&in_a_page(&args.trace), &requests, &curves);
        (told, args.html.is_some().then(page))
    } else {
        let rooms = args.slots.iter().map(|&slots| Room::Slots(slots));
        let rooms: Vec<Room> = rooms.chain(args.bytes.iter().map(|&b| Room::Bytes(b))).collect();
        let each = |rule| rooms.iter().map(move |&room| (rule, room));
        let pairs = rules.iter().flat_map(|&rule| each(rule));
        let rows: Vec<_> = pairs.map(|(rule, room)| replay_one(&requests, rule, room)).collect();
        let told = match args.format {
            ReplayFormat::Text => Ok(report::replay::text(&name, &requests, &rows)),
            ReplayFormat::Json => report::replay::json(&requests, &rows),
        };
        let page = || report::replay::page(&in_a_page(&args.trace), &requests, &rows);
        (told, args.html.is_some().then(page))
    };
    let saved = match (&args.html, page) {
        (Some(path), Some(page)) => save(path, &page),
        _ => Exit::Holds,
    };
    saved.worse(match told {
        Ok(text) => out::print(&text),
        Err(error) => {
            out::note(&format!("bug: the result is no JSON: {error}\n"));
            Exit::Bug
        }
    })
}

fn save(path: &Path, page: &str) -> Exit {
    match out::save_with(path, |file| file.write_all(page.as_bytes())) {
        Ok(()) => Exit::Holds,
        Err(told) => {
            out::complain(&told);
            Exit::Error
        }
    }
}

/// A trace's name in a page, which may go elsewhere: where it lies on this machine is nobody's business.
fn in_a_page(trace: &Path) -> String {
    let name = if trace.is_absolute() { trace.file_name().map(Path::new) } else { None };
    name.unwrap_or(trace).display().to_string()
}

fn refuse(error: &ReadError, trace: &Path) -> Exit {
    let by_the_system =
        |error: &TraceError| matches!(error.problem(), Wrong::Missing | Wrong::Unreadable(_));
    if matches!(error, ReadError::Trace(error) if by_the_system(error)) {
        out::complain(&error.to_string());
        return Exit::Error;
    }
    inputs::tell_about(&match error {
        ReadError::Trace(error) => error.into(),
        other => Problem::without_help(&trace.display().to_string(), &other.to_string()),
    });
    Exit::Problems
}

fn read(args: &ReplayArgs) -> Result<Requests, ReadError> {
    match args.trace_format.unwrap_or_else(|| guess(&args.trace)) {
        TraceFormat::OracleGeneral => Requests::read(&TraceSpec::oracle_general(&args.trace)),
        TraceFormat::Csv => read_csv(args),
        TraceFormat::Webcachesim => Requests::read(&TraceSpec::webcachesim(&args.trace)),
        TraceFormat::Wikimedia => Requests::read(&TraceSpec::wikimedia(&args.trace)),
    }
}

/// What a name says; a csv if it says nothing.
fn guess(path: &Path) -> TraceFormat {
    match guess_format(path) {
        Some(Format::OracleGeneral) => TraceFormat::OracleGeneral,
        Some(Format::Webcachesim) => TraceFormat::Webcachesim,
        Some(Format::Wikimedia) => TraceFormat::Wikimedia,
        Some(Format::Csv { .. }) | None => TraceFormat::Csv,
    }
}

impl From<Between> for Delimiter {
    fn from(between: Between) -> Self {
        match between {
            Between::Comma => Self::Comma,
            Between::Tab => Self::Tab,
            Between::Semicolon => Self::Semicolon,
            Between::Blanks => Self::Blanks,
        }
    }
}

/// Columns as they are given; what is not given is looked for under usual names, and then taken to be
/// the first three columns.
fn read_csv(args: &ReplayArgs) -> Result<Requests, ReadError> {
    let delimiter = args.delimiter.map(Delimiter::from);
    let spec = |names: [Column; 3]| {
        let [time, key, size] = names;
        let columns = Columns {
            time: args.time_column.as_deref().map_or(time, column),
            key: args.object_column.as_deref().map_or(key, column),
            size: match args.size_column.as_deref() {
                Some("none") => None,
                given => Some(given.map_or(size, column)),
            },
        };
        let format = Format::Csv { delimiter };
        TraceSpec { format, ..TraceSpec::csv(&args.trace, columns) }
    };
    // What has been read of a pipe cannot be read again under other names.
    let again = std::fs::metadata(&args.trace).is_ok_and(|about| about.is_file());
    for names in HEADERS {
        match Reader::open(&spec(names.map(|name| Column::Name(name.to_owned())))) {
            Err(error) if again && matches!(error.problem(), Wrong::UnknownColumn { .. }) => {}
            opened => return Requests::collect(opened.map_err(ReadError::Trace)?),
        }
    }
    Requests::read(&spec([1, 2, 3].map(Column::Number)))
}

fn column(text: &str) -> Column {
    text.parse().map_or_else(|_| Column::Name(text.to_owned()), Column::Number)
}
