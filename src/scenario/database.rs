//! `[fabric.database]`.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{Behind, Curve, CurveError, Database, Pooling, Slowdown, WhenBehind};
use crate::units::Span;

/// More points than anybody writes down.
const MOST: usize = 10_000;
/// More reads than any database has at one time or in a second.
const MANY: f64 = 1e9;

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
        if items.is_empty() || items.len() > MOST {
            self.say(&node.at, format!("{} points are no curve", items.len()), HELP);
            return None;
        }
        let mut points = Vec::with_capacity(items.len());
        for item in items {
            let Some([load, factor]) = item.list() else {
                self.say(&item.at, format!("expected a pair, found {}", item.found()), HELP);
                continue;
            };
            let (load, factor) = (self.number(load, 0.0..=MANY), self.number(factor, 1.0..=1e3));
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
