//! Each second of a run as JSON: the columns behind a page's plots, in compact arrays.

use super::openmetrics::is_told;
use crate::judge::Recording;
use crate::observe::{METRICS, Metric, PERCENTILES, Track};
use crate::units::{Instant, Unit};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use std::collections::BTreeMap;

type Failed = serde_json::Error;
/// By a metric's name, a list of values for each region.
type Columns = BTreeMap<&'static str, Box<RawValue>>;

/// What happened to the fabric, and when. `until_s` is null when it lasted to the end.
#[derive(Serialize)]
pub(super) struct Planned<'a> {
    what: &'static str,
    label: &'a str,
    kind: &'static str,
    regions: Vec<&'a str>,
    from_s: f64,
    until_s: Option<f64>,
}

/// The columns. In each, a list for every region in the order of `regions`, and in each list a value
/// for every instant of `ends_s`; a list is empty where there was never anything.
#[derive(Serialize)]
pub(super) struct Seconds<'a> {
    regions: &'a [String],
    /// When the run begins to be judged.
    judged_from_s: f64,
    /// When each second ended: whole ones, and the end of the run.
    ends_s: Box<RawValue>,
    /// Counts of the second, by the region in which viewers sit.
    from: Columns,
    /// Counts and peaks of the second, by the region in which the work was done.
    r#in: Columns,
    /// Percentiles in milliseconds, by the region in which viewers sit; null without answers.
    latency: Columns,
    /// Means in milliseconds, by the region in which the work was done; null without values.
    mean: Columns,
    /// The bill of a month of such seconds.
    monthly_usd: Box<RawValue>,
    /// Per cent of the month's error budget that are spent by then.
    budget_spent: Box<RawValue>,
}

/// The names of [`PERCENTILES`].
pub(super) const LATENCIES: [&str; PERCENTILES.len()] = ["p50", "p95", "p99"];

fn secs(at: Instant) -> f64 {
    at.since(Instant::ZERO).as_secs_f64()
}

/// A value with so many significant digits: more would say nothing and take room.
pub(super) fn rounded(value: f64, digits: usize) -> f64 {
    format!("{value:.*e}", digits.saturating_sub(1)).parse().unwrap_or(value)
}

/// Faults, then changes.
pub(super) fn timeline(recording: &Recording) -> Vec<Planned<'_>> {
    let name = |&region: &usize| recording.regions.get(region).map(String::as_str);
    let all = recording.planned.iter().map(|one| Planned {
        what: one.what,
        label: &one.label,
        kind: one.kind,
        regions: one.regions.iter().filter_map(name).collect(),
        from_s: secs(one.from),
        until_s: one.until.map(secs),
    });
    all.collect()
}

/// Everything that was kept.
///
/// # Errors
/// Never for a recording: the error is that of the serialiser.
pub(super) fn seconds(recording: &Recording) -> Result<Seconds<'_>, Failed> {
    let ends: Vec<f64> = recording.series.times().iter().map(|&at| secs(at)).collect();
    let cents = |value: &Option<f64>| value.map(|value| (value * 100.0).round_ties_even() / 100.0);
    let costs: Vec<Option<f64>> = recording.monthly_cost.iter().map(cents).collect();
    let share = |value: &Option<f64>| value.map(|value| rounded(value * 100.0, 6));
    let spent: Vec<Option<f64>> = recording.budget_spent.iter().map(share).collect();
    Ok(Seconds {
        regions: &recording.regions,
        judged_from_s: secs(recording.warm),
        ends_s: to_raw_value(&ends)?,
        from: counts(recording, true)?,
        r#in: work(recording)?,
        latency: latencies(recording)?,
        mean: means(recording)?,
        monthly_usd: to_raw_value(&costs)?,
        budget_spent: to_raw_value(&spent)?,
    })
}

/// What a track grew by in each row.
fn growth<T>(track: &[&Track<T>], rows: usize) -> Vec<T>
where
    T: Copy + Default + std::iter::Sum + std::ops::Sub<Output = T>,
{
    let mut before = T::default();
    let each = (0..rows).map(|row| {
        let now = track.iter().map(|track| track.at(row)).sum();
        let grown = now - before;
        before = now;
        grown
    });
    each.collect()
}

