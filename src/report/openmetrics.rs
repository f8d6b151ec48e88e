//! Each second of a run as OpenMetrics text, for a Prometheus to answer questions about it.
//!
//! The format is that of the OpenMetrics specification 1.0, with timestamps, as `promtool tsdb
//! create-blocks-from openmetrics` reads it: the samples of a family stand together, those of a series
//! in their order, and the last line is `# EOF`.

use crate::judge::{ClientHop, Recording};
use crate::observe::{Counter, Gauge, METRICS, Metric, MetricInfo, MetricKind, Timer, Track};
use crate::units::{Instant, Unit};
use std::fmt;
use std::io::{self, Write};

/// The instant of the simulated start of every run, in seconds since 1970: 2020-01-01T00:00:00Z. A
/// fixed one, so that the same run gives the same bytes.
pub const EPOCH: u64 = 1_577_836_800;

/// The labels of `mpc_circuit_breaker_state`, each with the level of the gauge that it stands for.
const STATES: [(&str, u64); 3] = [("closed", 0), ("half_open", 1), ("open", 2)];

/// Writes everything that is kept of a run.
///
/// # Errors
/// When it cannot be written.
pub fn write(out: &mut dyn Write, recording: &Recording) -> io::Result<()> {
    let mut page = Page { out, recording };
    for row in METRICS {
        match row.metric {
            Metric::Counter(counter) if is_told(row) => page.counter(row, counter)?,
            Metric::Timer(sample) => page.sample(row, sample)?,
            Metric::Gauge(gauge) => page.gauge(row, gauge)?,
            _ => {}
        }
    }
    page.breakers()?;
    page.fallbacks()?;
    writeln!(page.out, "# EOF")
}

/// Whether a counter is told under this name: as events where it has such a name, else as what is
/// asked of requests.
pub(super) fn is_told(row: &MetricInfo) -> bool {
    let counted =
        |other: &MetricInfo| other.metric == row.metric && other.form == MetricKind::Counted;
    row.form == MetricKind::Counted || !METRICS.iter().any(counted)
}

struct Page<'a> {
    out: &'a mut dyn Write,
    recording: &'a Recording,
}

