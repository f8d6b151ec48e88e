//! Each policy against a list that is searched from end to end.

use super::sketch::Sketch;
use super::*;
use crate::engine::{Seed, Zipf};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

/// An object with its size and what its policy remembers of it.
#[derive(Clone, Copy)]
struct Held {
    object: u32,
    size: u64,
    count: u64,
}

/// Lists from old to new. The first is the only one, or window, small queue; then main or probation;
/// then protected or ghosts.
struct Naive {
    policy: Policy,
    room: u64,
    lists: [Vec<Held>; 3],
    hand: Option<u32>,
    evicted: bool,
    sketch: Sketch,
}

fn total(list: &[Held]) -> u64 {
    list.iter().map(|held| held.size).sum()
}

impl Naive {
    fn new(policy: Policy, room: u64) -> Self {
        let sketch = Sketch::new(64.min(room));
        Self { policy, room, lists: Default::default(), hand: None, evicted: false, sketch }
    }

    /// What is cached; ghosts are not.
    fn held(&self) -> u64 {
        let ghosts = if self.policy == Policy::S3Fifo { total(&self.lists[2]) } else { 0 };
        self.lists.iter().map(|list| total(list)).sum::<u64>() - ghosts
    }

    fn find(&self, object: u32) -> Option<(usize, usize)> {
        (0..3).find_map(|list| {
            let at = self.lists[list].iter().position(|held| held.object == object)?;
            Some((list, at))
        })
    }

    fn request(&mut self, object: u32, size: u64) -> bool {
        if self.policy == Policy::WTinyLfu {
            self.sketch.record(object);
        }
        let mut found = self.find(object);
        let haunted = self.policy == Policy::S3Fifo && found.is_some_and(|(list, _)| list == 2);
        if let (true, Some((list, at))) = (haunted, found) {
            self.lists[list].remove(at);
            found = None;
        }
        if let Some((list, at)) = found {
            self.hit(list, at);
            return true;
        }
        let small = (self.room / 10).max(1);
        let most = if self.policy == Policy::S3Fifo { small.min(self.room) } else { self.room };
        if size > most {
            return false;
        }
        let held = Held { object, size, count: 0 };
        if self.policy == Policy::WTinyLfu {
            self.admit(held);
            return false;
        }
        while self.held() + size > self.room {
            self.evict();
        }
        let full = !self.evicted && total(&self.lists[0]) >= small;
        let main = self.policy == Policy::S3Fifo && (haunted || full);
        self.lists[usize::from(main)].push(held);
        false
    }

    fn hit(&mut self, list: usize, at: usize) {
        self.lists[list][at].count += 1;
        match self.policy {
            Policy::Lru | Policy::Lfu => self.lists[list][at..].rotate_left(1),
            Policy::Fifo | Policy::Clock | Policy::Sieve | Policy::S3Fifo => {}
            Policy::WTinyLfu => {
                let main = self.room - self.room.div_ceil(100);
                let most = main * 4 / 5;
                if list == 1 && self.lists[1][at].size <= most {
                    let promoted = self.lists[1].remove(at);
                    self.lists[2].push(promoted);
                    while total(&self.lists[2]) > most {
                        let demoted = self.lists[2].remove(0);
                        self.lists[1].push(demoted);
                    }
                } else {
                    self.lists[list][at..].rotate_left(1);
                }
            }
        }
    }

    fn evict(&mut self) {
        let list = &mut self.lists[0];
        match self.policy {
            Policy::Clock => {
                while list[0].count > 0 {
                    list[0].count = 0;
                    list.rotate_left(1);
                }
                list.remove(0);
            }
            Policy::Sieve => {
                let place = list.iter().position(|held| Some(held.object) == self.hand);
                let mut at = place.unwrap_or(0);
                while list[at].count > 0 {
                    list[at].count = 0;
                    at = (at + 1) % list.len();
                }
                self.hand = list.get(at + 1).map(|held| held.object);
                list.remove(at);
            }
            Policy::Lfu => {
                let least = list.iter().map(|held| held.count).min();
                let at = list.iter().position(|held| Some(held.count) == least).unwrap();
                list.remove(at);
            }
            Policy::S3Fifo => self.evict_from_two(),
            _ => {
                list.remove(0);
            }
        }
    }