/// The counters that were ever above zero.
fn counts(recording: &Recording, by_origin: bool) -> Result<Columns, Failed> {
    let (regions, rows) = (recording.regions.len(), recording.series.times().len());
    let mut columns = Columns::new();
    for row in METRICS.iter().filter(|row| is_told(row)) {
        let Metric::Counter(counter) = row.metric else { continue };
        let of = |region: usize| -> Vec<u64> {
            let pair = |other| if by_origin { (region, other) } else { (other, region) };
            let all = (0..regions).map(pair);
            let tracks: Vec<_> =
                all.filter_map(|(from, at)| recording.series.counter(counter, from, at)).collect();
            if tracks.is_empty() { Vec::new() } else { growth(&tracks, rows) }
        };
        let lists: Vec<Vec<u64>> = (0..regions).map(of).collect();
        if lists.iter().any(|list| !list.is_empty()) {
            columns.insert(row.name, to_raw_value(&lists)?);
        }
    }
    Ok(columns)
}

/// Counters and gauges by the region that does the work.
fn work(recording: &Recording) -> Result<Columns, Failed> {
    let mut columns = counts(recording, false)?;
    let (series, rows) = (&recording.series, recording.series.times().len());
    for row in METRICS {
        let Metric::Gauge(gauge) = row.metric else { continue };
        // Times are written in milliseconds, as in the rest of the report.
        let shown = |level: u64| if row.unit == Unit::Time { level / 1_000_000 } else { level };
        let of = |at: usize| -> Vec<u64> {
            let levels: Vec<u64> =
                (0..rows).map(|row| shown(series.peak(gauge, at, row))).collect();
            if levels.iter().all(|&level| level == 0) { Vec::new() } else { levels }
        };
        let lists: Vec<Vec<u64>> = (0..recording.regions.len()).map(of).collect();
        if lists.iter().any(|list| !list.is_empty()) {
            columns.insert(row.name, to_raw_value(&lists)?);
        }
    }
    Ok(columns)
}

fn latencies(recording: &Recording) -> Result<Columns, Failed> {
    let (series, rows) = (&recording.series, recording.series.times().len());
    let mut columns = Columns::new();
    for (place, name) in LATENCIES.into_iter().enumerate() {
        let of = |from: usize| -> Vec<Option<f64>> {
            let each = (0..rows).map(|row| series.latency(from, row)[place]);
            let values: Vec<_> = each.map(|ns| ns.map(|ns| rounded(ns / 1e6, 4))).collect();
            if values.iter().all(Option::is_none) { Vec::new() } else { values }
        };
        let lists: Vec<_> = (0..recording.regions.len()).map(of).collect();
        columns.insert(name, to_raw_value(&lists)?);
    }
    Ok(columns)
}

#[allow(clippy::cast_precision_loss)] // reason: a second's values and their sum are below 2^53
fn means(recording: &Recording) -> Result<Columns, Failed> {
    let (regions, rows) = (recording.regions.len(), recording.series.times().len());
    let mut columns = Columns::new();
    for row in METRICS {
        let Metric::Timer(sample) = row.metric else { continue };
        let of = |at: usize| -> Vec<Option<f64>> {
            let pairs = (0..regions).filter_map(|from| recording.series.sample(sample, from, at));
            let (values, sums): (Vec<_>, Vec<_>) = pairs.unzip();
            if values.is_empty() {
                return Vec::new();
            }
            let (values, sums) = (growth(&values, rows), growth(&sums, rows));
            let mean = |(count, sum): (u64, u128)| {
                (count > 0).then(|| rounded(sum as f64 / count as f64 / 1e6, 4))
            };
            values.into_iter().zip(sums).map(mean).collect()
        };
        let lists: Vec<_> = (0..regions).map(of).collect();
        if lists.iter().any(|list| !list.is_empty()) {
            columns.insert(row.name, to_raw_value(&lists)?);
        }
    }
    Ok(columns)
}
