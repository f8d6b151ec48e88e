//! What caches missed of a trace: a table or a curve, for people and for programs.

mod page;

use super::value::count;
use crate::cache::Estimate;
use crate::replay::{Point, Replayed, Requests, Room, Rule, share};
use serde::Serialize;
use std::fmt::Write as _;

pub use page::{curve_page, page};

/// The bar of a miss ratio of one, in characters.
const BAR: f64 = 40.0;

/// The rows as a table, under what the trace holds.
#[must_use]
pub fn text(name: &str, requests: &Requests, rows: &[Replayed]) -> String {
    let mut out = head(name, requests);
    let mut table = vec![
        ["policy", "room", "misses", "of requests", "bytes missed", "of bytes"].map(String::from),
    ];
    table.extend(rows.iter().map(|row| {
        let misses = row.misses;
        [
            row.rule.name().into(),
            room(row.room),
            count(misses.misses),
            percent(share(misses.misses, requests.len())),
            count(misses.bytes),
            percent(share(misses.bytes, requests.bytes())),
        ]
    }));
    align(&mut out, &table);
    out
}

/// Miss-ratio curves, each as a table with bars.
#[must_use]
pub fn curve_text(name: &str, requests: &Requests, curves: &[(Rule, Vec<Point>)]) -> String {
    let mut out = head(name, requests);
    for (rule, points) in curves {
        let _ = writeln!(out, "{}: {}", rule.name(), how(points));
        let mut table = vec![["room", "of requests", "within", ""].map(String::from)];
        table.extend(points.iter().map(|point| {
            let Estimate { mean, error } = point.missed.0;
            let within = if point.one_in == 1 { "exact".into() } else { percent(error) };
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: 0 to 40
            let bar = "#".repeat((mean * BAR).clamp(0.0, BAR).round_ties_even() as usize);
            [room(point.room), percent(mean), within, bar]
        }));
        align(&mut out, &table);
        out.push('\n');
    }
    out.pop();
    out
}

fn how(points: &[Point]) -> &'static str {
    if points.iter().all(|point| point.one_in == 1) {
        "every point is exact"
    } else {
        "estimated from samples of the objects, within half of a 95 % interval; small rooms exactly"
    }
}

fn head(name: &str, requests: &Requests) -> String {
    format!(
        "{}\n  requests  {} for {} objects\n  bytes     {}\n\n",
        super::colour::tame(name),
        count(requests.len()),
        count(requests.objects().into()),
        count(requests.bytes())
    )
}

fn room(room: Room) -> String {
    match room {
        Room::Slots(slots) => count(slots.into()),
        Room::Bytes(bytes) => format!("{} B", count(bytes)),
    }
}

fn percent(share: f64) -> String {
    format!("{:.3} %", 100.0 * share)
}

/// Columns of one width; the first and a last one without a heading are set left, the others right.
fn align<const N: usize>(out: &mut String, rows: &[[String; N]]) {
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let width = width(column);
            let left = column == 0 && N > 4 || column + 1 == N && rows[0][column].is_empty();
            let _ = if left {
                write!(line, "{cell:<width$}  ")
            } else {
                write!(line, "{cell:>width$}  ")
            };
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
}

#[derive(Serialize)]
struct Row {
    policy: &'static str,
    #[serde(flatten)]
    room: Size,
    requests: u64,
    misses: u64,
    bytes: u64,
    bytes_missed: u64,
}

/// `slots` is null where the room is bytes, and the other way round.
#[derive(Serialize)]
struct Size {
    slots: Option<u32>,
    capacity_bytes: Option<u64>,
}

impl From<Room> for Size {
    fn from(room: Room) -> Self {
        match room {
            Room::Slots(slots) => Self { slots: Some(slots), capacity_bytes: None },
            Room::Bytes(bytes) => Self { slots: None, capacity_bytes: Some(bytes) },
        }
    }
}

/// An object for one row, an array for several.
///
/// # Errors
/// None that is known; it is what the library says.
pub fn json(requests: &Requests, rows: &[Replayed]) -> Result<String, serde_json::Error> {
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| Row {
            policy: row.rule.name(),
            room: row.room.into(),
            requests: requests.len(),
            misses: row.misses.misses,
            bytes: requests.bytes(),
            bytes_missed: row.misses.bytes,
        })
        .collect();
    one_or_all(&rows)
}

#[derive(Serialize)]
struct Curve {
    policy: &'static str,
    requests: u64,
    bytes: u64,
    points: Vec<CurvePoint>,
}

#[derive(Serialize)]
struct CurvePoint {
    #[serde(flatten)]
    room: Size,
    miss_ratio: f64,
    /// Half of the 95 % interval; zero where the point is exact.
    error: f64,
    byte_miss_ratio: Option<f64>,
    byte_error: Option<f64>,
    /// One object of so many was simulated.
    one_in: u64,
}

/// An object for one curve, an array for several.
///
/// # Errors
/// None that is known; it is what the library says.
pub fn curve_json(
    requests: &Requests,
    curves: &[(Rule, Vec<Point>)],
) -> Result<String, serde_json::Error> {
    let point = |point: &Point| {
        let (share, bytes) = point.missed;
        CurvePoint {
            room: point.room.into(),
            miss_ratio: share.mean,
            error: share.error,
            byte_miss_ratio: bytes.map(|bytes| bytes.mean),
            byte_error: bytes.map(|bytes| bytes.error),
            one_in: point.one_in,
        }
    };
    let curves: Vec<Curve> = curves
        .iter()
        .map(|(rule, points)| Curve {
            policy: rule.name(),
            requests: requests.len(),
            bytes: requests.bytes(),
            points: points.iter().map(point).collect(),
        })
        .collect();
    one_or_all(&curves)
}

fn one_or_all<T: Serialize>(all: &[T]) -> Result<String, serde_json::Error> {
    let text = match all {
        [one] => serde_json::to_string_pretty(one)?,
        all => serde_json::to_string_pretty(all)?,
    };
    Ok(text + "\n")
}
