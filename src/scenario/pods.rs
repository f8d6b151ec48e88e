//! What `[fabric.manifest]` says of its pods.

use super::keys::Default::{Is, Of, Required};
use super::keys::{Row, cores, row, share, time};
use super::manifest::MAX_PODS;
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{Balance, CpuRules, Discipline, Ejection, Manifest, MemoryRules};
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.manifest.balance",
        "\"least-requests\", \"round-robin\" or \"random\"",
        Is("least-requests"),
        "\"random\"",
        "which pod gets a call, where something makes them differ",
    ),
    row(
        "fabric.manifest.pod-start",
        "time",
        Of(|f| time(f.manifest.pod.start)),
        "\"5s\"",
        "from the start of a pod until it takes calls",
    ),
    row(
        "fabric.manifest.image-pull",
        "time",
        Of(|f| time(f.manifest.pod.image_pull)),
        "\"20s\"",
        "what a new pod takes before that to get its image",
    ),
    row(
        "fabric.manifest.ejection",
        "table or \"none\"",
        Is("none"),
        "{ failures = 5 }",
        "what takes a pod out of service that fails (Envoy's outlier detection)",
    ),
    row(
        "fabric.manifest.ejection.failures",
        "count",
        Of(|_| Ejection::ENVOY.failures.to_string()),
        "5",
        "failed answers and time-outs in a row that eject a pod",
    ),
    row(
        "fabric.manifest.ejection.every",
        "time",
        Of(|_| time(Ejection::ENVOY.every)),
        "\"10s\"",
        "time between the sweeps that bring pods back",
    ),
    row(
        "fabric.manifest.ejection.base",
        "time",
        Of(|_| time(Ejection::ENVOY.base)),
        "\"30s\"",
        "how long the first ejection lasts; the second twice as long, and so on up to 5m",
    ),
    row(
        "fabric.manifest.ejection.most",
        "share",
        Of(|_| share(Ejection::ENVOY.most)),
        "\"10%\"",
        "the share of pods that may be out at one time; always one, never so many that less than \
         half are left",
    ),
    row(
        "fabric.manifest.cpu",
        "table or \"unlimited\"",
        Is("unlimited"),
        "{ limit = 1, threads = 4 }",
        "the processors of a pod: what a call takes is the processor time of its threads then",
    ),
    row(
        "fabric.manifest.cpu.limit",
        "number or \"none\"",
        Is("none"),
        "0.5",
        "cores that a pod may use on average over a period; all its threads stand when that is used up",
    ),
    row(
        "fabric.manifest.cpu.period",
        "time",
        Of(|_| time(CpuRules::PLAIN.period)),
        "\"100ms\"",
        "the period, 1 ms to 1 s",
    ),
    row(
        "fabric.manifest.cpu.threads",
        "count",
        Of(|_| CpuRules::PLAIN.threads.to_string()),
        "4",
        "threads of each call, which share its work evenly",
    ),
    row(
        "fabric.manifest.cpu.node",
        "number",
        Of(|_| cores(CpuRules::PLAIN.node)),
        "16",
        "cores of the node on which a pod runs, each on its own",
    ),
    row(
        "fabric.manifest.cpu.request",
        "number",
        Of(|_| cores(CpuRules::PLAIN.request)),
        "0.25",
        "cores that a pod has requested: its weight against a noisy neighbour",
    ),
    row(
        "fabric.manifest.memory",
        "table or \"unlimited\"",
        Is("unlimited"),
        "{ limit = \"1GB\" }",
        "the memory of a pod; one that needs more is killed and started again",
    ),
    row("fabric.manifest.memory.limit", "volume", Required, "\"1GB\"", "how much it may have"),
    row(
        "fabric.manifest.memory.base",
        "volume",
        Is("256MB"),
        "\"256MB\"",
        "what it needs without a call",
    ),
    row(
        "fabric.manifest.memory.request",
        "volume",
        Is("2MB"),
        "\"2MB\"",
        "what it needs for each call under way",
    ),
];

const BALANCES: &[(&str, Balance)] = &[
    ("least-requests", Balance::LeastRequests),
    ("round-robin", Balance::RoundRobin),
    ("random", Balance::Random),
];

