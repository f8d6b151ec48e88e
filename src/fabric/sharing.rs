//! Egalitarian processor sharing (Kleinrock 1967): all jobs are worked on at once, each at the rate
//! min(1, servers / jobs).
//!
//! Virtual time is the work that a job gets which has been there all along: it runs at that rate,
//! so a job ends when it has grown by its work, whoever comes and goes meanwhile. Both times are
//! kept in 2^-48 ns, departures are placed there one by one, and only what is told to the outside is
//! rounded up to whole nanoseconds.

use crate::units::{Instant, Span};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

/// Parts of a nanosecond: 2^48 of them.
const FINE: u32 = 48;

/// Jobs that share servers. It says who is done and when the next will be; it never schedules.
#[derive(Debug)]
pub struct Sharing<J> {
    servers: u128,
    /// The instant, in fine units, to which everything below belongs.
    at: u128,
    /// The virtual time then, in fine units.
    virtual_now: u128,
    /// By virtual finish, then by order of arrival; with their work.
    jobs: BinaryHeap<Reverse<(u128, u64, J)>>,
    /// Jobs that are done and have not been taken.
    done: VecDeque<J>,
    /// Counts arrivals.
    serial: u64,
    /// The integral of min(jobs, servers), in fine nanosecond-servers.
    busy: u128,
    /// Work of all jobs that came, in fine units.
    given: u128,
    /// What rounding can have made of the two, at most.
    rounding: u128,
}

impl<J: Copy + Ord> Sharing<J> {
    /// Nobody at `servers` servers.
    #[must_use]
    pub fn new(servers: u32) -> Self {
        Self {
            servers: u128::from(servers.max(1)),
            at: 0,
            virtual_now: 0,
            jobs: BinaryHeap::new(),
            done: VecDeque::new(),
            serial: 0,
            busy: 0,
            given: 0,
            rounding: 0,
        }
    }

    /// A job with this much work comes.
    pub fn add(&mut self, job: J, work: Span, now: Instant) {
        self.advance(now);
        let work = u128::from(work.as_nanos()) << FINE;
        self.given += work;
        self.serial += 1;
        self.jobs.push(Reverse((self.virtual_now + work, self.serial, job)));
    }

    /// A job that is done by `now`, in the order in which they end.
    pub fn take_done(&mut self, now: Instant) -> Option<J> {
        self.advance(now);
        self.done.pop_front()
    }

