//! `[load]`: who asks for what, and how often.

use super::fabric::Preset;
use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::reader::{CENTURY, Reader};
use super::section::Section;
use super::tree::{Node, short};
use crate::engine::{Law, Profile, Zipf};
use crate::model::{Closed, Load, TraceLoad};
use crate::trace::{Column, Columns, Format, Problem as Wrong, TraceSpec, survey};
use crate::units::{Instant, Span};

pub(super) const KEYS: &[Row] = &[
    row(
        "load",
        "table",
        Required,
        "{ requests-per-second = 360 }",
        "who asks for what, and how often",
    ),
    row("load.titles", "count", Required, "200_000", "how many titles there are, without a trace"),
    row(
        "load.popularity",
        "table",
        Required,
        "{ law = \"zipf\", exponent = 0.9 }",
        "how often each is asked for, without a trace",
    ),
    row("load.popularity.law", "\"zipf\"", Required, "\"zipf\"", "the law of popularity"),
    row(
        "load.popularity.exponent",
        "number",
        Required,
        "0.9",
        "its exponent, 0 to 10; 0 makes all alike",
    ),
    row(
        "load.manifests-per-second",
        "table",
        Required,
        "{ us-east-1 = 60_000 }",
        "requests a second from each region, without a trace",
    ),
    row(
        "load.manifests-per-second.*",
        "number",
        Is("0"),
        "60_000",
        "requests a second from this region",
    ),
    row(
        "load.segments-per-second",
        "table",
        Is("none"),
        "{ us-east-1 = 5_000 }",
        "requests for video segments a second from each region; they follow the curve and surges, too",
    ),
    row(
        "load.segments-per-second.*",
        "number",
        Is("0"),
        "5_000",
        "requests for segments a second from this region",
    ),
    row(
        "load.requests-per-second",
        "number",
        Required,
        "360",
        "Poisson arrivals at the single pool",
    ),
    row(
        "load.viewers",
        "count",
        Is("none"),
        "100",
        "viewers of the single pool who each wait for their answer, instead of arrivals",
    ),
    row(
        "load.think",
        "law",
        Required,
        "{ law = \"exponential\", mean = \"1s\" }",
        "how long each of them thinks before it asks",
    ),
    row(
        "load.arrivals",
        "law",
        Is("none"),
        "{ law = \"constant\", value = \"3ms\" }",
        "time between arrivals at the single pool, instead of Poisson",
    ),
    row(
        "load.curve",
        "list",
        Is("always 1"),
        "[{ at = \"0s\", factor = 1.0 }]",
        "how all rates change with time; straight lines between points",
    ),
    row("load.curve.at", "time", Required, "\"0s\"", "when"),
    row("load.curve.factor", "number", Required, "1.0", "how many times the rate, 0 to 1000"),
    row(
        "load.trace",
        "table",
        Is("none"),
        "{ file = \"a.csv\", format = \"csv\", region = \"us-east-1\" }",
        "a real trace instead of drawn arrivals and titles",
    ),
    row("load.trace.file", "text", Required, "\"a.csv\"", "the trace, relative to the scenario"),
    row(
        "load.trace.format",
        "\"csv\", \"oracle-general\", \"webcachesim\" or \"wikimedia\"",
        Required,
        "\"csv\"",
        "its layout, compressed with zstd or gzip or not",
    ),
    row(
        "load.trace.columns",
        "table",
        Is("columns 1, 2 and 3"),
        "{ time = 1, key = 2 }",
        "where a csv has its fields",
    ),
    row(
        "load.trace.columns.time",
        "text or count",
        Required,
        "1",
        "when: a name, or a number from 1",
    ),
    row(
        "load.trace.columns.key",
        "text or count",
        Required,
        "2",
        "what: a name, or a number from 1",
    ),
    row(
        "load.trace.columns.size",
        "text or count",
        Is("none"),
        "3",
        "how large: a name, or a number from 1",
    ),
    row("load.trace.time-unit", "time", Is("1s"), "\"1s\"", "one tick of the trace's clock"),
    row("load.trace.region", "text", Required, "\"us-east-1\"", "where its viewers sit"),
    row("load.trace.speed", "number", Is("1"), "2", "how many times as fast as it was recorded"),
];

