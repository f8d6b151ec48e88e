//! What `[fabric.manifest]` says of its pods.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::fabric::{Balance, Discipline, Ejection, Manifest};

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
        if manifest.discipline != Discipline::ProcessorSharing {
            return;
        }
        for (key, written) in [("ejection", manifest.pod.ejection.is_some())] {
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
}
