//! `[fabric.metadata]`: the cache of manifests and rights beside each edge.

use super::keys::Default::{Is, Of};
use super::keys::{Row, row, time};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::cache::Policy;
use crate::engine::Zipf;
use crate::model::{AfterWait, Entries, Lock, Metadata, SharedErrors, TtlFrom, preset};
use crate::units::Span;

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.metadata",
        "table",
        Is("preset"),
        "{}",
        "the cache of manifests and rights beside each edge",
    ),
    row(
        "fabric.metadata.cache",
        "\"on\" or \"off\"",
        Is("on"),
        "\"on\"",
        "off: every request is a miss",
    ),
    row(
        "fabric.metadata.ttl",
        "time",
        Of(|f| f.metadata.as_ref().map_or_else(String::new, |m| time(m.ttl))),
        "\"60s\"",
        "how long a copy is fresh",
    ),
    row(
        "fabric.metadata.ttl-from",
        "\"fill\" or \"hit\"",
        Is("fill"),
        "\"hit\"",
        "whether its time counts from its fill, or begins anew with each hit",
    ),
    row(
        "fabric.metadata.hit",
        "time",
        Of(|f| f.metadata.as_ref().map_or_else(String::new, |m| time(m.hit))),
        "\"1ms\"",
        "what a hit takes",
    ),
    row(
        "fabric.metadata.lock",
        "\"on\" or \"off\"",
        Is("on"),
        "\"on\"",
        "one reader a title, the others wait",
    ),
    row(
        "fabric.metadata.lock-wait",
        "time",
        Of(|f| f.metadata.as_ref().and_then(|m| m.lock).map_or_else(String::new, |l| time(l.wait))),
        "\"1s\"",
        "the longest wait for another's read",
    ),
    row(
        "fabric.metadata.after-lock-wait",
        "\"fetch\" or \"fail\"",
        Is("fetch"),
        "\"fetch\"",
        "what a waiter does then",
    ),
    row(
        "fabric.metadata.lock-errors",
        "\"shared\" or \"alone\"",
        Is("shared"),
        "\"shared\"",
        "whether waiters get the reader's error",
    ),
    row(
        "fabric.metadata.stale-while-revalidate",
        "time or \"off\"",
        Is("off"),
        "\"30s\"",
        "how old beyond its TTL a copy may be while it is refreshed (RFC 5861)",
    ),
    row(
        "fabric.metadata.stale-if-error",
        "time or \"off\"",
        Is("off"),
        "\"5m\"",
        "how old beyond its TTL a copy may be when the fetch fails (RFC 5861)",
    ),
    row(
        "fabric.metadata.entries",
        "count or \"unbounded\"",
        Is("unbounded"),
        "20_000",
        "copies that there is room for in each region, fresh and stale ones",
    ),
    row(
        "fabric.metadata.policy",
        "\"lru\", \"fifo\", \"clock\", \"sieve\", \"s3-fifo\", \"lfu\" or \"w-tinylfu\"",
        Is("lru"),
        "\"sieve\"",
        "which copy leaves when there is no room",
    ),
];

impl Reader<'_> {
    pub(super) fn metadata(&mut self, section: &mut Section<'_>, slot: &mut Option<Metadata>) {
        let Some(mut metadata) = slot.take() else {
            return;
        };
        let mut cache = true;
        section.set(self, "cache", &mut cache, Self::on_off);
        section.set(self, "ttl", &mut metadata.ttl, Self::some_time);
        let kinds = [("fill", TtlFrom::Fill), ("hit", TtlFrom::Hit)];
        section.set(self, "ttl-from", &mut metadata.ttl_from, |r, n| r.choice(n, &kinds));
        section.set(self, "hit", &mut metadata.hit, Self::time);
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
}
