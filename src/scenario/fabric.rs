//! `[fabric]`: a preset, and what differs from it.

use super::keys::Default::{Is, Required};
use super::keys::{Row, row};
use super::near;
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::engine::Law;
use crate::model::preset;
use crate::model::{Discipline, Fabric};

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.preset",
        "\"five-regions\" or \"single-pool\"",
        Required,
        "\"five-regions\"",
        "what the rest differs from",
    ),
    row(
        "fabric.pool",
        "table",
        Required,
        "{ servers = 8, service = { law = \"exponential\", mean = \"20ms\" } }",
        "the pool of `single-pool`",
    ),
    row("fabric.pool.servers", "count", Required, "8", "requests that are worked on at once"),
    row(
        "fabric.pool.queue",
        "count or \"unbounded\"",
        Is("unbounded"),
        "\"unbounded\"",
        "requests that may wait; what does not fit is rejected",
    ),
    row(
        "fabric.pool.discipline",
        "\"fifo\", \"lifo\", \"adaptive-lifo\", \"processor-sharing\" or \"priority\"",
        Is("fifo"),
        "\"fifo\"",
        "in which order they are taken, or that all are worked on at once",
    ),
    row(
        "fabric.pool.high-priority",
        "share",
        Required,
        "\"30%\"",
        "the share of requests that is taken first, with priorities",
    ),
    row(
        "fabric.pool.standing",
        "time",
        Is("100ms"),
        "\"100ms\"",
        "a queue that has not been empty for so long stands: `adaptive-lifo` and `controlled-delay` act then",
    ),
    row(
        "fabric.pool.controlled-delay",
        "time or \"off\"",
        Is("off"),
        "\"5ms\"",
        "the longest wait in a queue that stands; who has waited longer is turned away at its turn",
    ),
    row(
        "fabric.pool.max-wait",
        "time or \"unbounded\"",
        Is("unbounded"),
        "\"1s\"",
        "the longest wait; who has waited so long is rejected",
    ),
    row(
        "fabric.pool.service",
        "law",
        Required,
        "{ law = \"exponential\", mean = \"20ms\" }",
        "what one takes",
    ),
    row(
        "fabric.pool.timeout",
        "time",
        Is("never"),
        "\"10s\"",
        "how long a request waits before it gives up",
    ),
];

/// Which preset a fabric differs from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Preset {
    FiveRegions,
    SinglePool,
}

const PRESETS: &[(&str, Preset)] =
    &[("five-regions", Preset::FiveRegions), ("single-pool", Preset::SinglePool)];

impl Reader<'_> {
    /// The fabric and its preset. Something usable comes back even when there are problems, so that
    /// the rest of the file can be read; the problems are what is reported then.
    pub fn fabric(&mut self, section: Option<Section<'_>>) -> (Fabric, Option<Preset>) {
        let Some(mut section) = section else {
            self.regions_known = false;
            return (preset::five_regions(), None);
        };
        let preset = section.need(self, "preset", |r, n| r.choice(n, PRESETS));
        let fabric = match preset {
            Some(Preset::SinglePool) => {
                section.refuse_others("`single-pool` has only `[fabric.pool]`");
                self.single_pool(&mut section)
            }
            Some(Preset::FiveRegions) => {
                section.refuse_others("`five-regions` has no pool by itself; `single-pool` has");
                self.five_regions(&mut section)
            }
            None => {
                self.regions_known = false;
                section.rest();
                None
            }
        };
        section.finish(self);
        (fabric.unwrap_or_else(preset::five_regions), preset)
    }

    /// A subsection, read into what holds its defaults.
    fn part<T>(
        &mut self,
        section: &mut Section<'_>,
        key: &str,
        slot: &mut T,
        read: impl FnOnce(&mut Self, &mut Section<'_>, &mut T),
    ) {
        if let Some(node) = section.node(key)
            && let Some(mut part) = self.section(node, &format!("fabric.{key}"))
        {
            read(self, &mut part, slot);
            part.finish(self);
        }
    }

    fn five_regions(&mut self, section: &mut Section<'_>) -> Option<Fabric> {
        let mut fabric = preset::five_regions();
        self.topology(section, &mut fabric);
        self.part(section, "routing", &mut fabric.routing, Self::routing);
        self.part(section, "viewers", &mut fabric.viewers, Self::viewers);
        self.part(section, "metadata", &mut fabric.metadata, Self::metadata);
        self.part(section, "manifest", &mut fabric.manifest, Self::manifest);
        self.part(section, "database", &mut fabric.database, Self::database);
        self.part(section, "replication", &mut fabric.replication, Self::replication);
        self.part(section, "content", &mut fabric.content, Self::content);
        let regions = fabric.regions.clone();
        self.part(section, "origin", &mut fabric.origin, |r, s, origin| {
            r.origin(s, origin, &regions);
        });
        self.part(section, "cost", &mut fabric.cost, Self::cost);
        Some(fabric)
    }

    fn single_pool(&mut self, section: &mut Section<'_>) -> Option<Fabric> {
        let node = section.require(self, "pool");
        // Without a pool it is the right region at least, for what the rest of the file says of it.
        let mut fabric = preset::single_pool(1, None, Discipline::Fifo, Law::ZERO, None);
        let Some(mut pool) = node.and_then(|node| self.section(node, "fabric.pool")) else {
            return Some(fabric);
        };
        let (manifest, timeout) = (&mut fabric.manifest, &mut fabric.viewers.timeout);
        let servers = pool.need(self, "servers", |r, n| r.count(n, 1..=1_000_000));
        manifest.slots = servers.unwrap_or(manifest.slots);
        pool.set(self, "queue", &mut manifest.queue, Self::queue);
        self.order(&mut pool, manifest);
        manifest.service = pool.need(self, "service", Self::law).unwrap_or(Law::ZERO);
        pool.set(self, "timeout", timeout, Self::some_time);
        pool.finish(self);
        Some(fabric)
    }

    /// The index of a region.
    pub fn region(&mut self, node: &Node, regions: &[String]) -> Option<usize> {
        let name = self.text(node)?;
        if !self.regions_known {
            return None;
        }
        let found = regions.iter().position(|region| region == name);
        if found.is_none() {
            let message = format!("there is no region `{}`", super::tree::short(name));
            self.say(&node.at, message, near::help_for(name, regions));
        }
        found
    }

    /// The index of a region, or `None` inside for `"all"`.
    pub fn region_or_all(&mut self, node: &Node, regions: &[String]) -> Option<Option<usize>> {
        if node.text() == Some("all") { Some(None) } else { self.region(node, regions).map(Some) }
    }
}
