//! The horizontal pod autoscaler: from a metric to a number of pods.
//!
//! The rules are those of Kubernetes' `autoscaling/v2` (its documentation's "Algorithm details", and
//! `replica_calculator.go` and `horizontal.go` where that is silent), in the order in which they act:
//! the ratio of the metric to its target, with a tolerance; pods that are not ready count as idle when
//! there are to be more; the most cautious recommendation of a window; a bound on change in a period;
//! the least and the most. Ratios are floats there, and so they are here.

use crate::model::{AutoscaleRules, ScalePace};
use crate::units::{Instant, Span, count_to_f64};
use std::collections::VecDeque;

/// What was seen at an instant: the sum of the metric over ready pods, and how many these were.
#[derive(Clone, Copy, PartialEq, Debug)]
struct Seen {
    at: Instant,
    sum: f64,
    ready: u32,
}

/// A service's autoscaler. It decides; it never schedules.
#[derive(Debug)]
pub struct Autoscaler {
    rules: AutoscaleRules,
    seen: VecDeque<Seen>,
    /// What was recommended, by time.
    recommended: VecDeque<(Instant, u32)>,
    /// What was added and taken away, by time.
    added: VecDeque<(Instant, u32)>,
    removed: VecDeque<(Instant, u32)>,
    wanted: u32,
}

impl Autoscaler {
    /// One that begins with so many pods.
    #[must_use]
    pub const fn new(rules: AutoscaleRules, pods: u32) -> Self {
        Self {
            rules,
            seen: VecDeque::new(),
            recommended: VecDeque::new(),
            added: VecDeque::new(),
            removed: VecDeque::new(),
            wanted: pods,
        }
    }

    /// How many pods there are to be.
    #[must_use]
    pub const fn wanted(&self) -> u32 {
        self.wanted
    }

    /// The metric, summed over the ready pods, is this much now.
    pub fn see(&mut self, at: Instant, sum: f64, ready: u32) {
        self.seen.push_back(Seen { at, sum, ready });
    }

    /// How many pods there are to be from now on, of which so many are ready.
    pub fn decide(&mut self, now: Instant, ready: u32) -> u32 {
        let current = self.wanted;
        let Some(seen) = self.latest(now) else {
            return current;
        };
        let wished = self.replicas(seen, current, ready);
        let wished = wished.clamp(self.rules.min, self.rules.max);
        let settled = self.settled(now, wished, current);
        let next = self.bounded(now, settled, current).clamp(self.rules.min, self.rules.max);
        if next > current {
            self.added.push_back((now, next - current));
        } else if next < current {
            self.removed.push_back((now, current - next));
        }
        self.wanted = next;
        next
    }

    /// What can be known now: the last that is old enough.
    fn latest(&mut self, now: Instant) -> Option<Seen> {
        let old = |seen: &Seen| seen.at.saturating_add(self.rules.age) <= now;
        while self.seen.get(1).is_some_and(old) {
            self.seen.pop_front();
        }
        self.seen.front().copied().filter(old)
    }

    /// What the metric asks for (`GetMetricReplicas`).
    fn replicas(&self, seen: Seen, current: u32, ready: u32) -> u32 {
        if seen.ready == 0 || ready == 0 {
            return current;
        }
        let target = self.rules.target.value();
        let near = |ratio: f64| (1.0 - ratio).abs() <= self.rules.tolerance;
        let ratio = seen.sum / f64::from(seen.ready) / target;
        if ratio <= 1.0 || ready >= current {
            return if near(ratio) { current } else { whole(ratio * f64::from(ready)) };
        }
        // Those that are not ready are taken for idle, so that nobody starts more for a load for which
        // some are starting already.
        let again = ratio * f64::from(ready) / f64::from(current);
        if near(again) || again < 1.0 {
            return current;
        }
        whole(again * f64::from(current)).max(current)
    }

    /// The most cautious of the recommendations in each direction's window.
    fn settled(&mut self, now: Instant, wished: u32, current: u32) -> u32 {
        let (up, down) = (self.rules.up.window, self.rules.down.window);
        forget(&mut self.recommended, now, up.max(down));
        let within = |window: Span| {
            let recent = move |&&(at, _): &&(Instant, u32)| now.since(at) < window;
            self.recommended.iter().filter(recent).map(|&(_, pods)| pods)
        };
        let least = within(up).fold(wished, u32::min);
        let most = within(down).fold(wished, u32::max);
        self.recommended.push_back((now, wished));
        current.max(least).min(most)
    }

