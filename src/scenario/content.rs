//! `[fabric.content]` and `[fabric.origin]`: video segments, and the store that holds all of them.

use super::reader::Reader;
use super::section::Section;
use super::tree::Node;
use crate::cache::Policy;
use crate::model::{Catalogue, Content, Fabric, Load, Origin, Rendition, Store};
use crate::units::{Span, count_to_f64};

/// More renditions than any ladder has.
const MOST_RENDITIONS: usize = 100;
/// More segments than any title has: four months of six seconds.
const MOST_SEGMENTS: u32 = 2_000_000;
/// More slots than any origin has.
const MOST_SLOTS: u32 = 1_000_000;

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
            r.count(n, 1..=MOST_SEGMENTS)
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
        if items.is_empty() || items.len() > MOST_RENDITIONS {
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
        section.set(self, "slots", &mut origin.slots, |r, n| r.count(n, 1..=MOST_SLOTS));
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
