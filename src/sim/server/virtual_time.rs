//! Jobs that are all worked on at once, at the same speed.
//!
//! Virtual time is the work that a job has got which was there all along: a job ends when it has grown by its
//! work, whoever comes and goes meanwhile (Parekh and Gallager, "A Generalized Processor Sharing Approach to
//! Flow Control", IEEE/ACM Transactions on Networking 1(3), 1993). How fast it grows is the caller's.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Work is counted in the caller's unit, which should be so fine that rounding does not matter.
#[derive(Clone, Debug)]
pub struct VirtualTime<J> {
    now: u128,
    /// By virtual end, then by order of arrival.
    jobs: BinaryHeap<Reverse<(u128, u64, J)>>,
    /// Jobs that are done and have not been taken.
    done: VecDeque<J>,
    /// Counts arrivals.
    serial: u64,
    /// Work of all jobs that came, less what was left of those withdrawn.
    given: u128,
}

impl<J: Copy + Ord> Default for VirtualTime<J> {
    fn default() -> Self {
        let (jobs, done) = (BinaryHeap::new(), VecDeque::new());
        Self { now: 0, jobs, done, serial: 0, given: 0 }
    }
}

impl<J: Copy + Ord> VirtualTime<J> {
    /// How many jobs are worked on.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether nothing is worked on.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// Whether a job is done that nobody has taken.
    pub fn has_done(&self) -> bool {
        !self.done.is_empty()
    }

    /// A job with this much work comes.
    pub fn add(&mut self, job: J, work: u128) {
        self.given += work;
        self.serial += 1;
        self.jobs.push(Reverse((self.now + work, self.serial, job)));
    }

    /// What is left of the work of the job that ends first.
    pub fn least_left(&self) -> Option<u128> {
        self.jobs.peek().map(|&Reverse((end, ..))| end - self.now)
    }

    /// Every job has got this much more, which is at most [`Self::least_left`].
    pub fn grow(&mut self, work: u128) {
        if !self.jobs.is_empty() {
            self.now += work;
        }
    }

    /// The job that ends first has got all of its work.
    pub fn end_first(&mut self) {
        if let Some(Reverse((end, _, job))) = self.jobs.pop() {
            self.now = end;
            self.done.push_back(job);
        }
        self.rewind();
    }

    /// A job that is done, in the order in which they end.
    pub fn take_done(&mut self) -> Option<J> {
        self.done.pop_front()
    }

    /// Takes a job out, if it is there: what was left of its work is done by nobody.
    pub fn withdraw(&mut self, job: J) {
        let mut left = 0;
        self.jobs.retain(|&Reverse((end, _, other))| {
            if other == job {
                left += end - self.now;
            }
            other != job
        });
        self.given -= left;
        self.done.retain(|&other| other != job);
        self.rewind();
    }

    /// The work that all jobs have got.
    pub fn got(&self) -> u128 {
        let left: u128 = self.jobs.iter().map(|Reverse((end, ..))| end - self.now).sum();
        self.given - left
    }

    /// Nobody has been there all along: it may begin anew, and never grows too large.
    fn rewind(&mut self) {
        if self.jobs.is_empty() {
            self.now = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_ends_when_it_has_grown_by_its_work() {
        let mut jobs = VirtualTime::default();
        jobs.add('a', 100);
        jobs.grow(60);
        jobs.add('b', 30);
        assert_eq!((jobs.len(), jobs.least_left(), jobs.got()), (2, Some(30), 60));
        jobs.grow(10);
        jobs.end_first();
        assert_eq!((jobs.take_done(), jobs.least_left(), jobs.got()), (Some('b'), Some(10), 120));
        // What is left of one that is withdrawn was never given.
        jobs.add('c', 7);
        jobs.grow(5);
        jobs.withdraw('a');
        assert_eq!((jobs.len(), jobs.least_left(), jobs.got()), (1, Some(2), 130));
        jobs.end_first();
        assert!(jobs.has_done() && jobs.is_empty());
        // Nobody grows.
        jobs.grow(1_000);
        jobs.withdraw('c');
        assert!(!jobs.has_done());
        jobs.add('d', 3);
        assert_eq!((jobs.least_left(), jobs.got()), (Some(3), 132));
    }
}
