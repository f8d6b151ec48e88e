//! `[fabric.manifest]`: the pods that validate requests and make manifests.

use super::keys::Default::{Is, Of, Required};
use super::keys::{Row, bound, row, share, time};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::model::{Discipline, Manifest};

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.manifest",
        "table",
        Is("preset"),
        "{}",
        "the pods that validate requests and make manifests",
    ),
    row(
        "fabric.manifest.pods",
        "count",
        Of(|f| f.manifest.pods.to_string()),
        "20",
        "pods in each region",
    ),
    row(
        "fabric.manifest.slots",
        "count",
        Of(|f| f.manifest.slots.to_string()),
        "32",
        "requests that a pod works on at once",
    ),
    row(
        "fabric.manifest.queue",
        "count or \"unbounded\"",
        Of(|f| bound(f.manifest.queue)),
        "1_000",
        "fetches that may wait",
    ),
    row(
        "fabric.manifest.discipline",
        "\"fifo\", \"lifo\", \"adaptive-lifo\", \"processor-sharing\" or \"priority\"",
        Is("fifo"),
        "\"fifo\"",
        "in which order they are taken, or that all are worked on at once",
    ),
    row(
        "fabric.manifest.high-priority",
        "share",
        Required,
        "\"30%\"",
        "the share of fetches that is taken first, with priorities",
    ),
    row(
        "fabric.manifest.standing",
        "time",
        Of(|f| time(f.manifest.standing)),
        "\"100ms\"",
        "a queue that has not been empty for so long stands: `adaptive-lifo` and `controlled-delay` act then",
    ),
    row(
        "fabric.manifest.controlled-delay",
        "time or \"off\"",
        Is("off"),
        "\"5ms\"",
        "the longest wait in a queue that stands; who has waited longer is turned away at its turn",
    ),
    row(
        "fabric.manifest.max-wait",
        "time or \"unbounded\"",
        Is("unbounded"),
        "\"1s\"",
        "the longest wait; who has waited so long is rejected",
    ),
    row(
        "fabric.manifest.service",
        "law",
        Is("lognormal, mean 5ms, cv 0.5"),
        "{ law = \"constant\", value = \"5ms\" }",
        "what one takes, beside its read",
    ),
    row(
        "fabric.manifest.validations",
        "share",
        Of(|f| share(f.manifest.validations)),
        "\"40%\"",
        "the share of fetches that only validate a request, and so need no read",
    ),
    row(
        "fabric.manifest.call",
        "call",
        Is("one attempt"),
        "{ timeout = \"200ms\", attempts = 3 }",
        "how the edge calls it",
    ),
];

const DISCIPLINES: &[(&str, Discipline)] = &[
    ("fifo", Discipline::Fifo),
    ("lifo", Discipline::Lifo),
    ("adaptive-lifo", Discipline::AdaptiveLifo),
    ("processor-sharing", Discipline::ProcessorSharing),
    ("priority", Discipline::Priority),
];

/// The most pods of a region.
pub(super) const MAX_PODS: u32 = 10_000;
/// The most slots of a pod.
pub(super) const MAX_SLOTS: u32 = 10_000;
/// The longest queue with a bound; a longer one is better called unbounded.
const MAX_QUEUE: u32 = 100_000_000;

impl Reader<'_> {
    pub(super) fn queue(&mut self, node: &Node) -> Option<Option<u32>> {
        self.count_or(node, 0..=MAX_QUEUE, "unbounded", None, Some)
    }

    pub(super) fn manifest(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
        section.set(self, "pods", &mut manifest.pods, |r, n| r.count(n, 1..=MAX_PODS));
        section.set(self, "slots", &mut manifest.slots, |r, n| r.count(n, 1..=MAX_SLOTS));
        section.set(self, "queue", &mut manifest.queue, Self::queue);
        self.order(section, manifest);
        section.set(self, "service", &mut manifest.service, Self::law);
        section.set(self, "validations", &mut manifest.validations, Self::share);
        section.set(self, "call", &mut manifest.call, Self::call);
        self.class_pools(section, manifest);
        self.pod_rules(section, manifest);
        self.autoscaler(section, manifest);
    }

    /// In which order a pool takes its jobs, and for how long they wait.
    pub(super) fn order(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
        section.set(self, "discipline", &mut manifest.discipline, |r, n| r.choice(n, DISCIPLINES));
        section.set(self, "max-wait", &mut manifest.wait, |r, n| {
            r.time_or(n, "unbounded", None, Some)
        });
        section.set(self, "standing", &mut manifest.standing, Self::some_time);
        section.set(self, "controlled-delay", &mut manifest.controlled_delay, |r, n| {
            r.time_or(n, "off", None, Some)
        });
        if manifest.discipline == Discipline::Priority {
            manifest.high = section.need(self, "high-priority", Self::share).unwrap_or(0.0);
        } else if let Some(entry) = section.take("high-priority") {
            let help = "`discipline = \"priority\"`, or remove this key";
            self.say(&entry.key_at, "this discipline knows no classes", help);
        }
        for (key, written) in [
            ("max-wait", manifest.wait.is_some()),
            ("controlled-delay", manifest.controlled_delay.is_some()),
        ] {
            if manifest.discipline == Discipline::ProcessorSharing
                && written
                && let Some(entry) = section.take(key)
            {
                let help = "`queue` bounds how many share; remove this key";
                self.say(&entry.key_at, "nobody waits where all share the servers", help);
            }
        }
    }
}