/// The most requests a second.
const MAX_PER_SECOND: f64 = 1e9;
/// The most points of a curve.
const MAX_POINTS: usize = 10_000;
/// The largest factor of a curve or a surge.
pub(super) const MAX_FACTOR: f64 = 1_000.0;
/// The layouts of a trace by their names.
const FORMATS: &[(&str, Format)] = &[
    ("csv", Format::Csv { delimiter: None }),
    ("oracle-general", Format::OracleGeneral),
    ("webcachesim", Format::Webcachesim),
    ("wikimedia", Format::Wikimedia),
];

impl Reader<'_> {
    /// The load of a fabric with these regions.
    pub fn load(
        &mut self,
        section: Option<Section<'_>>,
        preset: Option<Preset>,
        regions: &[String],
    ) -> Load {
        let mut load = Load {
            titles: 1,
            zipf: 0.0,
            rates: vec![0.0; regions.len()],
            segments: Vec::new(),
            profiles: vec![Profile::flat(); regions.len()],
            interarrival: None,
            trace: None,
            closed: None,
        };
        let Some(mut section) = section else {
            return load;
        };
        match preset {
            Some(Preset::SinglePool) => {
                section.refuse_others(
                    "`single-pool` has `requests-per-second` or `arrivals`, and may have a `curve`",
                );
                self.pool_load(&mut section, &mut load);
            }
            Some(Preset::FiveRegions) => {
                section.refuse_others("it belongs to the preset `single-pool`");
                self.viewers_load(&mut section, &mut load, regions);
            }
            // Which keys belong here is not known.
            None => {
                section.rest();
            }
        }
        if let Some(profile) = section.node("curve").and_then(|node| self.curve(node)) {
            load.profiles = vec![profile; regions.len()];
        }
        section.finish(self);
        load
    }

    /// A closed loop instead of arrivals that do not care for answers.
    fn closed(&mut self, section: &mut Section<'_>, load: &mut Load) {
        for key in ["requests-per-second", "arrivals", "curve"] {
            if let Some(entry) = section.take(key) {
                let message = format!("`{key}` and `viewers` are two ways to say who asks");
                self.say(&entry.key_at, message, "viewers ask when they have thought");
            }
        }
        let viewers = section.need(self, "viewers", |r, n| r.count(n, 1..=1_000_000));
        let Some(entry) = section.take("think") else {
            section.require(self, "think");
            return;
        };
        let (Some(think), Some(viewers)) = (self.law(&entry.node), viewers) else {
            return;
        };
        let mean = think.mean();
        if never_advances(&think) || mean.is_some_and(|mean| mean < 1e-9) {
            let message = "the time to think has a mean of zero";
            self.say(&entry.node.at, message, "the mean is at least one nanosecond");
            return;
        }
        // What planners of a run look at: no more than if all answers came at once.
        load.rates = vec![mean.map_or(0.0, |mean| f64::from(viewers) / mean)];
        load.closed = Some(Closed { viewers, think });
    }

    fn pool_load(&mut self, section: &mut Section<'_>, load: &mut Load) {
        if section.take("viewers").is_some() {
            return self.closed(section, load);
        }
        let (rate, arrivals) = (section.take("requests-per-second"), section.take("arrivals"));
        match (rate, arrivals) {
            (Some(_), Some(arrivals)) => {
                let message = "arrivals are given in two ways";
                let help = "`requests-per-second` (Poisson), or `arrivals` with a law";
                self.say(&arrivals.key_at, message, help);
            }
            (None, Some(arrivals)) => {
                let Some(law) = self.law(&arrivals.node) else {
                    return;
                };
                // What planners of a run look at; an infinite mean is a rate of zero.
                load.rates = vec![law.mean().map_or(0.0, |mean| 1.0 / mean)];
                if never_advances(&law) || law.mean().is_some_and(|mean| mean < 1e-9) {
                    let message = "the time between arrivals has a mean of zero";
                    self.say(&arrivals.node.at, message, "the mean is at least one nanosecond");
                }
                load.interarrival = Some(law);
            }
            _ => {
                let rate = section.need(self, "requests-per-second", Self::rate);
                load.rates = vec![rate.unwrap_or(0.0)];
                if let (Some(entry), Some(0.0)) = (section.take("requests-per-second"), rate) {
                    self.say(&entry.node.at, "nobody asks for anything", "a rate above 0");
                }
            }
        }
    }

    pub(super) fn rate(&mut self, node: &Node) -> Option<f64> {
        self.number(node, 0.0..=MAX_PER_SECOND)
    }

    fn viewers_load(&mut self, section: &mut Section<'_>, load: &mut Load, regions: &[String]) {
        if let Some(node) = section.node("trace") {
            for key in
                ["titles", "popularity", "manifests-per-second", "segments-per-second", "curve"]
            {
                if let Some(entry) = section.take(key) {
                    let message = format!("`{key}` and `trace` are two ways to say the same");
                    self.say(&entry.key_at, message, "the trace says it; remove this key");
                }
            }
            if let Some((trace, titles)) = self.trace(node, regions) {
                load.titles = titles;
                load.trace = Some(trace);
            }
            return;
        }
        let titles = section.need(self, "titles", |r, n| r.count(n, 1..=Zipf::MOST));
        load.titles = titles.unwrap_or(1);
        load.zipf = section.need(self, "popularity", Self::popularity).unwrap_or(0.0);
        if let Some(node) = section.node("segments-per-second") {
            load.segments = self.segment_rates(node, regions);
        }
        let Some(node) = section.require(self, "manifests-per-second") else {
            return;
        };
        let Some(mut rates) = self.section(node, "load.manifests-per-second") else {
            return;
        };
        let before = self.problems.len();
        for entry in rates.rest() {
            let (at, rate) = (self.region_key(entry, regions), self.rate(&entry.node));
            if let (Some(at), Some(rate)) = (at, rate) {
                load.rates[at] = rate;
            }
        }
        if self.problems.len() == before
            && self.regions_known
            && load.rates.iter().all(|&rate| rate == 0.0)
            && !load.has_segments()
        {
            let help =
                format!("`{} = 60_000`", regions.first().map_or("us-east-1", String::as_str));
            self.say(rates.at(), "nobody asks for anything", help);
        }
    }

    fn popularity(&mut self, node: &Node) -> Option<f64> {
        let mut section = self.section(node, "load.popularity")?;
        let law = section.need(self, "law", |r, n| r.choice(n, &[("zipf", ())]));
        let exponent = section.need(self, "exponent", |r, n| r.number(n, 0.0..=10.0));
        section.finish(self);
        law.and(exponent)
    }

    fn curve(&mut self, node: &Node) -> Option<Profile> {
        let help = "for example `[{ at = \"0s\", factor = 1.0 }, { at = \"5m\", factor = 2.0 }]`";
        let items = self.list(node, help)?;
        if items.is_empty() || items.len() > MAX_POINTS {
            let message = format!("a curve of {} points is none", items.len());
            self.say(&node.at, message, "1 to 10,000 points");
            return None;
        }
        let mut points: Vec<(Instant, f64)> = Vec::with_capacity(items.len());
        let before = self.problems.len();
        for item in items {
            let Some(mut section) = self.section(item, "load.curve") else {
                continue;
            };
            let at = section.need(self, "at", Self::time);
            let factor = section.need(self, "factor", |r, n| r.number(n, 0.0..=MAX_FACTOR));
            section.finish(self);
            let (Some(at), Some(factor)) = (at, factor) else {
                continue;
            };
            let at = Instant::ZERO + at;
            if points.last().is_some_and(|(last, _)| *last > at) {
                let message = format!("the points of a curve go forward, and {at} does not");
                self.say(&item.at, message, "sort the points by `at`");
            }
            points.push((at, factor));
        }
        if self.problems.len() > before {
            return None;
        }
        match Profile::new(&points) {
            Ok(profile) => Some(profile),
            Err(error) => {
                self.say(&node.at, error, "at most two points stand at one instant");
                None
            }
        }
    }

    /// The trace and how many titles it asks for.
    fn trace(&mut self, node: &Node, regions: &[String]) -> Option<(TraceLoad, u32)> {
        let mut section = self.section(node, "load.trace")?;
        let file = section.require(self, "file");
        let path = file.and_then(|node| self.words(node));
        let format = section.need(self, "format", |r, n| r.choice(n, FORMATS));
        let columns = section.take("columns");
        if let (Some(entry), Some(message)) = (columns, format.and_then(no_columns)) {
            self.say(&entry.key_at, message, "remove this key");
        }
        let columns = match columns {
            Some(entry) => self.columns(&entry.node),
            None => Some(Columns::default()),
        };
        let mut time_unit = Span::from_secs(1);
        section.set(self, "time-unit", &mut time_unit, Self::some_time);
        let region = section.need(self, "region", |r, n| r.region(n, regions));
        let mut speed = 1.0;
        section.set(self, "speed", &mut speed, |r, n| r.number(n, 1e-6..=1e6));
        section.finish(self);
        let (Some(path), Some(format), Some(columns)) = (path, format, columns) else {
            return None;
        };
        let path = self.source().folder().join(path);
        let spec = TraceSpec { path, format, columns, time_unit };
        let titles = self.titles(file?, &spec)?;
        Some((TraceLoad { spec, region: region?, speed }, titles))
    }

    fn columns(&mut self, node: &Node) -> Option<Columns> {
        let mut section = self.section(node, "load.trace.columns")?;
        let time = section.need(self, "time", Self::column);
        let key = section.need(self, "key", Self::column);
        let size = section.node("size").map(|node| self.column(node));
        section.finish(self);
        let size = match size {
            Some(read) => Some(read?),
            None => None,
        };
        Some(Columns { time: time?, key: key?, size })
    }

    fn column(&mut self, node: &Node) -> Option<Column> {
        if node.text().is_some() {
            self.words(node).map(Column::Name)
        } else {
            let number = self.whole(node, 1, 10_000)?;
            usize::try_from(number).ok().map(Column::Number)
        }
    }

    /// The number of distinct keys of a trace.
    fn titles(&mut self, node: &Node, spec: &TraceSpec) -> Option<u32> {
        let known = self.surveys.iter().find(|(known, _)| known == spec);
        let found = match known {
            Some((_, found)) => found.clone(),
            None => {
                let found = survey(spec);
                self.surveys.push((spec.clone(), found.clone()));
                found
            }
        };
        match found {
            Ok(survey) => match u32::try_from(survey.distinct) {
                Ok(titles) if (1..=Zipf::MOST).contains(&titles) => Some(titles),
                _ => {
                    let message = format!("the trace has {} keys", survey.distinct);
                    self.say(&node.at, message, "1 to 100,000,000; take a part of the trace");
                    None
                }
            },
            Err(error) => {
                let help = match error.problem() {
                    Wrong::Missing => {
                        format!("the path is relative to the scenario: {}", spec.path.display())
                    }
                    _ => "`squall explain` has the formats".into(),
                };
                self.say(&node.at, short_error(&error), help);
                None
            }
        }
    }
}

/// Why columns make no sense with a format, if they make none.
const fn no_columns(format: Format) -> Option<&'static str> {
    match format {
        Format::Csv { .. } => None,
        Format::OracleGeneral => Some("`oracle-general` is binary and has no columns"),
        Format::Webcachesim => Some("`webcachesim` has columns 1, 2 and 3 and no others"),
        Format::Wikimedia => Some("`wikimedia` finds its columns by their names"),
    }
}

fn short_error(error: &impl std::fmt::Display) -> String {
    let text = error.to_string();
    if text.len() > 400 { short(&text) } else { text }
}

/// Whether a law gives zero for ever.
fn never_advances(law: &Law) -> bool {
    matches!(law, Law::Constant(Span::ZERO))
}

const _: () = assert!(MAX_FACTOR <= Profile::LARGEST && CENTURY.as_nanos() < u64::MAX / 4);
