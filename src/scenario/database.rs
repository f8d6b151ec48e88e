//! `[fabric.database]`.

use super::keys::Default::{Is, Of, Required};
use super::keys::{Row, bound, row, time};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{Behind, Curve, CurveError, Database, Pooling, Slowdown, WhenBehind};
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row("fabric.database", "table", Is("preset"), "{}", "the database of each region"),
    row(
        "fabric.database.use",
        "\"on\" or \"off\"",
        Is("on"),
        "\"on\"",
        "off: a manifest needs no read",
    ),
    row(
        "fabric.database.connections",
        "count",
        Of(|f| f.database.as_ref().map_or_else(String::new, |d| d.connections.to_string())),
        "128",
        "connections in each region",
    ),
    row(
        "fabric.database.queue",
        "count or \"unbounded\"",
        Of(|f| f.database.as_ref().map_or_else(String::new, |d| bound(d.queue))),
        "1_000",
        "reads that may wait for one",
    ),
    row(
        "fabric.database.wait",
        "time or \"unbounded\"",
        Of(|f| f.database.as_ref().map_or_else(String::new, |d| bound(d.wait))),
        "\"1s\"",
        "the longest wait for one",
    ),
    row(
        "fabric.database.service",
        "law",
        Is("lognormal, mean 4ms, cv 1"),
        "{ law = \"constant\", value = \"4ms\" }",
        "what a read takes",
    ),
    row(
        "fabric.database.slowdown",
        "table or \"none\"",
        Is("none"),
        "{ by = \"concurrency\", points = [[32, 1], [128, 4]] }",
        "how reads slow each other",
    ),
    row(
        "fabric.database.slowdown.by",
        "\"concurrency\" or \"rate\"",
        Required,
        "\"concurrency\"",
        "by how many are under way, or by how many begin",
    ),
    row(
        "fabric.database.slowdown[concurrency].points",
        "list",
        Required,
        "[[32, 1], [128, 4]]",
        "reads under way, and how many times as long each takes then; straight lines between points",
    ),
    row(
        "fabric.database.slowdown[rate].points",
        "list",
        Required,
        "[[300, 1], [300, 10]]",
        "reads a second, and how many times as long one takes that begins then; two points at \
         one load are a jump above it",
    ),
    row(
        "fabric.database.slowdown[rate].over",
        "time",
        Is("1s"),
        "\"1s\"",
        "the time over which reads are counted, 1 ms to 1 h",
    ),
    row(
        "fabric.database.call",
        "call",
        Is("one attempt"),
        "{ timeout = \"50ms\", attempts = 2 }",
        "how the manifest service calls it",
    ),
    row(
        "fabric.database.pooling",
        "\"transaction\", \"session\" or \"none\"",
        Is("transaction"),
        "\"session\"",
        "whether a connection is lent for each read, kept from a call's first read to its end, \
         or opened for each call, without waiting for one",
    ),
    row(
        "fabric.database.connect",
        "time",
        Is("5ms"),
        "\"5ms\"",
        "what opening a connection takes, where there is no pooler",
    ),
    row(
        "fabric.database.again-at",
        "\"replica\" or \"primary\"",
        Is("replica"),
        "\"primary\"",
        "where second attempts to read go, retries and hedges",
    ),
    row(
        "fabric.database.when-down",
        "\"fail\" or \"primary\"",
        Is("fail"),
        "\"primary\"",
        "what reads do while the region's database refuses connections",
    ),
    row(
        "fabric.database.too-far-behind",
        "table",
        Is("{ after = \"5s\", then = \"serve\" }"),
        "{ after = \"5s\", then = \"serve\" }",
        "what a read does on a replica that lags",
    ),
    row(
        "fabric.database.too-far-behind.after",
        "time",
        Of(|f| f.database.as_ref().map_or_else(String::new, |d| time(d.behind.after))),
        "\"5s\"",
        "the lag that is too much",
    ),
    row(
        "fabric.database.too-far-behind.then",
        "\"serve\", \"refuse\" or \"primary\"",
        Is("serve"),
        "\"serve\"",
        "old data, an error, or a read over the wide area",
    ),
    row(
        "fabric.database.primary-timeout",
        "time",
        Of(|f| f.database.as_ref().map_or_else(String::new, |d| time(d.primary_timeout))),
        "\"2s\"",
        "how long a read over the wide area may take",
    ),
];

/// The most points of a curve.
const MAX_POINTS: usize = 10_000;
/// The most reads at one time or in a second of a curve.
const MAX_LOAD: f64 = 1e9;

#[derive(Clone, Copy)]
enum By {
    Concurrency,
    Rate,
}

