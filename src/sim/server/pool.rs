//! A pool of servers with a bounded queue: the manifest service's slots, the database's connections.

use crate::model::Discipline;
use crate::sim::server::queue_audit::QueueAudit;
use crate::units::{Instant, Span};
use std::collections::VecDeque;

/// Servers and those who wait for one. It decides who goes next; it never schedules.
#[derive(Debug)]
pub struct Pool<J> {
    servers: usize,
    /// Jobs that are worked on: more than servers only where they share them.
    busy: usize,
    /// By class, the high one first; within a class the longest wait first.
    waiting: [VecDeque<(J, Instant)>; 2],
    /// How many may wait.
    bound: usize,
    discipline: Discipline,
    /// Since when somebody has been waiting all the time; of no meaning while nobody waits.
    standing_since: Instant,
    /// A queue that stands for this long is one that does not go away by itself.
    standing: Span,
    audit: QueueAudit,
}

/// What becomes of a job that is offered.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Offer {
    /// A server was free: it starts.
    Starts,
    /// It waits.
    Waits,
    /// The queue was full.
    Refused,
}

/// Whom a pool with priorities takes first.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Before all of the other class.
    High,
    /// Only when nobody of the high class waits. Where there are no classes, all are of this one.
    Low,
}

impl<J: Copy> Pool<J> {
    /// An idle pool; `bound` of `None` is a queue without bound.
    #[must_use]
    pub fn new(servers: u32, bound: Option<u32>, discipline: Discipline) -> Self {
        Self {
            servers: servers as usize,
            busy: 0,
            waiting: [VecDeque::new(), VecDeque::new()],
            bound: bound.map_or(usize::MAX, |bound| bound as usize),
            discipline,
            standing_since: Instant::ZERO,
            standing: Span::MAX,
            audit: QueueAudit::default(),
        }
    }

    /// A queue that has not been empty for this long is treated as one that stands.
    #[must_use]
    pub const fn standing_after(mut self, standing: Span) -> Self {
        self.standing = standing;
        self
    }

    /// Whether the queue, out of which a job has just been taken or not, has been standing for long.
    #[must_use]
    pub fn stands(&self, now: Instant) -> bool {
        now.since(self.standing_since) >= self.standing
    }

    /// Offers a job.
    pub fn offer(&mut self, job: J, class: Class, now: Instant) -> Offer {
        self.advance(now);
        let at_once = match self.discipline {
            Discipline::ProcessorSharing => self.servers.saturating_add(self.bound),
            _ => self.servers,
        };
        if self.busy < at_once {
            self.busy += 1;
            return Offer::Starts;
        }
        if self.waiting() >= self.bound || self.discipline == Discipline::ProcessorSharing {
            return Offer::Refused;
        }
        if self.waiting() == 0 {
            self.standing_since = now;
        }
        self.waiting[class as usize].push_back((job, now));
        Offer::Waits
    }

    /// A server has finished. The job that it takes next, with the instant at which that came; the
    /// server is idle if there is none.
    ///
    /// # Panics
    /// When no server was busy: a bug in the model.
    pub fn release(&mut self, now: Instant) -> Option<(J, Instant)> {
        assert!(self.busy > 0, "a server was released that did not work");
        self.advance(now);
        self.busy -= 1;
        self.take(now)
    }

    /// From now on there are so many servers. Where there are fewer than jobs that are worked on, no
    /// job is interrupted: servers go as they are released. Whoever waits is to be taken then, one by
    /// one, by [`Self::take`].
    pub const fn resize(&mut self, servers: usize) {
        self.servers = servers;
    }

    /// A job that waits gets a server, if one is idle; with the instant at which it came.
    pub fn take(&mut self, now: Instant) -> Option<(J, Instant)> {
        self.advance(now);
        if self.busy >= self.servers {
            return None;
        }
        let newest = match self.discipline {
            Discipline::Lifo => true,
            Discipline::AdaptiveLifo => self.stands(now),
            Discipline::Fifo | Discipline::Priority | Discipline::ProcessorSharing => false,
        };
        let [high, low] = &mut self.waiting;
        let next = match newest {
            true => low.pop_back(),
            false => high.pop_front().or_else(|| low.pop_front()),
        };
        self.busy += usize::from(next.is_some());
        next
    }

    /// Takes the job out that has waited longest, if it has waited for `bound` or more.
    pub fn expire(&mut self, now: Instant, bound: Span) -> Option<(J, Instant)> {
        self.advance(now);
        let since = |queue: &VecDeque<(J, Instant)>| queue.front().map(|&(_, since)| since);
        let oldest = self.waiting.iter_mut().filter(|queue| !queue.is_empty());
        let queue = oldest.min_by_key(|queue| since(queue))?;
        if now.since(since(queue)?) < bound {
            return None;
        }
        queue.pop_front()
    }

