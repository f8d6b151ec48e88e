//! The memory of pods, and what becomes of one that needs more than it may.
//!
//! A pod needs a base, something for each call under way, and what it has leaked since it started. It is
//! killed at the instant at which that gets beyond its limit (Kubernetes: `OOMKilled`). It is started
//! again: the first time at once, then after 10 s, 20 s and so on up to five minutes, and at once again
//! when it has run for ten minutes (Kubernetes documentation, "Pod lifecycle": container restarts).

use crate::model::MemoryRules;
use crate::units::{Instant, Span};

/// The first wait before a restart; each further one is twice as long.
const BACK_OFF: Span = Span::from_secs(10);
/// The longest.
const LONGEST: Span = Span::from_secs(300);
/// After running for so long a pod has never crashed.
const FORGIVEN: Span = Span::from_secs(600);
/// Parts of a byte: what leaks by one byte a second leaks one of them in a nanosecond.
const FINE: u128 = 1_000_000_000;

/// One pod.
#[derive(Clone, Copy, Default, Debug)]
struct Pod {
    /// What it had leaked at `at`, in parts of bytes.
    leaked: u128,
    /// By how much that grows, in bytes a second.
    rate: u64,
    at: Instant,
    /// When it last started.
    started: Instant,
    /// How often it was killed without running for long between.
    kills: u32,
    /// For when a look is due, if one is.
    look: Option<Instant>,
}

/// The memory of all pods of a region. It decides; it never schedules.
#[derive(Debug)]
pub struct Memory {
    rules: MemoryRules,
    pods: Vec<Pod>,
}

impl Memory {
    /// So many pods that have just started.
    #[must_use]
    pub fn new(rules: MemoryRules, pods: u32) -> Self {
        Self { rules, pods: vec![Pod::default(); pods as usize] }
    }

    /// When a pod with so many calls under way gets beyond its limit if nothing else happens.
    #[must_use]
    pub fn full_at(&self, pod: u32, calls: usize, now: Instant) -> Option<Instant> {
        let pod = &self.pods[pod as usize];
        let calls = u128::from(self.rules.request) * calls as u128;
        let needs = (u128::from(self.rules.base) + calls) * FINE + pod.leaked(now);
        let limit = u128::from(self.rules.limit) * FINE;
        if needs > limit {
            return Some(now);
        }
        let takes = (limit - needs).div_ceil(u128::from(pod.rate).max(1));
        let takes = Span::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX));
        (pod.rate > 0).then(|| now.saturating_add(takes)).filter(|&at| at < Instant::NEVER)
    }

    /// When to look whether a pod is beyond its limit, unless a look is due by then.
    pub fn look_at(&mut self, pod: u32, calls: usize, now: Instant) -> Option<Instant> {
        let full = self.full_at(pod, calls, now)?;
        let look = &mut self.pods[pod as usize].look;
        if look.is_some_and(|look| look <= full) {
            return None;
        }
        *look = Some(full);
        Some(full)
    }

    /// A look is made now. Whether the pod is beyond its limit.
    pub fn is_full(&mut self, pod: u32, calls: usize, now: Instant) -> bool {
        let look = &mut self.pods[pod as usize].look;
        *look = look.filter(|&look| look > now);
        self.full_at(pod, calls, now).is_some_and(|full| full <= now)
    }

    /// From now on a pod leaks so many bytes a second.
    pub fn leak(&mut self, pod: u32, rate: u64, now: Instant) {
        let pod = &mut self.pods[pod as usize];
        (pod.leaked, pod.at, pod.rate) = (pod.leaked(now), now, rate);
    }

    /// A pod is killed. How long its restart waits.
    pub fn kill(&mut self, pod: u32, now: Instant) -> Span {
        let pod = &mut self.pods[pod as usize];
        if now.since(pod.started) >= FORGIVEN {
            pod.kills = 0;
        }
        pod.kills += 1;
        match pod.kills {
            1 => Span::ZERO,
            kills => BACK_OFF.saturating_mul(1 << (kills - 2).min(10)).min(LONGEST),
        }
    }

    /// A pod has started: nothing has leaked yet.
    pub fn start(&mut self, pod: u32, now: Instant) {
        let pod = &mut self.pods[pod as usize];
        (pod.leaked, pod.at, pod.started, pod.look) = (0, now, now, None);
    }

    /// Another pod takes the place of this one.
    pub fn replace(&mut self, pod: u32) {
        self.pods[pod as usize].kills = 0;
    }
}

impl Pod {
    fn leaked(&self, now: Instant) -> u128 {
        self.leaked + u128::from(self.rate) * u128::from(now.since(self.at).as_nanos())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1_000_000;

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Span::from_millis(millis)
    }

    fn memory() -> Memory {
        Memory::new(MemoryRules { limit: 1_000 * MB, base: 256 * MB, request: 2 * MB }, 2)
    }

    #[test]
    fn a_leak_fills_a_pod_at_the_very_instant() {
        let mut memory = memory();
        assert_eq!(memory.full_at(0, 372, at(0)), None, "just enough");
        assert_eq!(memory.full_at(0, 373, at(0)), Some(at(0)));
        memory.leak(0, 10 * MB, at(1_000));
        assert_eq!(memory.full_at(0, 0, at(1_000)), Some(at(75_400)), "744 MB at 10 MB/s");
        assert_eq!(memory.full_at(0, 10, at(2_000)), Some(at(73_400)));
        assert!(!memory.is_full(0, 0, at(75_399)) && memory.is_full(0, 0, at(75_400)));
        memory.leak(0, 0, at(11_000));
        assert_eq!(
            (memory.full_at(0, 322, at(90_000)), memory.full_at(0, 323, at(90_000))),
            (None, Some(at(90_000)))
        );
        memory.start(0, at(91_000));
        assert_eq!(memory.full_at(0, 372, at(91_000)), None, "what leaked is gone");
        memory.leak(1, 3, at(0));
        let third = memory.full_at(1, 371, at(0));
        assert_eq!(third, Some(Instant::from_nanos(2 * MB * 1_000_000_000 / 3 + 1)));
    }

    #[test]
    fn a_look_is_asked_for_when_none_is_due_by_then() {
        let mut memory = memory();
        assert_eq!(memory.look_at(0, 300, at(0)), None);
        memory.leak(0, MB, at(0));
        assert_eq!(memory.look_at(0, 0, at(0)), Some(at(744_000)));
        assert_eq!(memory.look_at(0, 1, at(0)), Some(at(742_000)));
        assert_eq!(memory.look_at(0, 0, at(1_000)), None);
        assert!(!memory.is_full(0, 0, at(742_000)));
        assert_eq!(memory.look_at(0, 0, at(742_000)), Some(at(744_000)));
    }

    #[test]
    fn restarts_wait_as_kubernetes_lets_them() {
        let mut memory = memory();
        let mut waits = |times: u32, started: u64, killed: u64| {
            let mut wait = |_| {
                memory.start(1, at(started));
                memory.kill(1, at(killed)).as_nanos() / 1_000_000_000
            };
            (0..times).map(&mut wait).collect::<Vec<u64>>()
        };
        assert_eq!(waits(8, 0, 599_999), [0, 10, 20, 40, 80, 160, 300, 300]);
        assert_eq!(waits(2, 0, 600_000), [0, 0]);
        assert_eq!(waits(1, 0, 1), [10]);
    }
}
