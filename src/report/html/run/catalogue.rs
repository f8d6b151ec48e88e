//! Which plots a run has, and what each is made of.

use crate::observe::{METRICS, Metric};
use crate::report::html::{Downsample, Style};
use crate::report::model::{Columns, Seconds};
use crate::units::Unit;

/// Where a plot's values come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum Of {
    /// Events a second, by the region of the viewers.
    RateFrom(&'static str),
    /// Events a second, by the region that does the work.
    RateIn(&'static str),
    /// The sum of some counts as a share of another, by the region of the viewers.
    ShareFrom(&'static [&'static str], &'static str),
    /// The same by the region that does the work.
    ShareIn(&'static [&'static str], &'static str),
    /// How many of one a single one of the other takes, by the region of the viewers.
    EachFrom(&'static str, &'static str),
    /// The same by the region that does the work.
    EachIn(&'static str, &'static str),
    /// A level's peak.
    Level(&'static str),
    /// A state, in steps.
    State(&'static str),
    /// A percentile of latency.
    Latency(&'static str),
    /// A mean time.
    Mean(&'static str),
    /// What the month of such seconds costs.
    Cost,
    /// What is spent of the month's error budget by then.
    Budget,
}

/// A plot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub title: &'static str,
    pub note: &'static str,
    pub unit: Unit,
    pub of: Of,
    /// Whether it is shown at once; others only when they are asked for.
    pub main: bool,
}

/// Plots under one heading.
pub(super) struct Chapter {
    pub place: &'static str,
    pub title: &'static str,
    pub entries: &'static [Entry],
}

const fn main(title: &'static str, unit: Unit, of: Of, note: &'static str) -> Entry {
    Entry { title, note, unit, of, main: true }
}

const fn more(title: &'static str, unit: Unit, of: Of) -> Entry {
    Entry { title, note: "", unit, of, main: false }
}

const VIEWERS: &[Entry] = &[
    main("Requests a second", Unit::Rate, Of::RateFrom("requests"), ""),
    main(
        "Requests that fail",
        Unit::Ratio,
        Of::ShareFrom(&["failures", "given_up"], "requests"),
        "Errors and time-outs, by the second in which the viewer first asked.",
    ),
    main("Latency, median", Unit::Time, Of::Latency("p50"), ""),
    main("Latency, 95th percentile", Unit::Time, Of::Latency("p95"), ""),
    main("Latency, 99th percentile", Unit::Time, Of::Latency("p99"), ""),
    main(
        "Attempts for each request",
        Unit::Count,
        Of::EachFrom("attempts", "requests"),
        "By the second in which each attempt was made.",
    ),
    main(
        "Retries that the viewers' budget refuses",
        Unit::Rate,
        Of::RateFrom("retries_denied"),
        "",
    ),
    main(
        "First attempts that the viewers' budget refuses",
        Unit::Rate,
        Of::RateFrom("refused_by_budget"),
        "",
    ),
    main(
        "Error budget of the month spent",
        Unit::Ratio,
        Of::Budget,
        "All viewers, since the warm-up.",
    ),
    main(
        "Viewers' breakers",
        Unit::Count,
        Of::State("viewer_breaker"),
        "The most open of those served there: 0 closed, 1 half open, 2 open.",
    ),
    main("Answers by a fallback", Unit::Rate, Of::RateFrom("viewer_fallbacks"), ""),
    more("Attempts that time out", Unit::Rate, Of::RateFrom("timeouts")),
    more(
        "Attempts that an open breaker refuses",
        Unit::Rate,
        Of::RateFrom("viewer_breaker_refused"),
    ),
    more("Attempts that a full bulkhead refuses", Unit::Rate, Of::RateFrom("viewer_bulkhead_full")),
    more("Second attempts beside a first", Unit::Rate, Of::RateFrom("viewer_hedges")),
    more("Time without a site, mean of networks", Unit::Time, Of::Mean("failover_time")),
];

const CACHE: &[Entry] = &[
    main(
        "Hit ratio",
        Unit::Ratio,
        Of::ShareIn(&["hit"], "served"),
        "Fresh copies, as a share of the answers given there.",
    ),
    main("Answers past their time", Unit::Ratio, Of::ShareIn(&["stale"], "served"), ""),
    main("Entries thrown out", Unit::Rate, Of::RateIn("evicted"), ""),
    more("Misses that join a fetch", Unit::Rate, Of::RateIn("coalesced")),
    more("Wait for another's fetch, mean", Unit::Time, Of::Mean("lock_wait")),
    more("Waiters that give up the read lock", Unit::Rate, Of::RateIn("lock_timeouts")),
    more("Age of the data in answers, mean", Unit::Time, Of::Mean("staleness")),
];

const MANIFEST: &[Entry] = &[
    main("Fetches", Unit::Rate, Of::RateIn("fetches"), "Misses and refreshes."),
    main("Queue for a slot", Unit::Count, Of::Level("manifest_queue"), ""),
    main("Calls turned away", Unit::Rate, Of::RateIn("manifest_rejected"), ""),
    main("Calls for each fetch", Unit::Count, Of::EachIn("manifest_calls", "fetches"), ""),
    main(
        "Breaker before the manifest service",
        Unit::Count,
        Of::State("manifest_breaker"),
        "0 closed, 1 half open, 2 open.",
    ),
    main(
        "Retries that the edge's budget refuses",
        Unit::Rate,
        Of::RateIn("manifest_retries_denied"),
        "",
    ),
    main("Calls given up by the edge", Unit::Rate, Of::RateIn("manifest_timeouts"), ""),
    main("Pods that take calls", Unit::Count, Of::Level("pods_ready"), ""),
    main("Pods taken out of service", Unit::Rate, Of::RateIn("pods_ejected"), ""),
    main("Pods killed for want of memory", Unit::Rate, Of::RateIn("oom_kills"), ""),
    main("Queue of validations", Unit::Count, Of::Level("validations_queue"), ""),
    more("Slots in use", Unit::Count, Of::Level("manifest_busy")),
    more("Second calls beside a first", Unit::Rate, Of::RateIn("manifest_hedges")),
    more("Fetches answered by a fallback", Unit::Rate, Of::RateIn("manifest_fallbacks")),
    more("Fetches whose fallback fails, too", Unit::Rate, Of::RateIn("manifest_fallback_failures")),
    more("Wait for a slot, mean", Unit::Time, Of::Mean("wait")),
    more("Fetches that fail", Unit::Rate, Of::RateIn("fetches_failed")),
    more("Manifests made for nobody", Unit::Rate, Of::RateIn("manifest_wasted")),
    more("Calls that an open breaker refuses", Unit::Rate, Of::RateIn("manifest_breaker_refused")),
    more("Calls that a full bulkhead refuses", Unit::Rate, Of::RateIn("manifest_bulkhead_full")),
    more("Pods that stand for want of processor time", Unit::Count, Of::Level("cpu_throttled")),
];

const DATABASE: &[Entry] = &[
    main("Reads", Unit::Rate, Of::RateIn("database_reads"), ""),
    main("Queue for a connection", Unit::Count, Of::Level("database_queue"), ""),
    main("Reads turned away", Unit::Rate, Of::RateIn("database_refused"), ""),
    main("Reads for each call", Unit::Count, Of::EachIn("database_calls", "manifest_calls"), ""),
    main(
        "Breaker before the database",
        Unit::Count,
        Of::State("database_breaker"),
        "0 closed, 1 half open, 2 open.",
    ),
    main(
        "Retries that the manifest service's budget refuses",
        Unit::Rate,
        Of::RateIn("database_retries_denied"),
        "",
    ),
    main(
        "Replica's lag",
        Unit::Time,
        Of::Level("replication_lag"),
        "What a fault adds to its usual lag.",
    ),
    main("Reads refused for lag", Unit::Rate, Of::RateIn("lag_refused"), ""),
    main("Reads that go to the primary", Unit::Rate, Of::RateIn("primary_reads"), ""),
    more("Connections in use", Unit::Count, Of::Level("database_busy")),
    more("Second reads beside a first", Unit::Rate, Of::RateIn("database_hedges")),
    more("Calls that make do without a read", Unit::Rate, Of::RateIn("database_fallbacks")),
    more("Wait for a connection, mean", Unit::Time, Of::Mean("database_wait")),
    more("Reads given up by the manifest service", Unit::Rate, Of::RateIn("database_timeouts")),
    more("Reads made for nobody", Unit::Rate, Of::RateIn("database_wasted")),
    more("Reads that an open breaker refuses", Unit::Rate, Of::RateIn("database_breaker_refused")),
];

const CONTENT: &[Entry] = &[
    main(
        "Hit ratio of segments",
        Unit::Ratio,
        Of::ShareIn(&["segment_hits"], "segments_served"),
        "From the content cache, as a share of the segments given there.",
    ),
    main(
        "Hit ratio by bytes",
        Unit::Ratio,
        Of::ShareIn(&["content_hit_bytes"], "content_bytes"),
        "",
    ),
    main("Fetches from the origin", Unit::Rate, Of::RateIn("origin_fetches"), ""),
    main("Bytes from the origin a second", Unit::Bytes, Of::RateIn("origin_bytes"), ""),
    main("Queue for a slot of the origin", Unit::Count, Of::Level("origin_queue"), ""),
    main("Attempts that the origin turns away", Unit::Rate, Of::RateIn("origin_rejected"), ""),
    main("Attempts for each fetch", Unit::Count, Of::EachIn("origin_calls", "origin_fetches"), ""),
    main(
        "Breaker before the origin",
        Unit::Count,
        Of::State("origin_breaker"),
        "0 closed, 1 half open, 2 open.",
    ),
    main(
        "Retries that the budget before the origin refuses",
        Unit::Rate,
        Of::RateIn("origin_retries_denied"),
        "",
    ),
    main("Segments that fail", Unit::Rate, Of::RateFrom("segment_failures"), ""),
    more("Requests for segments", Unit::Rate, Of::RateFrom("segment_requests")),
    more("First byte of a segment, mean", Unit::Time, Of::Mean("segment_latency")),
    more("Slots of the origin in use", Unit::Count, Of::Level("origin_busy")),
    more("Wait for a slot of the origin, mean", Unit::Time, Of::Mean("origin_wait")),
    more("Attempts that time out at the origin", Unit::Rate, Of::RateIn("origin_timeouts")),
    more("Segments that join a fetch", Unit::Rate, Of::RateIn("segments_coalesced")),
];

const COST: &[Entry] = &[
    main(
        "Bill of a month of such seconds",
        Unit::Money,
        Of::Cost,
        "What a month would cost in which every second were like this one.",
    ),
    main("Nodes", Unit::Count, Of::Level("nodes"), ""),
];

/// All chapters, in the order of a request's way inwards.
pub(super) const CHAPTERS: &[Chapter] = &[
    Chapter { place: "viewers", title: "Viewers", entries: VIEWERS },
    Chapter { place: "cache", title: "Metadata cache", entries: CACHE },
    Chapter { place: "manifest", title: "Manifest service", entries: MANIFEST },
    Chapter { place: "database", title: "Database", entries: DATABASE },
    Chapter { place: "content", title: "Content cache and origin", entries: CONTENT },
    Chapter { place: "cost", title: "Cost", entries: COST },
];

impl Of {
    /// Metrics that it shows.
    fn shows(self) -> Vec<&'static str> {
        match self {
            Self::RateFrom(name)
            | Self::RateIn(name)
            | Self::Level(name)
            | Self::State(name)
            | Self::Mean(name) => vec![name],
            Self::ShareFrom(parts, whole) | Self::ShareIn(parts, whole) => {
                parts.iter().copied().chain([whole]).collect()
            }
            Self::EachFrom(one, other) | Self::EachIn(one, other) => vec![one, other],
            Self::Latency(_) | Self::Cost | Self::Budget => Vec::new(),
        }
    }

    /// How it looks.
    pub(super) const fn style(self) -> Style {
        if matches!(self, Self::State(_)) { Style::Steps } else { Style::Line }
    }

    /// How several seconds become one: what is judged by its worst is shown by its worst.
    pub(super) const fn downsample(self) -> Downsample {
        match self {
            Self::Level(_) | Self::State(_) | Self::Latency(_) | Self::Budget => Downsample::Peak,
            _ => Downsample::Mean,
        }
    }

    /// By region, a value for every second; `None` where it has none. `None` in all where nothing of it
    /// was ever seen.
    pub(super) fn values(self, series: &Seconds) -> Option<Vec<Vec<Option<f64>>>> {
        let (from, within) = (&series.from, &series.r#in);
        match self {
            Self::RateFrom(name) => rates(series, from, name),
            Self::RateIn(name) => rates(series, within, name),
            Self::ShareFrom(parts, whole) => ratio(series, from, parts, whole, 100.0),
            Self::ShareIn(parts, whole) => ratio(series, within, parts, whole, 100.0),
            Self::EachFrom(one, other) => several(series, ratio(series, from, &[one], other, 1.0)?),
            Self::EachIn(one, other) => several(series, ratio(series, within, &[one], other, 1.0)?),
            Self::Level(name) | Self::State(name) => filled(series, within.get(name)?),
            Self::Latency(name) => Some(gaps(series, series.latency.get(name)?)),
            Self::Mean(name) => Some(gaps(series, series.mean.get(name)?)),
            Self::Cost => Some(vec![series.monthly_usd.clone()]),
            Self::Budget => {
                let spent = series.budget_spent.iter().flatten().any(|&spent| spent > 0.0);
                spent.then(|| vec![series.budget_spent.clone()])
            }
        }
    }

    /// Whether it has one line for all regions.
    pub(super) const fn is_single(self) -> bool {
        matches!(self, Self::Cost | Self::Budget)
    }
}

/// Nothing, where one takes exactly one of the other in all that is judged.
fn several(series: &Seconds, lists: Vec<Vec<Option<f64>>>) -> Option<Vec<Vec<Option<f64>>>> {
    let warm = series.ends_s.partition_point(|&end| end <= series.judged_from_s);
    let judged = lists.iter().flat_map(|list| &list[warm..]).flatten();
    let other = judged.copied().any(|value| (value - 1.0).abs() > 1e-9);
    other.then_some(lists)
}

/// A column in which an empty list is one of zeros.
fn filled(series: &Seconds, lists: &[Vec<Option<f64>>]) -> Option<Vec<Vec<Option<f64>>>> {
    let rows = series.ends_s.len();
    let some = lists.iter().flatten().flatten().any(|&value| value > 0.0);
    let full = |list: &Vec<Option<f64>>| {
        if list.is_empty() { vec![Some(0.0); rows] } else { list.clone() }
    };
    some.then(|| lists.iter().map(full).collect())
}

/// A column in which an empty list is one of gaps.
fn gaps(series: &Seconds, lists: &[Vec<Option<f64>>]) -> Vec<Vec<Option<f64>>> {
    let rows = series.ends_s.len();
    let full =
        |list: &Vec<Option<f64>>| if list.is_empty() { vec![None; rows] } else { list.clone() };
    lists.iter().map(full).collect()
}

/// Counts over the lengths of their seconds.
fn rates(series: &Seconds, columns: &Columns, name: &str) -> Option<Vec<Vec<Option<f64>>>> {
    let lists = filled(series, columns.get(name)?)?;
    let starts = [0.0].into_iter().chain(series.ends_s.iter().copied());
    let lengths: Vec<f64> =
        series.ends_s.iter().zip(starts).map(|(end, start)| end - start).collect();
    let rate = |list: Vec<Option<f64>>| -> Vec<Option<f64>> {
        list.into_iter().zip(&lengths).map(|(count, length)| Some(count? / length)).collect()
    };
    Some(lists.into_iter().map(rate).collect())
}

/// Some counts over another, times a factor; a gap where that is zero.
fn ratio(
    series: &Seconds,
    columns: &Columns,
    parts: &[&str],
    whole: &str,
    factor: f64,
) -> Option<Vec<Vec<Option<f64>>>> {
    let whole = filled(series, columns.get(whole)?)?;
    let parts: Vec<_> =
        parts.iter().filter_map(|&part| filled(series, columns.get(part)?)).collect();
    if parts.is_empty() {
        return None;
    }
    let of = |region: usize, row: usize| {
        let whole = whole[region][row].filter(|&whole| whole > 0.0)?;
        let sum: f64 = parts.iter().filter_map(|part| part[region][row]).sum();
        Some(factor * sum / whole)
    };
    let rows = series.ends_s.len();
    let regions = 0..series.regions.len();
    Some(regions.map(|region| (0..rows).map(|row| of(region, row)).collect()).collect())
}

/// Counters and levels that no chapter shows and that were seen: a new one is never lost.
pub(super) fn others(series: &Seconds) -> Vec<Entry> {
    let known: Vec<&str> = CHAPTERS
        .iter()
        .flat_map(|chapter| chapter.entries)
        .flat_map(|entry| entry.of.shows())
        // Told by their parts.
        .chain(["served", "failed", "retried", "rejected"])
        .collect();
    let mut found = Vec::new();
    for row in METRICS.iter().filter(|row| !known.contains(&row.name)) {
        let of = match row.metric {
            Metric::Counter(_) => Of::RateIn(row.name),
            Metric::Gauge(_) => Of::Level(row.name),
            Metric::Sample(_) => Of::Mean(row.name),
            _ => continue,
        };
        if of.values(series).is_some() {
            found.push(Entry { title: row.name, note: row.text, unit: row.unit, of, main: false });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one_of_a_metric() {
        for entry in CHAPTERS.iter().flat_map(|chapter| chapter.entries) {
            for name in entry.of.shows() {
                assert!(METRICS.iter().any(|row| row.name == name), "{name}");
            }
        }
    }
}