    fn evict_from_two(&mut self) {
        self.evicted = true;
        let main_most = self.room - (self.room / 10).max(1);
        if total(&self.lists[1]) > main_most || total(&self.lists[0]) == 0 {
            while total(&self.lists[1]) > 0 {
                let mut oldest = self.lists[1].remove(0);
                if oldest.count == 0 {
                    return;
                }
                oldest.count = oldest.count.min(3) - 1;
                self.lists[1].push(oldest);
            }
            return;
        }
        while total(&self.lists[0]) > 0 {
            let oldest = self.lists[0].remove(0);
            if oldest.count >= 2 {
                self.lists[1].push(Held { count: 0, ..oldest });
                continue;
            }
            let most = self.room * 9 / 10;
            if oldest.size <= most {
                while total(&self.lists[2]) + oldest.size > most {
                    self.lists[2].remove(0);
                }
                self.lists[2].push(oldest);
            }
            return;
        }
    }

    fn admit(&mut self, held: Held) {
        let window = self.room.div_ceil(100);
        let objects = self.lists.iter().map(Vec::len).sum::<usize>() as u64 + 1;
        if objects > self.sketch.entries() {
            self.sketch.grow((self.sketch.entries() * 2).min(self.room));
        }
        let at = if held.size > window { 0 } else { self.lists[0].len() };
        self.lists[0].insert(at, held);
        while total(&self.lists[0]) > window || self.held() > self.room {
            let candidate = self.lists[0].remove(0);
            self.lists[1].push(candidate);
            while self.held() > self.room {
                let victim = self.lists[1][0].object;
                let alone = victim == candidate.object;
                let asked = |object| self.sketch.estimate(object);
                if alone || asked(candidate.object) <= asked(victim) {
                    self.lists[1].pop();
                    break;
                }
                self.lists[1].remove(0);
            }
        }
    }
}

/// The optimum by looking for each next request from the front.
fn naive_optimum(slots: usize, ids: &[u32]) -> u64 {
    let mut held: Vec<u32> = Vec::new();
    let mut misses = 0;
    for (at, object) in ids.iter().enumerate() {
        if held.contains(object) {
            continue;
        }
        misses += 1;
        if held.len() == slots {
            let again = |held: &u32| ids[at..].iter().position(|id| id == held);
            let latest = held.iter().enumerate().max_by_key(|(_, id)| again(id).unwrap_or(1 << 40));
            let (place, _) = latest.unwrap();
            held.remove(place);
        }
        held.push(*object);
    }
    misses
}

/// A skewed trace: the smaller of two numbers is asked for more often.
fn trace() -> impl Strategy<Value = Vec<(u32, u64)>> {
    let pair = (0_u32..40, 0_u32..40, 0_u64..7);
    let request = pair.prop_map(|(one, two, size)| (one.min(two), size));
    prop::collection::vec(request, 1..600)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 150,
        rng_seed: RngSeed::Fixed(1968),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn slots_answer_as_naive_lists_do(trace in trace(), slots in 1_u32..34) {
        for policy in Policy::ALL {
            let mut cache = Cache::new(policy, slots);
            let mut naive = Naive::new(policy, slots.into());
            let mut misses = 0;
            for (number, &(object, _)) in trace.iter().enumerate() {
                let (ours, theirs) = (cache.request(object), naive.request(object, 1));
                prop_assert_eq!(ours, theirs, "{:?}, {} slots, {}", policy, slots, number);
                prop_assert_eq!(u64::from(cache.held()), naive.held());
                prop_assert!(cache.held() <= slots);
                misses += u64::from(!ours);
            }
            let ids: Vec<u32> = trace.iter().map(|request| request.0).collect();
            prop_assert_eq!(replay(policy, slots, &ids), misses);
        }
    }

    #[test]
    fn bytes_answer_as_naive_lists_do(trace in trace(), room in 0_u64..120) {
        let (ids, sizes): (Vec<u32>, Vec<u64>) = trace.iter().copied().unzip();
        for policy in Policy::ALL {
            let mut cache = Cache::of_bytes(policy, room);
            let mut naive = Naive::new(policy, room);
            let mut seen = Misses::default();
            for (number, &(object, size)) in trace.iter().enumerate() {
                let (ours, theirs) = (cache.request(object, size), naive.request(object, size));
                prop_assert_eq!(ours, theirs, "{:?}, {} bytes, {}", policy, room, number);
                prop_assert_eq!(cache.bytes_held(), naive.held());
                prop_assert!(cache.bytes_held() <= room);
                seen.count(size, ours);
            }
            prop_assert_eq!(replay_bytes(policy, room, &ids, &sizes), seen);
        }
    }

    #[test]
    fn nobody_beats_the_optimum(trace in trace(), slots in 0_u32..34) {
        let ids: Vec<u32> = trace.iter().map(|request| request.0).collect();
        let next = next_uses(&ids);
        let best = belady(slots, &next);
        if slots > 0 {
            prop_assert_eq!(best, naive_optimum(slots as usize, &ids));
        }
        let ones = vec![1; ids.len()];
        prop_assert_eq!(belady_bytes(slots.into(), &ids, &ones, &next).misses, best);
        for policy in Policy::ALL {
            prop_assert!(best <= replay(policy, slots, &ids), "{:?}, {} slots", policy, slots);
        }
    }

    #[test]
    fn the_stack_knows_lru_at_every_size(trace in trace()) {
        let ids: Vec<u32> = trace.iter().map(|request| request.0).collect();
        let stack = StackDistances::of(&ids);
        for slots in 0..45 {
            prop_assert_eq!(stack.misses(slots), replay(Policy::Lru, slots, &ids));
        }
    }
}

