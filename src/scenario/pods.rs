//! What `[fabric.manifest]` says of its pods.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{Balance, CpuRules, Discipline, Ejection, Manifest, MemoryRules};
use crate::units::Span;

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
        let pods = self.count(node, 1..=MANY)?;
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

/// More pods than any region has.
const MANY: u32 = 10_000;
