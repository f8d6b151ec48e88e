//! The books of a pool, in whole nanoseconds: what its levels say and what its jobs say must agree.
//!
//! Little's law (Little 1961) on a window is an identity: the integral of the number inside is the
//! sum of the times that jobs spent inside, those still there counted up to now. So is the
//! utilisation law: the integral of the number of busy servers is the sum of the times for which
//! servers were held. Neither holds by itself: levels are kept by the pool, times by the jobs.

use crate::units::{Instant, Span};

/// Integrals of a pool's levels, and sums over the jobs that have left it.
#[derive(Debug, Default)]
pub struct QueueAudit {
    /// Up to when the integrals go.
    at: u64,
    /// Of the number inside, in nanosecond-jobs.
    inside: u128,
    /// Of the number of busy servers, in nanosecond-servers.
    busy: u128,
    /// What jobs that have left spent inside, in nanoseconds.
    spent: u128,
    /// For how long they held a server, in nanoseconds.
    held: u128,
}

impl QueueAudit {
    /// Time goes on to `now` with these levels since it last did.
    pub fn advance(&mut self, now: Instant, inside: usize, busy: usize) {
        let passed = u128::from(now.as_nanos().saturating_sub(self.at));
        self.at = self.at.max(now.as_nanos());
        self.inside += passed * inside as u128;
        self.busy += passed * busy as u128;
    }

    /// The integral of the number inside, in nanosecond-jobs.
    pub const fn inside(&self) -> u128 {
        self.inside
    }

    /// A job has left after `spent` inside, of which it held a server for `held`.
    pub fn left(&mut self, spent: Span, held: Span) {
        self.spent += u128::from(spent.as_nanos());
        self.held += u128::from(held.as_nanos());
    }

    /// Compares the integrals with the sums. `within` are the jobs still inside: when each came, and
    /// since when it has a server.
    ///
    /// # Panics
    /// When they differ: a bug in the model.
    pub fn balance(
        &self,
        what: &str,
        now: Instant,
        within: impl Iterator<Item = (Instant, Option<Instant>)>,
    ) {
        let (mut spent, mut held) = (self.spent, self.held);
        for (came, began) in within {
            spent += u128::from(now.since(came).as_nanos());
            held += began.map_or(0, |began| u128::from(now.since(began).as_nanos()));
        }
        assert_eq!(self.inside, spent, "{what}: the number inside and the times spent (Little)");
        assert_eq!(self.busy, held, "{what}: busy servers and the times for which they were held");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    /// One job from 0 to 10 with a server, another from 4, which gets it at 10, seen at 13.
    fn audit(held: u64) -> QueueAudit {
        let mut audit = QueueAudit::default();
        audit.advance(at(4), 1, 1);
        audit.advance(at(10), 2, 1);
        audit.left(Span::from_nanos(10), Span::from_nanos(held));
        audit.advance(at(13), 1, 1);
        audit
    }

    #[test]
    fn levels_and_times_agree() {
        audit(10).balance("pool", at(13), [(at(4), Some(at(10)))].into_iter());
    }

    #[test]
    #[should_panic(expected = "Little")]
    fn a_job_that_was_forgotten_is_noticed() {
        audit(10).balance("pool", at(13), std::iter::empty());
    }

    #[test]
    #[should_panic(expected = "held")]
    fn a_nanosecond_that_was_worked_twice_is_noticed() {
        audit(11).balance("pool", at(13), [(at(4), Some(at(10)))].into_iter());
    }
}
