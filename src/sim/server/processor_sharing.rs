//! Egalitarian processor sharing (Kleinrock 1967): all jobs are worked on at once, each at a speed
//! that depends on how many there are: min(1, servers / jobs), or one over a curve's factor.
//!
//! Real and virtual time are kept in 2^-48 ns, departures are placed there one by one, and only what is
//! told to the outside is rounded up to whole nanoseconds.

use crate::model::Curve;
use crate::sim::server::queue_audit::AuditPace;
use crate::sim::server::virtual_time::VirtualTime;
use crate::units::{Instant, Span};

/// Parts of a nanosecond: 2^48 of them.
const FINE: u32 = 48;

/// How fast jobs go, by their number.
#[derive(Debug)]
enum Pace {
    /// So many servers, none of which works on two jobs better than on one.
    Servers(u128),
    /// Each job is slowed by a factor.
    Curve(Curve),
}

impl Pace {
    /// What `count` jobs stretch the time of each by: a numerator and a denominator.
    fn stretch(&self, count: usize) -> (u128, u128) {
        match self {
            Self::Servers(servers) if count as u128 <= *servers => (1, 1),
            Self::Servers(servers) => (count as u128, *servers),
            Self::Curve(curve) => (curve.thousandths(count), 1_000),
        }
    }
}

/// Jobs that share what works on them. It says who is done and when the next will be; it never
/// schedules.
#[derive(Debug)]
pub struct ProcessorSharing<J> {
    pace: Pace,
    /// For when a look at who is done is due; [`Instant::NEVER`] if none is.
    look: Instant,
    /// The instant, in fine units, to which everything below belongs.
    at: u128,
    /// The jobs, by the work that each has got, in fine units.
    jobs: VirtualTime<J>,
    /// The integral of jobs by their speed, in fine nanoseconds of work.
    busy: u128,
    /// What rounding can have made of that and what the jobs got, at most.
    rounding: u128,
    /// When what the jobs got is summed up.
    audit: AuditPace,
}

impl<J: Copy + Ord> ProcessorSharing<J> {
    /// Nobody at `servers` servers.
    #[must_use]
    pub fn new(servers: u32) -> Self {
        Self::at_pace(Pace::Servers(u128::from(servers.max(1))))
    }

    /// Nobody where each job is slowed by how many there are.
    #[must_use]
    pub fn slowed(by: Curve) -> Self {
        Self::at_pace(Pace::Curve(by))
    }

    fn at_pace(pace: Pace) -> Self {
        Self {
            pace,
            look: Instant::NEVER,
            at: 0,
            jobs: VirtualTime::default(),
            busy: 0,
            rounding: 0,
            audit: AuditPace::default(),
        }
    }

    /// A job with this much work comes.
    pub fn add(&mut self, job: J, work: Span, now: Instant) {
        self.advance(now);
        self.jobs.add(job, u128::from(work.as_nanos()) << FINE);
    }

    /// A job that is done by `now`, in the order in which they end.
    pub fn take_done(&mut self, now: Instant) -> Option<J> {
        if self.look <= now {
            self.look = Instant::NEVER;
        }
        self.advance(now);
        self.jobs.take_done()
    }

    /// Takes a job out whose caller wants it no more, if it is there: the others go on faster. What
    /// was left of its work is done by nobody.
    pub fn withdraw(&mut self, job: J, now: Instant) {
        self.advance(now);
        self.jobs.withdraw(job);
    }

    /// When the next look is to be made at who is done, unless one is due by then. One that turns out
    /// too early, because others came, has to look again.
    pub fn look_at(&mut self) -> Option<Instant> {
        let next = self.next().filter(|&next| next < self.look)?;
        self.look = next;
        Some(next)
    }

