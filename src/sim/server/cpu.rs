//! The processors of a pod: how its calls share them, and the quota that may hold them all up.
//!
//! Each call has the same number of threads, and a thread runs on one core at most. All share the
//! cores equally, as under Linux' completely fair scheduler. A limit is its bandwidth control: in each
//! period the pod may use `limit x period` of processor time; when that is used up, all its threads
//! stand until the next period begins (kernel documentation, `scheduler/sched-bwc`). So ten threads
//! with a limit of one core run for 10 ms and stand for 90.
//!
//! When periods begin: the kernel's timer starts when a group first runs, and stops in a period in
//! which the group did not; when it starts again, `hrtimer_forward_now` moves it on by whole periods,
//! so that it keeps its phase, and the quota is full. Here periods begin at the first call that a pod
//! works on in its life, and at whole periods after that. What the kernel adds is left out: it hands the
//! quota to processors in slices of 5 ms, of which idle processors may keep some.
//!
//! Time and work are kept in 2^-32 ns; only what is told to the outside is rounded up to nanoseconds.

use crate::model::CpuRules;
use crate::sim::server::virtual_time::VirtualTime;
use crate::units::{Instant, Span};

/// Parts of a nanosecond: 2^32 of them.
const FINE: u32 = 32;
/// Cores are counted in thousandths, as Kubernetes does.
const CORE: u128 = 1_000;

/// A limit, and where the present period stands.
#[derive(Clone, Debug)]
struct Quota {
    /// Processor time of a period.
    quota: u128,
    period: u128,
    /// When the present period ends; `None` before the first has begun.
    turn: Option<u128>,
    /// What is left of the quota.
    left: u128,
    /// Whether all threads stand.
    standing: bool,
    /// How often that happened.
    throttled: u64,
}

/// What happens next inside, in this order where it is at one instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// A call is done.
    End,
    /// A period ends and another begins.
    Turn,
    /// The quota is used up.
    Out,
}

/// The calls that a pod works on. It says who is done and when to look again; it never schedules.
#[derive(Clone, Debug)]
pub struct Cpu<J> {
    threads: u128,
    /// Cores that the pod can use now, in thousandths.
    cores: u128,
    limit: Option<Quota>,
    /// For when a look is due; [`Instant::NEVER`] if none is.
    look: Instant,
    /// The instant to which everything below belongs.
    at: u128,
    /// The calls, by the processor time that each has got.
    jobs: VirtualTime<J>,
    /// Processor time used: the integral of the cores in use.
    used: u128,
    /// What rounding can have made of what was used and what the calls got, at most.
    rounding: u128,
}

const fn fine(nanos: u64) -> u128 {
    (nanos as u128) << FINE
}

