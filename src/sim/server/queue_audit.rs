//! The books of a pool, in whole nanoseconds: what its levels say and what its jobs say must agree.
//!
//! Little's law (Little 1961) on a window is an identity: the integral of the number inside is the
//! sum of the times that jobs spent inside, those still there counted up to now. So is the
//! utilisation law: the integral of the number of busy servers is the sum of the times for which
//! servers were held. Neither holds by itself: levels are kept by the pool, times by the jobs.
//!
//! To compare them is a walk over all jobs. A mistake stays in the sums for ever, so that a later walk
//! finds it as well: a walk is made only when as much has happened since the last as it costs, and at
//! the end of the run. A queue that grows without bound is audited in time linear in what happened.

use crate::units::{Instant, Span};

/// Says when a walk over all jobs is due.
#[derive(Debug, Default)]
pub struct AuditPace {
    /// What has happened since the last walk: jobs that came, went or were looked for.
    operations: usize,
}

impl AuditPace {
    /// Something has happened that took constant time.
    pub const fn operated(&mut self) {
        self.operations = self.operations.saturating_add(1);
    }

    /// Whether a walk over this many jobs costs no more than what has happened since the last walk, which
    /// this one follows if so. The last walk of a run is always due.
    pub const fn is_due(&mut self, jobs: usize, last: bool) -> bool {
        let due = last || self.operations >= jobs;
        if due {
            self.operations = 0;
        }
        due
    }
}

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
    /// When the jobs inside are walked over.
    pace: AuditPace,
}

impl QueueAudit {
    /// Time goes on to `now` with these levels since it last did.
    pub fn advance(&mut self, now: Instant, inside: usize, busy: usize) {
        let passed = u128::from(now.as_nanos().saturating_sub(self.at));
        self.at = self.at.max(now.as_nanos());
        self.inside += passed * inside as u128;
        self.busy += passed * busy as u128;
        self.pace.operated();
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

    /// Whether [`Self::balance`] is due, which looks at this many jobs ([`AuditPace::is_due`]).
    pub const fn is_due(&mut self, jobs: usize, last: bool) -> bool {
        self.pace.is_due(jobs, last)
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
        let (spent, held) = self.times(now, within);
        assert_eq!(self.inside, spent, "{what}: the number inside and the times spent (Little)");
        assert_eq!(self.busy, held, "{what}: busy servers and the times for which they were held");
    }

    /// What all jobs have spent inside up to now, and for how long they have held a server.
    fn times(
        &self,
        now: Instant,
        within: impl Iterator<Item = (Instant, Option<Instant>)>,
    ) -> (u128, u128) {
        within.fold((self.spent, self.held), |(spent, held), (came, began)| {
            let since = |then: Instant| u128::from(now.since(then).as_nanos());
            (spent + since(came), held + began.map_or(0, since))
        })
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

    /// A job comes at each of 1,000 instants and none leaves; the pool counts all of them, and one is
    /// forgotten by those that keep the jobs. Gives at which instant a walk over the jobs finds that, and
    /// how many jobs were looked at.
    fn forgets(one: u64, is_due: impl Fn(&mut QueueAudit, usize, bool) -> bool) -> (u64, usize) {
        let (mut audit, mut jobs, mut looked_at) = (QueueAudit::default(), Vec::new(), 0);
        let mut found = u64::MAX;
        for (now, level) in (0..1_000).zip(0..) {
            audit.advance(at(now), level, 0);
            if now != one {
                jobs.push((at(now), None));
            }
            if is_due(&mut audit, jobs.len(), now == 999) {
                looked_at += jobs.len();
                let (spent, _) = audit.times(at(now), jobs.iter().copied());
                found = found.min(if spent == audit.inside { u64::MAX } else { now });
            }
        }
        (found, looked_at)
    }

    #[test]
    fn walks_that_are_due_find_what_a_walk_at_each_instant_finds_and_cost_little() {
        for one in [0, 1, 7, 433, 998] {
            let (at_once, looked_at) = forgets(one, |_, _, _| true);
            assert!(at_once == one + 1 && looked_at > 400_000, "{at_once} {looked_at}");
            let (found, looked_at) = forgets(one, QueueAudit::is_due);
            assert!((one + 1..1_000).contains(&found), "{one} was found at {found}");
            assert!(looked_at <= 2_000, "{looked_at}");
        }
        let (found, _) = forgets(u64::MAX, QueueAudit::is_due);
        assert_eq!(found, u64::MAX, "nothing is forgotten");
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
