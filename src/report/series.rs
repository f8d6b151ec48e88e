//! Each second of a run as JSON: the columns behind a page's plots, in compact arrays.

use super::model::{Columns, Planned, Seconds};
use super::openmetrics::is_told;
use crate::observe::{METRICS, Metric, PERCENTILES, Track};
use crate::rehearse::Recording;
use crate::units::{Instant, Unit, count_to_f64};

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
pub(super) fn timeline(recording: &Recording) -> Vec<Planned> {
    let name = |&region: &usize| recording.regions.get(region).cloned();
    let all = recording.happenings.iter().map(|one| Planned {
        what: one.what.to_owned(),
        label: one.label.clone(),
        kind: one.kind.to_owned(),
        regions: one.regions.iter().filter_map(name).collect(),
        from_s: secs(one.from),
        until_s: one.until.map(secs),
    });
    all.collect()
}

/// Everything that was kept.
pub(super) fn seconds(recording: &Recording) -> Seconds {
    let ends_s = recording.series.times().iter().map(|&at| secs(at)).collect();
    let cents = |value: &Option<f64>| value.map(|value| (value * 100.0).round_ties_even() / 100.0);
    let monthly_usd = recording.monthly_cost.iter().map(cents).collect();
    let share = |value: &Option<f64>| value.map(|value| rounded(value * 100.0, 6));
    let budget_spent = recording.budget_spent.iter().map(share).collect();
    Seconds {
        regions: recording.regions.clone(),
        judged_from_s: secs(recording.warm),
        ends_s,
        from: counts(recording, true),
        r#in: work(recording),
        latency: latencies(recording),
        mean: means(recording),
        monthly_usd,
        budget_spent,
    }
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

/// A count as the columns have it.
fn count(value: u64) -> Option<f64> {
    Some(count_to_f64(value))
}

/// The counters that were ever above zero.
fn counts(recording: &Recording, by_origin: bool) -> Columns {
    let (regions, rows) = (recording.regions.len(), recording.series.times().len());
    let mut columns = Columns::new();
    for row in METRICS.iter().filter(|row| is_told(row)) {
        let Metric::Counter(counter) = row.metric else { continue };
        let of = |region: usize| -> Vec<Option<f64>> {
            let pair = |other| if by_origin { (region, other) } else { (other, region) };
            let all = (0..regions).map(pair);
            let tracks: Vec<_> =
                all.filter_map(|(from, at)| recording.series.counter(counter, from, at)).collect();
            if tracks.is_empty() {
                Vec::new()
            } else {
                growth(&tracks, rows).into_iter().map(count).collect()
            }
        };
        let lists: Vec<_> = (0..regions).map(of).collect();
        if lists.iter().any(|list| !list.is_empty()) {
            columns.insert(row.name.to_owned(), lists);
        }
    }
    columns
}

/// Counters and gauges by the region that does the work.
fn work(recording: &Recording) -> Columns {
    let mut columns = counts(recording, false);
    let (series, rows) = (&recording.series, recording.series.times().len());
    for row in METRICS {
        let Metric::Gauge(gauge) = row.metric else { continue };
        // Times are written in milliseconds, as in the rest of the report.
        let shown = |level: u64| if row.unit == Unit::Time { level / 1_000_000 } else { level };
        let of = |at: usize| -> Vec<Option<f64>> {
            let levels: Vec<u64> =
                (0..rows).map(|row| shown(series.peak(gauge, at, row))).collect();
            if levels.iter().all(|&level| level == 0) {
                Vec::new()
            } else {
                levels.into_iter().map(count).collect()
            }
        };
        let lists: Vec<_> = (0..recording.regions.len()).map(of).collect();
        if lists.iter().any(|list| !list.is_empty()) {
            columns.insert(row.name.to_owned(), lists);
        }
    }
    columns
}

fn latencies(recording: &Recording) -> Columns {
    let (series, rows) = (&recording.series, recording.series.times().len());
    let mut columns = Columns::new();
    for (place, name) in LATENCIES.into_iter().enumerate() {
        let of = |from: usize| -> Vec<Option<f64>> {
            let each = (0..rows).map(|row| series.latency(from, row)[place]);
            let values: Vec<_> = each.map(|ns| ns.map(|ns| rounded(ns / 1e6, 4))).collect();
            if values.iter().all(Option::is_none) { Vec::new() } else { values }
        };
        let lists: Vec<_> = (0..recording.regions.len()).map(of).collect();
        columns.insert(name.to_owned(), lists);
    }
    columns
}

#[allow(clippy::cast_precision_loss)] // reason: a second's values and their sum are below 2^53
fn means(recording: &Recording) -> Columns {
    let (regions, rows) = (recording.regions.len(), recording.series.times().len());
    let mut columns = Columns::new();
    for row in METRICS {
        let Metric::Sample(sample) = row.metric else { continue };
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
            columns.insert(row.name.to_owned(), lists);
        }
    }
    columns
}