    /// Takes a job out that waits, whose caller wants it no more. False if it does not wait here.
    pub fn withdraw(&mut self, job: J, now: Instant) -> bool
    where
        J: PartialEq,
    {
        for class in 0..self.waiting.len() {
            if let Some(at) = self.waiting[class].iter().position(|&(waits, _)| waits == job) {
                self.advance(now);
                self.waiting[class].remove(at);
                return true;
            }
        }
        false
    }

    /// Nobody has a server any more, and nobody waits.
    pub fn clear(&mut self, now: Instant) {
        self.advance(now);
        self.busy = 0;
        self.waiting.iter_mut().for_each(VecDeque::clear);
    }

    /// The integral of the number inside, in nanoseconds, up to now.
    pub fn inside(&mut self, now: Instant) -> u128 {
        self.advance(now);
        self.audit.inside()
    }

    /// How many wait, or have no server to themselves where all share them.
    #[must_use]
    pub fn queued(&self) -> u64 {
        (self.waiting() + self.busy.saturating_sub(self.servers)) as u64
    }

    /// How many servers work.
    #[must_use]
    pub fn busy(&self) -> u64 {
        self.busy.min(self.servers) as u64
    }

    fn waiting(&self) -> usize {
        self.waiting.iter().map(VecDeque::len).sum()
    }

    fn advance(&mut self, now: Instant) {
        self.audit.advance(now, self.busy + self.waiting(), self.busy);
    }

    /// A job that was let in at `came` leaves at `now`; `began` is when it got a server.
    pub fn left(&mut self, came: Instant, began: Option<Instant>, now: Instant) {
        let held = began.map_or(Span::ZERO, |began| now.since(began));
        self.audit.left(now.since(came), held);
    }

