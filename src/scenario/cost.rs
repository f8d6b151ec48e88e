//! `[fabric.cost]`: what is paid for, where the run does not say.

use super::keys::Default::{Is, Of};
use super::keys::{Row, bytes, grains, on, row};
use super::reader::Reader;
use super::section::Section;
use crate::model::Cost;

pub(super) const KEYS: &[Row] = &[
    row("fabric.cost", "table", Is("preset"), "{}", "what is paid for, where the run does not say"),
    row(
        "fabric.cost.library",
        "volume",
        Of(|f| bytes(f.cost.library)),
        "\"100TB\"",
        "the master library",
    ),
    row(
        "fabric.cost.uploads",
        "volume",
        Of(|f| bytes(f.cost.uploads)),
        "\"20TB\"",
        "new videos a month",
    ),
    row(
        "fabric.cost.egress-per-month",
        "volume",
        Of(|f| bytes(f.cost.egress)),
        "\"500TB\"",
        "bytes to viewers in a month",
    ),
    row(
        "fabric.cost.nodes-per-region",
        "count",
        Of(|f| f.cost.nodes.to_string()),
        "2",
        "worker nodes in each region",
    ),
    row(
        "fabric.cost.read-size",
        "volume",
        Of(|f| bytes(f.cost.read_bytes)),
        "\"4kB\"",
        "bytes of one read that crosses regions",
    ),
    row(
        "fabric.cost.book",
        "\"exact\" or \"as-printed\"",
        Is("exact"),
        "\"exact\"",
        "the corrected bill, or the brief's",
    ),
    row(
        "fabric.cost.pods-per-node",
        "count or \"none\"",
        Is("none"),
        "2",
        "pods that a node has room for: as many nodes are paid for in each region as its pods \
         need, instead of `nodes-per-region`",
    ),
    row(
        "fabric.cost.caches",
        "\"on\" or \"off\"",
        Of(|f| on(f.cost.caches)),
        "\"on\"",
        "on: the caches are on the exact bill, by their room: the memory of \
         `fabric.metadata.entries` (of all titles, where they are unbounded) of `read-size` \
         each, and the disks of `fabric.content.bytes` where anybody asks for segments",
    ),
    row(
        "fabric.cost.connection-memory",
        "volume or \"off\"",
        Is("off"),
        "\"8MB\"",
        "the memory of one connection of a region's database, which is then on the exact bill; \
         Postgres takes 5 to 10 MB",
    ),
    row(
        "fabric.cost.sla",
        "share",
        Of(|f| grains(f.cost.sla)),
        "\"99.99%\"",
        "the availability that the error budget is counted from",
    ),
];

/// The most worker nodes of a region, and the most pods of a node.
const MAX_NODES: u32 = 10_000;

impl Reader<'_> {
    pub(super) fn cost(&mut self, section: &mut Section<'_>, cost: &mut Cost) {
        let books = [("exact", false), ("as-printed", true)];
        section.set(self, "library", &mut cost.library, |r, n| r.bytes(n, 0));
        section.set(self, "uploads", &mut cost.uploads, |r, n| r.bytes(n, 0));
        section.set(self, "egress-per-month", &mut cost.egress, |r, n| r.bytes(n, 0));
        section.set(self, "nodes-per-region", &mut cost.nodes, |r, n| r.count(n, 0..=MAX_NODES));
        section.set(self, "read-size", &mut cost.read_bytes, |r, n| r.bytes(n, 0));
        section.set(self, "book", &mut cost.as_printed, |r, n| r.choice(n, &books));
        section.set(self, "pods-per-node", &mut cost.pods_per_node, |r, n| {
            r.count_or(n, 1..=MAX_NODES, "none", None, Some)
        });
        section.set(self, "caches", &mut cost.caches, Self::on_off);
        section.set(self, "connection-memory", &mut cost.connections, |r, n| match n.text() {
            Some("off") => Some(None),
            _ => r.bytes(n, 0).map(Some),
        });
        section.set(self, "sla", &mut cost.sla, |r, n| r.share_grains(n, 1));
    }
}