impl Reader<'_> {
    /// How pods are started, chosen and taken out of service.
    pub fn pod_rules(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
        let pod = &mut manifest.pod;
        section.set(self, "balance", &mut pod.balance, |r, n| r.choice(n, BALANCES));
        section.set(self, "pod-start", &mut pod.start, Self::time);
        section.set(self, "image-pull", &mut pod.image_pull, Self::time);
        section.set(self, "ejection", &mut pod.ejection, Self::ejection);
        section.set(self, "cpu", &mut pod.cpu, Self::cpu);
        section.set(self, "memory", &mut pod.memory, Self::memory);
        if manifest.discipline != Discipline::ProcessorSharing {
            return;
        }
        for (key, written) in [
            ("ejection", manifest.pod.ejection.is_some()),
            ("cpu", manifest.pod.cpu.is_some()),
            ("memory", manifest.pod.memory.is_some()),
        ] {
            if written && let Some(entry) = section.take(key) {
                let help = "another `discipline`, or remove this key";
                self.say(&entry.key_at, "there are no pods where all share the servers", help);
            }
        }
    }

    /// `"none"`, or what differs from Envoy's defaults.
    fn ejection(&mut self, node: &Node) -> Option<Option<Ejection>> {
        if node.text().is_some() {
            return self.choice(node, &[("none", None)]);
        }
        let mut section = self.section(node, "fabric.manifest.ejection")?;
        let mut rule = Ejection::ENVOY;
        section.set(self, "failures", &mut rule.failures, |r, n| r.count(n, 1..=1_000_000));
        section.set(self, "every", &mut rule.every, Self::some_time);
        section.set(self, "base", &mut rule.base, Self::time);
        section.set(self, "most", &mut rule.most, Self::share);
        section.finish(self);
        Some(Some(rule))
    }

    /// `"unlimited"`, or `{ limit = 1 }`.
    fn cpu(&mut self, node: &Node) -> Option<Option<CpuRules>> {
        if node.text().is_some() {
            return self.choice(node, &[("unlimited", None)]);
        }
        let mut section = self.section(node, "fabric.manifest.cpu")?;
        let mut rules = CpuRules::PLAIN;
        section.set(self, "limit", &mut rules.limit, Self::cores_or_none);
        section.set(self, "period", &mut rules.period, |r, n| {
            // What the kernel takes (sched-bwc).
            r.time_in(n, Span::from_millis(1)..=Span::from_secs(1))
        });
        section.set(self, "threads", &mut rules.threads, |r, n| r.count(n, 1..=1_000));
        section.set(self, "node", &mut rules.node, Self::thousandths);
        section.set(self, "request", &mut rules.request, Self::thousandths);
        section.finish(self);
        Some(Some(rules))
    }

    pub fn cores_or_none(&mut self, node: &Node) -> Option<Option<u32>> {
        if node.text() == Some("none") { Some(None) } else { self.thousandths(node).map(Some) }
    }

    /// `"unlimited"`, or `{ limit = "1GB" }`.
    fn memory(&mut self, node: &Node) -> Option<Option<MemoryRules>> {
        if node.text().is_some() {
            return self.choice(node, &[("unlimited", None)]);
        }
        let mut section = self.section(node, "fabric.manifest.memory")?;
        let limit = section.need(self, "limit", |r, n| r.bytes(n, 1));
        let mut rules = MemoryRules { limit: 0, base: 256_000_000, request: 2_000_000 };
        section.set(self, "base", &mut rules.base, |r, n| r.bytes(n, 0));
        section.set(self, "request", &mut rules.request, |r, n| r.bytes(n, 0));
        rules.limit = limit.unwrap_or(u64::MAX);
        if rules.base > rules.limit {
            let message = format!(
                "a pod needs {} bytes before its first call, and may have {}",
                rules.base, rules.limit
            );
            self.say(&node.at, message, "a larger `limit`, or a smaller `base`");
        }
        section.finish(self);
        limit.map(|_| Some(rules))
    }
}

// Faults.
impl Reader<'_> {
    /// A number of the manifest service's pods, counted from the first.
    pub fn some_pods(&mut self, node: &Node, manifest: &Manifest) -> Option<u32> {
        let pods = self.count(node, 1..=MAX_PODS)?;
        if manifest.discipline == Discipline::ProcessorSharing {
            let help = "another `discipline` of `fabric.manifest`";
            self.say(&node.at, "there are no pods where all share the servers", help);
            return None;
        }
        if pods > manifest.pods {
            let there = manifest.pods;
            let help = format!("at most {there}, or more `fabric.manifest.pods`");
            self.say(&node.at, format!("a region has {there} pods, and this says {pods}"), help);
            return None;
        }
        Some(pods)
    }
}
