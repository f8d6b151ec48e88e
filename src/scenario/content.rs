//! `[fabric.content]` and `[fabric.origin]`: video segments, and the store that holds all of them.

use super::keys::Default::{Is, Of, Required};
use super::keys::{Row, bound, bytes, row, time};
use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::cache::Policy;
use crate::model::{Catalogue, Content, Fabric, Load, Origin, Rendition, Store};
use crate::units::{Span, count_to_f64};

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.content",
        "table",
        Is("preset"),
        "{}",
        "video segments and the cache of them beside each edge; of no meaning without \
         `load.segments-per-second`",
    ),
    row(
        "fabric.content.cache",
        "\"on\" or \"off\"",
        Is("on"),
        "\"on\"",
        "off: every request for a segment goes to the origin",
    ),
    row(
        "fabric.content.policy",
        "\"lru\", \"fifo\", \"clock\", \"sieve\", \"s3-fifo\", \"lfu\" or \"w-tinylfu\"",
        Is("lru"),
        "\"s3-fifo\"",
        "which segment leaves a full cache",
    ),
    row(
        "fabric.content.bytes",
        "volume",
        Of(|f| f.content.store.map_or_else(String::new, |s| bytes(s.bytes))),
        "\"500GB\"",
        "the room of the cache in each region",
    ),
    row(
        "fabric.content.hit",
        "time",
        Of(|f| time(f.content.hit)),
        "\"1ms\"",
        "what a hit takes until its first byte",
    ),
    row(
        "fabric.content.lock",
        "\"on\" or \"off\"",
        Is("on"),
        "\"on\"",
        "one request to the origin for a segment, the others wait",
    ),
    row(
        "fabric.content.lock-wait",
        "time",
        Of(|f| f.content.lock.map_or_else(String::new, |l| time(l.wait))),
        "\"5s\"",
        "the longest wait for another's request",
    ),
    row(
        "fabric.content.after-lock-wait",
        "\"fetch\" or \"fail\"",
        Is("fetch"),
        "\"fetch\"",
        "what a waiter does then",
    ),
    row(
        "fabric.content.lock-errors",
        "\"shared\" or \"alone\"",
        Is("shared"),
        "\"shared\"",
        "whether waiters get the error of the one that asked",
    ),
    row(
        "fabric.content.segment",
        "time",
        Of(|f| time(f.content.segment)),
        "\"6s\"",
        "how long a segment plays, 1 ms to 1 h",
    ),
    row(
        "fabric.content.segments-per-title",
        "count",
        Of(|f| f.content.segments.to_string()),
        "600",
        "segments of each title; titles times renditions times these are below 2^32",
    ),
    row(
        "fabric.content.watched",
        "time",
        Of(|f| time(f.content.watched)),
        "\"30m\"",
        "how long viewers watch on the mean: the segment at t is asked for in proportion to \
         exp(-t / watched)",
    ),
    row(
        "fabric.content.ladder",
        "list",
        Is("1.4, 3, 6 and 16 Mbit/s"),
        "[{ mbit-per-second = 6, share = \"100%\" }]",
        "the renditions of each title",
    ),
    row(
        "fabric.content.ladder.mbit-per-second",
        "number",
        Required,
        "6",
        "its rate, from which the bytes of its segments follow",
    ),
    row(
        "fabric.content.ladder.share",
        "share",
        Required,
        "\"45%\"",
        "the share of requests that ask for it",
    ),
    row(
        "fabric.origin",
        "table",
        Is("preset"),
        "{}",
        "the store in one region that holds all segments",
    ),
    row("fabric.origin.region", "text", Is("the primary's"), "\"us-east-1\"", "where it is"),
    row(
        "fabric.origin.slots",
        "count",
        Of(|f| f.origin.slots.to_string()),
        "825",
        "requests that it works on at once",
    ),
    row(
        "fabric.origin.queue",
        "count or \"unbounded\"",
        Of(|f| bound(f.origin.queue)),
        "1_000",
        "requests that may wait",
    ),
    row(
        "fabric.origin.wait",
        "time or \"unbounded\"",
        Of(|f| bound(f.origin.wait)),
        "\"1s\"",
        "the longest wait",
    ),
    row(
        "fabric.origin.service",
        "law",
        Is("uniform, 100ms to 200ms"),
        "{ law = \"constant\", value = \"150ms\" }",
        "what it takes until the first byte",
    ),
    row(
        "fabric.origin.bytes-per-second",
        "volume or \"unbounded\"",
        Of(|f| f.origin.rate.map_or_else(String::new, bytes)),
        "\"85MB\"",
        "bytes of an answer in one second, each by itself",
    ),
    row(
        "fabric.origin.call",
        "call",
        Is("one attempt"),
        "{ timeout = \"1s\", attempts = 2 }",
        "how each edge calls it; without a time-out it waits for 30s",
    ),
];

/// The most renditions of a ladder.
const MAX_RENDITIONS: usize = 100;
/// The most segments of a title: four months of six seconds.
const MAX_SEGMENTS: u32 = 2_000_000;
/// The most slots of an origin.
const MAX_ORIGIN_SLOTS: u32 = 1_000_000;