    /// As far as the pace allows.
    fn bounded(&mut self, now: Instant, settled: u32, current: u32) -> u32 {
        let AutoscaleRules { up, down, .. } = self.rules;
        if settled > current {
            let before = current.saturating_sub(changed(&mut self.added, now, up));
            let by_share = whole(f64::from(before) * (1.0 + up.share));
            settled.min(by_share.max(before.saturating_add(up.pods)).max(current))
        } else {
            let before = current.saturating_add(changed(&mut self.removed, now, down));
            let by_share = below(f64::from(before) * (1.0 - down.share));
            settled.max(by_share.min(before.saturating_sub(down.pods)).min(current))
        }
    }
}

/// How many pods have come or gone in the period that is just over.
fn changed(log: &mut VecDeque<(Instant, u32)>, now: Instant, pace: ScalePace) -> u32 {
    forget(log, now, pace.period);
    log.iter().map(|&(_, pods)| pods).sum()
}

/// Drops what is older than a time.
fn forget(log: &mut VecDeque<(Instant, u32)>, now: Instant, after: Span) {
    while log.front().is_some_and(|&(at, _)| now.since(at) >= after) {
        log.pop_front();
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: a saturating cast
fn whole(pods: f64) -> u32 {
    pods.ceil() as u32
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: a saturating cast
fn below(pods: f64) -> u32 {
    pods.floor() as u32
}

/// The nodes of a region's pods: those that are there, and those that are coming.
#[derive(Debug)]
pub struct Nodes {
    per_node: u32,
    start: Span,
    /// When each node is there, or will be; the first ones always are.
    ready: Vec<Instant>,
    /// Since when the last one has not been needed.
    idle: Option<Instant>,
}

impl Nodes {
    /// How long a node stays that nobody needs (cluster autoscaler's `scale-down-unneeded-time`).
    pub const UNNEEDED: Span = Span::from_secs(600);

    /// As many nodes as so many pods need.
    #[must_use]
    pub fn new(rules: &AutoscaleRules, pods: u32) -> Self {
        let nodes = pods.div_ceil(rules.pods_per_node.max(1));
        Self {
            per_node: rules.pods_per_node.max(1),
            start: rules.node_start,
            ready: vec![Instant::ZERO; nodes as usize],
            idle: None,
        }
    }

    /// When the pod of this number finds room, if it is to start now: a node is ordered for it if there
    /// is none.
    pub fn room_for(&mut self, pod: u32, now: Instant) -> Instant {
        let node = (pod / self.per_node) as usize;
        while self.ready.len() <= node {
            self.ready.push(now.saturating_add(self.start));
        }
        self.ready[node].max(now)
    }

    /// So many pods are wanted now: nodes go that have not been needed for long. How many there are,
    /// those that are coming included, because they are paid for.
    pub fn keep(&mut self, pods: u32, now: Instant) -> u64 {
        let needed = pods.div_ceil(self.per_node) as usize;
        if self.ready.len() <= needed {
            self.idle = None;
        } else {
            let since = *self.idle.get_or_insert(now);
            if now.since(since) >= Self::UNNEEDED {
                self.ready.truncate(needed);
                self.idle = None;
            }
        }
        self.ready.len() as u64
    }
}

/// What an autoscaler measures between two looks, as integrals up to now.
#[derive(Clone, Copy, Default, Debug)]
pub struct Meter {
    /// When it was last read.
    pub at: Instant,
    /// Nanoseconds of calls inside, or of processor time.
    pub nanos: u128,
    /// Calls that came since.
    pub came: u64,
}

impl Meter {
    /// The mean level since it was last read, of what has this integral now.
    pub fn level(&mut self, now: Instant, nanos: u128) -> f64 {
        let passed = now.since(self.at).as_nanos();
        let gained = u64::try_from(nanos - self.nanos).unwrap_or(u64::MAX);
        (self.at, self.nanos) = (now, nanos);
        if passed == 0 { 0.0 } else { count_to_f64(gained) / count_to_f64(passed) }
    }

    /// Calls a second since it was last read.
    pub fn rate(&mut self, now: Instant) -> f64 {
        let passed = now.since(self.at).as_secs_f64();
        let came = std::mem::take(&mut self.came);
        self.at = now;
        if passed > 0.0 { count_to_f64(came) / passed } else { 0.0 }
    }
}

#[cfg(test)]
#[path = "autoscale_tests.rs"]
pub(in crate::sim) mod tests;