    /// When the next job is done if nobody comes before.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let end = if self.jobs.has_done() { self.at } else { self.next_end()? };
        let nanos = end.div_ceil(1 << FINE);
        Some(Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)))
    }

    /// When the first of the jobs ends, in fine units.
    fn next_end(&self) -> Option<u128> {
        let left = self.jobs.least_left()?;
        let (longer, by) = self.pace.stretch(self.jobs.len());
        let takes = if longer == by { left } else { left.saturating_mul(longer).div_ceil(by) };
        Some(self.at.saturating_add(takes))
    }

    fn advance(&mut self, now: Instant) {
        self.audit.operated();
        let now = u128::from(now.as_nanos()) << FINE;
        while let Some(end) = self.next_end().filter(|&end| end <= now) {
            self.permit(end);
            self.jobs.end_first();
        }
        if now > self.at {
            let share = self.permit(now);
            self.jobs.grow(share);
        }
    }

    /// Real time goes on to `to` without anybody coming or going. Gives what each job gets.
    fn permit(&mut self, to: u128) -> u128 {
        let passed = to - self.at;
        self.at = to;
        let count = self.jobs.len() as u128;
        let (longer, by) = self.pace.stretch(self.jobs.len());
        if longer == by {
            self.busy += passed * count;
            return passed;
        }
        self.busy += passed * count * by / longer;
        // Each job's share is off by less than one fine unit, and so is their sum.
        self.rounding += count + 1;
        passed * by / longer
    }

    /// The work done and the work given agree: busy time is the sum of services, those under way
    /// counted up to now, to within the 2^-48 ns to which each share is rounded. Looked at when that is due,
    /// as in a pool ([`AuditPace::is_due`]).
    ///
    /// # Panics
    /// When they differ by more: a bug in the model.
    pub fn balance(&mut self, what: &str, now: Instant, last: bool) {
        self.advance(now);
        if !self.audit.is_due(self.jobs.len(), last) {
            return;
        }
        let off = self.busy.abs_diff(self.jobs.got());
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
        let mut pool = ProcessorSharing::new(servers);
        let mut ends = Vec::new();
        let mut take = |pool: &mut ProcessorSharing<u32>, until: u64| {
            while let Some(next) = pool.next().filter(|next| next.as_nanos() <= until) {
                while let Some(job) = pool.take_done(next) {
                    ends.push((job, next.as_nanos()));
                }
                pool.balance("test", next, true);
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
            let mut pool = ProcessorSharing::new(servers);
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
    fn a_curve_slows_all_by_how_many_there_are() {
        // One alone at full speed, two at a third each: 100 alone until 40; then 60 and 20 left take
        // three times as long until the second ends at 100; the first has 40 left.
        let curve = Curve::new(vec![(1.0, 1.0), (2.0, 3.0)]).unwrap();
        let mut pool = ProcessorSharing::slowed(curve);
        pool.add(1, Span::from_nanos(100), at(0));
        assert_eq!((pool.look_at(), pool.look_at()), (Some(at(100)), None));
        pool.add(2, Span::from_nanos(20), at(40));
        assert_eq!(pool.look_at(), None, "a look is due at 100");
        assert_eq!((pool.take_done(at(100)), pool.take_done(at(100))), (Some(2), None));
        assert_eq!(pool.look_at(), Some(at(140)));
        pool.balance("test", at(120), true);
        assert_eq!(pool.take_done(at(140)), Some(1));
        pool.balance("test", at(150), true);
    }

    #[test]
    fn who_is_withdrawn_leaves_the_others_faster() {
        let mut pool = ProcessorSharing::new(1);
        pool.add(1, Span::from_nanos(100), at(0));
        pool.add(2, Span::from_nanos(50), at(0));
        pool.withdraw(2, at(40));
        pool.balance("test", at(40), true);
        assert_eq!((pool.next(), pool.take_done(at(120))), (Some(at(120)), Some(1)));
        pool.withdraw(2, at(130));
        pool.balance("test", at(130), true);
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
        let mut pool = ProcessorSharing::new(1);
        for &(job, _, work) in &jobs {
            pool.add(job, Span::from_nanos(work), at(u64::from(job)));
        }
        while let Some(next) = pool.next() {
            if pool.take_done(next).is_some() && pool.jobs.is_empty() && !pool.jobs.has_done() {
                assert!((2_100_000..=2_100_001).contains(&next.as_nanos()), "{next:?}");
            }
        }
    }
}