impl Reader<'_> {
    pub fn content(&mut self, section: &mut Section<'_>, content: &mut Content) {
        let policies = Policy::ALL.map(|policy| (policy.name(), policy));
        let (mut cache, mut store) = (true, content.store);
        section.set(self, "cache", &mut cache, Self::on_off);
        if let Some(Store { policy, bytes }) = &mut store {
            section.set(self, "policy", policy, |r, n| r.choice(n, &policies));
            section.set(self, "bytes", bytes, |r, n| r.bytes(n, 1));
        }
        content.store = store.filter(|_| cache);
        section.set(self, "hit", &mut content.hit, Self::time);
        self.lock(section, &mut content.lock);
        section.set(self, "segment", &mut content.segment, |r, n| {
            r.time_in(n, Span::from_millis(1)..=Span::from_secs(3_600))
        });
        section.set(self, "segments-per-title", &mut content.segments, |r, n| {
            r.count(n, 1..=MAX_SEGMENTS)
        });
        section.set(self, "watched", &mut content.watched, |r, n| {
            r.time_in(n, Span::from_millis(1)..=super::reader::CENTURY)
        });
        section.set(self, "ladder", &mut content.ladder, Self::ladder);
    }

    /// `[{ mbit-per-second = 3, share = "40%" }, ...]`.
    fn ladder(&mut self, node: &Node) -> Option<Vec<Rendition>> {
        const HELP: &str = "for example `[{ mbit-per-second = 6, share = \"100%\" }]`";
        let items = self.list(node, HELP)?;
        if items.is_empty() || items.len() > MAX_RENDITIONS {
            self.say(&node.at, format!("a ladder of {} renditions is none", items.len()), HELP);
            return None;
        }
        let (mut ladder, mut sum) = (Vec::with_capacity(items.len()), 0);
        for item in items {
            let Some(mut section) = self.section(item, "fabric.content.ladder") else {
                continue;
            };
            let rate = section.need(self, "mbit-per-second", |r, n| r.number(n, 0.001..=1e5));
            let share = section.need(self, "share", |r, n| r.share_grains(n, 1));
            section.finish(self);
            sum += share.unwrap_or(0);
            ladder.extend(rate.zip(share).map(|(rate, share)| Rendition {
                bits_per_second: whole_bits(rate),
                share: count_to_f64(share) / 1e9,
            }));
        }
        if ladder.len() < items.len() {
            return None;
        }
        if sum != 1_000_000_000 {
            let message = format!("the shares add up to {} %", count_to_f64(sum) / 1e7);
            self.say(&node.at, message, "the shares of a ladder add up to 100%");
            return None;
        }
        Some(ladder)
    }

    /// The origin of a fabric with these regions.
    pub fn origin(&mut self, section: &mut Section<'_>, origin: &mut Origin, regions: &[String]) {
        if let Some(region) = section.node("region").and_then(|node| self.region(node, regions)) {
            origin.region = Some(region);
        }
        section.set(self, "slots", &mut origin.slots, |r, n| r.count(n, 1..=MAX_ORIGIN_SLOTS));
        section.set(self, "queue", &mut origin.queue, Self::queue);
        section.set(self, "wait", &mut origin.wait, |r, n| r.time_or(n, "unbounded", None, Some));
        section.set(self, "service", &mut origin.service, Self::law);
        section.set(self, "bytes-per-second", &mut origin.rate, |r, n| match n.text() {
            Some("unbounded") => Some(None),
            _ => r.bytes(n, 1).map(Some),
        });
        section.set(self, "call", &mut origin.call, Self::call);
    }

    /// Whether each segment of each title has a number.
    pub fn segments_fit(&mut self, section: Option<&Node>, fabric: &Fabric, load: &Load) {
        let all = Catalogue::count(&fabric.content, load.titles);
        let Some(node) = section.filter(|_| load.has_segments() && all > u128::from(u32::MAX))
        else {
            return;
        };
        let message = format!(
            "there are {all} segments: {} titles, {} renditions and {} segments of each",
            load.titles,
            fabric.content.ladder.len(),
            fabric.content.segments,
        );
        let help =
            "at most 4294967295: fewer `load.titles`, or `fabric.content.segments-per-title`";
        self.say(&node.at, message, help);
    }

    /// Requests for segments a second from each region; empty where nobody asks for any.
    pub fn segment_rates(&mut self, node: &Node, regions: &[String]) -> Vec<f64> {
        let mut all = vec![0.0; regions.len()];
        let Some(mut rates) = self.section(node, "load.segments-per-second") else {
            return Vec::new();
        };
        for entry in rates.rest() {
            let (at, rate) = (self.region_key(entry, regions), self.rate(&entry.node));
            if let (Some(at), Some(rate)) = (at, rate) {
                all[at] = rate;
            }
        }
        if all.iter().any(|&rate| rate > 0.0) { all } else { Vec::new() }
    }
}

/// Bits of a second at so many megabits, rounded to even.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: at most 1e11
fn whole_bits(mbit: f64) -> u64 {
    (mbit * 1e6).round_ties_even() as u64
}
