//! A run as a Chrome trace: what happened, levels, and a sample of requests with their hops.
//!
//! The format is the Trace Event Format's JSON object, which Perfetto (ui.perfetto.dev) and
//! chrome://tracing open. Times are microseconds since the run began. Spans are nestable asynchronous
//! events (`b`, `n`, `e`): those of a request have its number as `id` and nest as the hops do, each as
//! long as somebody waits for it. A hedge and what is done for it are spans of their own (`beside`), and so
//! is work that goes on when nobody waits (`nobody`).

mod requests;

use crate::fabric::{Traced, Traces};
use crate::judge::{ClientHop, Recording};
use crate::observe::Gauge;
use crate::observe::Hop;
use crate::rehearse::RehearsedRun;
use crate::units::Instant;
use serde_json::{Value, json};
use std::io::{self, Write};

/// The processes of the trace; those after the last are the regions.
const PLAN: usize = 1;
const SIGNS: usize = 2;
const REGIONS: usize = 3;

/// Everything that a trace holds.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The scenario's title.
    pub title: &'a str,
    /// The run.
    pub run: &'a RehearsedRun,
    /// Its seconds.
    pub recording: &'a Recording,
    /// Its sampled requests.
    pub traces: &'a Traces,
    /// Which share of the requests is in the sample.
    pub share: f64,
}

/// Writes a trace.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: &mut dyn Write, page: &Page<'_>) -> io::Result<()> {
    let about = json!({
        "title": page.title,
        "seed": page.run.simulated.seed,
        "digest": page.run.simulated.digest.to_string(),
        "sampled_share": page.share,
        "sampled_requests": page.traces.requests.len(),
        "left_out": page.traces.left_out,
    });
    writeln!(out, "{{\"displayTimeUnit\":\"ms\",\"otherData\":{about},\"traceEvents\":[")?;
    let mut events = Events { out, first: true };
    names(&mut events, page)?;
    course(&mut events, page)?;
    levels(&mut events, page)?;
    let end = Instant::ZERO + page.run.length;
    for request in &page.traces.requests {
        requests::write(&mut events, request, page.recording, end)?;
    }
    writeln!(events.out, "\n]}}")
}

/// The list of events, one a line.
struct Events<'a> {
    out: &'a mut dyn Write,
    first: bool,
}

impl Events<'_> {
    /// An event at an instant with its other fields.
    fn at(&mut self, at: Instant, fields: &Value) -> io::Result<()> {
        let nanos = at.as_nanos();
        let ts = format!("\"ts\":{}.{:03}", nanos / 1_000, nanos % 1_000);
        self.put(&ts, fields)
    }

    /// Fields, the first of which is written already: serde_json would round times.
    fn put(&mut self, first: &str, fields: &Value) -> io::Result<()> {
        let fields = fields.to_string();
        let rest = fields.strip_prefix('{').unwrap_or(&fields);
        let gap = if std::mem::replace(&mut self.first, false) { "" } else { ",\n" };
        write!(self.out, "{gap}{{{first},{rest}")
    }
}

/// How the processes are called and in which order they stand.
fn names(events: &mut Events<'_>, page: &Page<'_>) -> io::Result<()> {
    let fixed = [(PLAN, "faults and changes"), (SIGNS, "what happened")];
    let regions = (REGIONS..).zip(page.recording.regions.iter().map(String::as_str));
    for (pid, name) in fixed.into_iter().chain(regions) {
        for (what, args) in [
            ("process_name", json!({ "name": name })),
            ("process_sort_index", json!({ "sort_index": pid })),
        ] {
            events.put("\"ph\":\"M\"", &json!({ "pid": pid, "name": what, "args": args }))?;
        }
    }
    Ok(())
}

/// Faults and changes, and the signs and alerts that followed.
fn course(events: &mut Events<'_>, page: &Page<'_>) -> io::Result<()> {
    let end = Instant::ZERO + page.run.length;
    for (number, spell) in page.run.timeline.iter().enumerate() {
        let pid = if matches!(spell.what, "fault" | "change") { PLAN } else { SIGNS };
        let most = spell.most.map(|(most, unit)| json!({ "most": most, "unit": unit }));
        let name = &spell.text;
        let mut event = json!({
            "ph": "b", "cat": spell.what, "id": hex(number as u64), "pid": pid, "tid": 0,
            "name": name, "args": most.unwrap_or_else(|| json!({})),
        });
        events.at(spell.from, &event)?;
        event["ph"] = "e".into();
        events.at(spell.until.unwrap_or(end).max(spell.from), &event)?;
    }
    Ok(())
}

/// The levels of each region, each second in which they changed. Queues and slots are the peaks of the
/// second that begins there, breakers are as they were at its end.
fn levels(events: &mut Events<'_>, page: &Page<'_>) -> io::Result<()> {
    const PEAKS: [(Gauge, &str); 6] = [
        (Gauge::ManifestQueue, "manifest queue"),
        (Gauge::ManifestBusy, "manifest slots in use"),
        (Gauge::DatabaseQueue, "database queue"),
        (Gauge::DatabaseBusy, "database connections in use"),
        (Gauge::OriginQueue, "origin queue"),
        (Gauge::OriginBusy, "origin slots in use"),
    ];
    let (recording, series) = (page.recording, &page.recording.series);
    for at in 0..recording.regions.len() {
        let pid = REGIONS + at;
        for (gauge, name) in PEAKS {
            // There is one origin, and none where nobody asks for segments.
            let mut rows = 0..series.times().len();
            if gauge >= Gauge::OriginQueue && rows.all(|row| series.peak(gauge, at, row) == 0) {
                continue;
            }
            let mut before = None;
            let mut start = Instant::ZERO;
            for (row, &end) in series.times().iter().enumerate() {
                let peak = series.peak(gauge, at, row);
                if before.replace(peak) != Some(peak) {
                    counter(events, start, pid, name, peak)?;
                }
                start = end;
            }
        }
        for &hop in &recording.breakers {
            let name = match hop {
                ClientHop::Viewers => "viewers' breakers (2 is open)",
                ClientHop::Service(Hop::Manifest) => "manifest breaker (2 is open)",
                ClientHop::Service(Hop::Database) => "database breaker (2 is open)",
                ClientHop::Service(Hop::Origin) => "origin breaker (2 is open)",
            };
            let mut before = None;
            for (row, &end) in series.times().iter().enumerate() {
                let level = series.level(hop.breaker(), at, row);
                if before.replace(level) != Some(level) {
                    counter(events, end, pid, name, level)?;
                }
            }
        }
    }
    Ok(())
}

fn counter(
    events: &mut Events<'_>,
    at: Instant,
    pid: usize,
    name: &str,
    value: u64,
) -> io::Result<()> {
    events.at(at, &json!({ "ph": "C", "pid": pid, "name": name, "args": { "value": value } }))
}

/// A number as an `id` is written.
fn hex(number: u64) -> String {
    format!("{number:#x}")
}

/// The number by which reports and traces call a request.
fn name_of(request: &Traced) -> String {
    format!("{:016x}", request.id)
}
