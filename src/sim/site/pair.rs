//! What is under way for one call to the next hop: an attempt, or two beside each other.

use super::Key;
use crate::sim::hop::client::{Attempt, HopClient};
use crate::units::Instant;

/// The attempts of a call, as its caller keeps them. Whichever of two is answered first counts.
#[derive(Debug)]
pub(super) struct HedgedAttempts {
    /// The attempts that it has made, hedges apart.
    pub(super) attempt: Attempt,
    /// The attempt that is under way; `None` between two attempts.
    first: Option<Key>,
    /// The one that has been sent beside it.
    hedge: Option<Box<Hedged>>,
}

/// A second attempt beside the first: what is under way, and how its caller counts it.
#[derive(Clone, Copy, Debug)]
struct Hedged {
    key: Key,
    attempt: Attempt,
}

/// Which of two attempts was answered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Won {
    /// Whether it was the second.
    pub(super) by_hedge: bool,
    /// The other one, if it is under way.
    pub(super) other: Option<Key>,
}

impl HedgedAttempts {
    /// A call that has made no attempt yet.
    pub(super) const fn new(attempt: Attempt) -> Self {
        Self { attempt, first: None, hedge: None }
    }

    /// An attempt has left.
    pub(super) const fn sent(&mut self, key: Key) {
        self.first = Some(key);
    }

    /// A second one has left beside it.
    pub(super) fn hedged(&mut self, key: Key, attempt: Attempt) {
        self.hedge = Some(Box::new(Hedged { key, attempt }));
    }

    /// Whether this attempt is the first of the two.
    pub(super) fn is_first(&self, key: Key) -> bool {
        self.first == Some(key)
    }

    /// Whether this is one of the attempts that the caller waits for.
    pub(super) fn is_out(&self, key: Key) -> bool {
        self.is_first(key) || self.hedge.as_ref().is_some_and(|hedge| hedge.key == key)
    }

    /// Whether two attempts are under way.
    pub(super) const fn is_hedged(&self) -> bool {
        self.hedge.is_some()
    }

    /// An attempt has failed. Says whether nothing is under way any more.
    pub(super) fn failed(&mut self, caller: &mut HopClient, now: Instant, key: Key) -> bool {
        if let Some(mut hedge) = self.hedge.take_if(|hedge| hedge.key == key) {
            caller.failed(now, &mut hedge.attempt);
        } else {
            self.first = None;
            caller.failed(now, &mut self.attempt);
        }
        self.first.is_none() && self.hedge.is_none()
    }

    /// An attempt was answered: the other one that may be under way is given up.
    pub(super) fn answered(&mut self, caller: &mut HopClient, now: Instant, key: Key) -> Won {
        if self.hedge.is_none() {
            self.first = None;
            caller.answered(now, &self.attempt, self.attempt.sent_at());
            return Won { by_hedge: false, other: None };
        }
        self.one_answered(caller, now, key)
    }

    /// One of two was answered.
    #[cold]
    fn one_answered(&mut self, caller: &mut HopClient, now: Instant, key: Key) -> Won {
        let (attempt, first, hedge) = (self.attempt, self.first.take(), self.hedge.take());
        let (by_hedge, other) = match hedge {
            Some(hedge) if hedge.key == key => {
                caller.answered(now, &hedge.attempt, attempt.sent_at());
                (true, first.map(|first| (first, attempt)))
            }
            hedge => {
                caller.answered(now, &attempt, attempt.sent_at());
                (false, hedge.map(|hedge| (hedge.key, hedge.attempt)))
            }
        };
        if let Some((_, attempt)) = other {
            caller.dropped(attempt, true);
        }
        Won { by_hedge, other: other.map(|(key, _)| key) }
    }

    /// The caller gives everything up. What is under way, the first before the second.
    pub(super) fn dropped(&mut self, caller: &mut HopClient) -> impl Iterator<Item = Key> + use<> {
        let (first, hedge) = (self.first.take(), self.hedge.take());
        caller.dropped(self.attempt, first.is_some());
        if let Some(hedge) = &hedge {
            caller.dropped(hedge.attempt, true);
        }
        first.into_iter().chain(hedge.map(|hedge| hedge.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::model::Call;
    use crate::sim::run::slab::Slab;

    const NOW: Instant = Instant::ZERO;

    /// A caller, and two attempts beside each other.
    fn two() -> (HopClient, HedgedAttempts, [Key; 2]) {
        let mut caller = HopClient::new(&Call::plain(), Seed(1), "x");
        let mut slab = Slab::default();
        let keys = [slab.insert(()), slab.insert(())];
        let mut attempts = HedgedAttempts::new(caller.begin(NOW));
        assert_eq!(
            caller.admit(NOW, &mut attempts.attempt),
            crate::sim::hop::client::Admission::Goes
        );
        attempts.sent(keys[0]);
        assert!(!attempts.is_hedged() && attempts.is_out(keys[0]) && !attempts.is_out(keys[1]));
        let hedge = caller.hedge(NOW, &attempts.attempt).unwrap();
        attempts.hedged(keys[1], hedge);
        assert!(attempts.is_hedged() && attempts.is_out(keys[0]) && attempts.is_out(keys[1]));
        assert!(attempts.is_first(keys[0]) && !attempts.is_first(keys[1]));
        (caller, attempts, keys)
    }

    #[test]
    fn whichever_is_answered_first_counts_and_the_other_is_given_up() {
        for number in [0, 1] {
            let (mut caller, mut attempts, keys) = two();
            let won = attempts.answered(&mut caller, NOW, keys[number]);
            assert_eq!(won, Won { by_hedge: number == 1, other: Some(keys[1 - number]) });
            assert!(!attempts.is_out(keys[0]) && !attempts.is_out(keys[1]));
        }
    }

    #[test]
    fn a_call_has_failed_when_both_have() {
        for number in [0, 1] {
            let (mut caller, mut attempts, keys) = two();
            assert!(!attempts.failed(&mut caller, NOW, keys[number]));
            assert!(attempts.is_out(keys[1 - number]));
            assert!(attempts.failed(&mut caller, NOW, keys[1 - number]));
        }
        let (mut caller, mut attempts, keys) = two();
        attempts.failed(&mut caller, NOW, keys[0]);
        let won = attempts.answered(&mut caller, NOW, keys[1]);
        assert_eq!(won, Won { by_hedge: true, other: None });
    }
}
