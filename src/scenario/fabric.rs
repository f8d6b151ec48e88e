//! `[fabric]`: a preset, and what differs from it.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::cache::Policy;
use crate::engine::{Law, Zipf};
use crate::model::preset;
use crate::model::{
    AfterWait, Cost, Detect, Discipline, Entries, Fabric, Lock, Manifest, Metadata, Replication,
    Routing, SharedErrors, TtlFrom, Viewers,
};
use crate::units::Span;
use crate::words as near;

/// Which preset a fabric differs from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Preset {
    FiveRegions,
    SinglePool,
}

const PRESETS: &[(&str, Preset)] =
    &[("five-regions", Preset::FiveRegions), ("single-pool", Preset::SinglePool)];

const DISCIPLINES: &[(&str, Discipline)] = &[
    ("fifo", Discipline::Fifo),
    ("lifo", Discipline::Lifo),
    ("adaptive-lifo", Discipline::AdaptiveLifo),
    ("processor-sharing", Discipline::ProcessorSharing),
    ("priority", Discipline::Priority),
];

/// More pods, slots, connections or networks than any region has.
const MANY: u32 = 10_000;
/// A queue of more is better called unbounded.
const LONG_QUEUE: u32 = 100_000_000;

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

    fn routing(&mut self, section: &mut Section<'_>, routing: &mut Routing) {
        section.set(self, "networks", &mut routing.networks, |r, n| r.count(n, 1..=MANY));
        section.set(self, "skew", &mut routing.skew, |r, n| r.number(n, 0.0..=10.0));
        section.set(self, "misrouted", &mut routing.misrouted, Self::share);
        section.set(self, "detect", &mut routing.detect, Self::detect);
        section.set(self, "convergence", &mut routing.converge, Self::law);
        section.set(self, "failback", &mut routing.failback, Self::truth);
    }

    fn detect(&mut self, node: &Node) -> Option<Detect> {
        let mut section = self.section(node, "fabric.routing.detect")?;
        let by = section.require(self, "by")?;
        let kinds = [("health-check", 0), ("hold-timer", 1), ("never", 2)];
        let Some(kind) = self.choice(by, &kinds) else {
            section.rest();
            return None;
        };
        let name = by.text().unwrap_or_default();
        section.narrow(name);
        let detect = match kind {
            0 => self.health_check(&mut section),
            1 => {
                let mut hold = Span::from_secs(90);
                section.set(self, "hold", &mut hold, |r, n| {
                    // RFC 4271: zero, or at least three seconds; zero switches it off.
                    r.time_in(n, Span::from_secs(3)..=Span::from_secs(65_535))
                });
                Some(Detect::HoldTimer { hold })
            }
            _ => Some(Detect::Never),
        };
        section.finish(self);
        detect
    }

    fn health_check(&mut self, section: &mut Section<'_>) -> Option<Detect> {
        let mut every = Span::from_millis(300);
        let (mut failures, mut successes) = (3, 3);
        section.set(self, "every", &mut every, Self::some_time);
        section.set(self, "failures", &mut failures, |r, n| r.count(n, 1..=1_000));
        section.set(self, "successes", &mut successes, |r, n| r.count(n, 1..=1_000));
        // A probe that is checked more often than the default time-out waits for one interval.
        let mut timeout = every.min(Span::from_millis(300));
        let written = section.node("timeout");
        if let Some(node) = written {
            timeout = self.some_time(node)?;
            if timeout > every {
                let message =
                    format!("a probe waits {timeout} and the next one starts after {every}");
                self.say(&node.at, message, format!("`timeout` is at most `every`: \"{every}\""));
                return None;
            }
        }
        Some(Detect::HealthCheck { every, failures, timeout, successes })
    }

    fn viewers(&mut self, section: &mut Section<'_>, viewers: &mut Viewers) {
        section.set(self, "last-mile", &mut viewers.last_mile, Self::law);
        section.set(self, "timeout", &mut viewers.timeout, Self::some_time);
        section.set(self, "cancel", &mut viewers.cancel, Self::on_off);
        self.retry(section, &mut viewers.retry);
        self.client_policy(section, &mut viewers.client_policy);
    }

    fn metadata(&mut self, section: &mut Section<'_>, slot: &mut Option<Metadata>) {
        let Some(mut metadata) = slot.take() else {
            return;
        };
        let mut cache = true;
        section.set(self, "cache", &mut cache, Self::on_off);
        section.set(self, "ttl", &mut metadata.ttl, Self::some_time);
        let kinds = [("fill", TtlFrom::Fill), ("hit-time", TtlFrom::Hit)];
        section.set(self, "ttl-from", &mut metadata.ttl_from, |r, n| r.choice(n, &kinds));
        section.set(self, "hit-time", &mut metadata.hit, Self::time);
        self.lock(section, &mut metadata.lock);
        let off = |r: &mut Self, n: &Node| r.time_or(n, "off", Span::ZERO, |age| age);
        section.set(self, "stale-while-revalidate", &mut metadata.stale_while_revalidate, off);
        section.set(self, "stale-if-error", &mut metadata.stale_if_error, off);
        self.entries(section, &mut metadata.entries);
        *slot = cache.then_some(metadata);
    }

    /// For how many copies there is room.
    fn entries(&mut self, section: &mut Section<'_>, slot: &mut Option<Entries>) {
        let policies = Policy::ALL.map(|policy| (policy.name(), policy));
        let mut most = slot.map(|entries| entries.most);
        section.set(self, "entries", &mut most, |r, n| {
            r.count_or(n, 1..=Zipf::MOST, "unbounded", None, Some)
        });
        let Some(most) = most else {
            if let Some(entry) = section.take("policy") {
                let help = "`entries = 20_000`, or remove this key";
                self.say(&entry.key_at, "nothing leaves a cache that has room for all", help);
            }
            *slot = None;
            return;
        };
        let mut policy = slot.map_or(Policy::Lru, |entries| entries.policy);
        section.set(self, "policy", &mut policy, |r, n| r.choice(n, &policies));
        *slot = Some(Entries { policy, most });
    }

    /// The lock on what is fetched.
    pub(super) fn lock(&mut self, section: &mut Section<'_>, slot: &mut Option<Lock>) {
        const AFTER: &[(&str, AfterWait)] =
            &[("fetch", AfterWait::Fetch), ("fail", AfterWait::Fail)];
        const ERRORS: &[(&str, SharedErrors)] =
            &[("shared", SharedErrors::Shared), ("alone", SharedErrors::Alone)];
        let (mut lock, mut on) = (slot.take().unwrap_or(preset::lock()), true);
        section.set(self, "lock", &mut on, Self::on_off);
        section.set(self, "lock-wait", &mut lock.wait, Self::some_time);
        section.set(self, "after-lock-wait", &mut lock.after, |r, n| r.choice(n, AFTER));
        section.set(self, "lock-errors", &mut lock.errors, |r, n| r.choice(n, ERRORS));
        *slot = on.then_some(lock);
    }

    pub(super) fn queue(&mut self, node: &Node) -> Option<Option<u32>> {
        self.count_or(node, 0..=LONG_QUEUE, "unbounded", None, Some)
    }

    fn manifest(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
        section.set(self, "pods", &mut manifest.pods, |r, n| r.count(n, 1..=MANY));
        section.set(self, "slots", &mut manifest.slots, |r, n| r.count(n, 1..=MANY));
        section.set(self, "queue", &mut manifest.queue, Self::queue);
        self.order(section, manifest);
        section.set(self, "service-time", &mut manifest.service, Self::law);
        section.set(self, "validations", &mut manifest.validations, Self::share);
        section.set(self, "call", &mut manifest.call, Self::call);
        self.class_pools(section, manifest);
        self.pod_rules(section, manifest);
        self.autoscaler(section, manifest);
    }

    /// In which order a pool takes its jobs, and for how long they wait.
    fn order(&mut self, section: &mut Section<'_>, manifest: &mut Manifest) {
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

    fn replication(&mut self, section: &mut Section<'_>, replication: &mut Replication) {
        section.set(self, "lag", &mut replication.lag, Self::law);
        section
            .set(self, "catch-up", &mut replication.catch_up, |r, n| r.number(n, 1.01..=1_000.0));
        section.set(self, "write-per-second", &mut replication.write_rate, |r, n| r.bytes(n, 0));
        section.set(self, "window", &mut replication.window, |r, n| r.bytes(n, 1));
    }

    fn cost(&mut self, section: &mut Section<'_>, cost: &mut Cost) {
        let books = [("exact", false), ("as-printed", true)];
        section.set(self, "library", &mut cost.library, |r, n| r.bytes(n, 0));
        section.set(self, "uploads", &mut cost.uploads, |r, n| r.bytes(n, 0));
        section.set(self, "egress-per-month", &mut cost.egress, |r, n| r.bytes(n, 0));
        section.set(self, "nodes-per-region", &mut cost.nodes, |r, n| r.count(n, 0..=MANY));
        section.set(self, "read-size", &mut cost.read_bytes, |r, n| r.bytes(n, 0));
        section.set(self, "book", &mut cost.as_printed, |r, n| r.choice(n, &books));
        section.set(self, "pods-per-node", &mut cost.pods_per_node, |r, n| {
            r.count_or(n, 1..=MANY, "none", None, Some)
        });
        section.set(self, "caches", &mut cost.caches, Self::on_off);
        section.set(self, "connection-memory", &mut cost.connections, |r, n| match n.text() {
            Some("off") => Some(None),
            _ => r.bytes(n, 0).map(Some),
        });
        section.set(self, "sla", &mut cost.sla, |r, n| r.share_grains(n, 1));
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
        manifest.service = pool.need(self, "service-time", Self::law).unwrap_or(Law::ZERO);
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
