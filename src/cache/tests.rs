//! Each policy against a list that is searched from end to end.

use super::{Cache, Policy};
use crate::engine::Seed;

/// Objects from old to new, each with its bit; SIEVE's hand is an object.
struct Naive {
    policy: Policy,
    slots: usize,
    list: Vec<(u32, bool)>,
    hand: Option<u32>,
}

impl Naive {
    fn request(&mut self, object: u32) -> bool {
        if let Some(at) = self.list.iter().position(|held| held.0 == object) {
            match self.policy {
                Policy::Fifo => {}
                Policy::Lru => self.list[at..].rotate_left(1),
                Policy::Clock | Policy::Sieve => self.list[at].1 = true,
            }
            return true;
        }
        if self.list.len() == self.slots {
            self.evict();
        }
        self.list.push((object, false));
        false
    }

    fn evict(&mut self) {
        if self.policy == Policy::Clock {
            while self.list[0].1 {
                self.list[0].1 = false;
                self.list.rotate_left(1);
            }
        }
        let mut at = 0;
        if self.policy == Policy::Sieve {
            let hand = self.hand;
            at = self.list.iter().position(|held| Some(held.0) == hand).unwrap_or(0);
            while self.list[at].1 {
                self.list[at].1 = false;
                at = (at + 1) % self.list.len();
            }
            self.hand = self.list.get(at + 1).map(|held| held.0);
        }
        self.list.remove(at);
    }
}

#[test]
fn every_policy_answers_as_a_naive_list_does() {
    let mut stream = Seed(11).stream("cache/tests");
    for policy in [Policy::Lru, Policy::Fifo, Policy::Clock, Policy::Sieve] {
        for slots in [1_u32, 2, 3, 7, 20] {
            let mut cache = Cache::new(policy, slots);
            let mut naive = Naive { policy, slots: slots as usize, list: Vec::new(), hand: None };
            for number in 0..4_000 {
                // The smaller of two is asked for more often.
                let object = stream.below(40).min(stream.below(40));
                let object = u32::try_from(object).unwrap();
                let (ours, theirs) = (cache.request(object), naive.request(object));
                assert_eq!(ours, theirs, "{policy:?}, {slots} slots, request {number}");
                assert_eq!(cache.held() as usize, naive.list.len());
            }
        }
    }
}

#[test]
fn a_cache_without_slots_holds_nothing() {
    let mut cache = Cache::new(Policy::Sieve, 0);
    assert!(!cache.request(1) && !cache.request(1));
    assert!(!cache.request(u32::MAX) && cache.held() == 0);
}
