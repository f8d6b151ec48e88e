//! `[fabric.manifest.autoscale]`.

use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::manifest::MAX_PODS;
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{AutoscaleRules, Discipline, Manifest, ScalePace, ScaleTarget};
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.manifest.autoscale",
        "table or \"none\"",
        Is("none"),
        "{ saturation = \"70%\", max = 60 }",
        "what changes the number of pods: Kubernetes' horizontal pod autoscaler",
    ),
    row(
        "fabric.manifest.autoscale.saturation",
        "share",
        Is("none"),
        "\"70%\"",
        "the target for calls inside, those that wait included, as a share of the slots; one of the three",
    ),
    row(
        "fabric.manifest.autoscale.cpu",
        "share",
        Is("none"),
        "\"60%\"",
        "the target for processor time used, as a share of `cpu.request`; one of the three",
    ),
    row(
        "fabric.manifest.autoscale.requests-per-second",
        "number",
        Is("none"),
        "50",
        "the target for calls a second for each pod; one of the three",
    ),
    row("fabric.manifest.autoscale.max", "count", Required, "60", "the most pods"),
    row(
        "fabric.manifest.autoscale.min",
        "count",
        Is("the pods that there are"),
        "10",
        "the fewest pods",
    ),
    row("fabric.manifest.autoscale.every", "time", Is("15s"), "\"15s\"", "how often it looks"),
    row(
        "fabric.manifest.autoscale.tolerance",
        "share",
        Is("10%"),
        "\"10%\"",
        "how far from the target is near enough",
    ),
    row(
        "fabric.manifest.autoscale.metric-age",
        "time",
        Is("15s"),
        "\"30s\"",
        "how old what it sees is",
    ),
    row(
        "fabric.manifest.autoscale.up",
        "pace",
        Is("window 0s, 4 pods or 100% in 15s"),
        "{ window = \"30s\" }",
        "how pods come",
    ),
    row(
        "fabric.manifest.autoscale.down",
        "pace",
        Is("window 5m, 100% in 15s"),
        "{ percent = 10, period = \"1m\" }",
        "how pods go",
    ),
    row(
        "fabric.manifest.autoscale.pods-per-node",
        "count",
        Is("10"),
        "10",
        "pods that a node has room for",
    ),
    row(
        "fabric.manifest.autoscale.node-start",
        "time",
        Is("3m"),
        "\"60s\"",
        "what a new node takes before pods can start on it",
    ),
    row(
        "pace.window",
        "time",
        Is("0s up, 5m down"),
        "\"5m\"",
        "the most cautious recommendation of so long counts",
    ),
    row("pace.pods", "count", Is("4 up, 0 down"), "4", "pods that may come or go in a period"),
    row(
        "pace.percent",
        "count",
        Is("100"),
        "50",
        "or so many per cent of those that were there, if that is more",
    ),
    row("pace.period", "time", Is("15s"), "\"1m\"", "the period, 1 s to 30 min"),
];

impl Reader<'_> {
    /// What changes the number of pods.
    pub fn autoscaler(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
        let Some(entry) = section.take("autoscale") else {
            return;
        };
        let node = &entry.node;
        if node.text().is_some() {
            manifest.autoscale = self.choice(node, &[("none", None)]).flatten();
            return;
        }
        if manifest.discipline == Discipline::ProcessorSharing {
            let help = "another `discipline`, or remove this key";
            return self.say(&entry.key_at, "there are no pods where all share the servers", help);
        }
        let Some(mut section) = self.section(node, "fabric.manifest.autoscale") else {
            return;
        };
        manifest.autoscale = self.rules(&mut section, manifest);
        section.finish(self);
    }

    fn rules(&mut self, section: &mut Section<'_>, manifest: &Manifest) -> Option<AutoscaleRules> {
        let target = self.target(section, manifest);
        let max = section.need(self, "max", |r, n| r.count(n, manifest.pods..=MAX_PODS));
        let mut rules = AutoscaleRules {
            target: target.unwrap_or(ScaleTarget::Saturation(1.0)),
            min: manifest.pods,
            max: max.unwrap_or(manifest.pods),
            every: Span::from_secs(15),
            tolerance: 0.1,
            age: Span::from_secs(15),
            up: ScalePace::UP,
            down: ScalePace::DOWN,
            pods_per_node: 10,
            node_start: Span::from_secs(180),
        };
        section.set(self, "min", &mut rules.min, |r, n| r.count(n, 1..=manifest.pods));
        section.set(self, "every", &mut rules.every, |r, n| {
            r.time_in(n, Span::from_millis(100)..=Span::from_secs(3_600))
        });
        section.set(self, "tolerance", &mut rules.tolerance, Self::share);
        section.set(self, "metric-age", &mut rules.age, Self::time);
        section.set(self, "up", &mut rules.up, |r, n| r.pace(n, ScalePace::UP));
        section.set(self, "down", &mut rules.down, |r, n| r.pace(n, ScalePace::DOWN));
        section
            .set(self, "pods-per-node", &mut rules.pods_per_node, |r, n| r.count(n, 1..=MAX_PODS));
        section.set(self, "node-start", &mut rules.node_start, Self::time);
        target.and(max).map(|_| rules)
    }

    /// Exactly one of the three.
    fn target(&mut self, section: &mut Section<'_>, manifest: &Manifest) -> Option<ScaleTarget> {
        let at = section.at().clone();
        let (mut found, mut count) = (None, 0);
        for key in ["saturation", "cpu", "requests-per-second"] {
            let Some(entry) = section.take(key) else {
                continue;
            };
            count += 1;
            let node = &entry.node;
            found = match key {
                "saturation" => self.some_share(node).map(ScaleTarget::Saturation),
                "cpu" => {
                    if manifest.pod.cpu.is_none() {
                        let help = "`cpu = { request = 0.5 }` in `[fabric.manifest]`, for example";
                        self.say(&entry.key_at, "pods have no processors to be looked at", help);
                    }
                    self.some_share(node).map(ScaleTarget::Cpu)
                }
                _ => self.number(node, 0.001..=1e9).map(ScaleTarget::Requests),
            };
        }
        if count != 1 {
            let message = "an autoscaler looks at one thing";
            self.say(&at, message, "one of `saturation`, `cpu` and `requests-per-second`");
            return None;
        }
        found
    }

    fn some_share(&mut self, node: &Node) -> Option<f64> {
        self.share_grains(node, 1).map(|grains| crate::units::count_to_f64(grains) / 1e9)
    }

    /// `{ window = "5m", pods = 4, percent = 100, period = "15s" }`.
    fn pace(&mut self, node: &Node, mut pace: ScalePace) -> Option<ScalePace> {
        let mut section = self.section(node, "pace")?;
        section.set(self, "window", &mut pace.window, |r, n| {
            r.time_in(n, Span::ZERO..=Span::from_secs(3_600))
        });
        section.set(self, "pods", &mut pace.pods, |r, n| r.count(n, 0..=MAX_PODS));
        section.set(self, "percent", &mut pace.share, |r, n| {
            r.count(n, 0..=10_000).map(|percent| f64::from(percent) / 100.0)
        });
        section.set(self, "period", &mut pace.period, |r, n| {
            r.time_in(n, Span::from_secs(1)..=Span::from_secs(1_800))
        });
        section.finish(self);
        Some(pace)
    }
}