fn whole(fine: u128) -> Instant {
    let nanos = fine.div_ceil(1 << FINE);
    Instant::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

impl<J: Copy + Ord> Cpu<J> {
    /// Nobody, with `threads` threads a call on `cores` thousandths of a core, of which the limit
    /// allows so many thousandths in each period.
    #[must_use]
    pub fn new(threads: u32, cores: u32, limit: Option<(u32, Span)>) -> Self {
        let quota = |(limit, period): (u32, Span)| {
            let period = fine(period.as_nanos().max(1));
            let quota = (period * u128::from(limit) / CORE).max(1);
            Quota { quota, period, turn: None, left: quota, standing: false, throttled: 0 }
        };
        Self {
            threads: u128::from(threads.max(1)),
            cores: u128::from(cores.max(1)),
            limit: limit.map(quota),
            look: Instant::NEVER,
            at: 0,
            jobs: VirtualTime::default(),
            used: 0,
            rounding: 0,
        }
    }

    /// A call with this much processor time, of all its threads together, comes.
    pub fn add(&mut self, job: J, work: Span, now: Instant) {
        self.advance(now);
        if let Some(limit) = &mut self.limit {
            limit.turn.get_or_insert(self.at + limit.period);
        }
        self.jobs.add(job, fine(work.as_nanos()));
    }

    /// A call that is done by `now`, in the order in which they end.
    pub fn take_done(&mut self, now: Instant) -> Option<J> {
        if self.look <= now {
            self.look = Instant::NEVER;
        }
        self.advance(now);
        self.jobs.take_done()
    }

    /// Takes a call out, if it is there: what was left of its work is done by nobody.
    pub fn withdraw(&mut self, job: J, now: Instant) {
        self.advance(now);
        self.jobs.withdraw(job);
    }

    /// From now on the pod can use so many thousandths of a core.
    pub fn set_cores(&mut self, cores: u32, now: Instant) {
        self.advance(now);
        self.cores = u128::from(cores.max(1));
    }

    /// The pod is new: its periods begin anew.
    pub fn restart(&mut self) {
        if let Some(limit) = self.limit.as_mut().filter(|_| self.jobs.is_empty()) {
            (limit.turn, limit.left, limit.standing) = (None, limit.quota, false);
        }
    }

    /// Whether all its threads stand, as of the last look.
    #[must_use]
    pub fn stands(&self) -> bool {
        self.limit.as_ref().is_some_and(|limit| limit.standing && !self.jobs.is_empty())
    }

    /// How many periods its threads stood in, as of the last look.
    #[must_use]
    pub fn throttled(&self) -> u64 {
        self.limit.as_ref().map_or(0, |limit| limit.throttled)
    }

    /// When the next look is to be made, unless one is due by then.
    pub fn look_at(&mut self) -> Option<Instant> {
        let next = self.next().filter(|&next| next < self.look)?;
        self.look = next;
        Some(next)
    }

    /// When a call is done or the threads stand or go on, if nobody comes before. Periods that end
    /// without any of these are passed over.
    fn next(&self) -> Option<Instant> {
        if self.jobs.has_done() {
            return Some(whole(self.at));
        }
        let (next, what) = self.next_inside()?;
        if let (Next::Turn, Some(limit)) = (what, &self.limit)
            && !limit.standing
            && self.in_use() * limit.period <= limit.quota * CORE
        {
            return self.next_end().map(whole);
        }
        Some(whole(next))
    }

    /// Thousandths of a core that are in use when nothing stands.
    fn in_use(&self) -> u128 {
        self.cores.min(self.jobs.len() as u128 * self.threads * CORE)
    }

    /// When the first of the calls is done if no quota holds it up.
    fn next_end(&self) -> Option<u128> {
        let takes = self.jobs.least_left()? * self.jobs.len() as u128 * CORE;
        Some(self.at + takes.div_ceil(self.in_use()))
    }

    fn next_inside(&self) -> Option<(u128, Next)> {
        let end = self.next_end()?;
        let Some(limit) = &self.limit else {
            return Some((end, Next::End));
        };
        let turn = (limit.turn?, Next::Turn);
        if limit.standing {
            return Some(turn);
        }
        let out = self.at + (limit.left * CORE).div_ceil(self.in_use());
        Some(turn.min((end, Next::End)).min((out, Next::Out)))
    }

    /// Time goes on to `until`, and nothing happens before then.
    fn permit(&mut self, until: u128) {
        let passed = until - self.at;
        self.at = until;
        let jobs = self.jobs.len() as u128;
        if passed == 0 || jobs == 0 || self.limit.as_ref().is_some_and(|limit| limit.standing) {
            return;
        }
        let in_use = self.in_use();
        self.jobs.grow(passed * in_use / (jobs * CORE));
        let used = passed * in_use / CORE;
        self.used += used;
        if let Some(limit) = &mut self.limit {
            limit.left = limit.left.saturating_sub(used);
        }
        self.rounding += jobs * (self.threads + 1) + 1;
    }

    fn advance(&mut self, now: Instant) {
        let now = fine(now.as_nanos());
        while let Some((next, what)) = self.next_inside().filter(|&(next, _)| next <= now) {
            self.permit(next);
            match what {
                Next::End => self.jobs.end_first(),
                Next::Turn => self.turn(next),
                Next::Out => {
                    if let Some(limit) = &mut self.limit {
                        (limit.left, limit.standing) = (0, true);
                        limit.throttled += 1;
                    }
                }
            }
        }
        if now > self.at {
            self.permit(now);
            // Nobody was there: periods have passed all the same.
            self.turn(now);
        }
    }

    /// A period has ended by `now`, perhaps several.
    fn turn(&mut self, now: u128) {
        if let Some(limit) = &mut self.limit
            && let Some(turn) = limit.turn.filter(|&turn| turn <= now)
        {
            limit.turn = Some(turn + ((now - turn) / limit.period + 1) * limit.period);
            (limit.left, limit.standing) = (limit.quota, false);
        }
    }

    /// Processor time used up to now, in nanoseconds. It is what the calls needed, those under way
    /// counted up to now, to within what was rounded.
    ///
    /// # Panics
    /// When the two differ by more: a bug in the model.
    pub fn used(&mut self, now: Instant) -> u128 {
        self.advance(now);
        let off = self.used.abs_diff(self.jobs.got());
        assert!(off <= self.rounding, "processor time used and needed: {off} / 2^32 ns");
        self.used >> FINE
    }
}

/// The processors of all pods of a region, and what is seen of them.
#[derive(Debug)]
pub struct Cpus<J> {
    pods: Vec<Cpu<J>>,
    /// Pods whose threads stand.
    standing: u64,
    /// Periods in which some did that nobody has heard of yet.
    throttled: u64,
}

impl<J: Copy + Ord> Cpus<J> {
    /// So many pods.
    #[must_use]
    pub fn new(rules: &CpuRules, pods: u32) -> Self {
        let limit = rules.limit.map(|limit| (limit, rules.period));
        let pods = (0..pods).map(|_| Cpu::new(rules.threads, rules.node, limit)).collect();
        Self { pods, standing: 0, throttled: 0 }
    }

    /// Does something with a pod.
    pub fn at<T>(&mut self, pod: u32, does: impl FnOnce(&mut Cpu<J>) -> T) -> T {
        let pod = &mut self.pods[pod as usize];
        let (stood, throttled) = (pod.stands(), pod.throttled());
        let result = does(pod);
        self.standing = self.standing + u64::from(pod.stands()) - u64::from(stood);
        self.throttled += pod.throttled() - throttled;
        result
    }

    /// How many pods' threads stand, and in how many periods some did since this was last asked.
    pub const fn seen(&mut self) -> (u64, u64) {
        (self.standing, std::mem::replace(&mut self.throttled, 0))
    }

    /// Processor time used by all pods up to now, in nanoseconds.
    ///
    /// # Panics
    /// When it is not what their calls needed: a bug in the model.
    pub fn used(&mut self, now: Instant) -> u128 {
        self.pods.iter_mut().map(|pod| pod.used(now)).sum()
    }
}

#[cfg(test)]
#[path = "cpu_tests.rs"]
mod tests;
