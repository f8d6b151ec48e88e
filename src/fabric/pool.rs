//! A pool of servers with a bounded queue: the manifest service's slots, the database's connections.

use super::config::Discipline;
use crate::units::{Instant, Span};
use std::collections::VecDeque;

/// Servers and those who wait for one. It decides who goes next; it never schedules.
#[derive(Debug)]
pub struct Pool<J> {
    servers: usize,
    busy: usize,
    /// Longest wait first.
    waiting: VecDeque<(J, Instant)>,
    /// How many may wait.
    bound: usize,
    discipline: Discipline,
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

impl<J: Copy> Pool<J> {
    /// An idle pool; `bound` of `None` is a queue without bound.
    #[must_use]
    pub fn new(servers: u32, bound: Option<u32>, discipline: Discipline) -> Self {
        Self {
            servers: servers as usize,
            busy: 0,
            waiting: VecDeque::new(),
            bound: bound.map_or(usize::MAX, |bound| bound as usize),
            discipline,
        }
    }

    /// Offers a job.
    pub fn offer(&mut self, job: J, now: Instant) -> Offer {
        if self.busy < self.servers {
            self.busy += 1;
            return Offer::Starts;
        }
        if self.waiting.len() >= self.bound {
            return Offer::Refused;
        }
        self.waiting.push_back((job, now));
        Offer::Waits
    }

    /// A server has finished. The job that it takes next, with the instant at which that came; the
    /// server is idle if there is none.
    ///
    /// # Panics
    /// When no server was busy: a bug in the model.
    pub fn release(&mut self) -> Option<(J, Instant)> {
        assert!(self.busy > 0, "a server was released that did not work");
        let next = match self.discipline {
            Discipline::Fifo => self.waiting.pop_front(),
            Discipline::Lifo => self.waiting.pop_back(),
        };
        if next.is_none() {
            self.busy -= 1;
        }
        next
    }

    /// Takes the job out that has waited longest, if it has waited for `bound` or more.
    pub fn expire(&mut self, now: Instant, bound: Span) -> Option<(J, Instant)> {
        let &(_, since) = self.waiting.front()?;
        if now.since(since) < bound {
            return None;
        }
        self.waiting.pop_front()
    }

    /// How many wait.
    #[must_use]
    pub fn queued(&self) -> u64 {
        self.waiting.len() as u64
    }

    /// How many servers work.
    #[must_use]
    pub const fn busy(&self) -> u64 {
        self.busy as u64
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
        let offers: Vec<Offer> = (0..4).map(|job| pool.offer(job, at(job))).collect();
        assert_eq!(offers, [Offer::Starts, Offer::Starts, Offer::Waits, Offer::Refused]);
        assert_eq!((pool.busy(), pool.queued()), (2, 1));
        assert_eq!(pool.release(), Some((2, at(2))));
        assert_eq!((pool.busy(), pool.queued()), (2, 0));
        assert_eq!(pool.release(), None);
        assert_eq!(pool.release(), None);
        assert_eq!(pool.busy(), 0);
    }

    #[test]
    fn the_discipline_says_who_is_next() {
        for (discipline, next) in [(Discipline::Fifo, 1), (Discipline::Lifo, 3)] {
            let mut pool = Pool::new(1, None, discipline);
            (0..4).for_each(|job| {
                pool.offer(job, at(job));
            });
            assert_eq!(pool.release().map(|(job, _)| job), Some(next));
        }
    }

    #[test]
    fn only_who_has_waited_long_enough_expires() {
        let mut pool = Pool::new(1, None, Discipline::Fifo);
        (0..3).for_each(|job| {
            pool.offer(job, at(10 * job));
        });
        let bound = Span::from_millis(100);
        assert_eq!(pool.expire(at(109), bound), None);
        assert_eq!(pool.expire(at(110), bound), Some((1, at(10))));
        assert_eq!(pool.expire(at(110), bound), None);
        assert_eq!(pool.busy(), 1, "expiry frees no server");
    }

    #[test]
    #[should_panic(expected = "did not work")]
    fn releasing_an_idle_server_is_a_bug() {
        Pool::<u8>::new(1, None, Discipline::Fifo).release();
    }
}