/// Long enough for the log of LRU, the gap of SIEVE and the ghosts to be swept many times.
#[test]
fn what_is_swept_changes_nothing() {
    let mut stream = Seed(11).stream("cache/tests");
    let zipf = Zipf::new(4_000, 0.7).unwrap();
    for policy in Policy::ALL {
        let (mut cache, mut naive) = (Cache::new(policy, 300), Naive::new(policy, 300));
        let ids: Vec<u32> = (0..60_000).map(|_| zipf.draw(&mut stream)).collect();
        let mut misses = 0;
        for (number, &object) in ids.iter().enumerate() {
            let (ours, theirs) = (cache.request(object), naive.request(object, 1));
            assert_eq!(ours, theirs, "{policy:?}, request {number}");
            misses += u64::from(!ours);
        }
        assert_eq!(replay(policy, 300, &ids), misses, "{policy:?}");
    }
}

#[test]
fn the_stated_error_of_a_sample_covers_the_truth() {
    let mut stream = Seed(12).stream("cache/tests");
    let zipf = Zipf::new(60_000, 0.8).unwrap();
    let ids: Vec<u32> = (0..400_000).map(|_| zipf.draw(&mut stream)).collect();
    let (mut covered, mut all, mut widest) = (0, 0, 0.0_f64);
    for policy in Policy::ALL {
        for slots in [5_000, 9_000, 16_000, 30_000] {
            let seen = sampled(slots, false, &ids, &[], |room, ids, _| {
                let slots = u32::try_from(room).unwrap();
                Misses { misses: replay(policy, slots, ids), bytes: 0 }
            });
            assert!(seen.one_in >= 16, "a sample");
            let truth = replay(policy, u32::try_from(slots).unwrap(), &ids) as f64 / 400_000.0;
            let off = (seen.requests.mean - truth).abs();
            all += 1;
            covered += usize::from(off <= seen.requests.error);
            widest = widest.max(seen.requests.error);
        }
    }
    assert!(widest < 0.02, "an error of {widest} says nothing");
    // 95 % of 28 are 26.6; the cases are not independent, so two more may be out.
    assert!(covered >= 24, "{covered} of {all}");
}

#[test]
fn a_cache_without_slots_holds_nothing() {
    for policy in Policy::ALL {
        let mut cache = Cache::new(policy, 0);
        assert!(!cache.request(1) && !cache.request(1));
        assert!(!cache.request(u32::MAX) && cache.held() == 0);
        assert_eq!(replay(policy, 0, &[1, 1]), 2);
    }
    assert_eq!(belady(0, &next_uses(&[1, 1])), 2);
}

#[test]
fn sizes_of_a_curve_are_spaced_evenly() {
    assert_eq!(log_spaced(1, 1_000, 4), [1, 10, 100, 1_000]);
    assert_eq!(log_spaced(5, 5, 9), [5]);
    assert_eq!(log_spaced(1, 4, 20), [1, 2, 3, 4]);
}