impl Page<'_> {
    fn family(&mut self, name: &str, kind: &str, text: &str) -> io::Result<()> {
        writeln!(self.out, "# HELP {name} {}", Escaped(text))?;
        writeln!(self.out, "# TYPE {name} {kind}")
    }

    /// A series with its value at the start and in each row.
    fn series<V: fmt::Display>(
        &mut self,
        name: &str,
        labels: &dyn fmt::Display,
        at_start: Option<V>,
        value: impl Fn(usize) -> V,
    ) -> io::Result<()> {
        if let Some(value) = at_start {
            writeln!(self.out, "{name}{{{labels}}} {value} {EPOCH}")?;
        }
        for (row, &at) in self.recording.series.times().iter().enumerate() {
            let (at, value) = (Stamp(at), value(row));
            writeln!(self.out, "{name}{{{labels}}} {value} {at}")?;
        }
        Ok(())
    }

    fn counter(&mut self, row: &MetricInfo, counter: Counter) -> io::Result<()> {
        let name = format!("squall_{}", row.name);
        let mut told = false;
        for (from, at) in self.pairs() {
            let recording = self.recording;
            let Some(track) = recording.series.counter(counter, from, at) else {
                continue;
            };
            if !std::mem::replace(&mut told, true) {
                self.family(&name, "counter", row.text)?;
            }
            let labels = self.pair(from, at);
            self.series(&format!("{name}_total"), &labels, Some(0), |row| track.at(row))?;
        }
        Ok(())
    }

    /// How many values there were and their sum, from which means follow.
    fn sample(&mut self, row: &MetricInfo, sample: Timer) -> io::Result<()> {
        let name = format!("squall_{}_seconds", row.name);
        let mut told = false;
        for (from, at) in self.pairs() {
            let recording = self.recording;
            let Some((values, sums)) = recording.series.sample(sample, from, at) else {
                continue;
            };
            if !std::mem::replace(&mut told, true) {
                self.family(&name, "summary", row.text)?;
            }
            let labels = self.pair(from, at);
            self.series(&format!("{name}_count"), &labels, Some(0), |row| values.at(row))?;
            let seconds = |row| Seconds(sums.at(row));
            self.series(&format!("{name}_sum"), &labels, Some(Seconds(0)), seconds)?;
        }
        Ok(())
    }

    /// The level at each instant, and the peak of the second before it.
    fn gauge(&mut self, row: &MetricInfo, gauge: Gauge) -> io::Result<()> {
        let recording = self.recording;
        let of_breaker = ClientHop::ALL.into_iter().find(|hop| hop.breaker() == gauge);
        if of_breaker.is_some_and(|hop| !recording.breakers.contains(&hop)) {
            return Ok(());
        }
        let (text, series) = (row.text.replace(", peak of each second", ""), &recording.series);
        let time = row.unit == Unit::Time;
        let shown = |level| if time { Level::Time(level) } else { Level::Count(level) };
        for peak in [false, true] {
            let (end, text) = match peak {
                true => ("_peak", format!("the peak of each second: {text}")),
                false => ("", text.clone()),
            };
            let name = format!("squall_{}{end}{}", row.name, if time { "_seconds" } else { "" });
            self.family(&name, "gauge", &text)?;
            for at in 0..recording.regions.len() {
                let level = |row| match peak {
                    true => shown(series.peak(gauge, at, row)),
                    false => shown(series.level(gauge, at, row)),
                };
                self.series(&name, &self.region(at), None, level)?;
            }
        }
        Ok(())
    }

    /// The state of breakers as one series for each state, of which one is 1.
    fn breakers(&mut self) -> io::Result<()> {
        let recording = self.recording;
        if recording.breakers.is_empty() {
            return Ok(());
        }
        let name = "mpc_circuit_breaker_state";
        self.family(name, "gauge", "1 for the state in which the breaker is, 0 for the others")?;
        for &hop in &recording.breakers {
            for (at, region) in recording.regions.iter().enumerate() {
                for (state, level) in STATES {
                    let (region, hop_name) = (Escaped(region), hop.name());
                    let labels =
                        format!("state=\"{state}\",hop=\"{hop_name}\",region=\"{region}\"");
                    let series = &recording.series;
                    let is = |row| u8::from(series.level(hop.breaker(), at, row) == level);
                    self.series(name, &labels, None, is)?;
                }
            }
        }
        Ok(())
    }

    /// Failed fallbacks by hop, whoever the viewers are.
    fn fallbacks(&mut self) -> io::Result<()> {
        let recording = self.recording;
        if recording.fallbacks.is_empty() {
            return Ok(());
        }
        let name = "http_fallback_failures";
        self.family(name, "counter", "calls that failed and whose fallback failed, too")?;
        for &hop in &recording.fallbacks {
            for (at, region) in recording.regions.iter().enumerate() {
                let tracks: Vec<&Track<u64>> = (0..recording.regions.len())
                    .filter_map(|from| recording.series.counter(hop.fallback_failures(), from, at))
                    .collect();
                let sum = |row| tracks.iter().map(|track| track.at(row)).sum::<u64>();
                let labels = format!("hop=\"{}\",region=\"{}\"", hop.name(), Escaped(region));
                self.series(&format!("{name}_total"), &labels, Some(0), sum)?;
            }
        }
        Ok(())
    }

    fn pairs(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let regions = self.recording.regions.len();
        (0..regions).flat_map(move |from| (0..regions).map(move |at| (from, at)))
    }

    fn pair(&self, from: usize, at: usize) -> String {
        format!("from=\"{}\",{}", Escaped(&self.recording.regions[from]), self.region(at))
    }

    fn region(&self, at: usize) -> String {
        format!("region=\"{}\"", Escaped(&self.recording.regions[at]))
    }
}

/// An instant of the run in seconds since 1970, to the millisecond, which is what Prometheus keeps.
struct Stamp(Instant);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.0.as_nanos().div_ceil(1_000_000);
        let (secs, millis) = (EPOCH + millis / 1_000, millis % 1_000);
        if millis == 0 { write!(f, "{secs}") } else { write!(f, "{secs}.{millis:03}") }
    }
}

/// Nanoseconds, written as seconds.
struct Seconds(u128);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SECOND: u128 = 1_000_000_000;
        write!(f, "{}.{:09}", self.0 / SECOND, self.0 % SECOND)
    }
}

/// A gauge's level.
enum Level {
    Count(u64),
    Time(u64),
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Count(level) => level.fmt(f),
            Self::Time(nanos) => Seconds(nanos.into()).fmt(f),
        }
    }
}

/// A text between quotes or after `# HELP`.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '\\' => f.write_str("\\\\"),
            '"' => f.write_str("\\\""),
            '\n' => f.write_str("\\n"),
            other => write!(f, "{other}"),
        })
    }
}