    /// When the next job is done if nobody comes before.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let end = if self.done.is_empty() { self.next_end()? } else { self.at };
        let nanos = end.div_ceil(1 << FINE);
        Some(Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// When the first of the jobs ends, in fine units.
    fn next_end(&self) -> Option<u128> {
        let &Reverse((finish, ..)) = self.jobs.peek()?;
        let left = finish - self.virtual_now;
        let count = self.jobs.len() as u128;
        let takes = if count <= self.servers {
            left
        } else {
            left.saturating_mul(count).div_ceil(self.servers)
        };
        Some(self.at.saturating_add(takes))
    }

    fn advance(&mut self, now: Instant) {
        let now = u128::from(now.as_nanos()) << FINE;
        while let Some(end) = self.next_end().filter(|&end| end <= now) {
            self.pass(end);
            if let Some(Reverse((finish, _, job))) = self.jobs.pop() {
                self.virtual_now = finish;
                self.done.push_back(job);
            }
        }
        if now > self.at {
            let passed = self.pass(now);
            let count = self.jobs.len() as u128;
            self.virtual_now +=
                if count <= self.servers { passed } else { passed * self.servers / count };
        }
        if self.jobs.is_empty() {
            self.virtual_now = 0;
        }
    }

    /// Real time goes on to `to` without anybody coming or going. Gives what has passed.
    fn pass(&mut self, to: u128) -> u128 {
        let passed = to - self.at;
        self.at = to;
        let count = self.jobs.len() as u128;
        self.busy += passed * count.min(self.servers);
        if count > self.servers {
            // Each job's share is off by less than one fine unit.
            self.rounding += count;
        }
        passed
    }

    /// The work done and the work given agree: busy time is the sum of services, those under way
    /// counted up to now, to within the 2^-48 ns to which each share is rounded.
    ///
    /// # Panics
    /// When they differ by more: a bug in the model.
    pub fn balance(&mut self, what: &str, now: Instant) {
        self.advance(now);
        let left: u128 =
            self.jobs.iter().map(|Reverse((finish, ..))| finish - self.virtual_now).sum();
        let done = self.given - left;
        let off = self.busy.abs_diff(done);
        assert!(off <= self.rounding, "{what}: busy time and services given: {off} / 2^48 ns");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(nanos: u64) -> Instant {
        Instant::from_nanos(nanos)
    }

    /// Ends of jobs (number, comes, work), by following what `next` says.
    fn ends(servers: u32, jobs: &[(u32, u64, u64)]) -> Vec<(u32, u64)> {
        let mut pool = Sharing::new(servers);
        let mut ends = Vec::new();
        let mut take = |pool: &mut Sharing<u32>, until: u64| {
            while let Some(next) = pool.next().filter(|next| next.as_nanos() <= until) {
                while let Some(job) = pool.take_done(next) {
                    ends.push((job, next.as_nanos()));
                }
                pool.balance("test", next);
            }
        };
        for &(job, comes, work) in jobs {
            take(&mut pool, comes);
            pool.add(job, Span::from_nanos(work), at(comes));
        }
        take(&mut pool, u64::MAX - 1);
        ends
    }

    #[test]
    fn jobs_that_end_together_end_in_the_order_in_which_they_came() {
        for servers in [1, 4] {
            let mut pool = Sharing::new(servers);
            let came = [7, 3, 9, 1, 5];
            came.iter().for_each(|&job| pool.add(job, Span::from_nanos(10), at(0)));
            let ended: Vec<_> = std::iter::from_fn(|| pool.take_done(at(1_000))).collect();
            assert_eq!(ended, came, "{servers} servers");
        }
    }

    #[test]
    fn one_alone_is_not_slowed() {
        assert_eq!(ends(1, &[(1, 5, 100)]), [(1, 105)]);
        assert_eq!(ends(2, &[(1, 5, 100), (2, 6, 10)]), [(2, 16), (1, 105)]);
    }

    #[test]
    fn two_on_one_server_go_at_half_the_speed() {
        // 100 alone until 40; then 60 and 20 share: the second ends at 80, the first has 40 left.
        assert_eq!(ends(1, &[(1, 0, 100), (2, 40, 20)]), [(2, 80), (1, 120)]);
        // Three on two servers: two thirds of the speed each.
        assert_eq!(ends(2, &[(1, 0, 10), (2, 0, 10), (3, 0, 10)]), [(1, 15), (2, 15), (3, 15)]);
    }

    #[test]
    fn ends_are_rounded_up_and_nothing_is_lost_by_it() {
        // Three of 1, 2 and 3 on one: ends at 3, 5 and 6. Of 1 on two: 3/2, told as 2.
        assert_eq!(ends(1, &[(1, 0, 1), (2, 0, 2), (3, 0, 3)]), [(1, 3), (2, 5), (3, 6)]);
        assert_eq!(ends(2, &[(1, 0, 1), (2, 0, 1), (3, 0, 2)]), [(1, 2), (2, 2), (3, 3)]);
    }

    #[test]
    fn no_work_is_done_at_once() {
        assert_eq!(ends(1, &[(1, 0, 10), (2, 4, 0)]), [(2, 4), (1, 10)]);
    }

    #[test]
    fn a_busy_server_loses_no_time_over_a_million_departures() {
        // Always three on one server: whatever the shares, the work is done when it is done.
        let jobs: Vec<(u32, u64, u64)> = (0..300_000).map(|job| (job, 0, 7)).collect();
        let ends = ends(1, &jobs[..3]);
        assert_eq!(ends.last(), Some(&(2, 21)));
        let mut pool = Sharing::new(1);
        for &(job, _, work) in &jobs {
            pool.add(job, Span::from_nanos(work), at(u64::from(job)));
        }
        while let Some(next) = pool.next() {
            if pool.take_done(next).is_some() && pool.jobs.is_empty() && pool.done.is_empty() {
                assert!((2_100_000..=2_100_001).contains(&next.as_nanos()), "{next:?}");
            }
        }
    }
}