    /// Compares the integrals of the levels with the times of the jobs; `within` are those that are
    /// in the pool now: when each came, and since when it has a server. They are looked at when as much
    /// has happened since they last were, and at the end of a run, where this is the `last` time.
    ///
    /// # Panics
    /// When they differ: a bug in the model.
    pub fn balance(
        &mut self,
        what: &str,
        now: Instant,
        last: bool,
        within: impl Iterator<Item = (Instant, Option<Instant>)>,
    ) {
        self.advance(now);
        let most = within.size_hint().1.unwrap_or(usize::MAX);
        if self.audit.is_due(most, last) {
            self.audit.balance(what, now, within);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Span::from_millis(millis)
    }

    #[test]
    fn servers_then_queue_then_refusal() {
        let mut pool = Pool::new(2, Some(1), Discipline::Fifo);
        let offers: Vec<Offer> = (0..4).map(|job| pool.offer(job, Class::Low, at(job))).collect();
        assert_eq!(offers, [Offer::Starts, Offer::Starts, Offer::Waits, Offer::Refused]);
        assert_eq!((pool.busy(), pool.queued()), (2, 1));
        assert_eq!(pool.release(at(9)), Some((2, at(2))));
        assert_eq!((pool.busy(), pool.queued()), (2, 0));
        assert_eq!(pool.release(at(9)), None);
        assert_eq!(pool.release(at(9)), None);
        assert_eq!(pool.busy(), 0);
    }

    #[test]
    fn the_discipline_says_who_is_next() {
        for (discipline, next) in [(Discipline::Fifo, 1), (Discipline::Lifo, 3)] {
            let mut pool = Pool::new(1, None, discipline);
            (0..4).for_each(|job| {
                pool.offer(job, Class::Low, at(job));
            });
            assert_eq!(pool.release(at(9)).map(|(job, _)| job), Some(next));
        }
    }

    #[test]
    fn a_queue_that_stands_is_taken_from_its_end() {
        let mut pool =
            Pool::new(1, None, Discipline::AdaptiveLifo).standing_after(Span::from_millis(100));
        (0..5).for_each(|job| {
            pool.offer(job, Class::Low, at(job));
        });
        assert_eq!(pool.release(at(100)).map(|(job, _)| job), Some(1), "since 1 ms");
        assert_eq!(pool.release(at(101)).map(|(job, _)| job), Some(4));
        assert!(pool.stands(at(101)));
        assert_eq!(pool.release(at(102)).map(|(job, _)| job), Some(3));
        assert_eq!(pool.release(at(102)).map(|(job, _)| job), Some(2));
        pool.offer(7, Class::Low, at(110));
        pool.offer(8, Class::Low, at(110));
        assert!(!pool.stands(at(111)), "it was empty");
        assert_eq!(pool.release(at(111)).map(|(job, _)| job), Some(7));
    }

    #[test]
    fn the_high_class_goes_first_and_each_in_its_order() {
        let mut pool = Pool::new(1, None, Discipline::Priority);
        let classes = [Class::Low, Class::Low, Class::High, Class::Low, Class::High];
        for (job, class) in (0..).zip(classes) {
            pool.offer(job, class, at(job));
        }
        let next: Vec<u64> =
            std::iter::from_fn(|| pool.release(at(9)).map(|(job, _)| job)).collect();
        assert_eq!(next, [2, 4, 1, 3]);
    }

    #[test]
    fn the_one_that_has_waited_longest_expires_whatever_its_class() {
        let mut pool = Pool::new(1, None, Discipline::Priority);
        for (job, class) in (0..).zip([Class::Low, Class::Low, Class::High]) {
            pool.offer(job, class, at(job));
        }
        assert_eq!(pool.expire(at(9), Span::from_millis(1)), Some((1, at(1))));
        assert_eq!(pool.expire(at(9), Span::from_millis(1)), Some((2, at(2))));
    }

    #[test]
    fn who_shares_is_let_in_up_to_the_bound_in_jobs() {
        let mut pool = Pool::new(2, Some(1), Discipline::ProcessorSharing);
        let offers: Vec<Offer> = (0..4).map(|job| pool.offer(job, Class::Low, at(job))).collect();
        assert_eq!(offers, [Offer::Starts, Offer::Starts, Offer::Starts, Offer::Refused]);
        assert_eq!((pool.busy(), pool.queued()), (2, 1));
        assert_eq!(pool.release(at(9)), None);
        assert_eq!((pool.busy(), pool.queued()), (2, 0));
    }

    #[test]
    fn servers_that_are_taken_away_finish_and_new_ones_take_who_waits_in_order() {
        let mut pool = Pool::new(3, None, Discipline::Fifo);
        (0..6).for_each(|job| {
            pool.offer(job, Class::Low, at(job));
        });
        pool.resize(1);
        assert_eq!((pool.release(at(10)), pool.release(at(10))), (None, None), "two servers go");
        assert_eq!(pool.take(at(11)), None, "the one that is left works");
        assert_eq!(pool.release(at(12)), Some((3, at(3))));
        pool.resize(3);
        let next: Vec<_> = std::iter::from_fn(|| pool.take(at(20)).map(|(job, _)| job)).collect();
        assert_eq!((next, pool.take(at(20))), (vec![4, 5], None));
        // Jobs 0, 1 and 2 held a server up to 10, 10 and 12, job 3 since 12, the last two since 20.
        for (job, left) in [(0, 10), (1, 10), (2, 12)] {
            pool.left(at(job), Some(at(job)), at(left));
        }
        let within = [(3, 12), (4, 20), (5, 20)].map(|(came, began)| (at(came), Some(at(began))));
        pool.balance("pool", at(30), true, within.into_iter());
    }

    #[test]
    fn only_who_has_waited_long_enough_expires() {
        let mut pool = Pool::new(1, None, Discipline::Fifo);
        (0..3).for_each(|job| {
            pool.offer(job, Class::Low, at(10 * job));
        });
        let bound = Span::from_millis(100);
        assert_eq!(pool.expire(at(109), bound), None);
        assert_eq!(pool.expire(at(110), bound), Some((1, at(10))));
        assert_eq!(pool.expire(at(110), bound), None);
        assert_eq!(pool.busy(), 1, "expiry frees no server");
    }

    #[test]
    fn who_waits_can_be_withdrawn() {
        let mut pool = Pool::new(1, None, Discipline::Fifo);
        (0..4).for_each(|job| {
            pool.offer(job, Class::Low, at(job));
        });
        assert!(pool.withdraw(2, at(5)) && !pool.withdraw(2, at(5)));
        assert!(!pool.withdraw(0, at(5)), "it has the server");
        assert_eq!((pool.queued(), pool.release(at(9))), (2, Some((1, at(1)))));
        assert_eq!(pool.release(at(9)), Some((3, at(3))));
    }

    #[test]
    #[should_panic(expected = "did not work")]
    fn releasing_an_idle_server_is_a_bug() {
        Pool::<u8>::new(1, None, Discipline::Fifo).release(Instant::ZERO);
    }
}
