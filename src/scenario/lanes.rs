//! `pools` of `[fabric.manifest]`: slots for each kind of fetch.

use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::manifest::MAX_SLOTS;
use super::reader::Reader;
use super::section::Section;
use super::tree::{Entry, Node};
use crate::model::{ClassPool, ClassPools, Discipline, Manifest};

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.manifest.pools",
        "table or \"shared\"",
        Is("shared"),
        "{ manifests = { slots = 24 }, validations = { slots = 8 } }",
        "slots for each kind of fetch, so that one that is slow holds none of the other's",
    ),
    row(
        "fabric.manifest.pools.manifests",
        "pool",
        Required,
        "{ slots = 24, queue = 100, wait = \"200ms\" }",
        "the slots of fetches that make a manifest",
    ),
    row(
        "fabric.manifest.pools.validations",
        "pool",
        Required,
        "{ slots = 8 }",
        "the slots of fetches that only validate a request",
    ),
    row(
        "pool.slots",
        "count",
        Required,
        "24",
        "slots of each pod; those of all pools are its `slots`",
    ),
    row(
        "pool.queue",
        "count or \"unbounded\"",
        Is("`fabric.manifest.queue`"),
        "100",
        "fetches of this kind that may wait in a region",
    ),
    row(
        "pool.wait",
        "time or \"unbounded\"",
        Is("`fabric.manifest.max-wait`"),
        "\"200ms\"",
        "the longest wait; who has waited so long is rejected",
    ),
];

impl Reader<'_> {
    /// `"shared"`, or `{ manifests = { slots = 24 }, validations = { slots = 8 } }`.
    pub fn class_pools(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
        let Some(entry) = section.take("pools") else {
            return;
        };
        let node = &entry.node;
        if node.text().is_some() {
            manifest.pools = self.choice(node, &[("shared", None)]).flatten();
            return;
        }
        let Some(mut pools) = self.section(node, "fabric.manifest.pools") else {
            return;
        };
        let manifests = pools.need(self, "manifests", |r, n| r.class_pool(n, manifest));
        let validations = pools.need(self, "validations", |r, n| r.class_pool(n, manifest));
        pools.finish(self);
        let (Some(manifests), Some(validations)) = (manifests, validations) else {
            return;
        };
        self.fits_a_pod(entry, manifest, manifests.slots + validations.slots);
        manifest.pools = Some(ClassPools { manifests, validations });
    }

    /// `{ slots = 24, queue = 100, wait = "200ms" }`.
    fn class_pool(&mut self, node: &Node, manifest: &Manifest) -> Option<ClassPool> {
        let mut section = self.section(node, "pool")?;
        let slots = section.need(self, "slots", |r, n| r.count(n, 1..=MAX_SLOTS));
        let mut pool = ClassPool { slots: 1, queue: manifest.queue, wait: manifest.wait };
        section.set(self, "queue", &mut pool.queue, Self::queue);
        section.set(self, "wait", &mut pool.wait, |r, n| r.time_or(n, "unbounded", None, Some));
        section.finish(self);
        slots.map(|slots| ClassPool { slots, ..pool })
    }

    /// The pools are those of a pod, there is something for each, and there are servers to have.
    fn fits_a_pod(&mut self, entry: &Entry, manifest: &Manifest, slots: u32) {
        if slots != manifest.slots {
            let message = format!("the pools have {slots} slots, and a pod has {}", manifest.slots);
            let help =
                format!("`slots` that are {} together, or `slots = {slots}`", manifest.slots);
            self.say(&entry.node.at, message, help);
        }
        if manifest.validations <= 0.0 {
            let help = "`validations = \"40%\"` in `[fabric.manifest]`, for example";
            self.say(
                &entry.key_at,
                "no fetch only validates a request: one pool is for nobody",
                help,
            );
        }
        if manifest.discipline == Discipline::ProcessorSharing {
            let help = "another `discipline`, or remove this key";
            self.say(&entry.key_at, "there are no slots to be had where all share them", help);
        }
    }
}