impl Reader<'_> {
    pub fn database(&mut self, section: &mut Section<'_>, slot: &mut Option<Database>) {
        let Some(mut database) = slot.take() else {
            return;
        };
        let mut used = true;
        section.set(self, "use", &mut used, Self::on_off);
        section
            .set(self, "connections", &mut database.connections, |r, n| r.count(n, 1..=1_000_000));
        section.set(self, "queue", &mut database.queue, Self::queue);
        section.set(self, "wait", &mut database.wait, |r, n| r.time_or(n, "unbounded", None, Some));
        section.set(self, "service", &mut database.service, Self::law);
        section.set(self, "call", &mut database.call, Self::call);
        self.pooling(section, &mut database.pooling);
        let places = [("replica", false), ("primary", true)];
        section.set(self, "again-at", &mut database.again_to_primary, |r, n| r.choice(n, &places));
        let places = [("fail", false), ("primary", true)];
        section.set(self, "when-down", &mut database.down_to_primary, |r, n| r.choice(n, &places));
        section.set(self, "slowdown", &mut database.slowdown, Self::slowdown);
        section.set(self, "too-far-behind", &mut database.behind, Self::behind);
        section.set(self, "primary-timeout", &mut database.primary_timeout, Self::some_time);
        *slot = used.then_some(database);
    }

    fn pooling(&mut self, section: &mut Section<'_>, pooling: &mut Pooling) {
        // A backend forks, authenticates and perhaps agrees on keys: a usual figure.
        let mut connect = Span::from_millis(5);
        let written = section.take("connect");
        let kinds = [
            ("transaction", Pooling::Transaction),
            ("session", Pooling::Session),
            ("none", Pooling::None { connect }),
        ];
        section.set(self, "pooling", pooling, |r, n| r.choice(n, &kinds));
        let Some(written) = written else {
            return;
        };
        if !matches!(pooling, Pooling::None { .. }) {
            let help = "`pooling = \"none\"`, or remove this key";
            return self.say(&written.key_at, "a pooler's connections are open already", help);
        }
        connect = self.time(&written.node).unwrap_or(connect);
        *pooling = Pooling::None { connect };
    }

    fn behind(&mut self, node: &Node) -> Option<Behind> {
        const THEN: &[(&str, WhenBehind)] = &[
            ("serve", WhenBehind::Serve),
            ("refuse", WhenBehind::Refuse),
            ("primary", WhenBehind::Primary),
        ];
        let mut section = self.section(node, "fabric.database.too-far-behind")?;
        let mut behind = Behind { after: Span::from_secs(5), then: WhenBehind::Serve };
        section.set(self, "after", &mut behind.after, Self::time);
        section.set(self, "then", &mut behind.then, |r, n| r.choice(n, THEN));
        section.finish(self);
        Some(behind)
    }

    /// `"none"`, or by what reads are slowed and how much.
    fn slowdown(&mut self, node: &Node) -> Option<Slowdown> {
        if node.text().is_some() {
            return self.choice(node, &[("none", ())]).map(|()| Slowdown::None);
        }
        let mut section = self.section(node, "fabric.database.slowdown")?;
        let by = section.require(self, "by")?;
        let kinds = [("concurrency", By::Concurrency), ("rate", By::Rate)];
        let Some(kind) = self.choice(by, &kinds) else {
            section.rest();
            return None;
        };
        section.narrow(by.text().unwrap_or_default());
        let slowdown = match kind {
            By::Concurrency => {
                section.need(self, "points", Self::factors).map(Slowdown::Concurrency)
            }
            By::Rate => {
                let mut over = Span::from_secs(1);
                section.set(self, "over", &mut over, |r, n| {
                    r.time_in(n, Span::from_millis(1)..=Span::from_secs(3_600))
                });
                let curve = section.need(self, "points", Self::factors);
                curve.map(|curve| Slowdown::Rate { over, curve })
            }
        };
        section.finish(self);
        slowdown
    }

    /// `[[32, 1], [128, 4]]`: loads with the factors there.
    fn factors(&mut self, node: &Node) -> Option<Curve> {
        const HELP: &str = "pairs of a load and a factor of 1 to 1000: `[[32, 1], [128, 4]]`";
        let items = self.list(node, HELP)?;
        if items.is_empty() || items.len() > MAX_POINTS {
            self.say(&node.at, format!("{} points are no curve", items.len()), HELP);
            return None;
        }
        let mut points = Vec::with_capacity(items.len());
        for item in items {
            let Some([load, factor]) = item.list() else {
                self.say(&item.at, format!("expected a pair, found {}", item.found()), HELP);
                continue;
            };
            let (load, factor) =
                (self.number(load, 0.0..=MAX_LOAD), self.number(factor, 1.0..=1e3));
            points.extend(load.zip(factor));
        }
        if points.len() < items.len() {
            return None;
        }
        match Curve::new(points) {
            Ok(curve) => Some(curve),
            Err(error) => {
                let (CurveError::Load(at) | CurveError::Factor(at)) = error else { return None };
                let place = items.get(at).map_or(&node.at, |item| &item.at);
                self.say(place, error, "loads go up; two points at one load are a jump above it");
                None
            }
        }
    }
}
