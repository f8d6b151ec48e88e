//! The plan's steps at a site: faults and changes begin and end.

use super::{Ctx, Site};
use crate::change::Change;
use crate::fault::{CacheKind, EvictCache, Fault, StopPods};
use crate::model::Plan;
use crate::sim::faults::active_faults::packet_loss;
use crate::units::Instant;

/// What happens in a step.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StepKind {
    /// A fault begins.
    Begin(usize),
    /// A fault is undone.
    End(usize),
    /// An outage is about to end, or the run.
    Census,
    /// A change begins.
    Do(usize),
    /// A change is taken back.
    TakeBack(usize),
}

/// A step of the plan at one site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step {
    /// When.
    pub at: Instant,
    /// Where.
    pub site: usize,
    /// What.
    pub kind: StepKind,
}

/// All steps of a plan: in the order of sites, then of the file.
#[must_use]
pub fn steps_of(plan: &Plan) -> Vec<Step> {
    let end = Instant::ZERO + plan.length;
    let mut steps = Vec::new();
    for site in 0..plan.fabric.regions.len() {
        for (number, injection) in plan.injections.iter().enumerate() {
            if !injection.fault.behaviour().acts_on(site, plan.fabric.primary) {
                continue;
            }
            let mut step = |at, kind| steps.push(Step { at, site, kind });
            step(injection.at, StepKind::Begin(number));
            if matches!(injection.fault, Fault::RegionDown(_)) {
                let over = injection.until.unwrap_or(end).min(end);
                step(Instant::from_nanos(over.as_nanos() - 1), StepKind::Census);
            }
            if let Some(until) = injection.until.filter(|_| !injection.fault.is_instant()) {
                step(until, StepKind::End(number));
            }
        }
        for (number, planned) in plan.changes.iter().enumerate() {
            if planned.change.acts_on(site) {
                steps.push(Step { at: planned.at, site, kind: StepKind::Do(number) });
                if let Some(until) = planned.until {
                    steps.push(Step { at: until, site, kind: StepKind::TakeBack(number) });
                }
            }
        }
    }
    // What ends at an instant ends before anything begins at it, whatever the order of the file.
    steps.sort_by_key(|step| {
        let begins = matches!(step.kind, StepKind::Begin(_) | StepKind::Do(_));
        (step.site, step.at, begins)
    });
    steps
}

/// When the next step after `now` changes a site, or the run ends at `end`.
fn next_change(steps: &[Step], site: usize, now: Instant, end: Instant) -> Instant {
    let later = steps.iter().filter(|step| step.site == site && step.at > now);
    later.map(|step| step.at).min().unwrap_or(end).min(end)
}

/// When the first step changes a site, or the run ends at `end`; a step at instant zero counts.
#[must_use]
pub fn first_change(steps: &[Step], site: usize, end: Instant) -> Instant {
    let own = steps.iter().filter(|step| step.site == site);
    own.map(|step| step.at).min().unwrap_or(end).min(end)
}

impl Site {
    pub(super) fn step(&mut self, ctx: &mut Ctx<'_>, number: u32) {
        let end = Instant::ZERO + self.plan.length;
        self.next_change = next_change(&self.steps, self.me, ctx.now(), end);
        match self.steps[number as usize].kind {
            StepKind::Begin(injection) => self.begin_fault(ctx, injection),
            StepKind::End(injection) => self.end_fault(ctx, injection),
            StepKind::Census => self.census(ctx),
            StepKind::Do(change) => self.begin_change(ctx, change),
            StepKind::TakeBack(change) => self.end_change(ctx, change),
        }
    }

    fn begin_change(&mut self, ctx: &mut Ctx<'_>, number: usize) {
        match self.plan.changes[number].change {
            Change::Drain(_) => {
                self.drains += 1;
                self.route_changed(ctx);
            }
        }
    }

    fn end_change(&mut self, ctx: &mut Ctx<'_>, number: usize) {
        match self.plan.changes[number].change {
            Change::Drain(_) => {
                self.drains -= 1;
                self.route_changed(ctx);
            }
        }
    }

    fn begin_fault(&mut self, ctx: &mut Ctx<'_>, injection: usize) {
        let fault = self.plan.injections[injection].fault;
        if !fault.is_instant() {
            self.active_faults.begin(injection);
        }
        match fault {
            Fault::EvictCache(EvictCache { share, cache, .. }) => self.evict(cache, share),
            Fault::RegionDown(_) => self.go_dark(ctx),
            Fault::StopPods(StopPods { pods, calls, .. }) => self.stop_pods(ctx, pods, calls),
            Fault::DelayReplication(_)
            | Fault::NoisyNeighbour(_)
            | Fault::Leak(_)
            | Fault::DatabaseDown(_)
            | Fault::LockTable(_)
            | Fault::ClockSkew(_)
            | Fault::PacketLoss(_)
            | Fault::OriginDown(_) => self.follow(ctx, fault),
            // Asked for where work is done; a surge is in the rates.
            Fault::Slow(_) | Fault::Errors(_) | Fault::Surge(_) => {}
        }
    }

    fn end_fault(&mut self, ctx: &mut Ctx<'_>, injection: usize) {
        let fault = self.plan.injections[injection].fault;
        self.active_faults.end(injection);
        match fault {
            Fault::RegionDown(_) => self.come_back(ctx),
            Fault::StopPods(StopPods { pods, .. }) => self.start_pods(ctx, pods),
            Fault::DelayReplication(_)
            | Fault::NoisyNeighbour(_)
            | Fault::Leak(_)
            | Fault::DatabaseDown(_)
            | Fault::LockTable(_)
            | Fault::ClockSkew(_)
            | Fault::PacketLoss(_)
            | Fault::OriginDown(_) => self.follow(ctx, fault),
            // What happens at an instant does not end; of the others nothing is kept here.
            Fault::EvictCache(_) | Fault::Slow(_) | Fault::Errors(_) | Fault::Surge(_) => {}
        }
    }

    fn evict(&mut self, cache: CacheKind, share: f64) {
        match cache {
            CacheKind::Content => self.evict_content(share),
            CacheKind::Metadata => {
                let gone = match &mut self.cache {
                    Some(cache) => cache.evict(share, &mut self.streams.eviction),
                    None => 0,
                };
                self.count_evicted(gone);
            }
        }
    }

    /// Something at this site is now as the faults in force say.
    fn follow(&mut self, ctx: &mut Ctx<'_>, changed: Fault) {
        match changed {
            Fault::DelayReplication(_) => self.follow_replication(ctx),
            Fault::NoisyNeighbour(_) => self.neighbours_changed(ctx),
            Fault::Leak(_) => self.leaks_changed(ctx),
            Fault::DatabaseDown(down) => {
                self.follow_replication(ctx);
                if down.region == self.me {
                    self.follow_database(ctx);
                }
            }
            Fault::LockTable(_) => self.follow_locks(ctx),
            Fault::ClockSkew(_) => self.follow_clock(),
            Fault::PacketLoss(_) => self.follow_packet_loss(ctx),
            Fault::OriginDown(_) => self.follow_origin(ctx),
            Fault::RegionDown(_)
            | Fault::EvictCache(_)
            | Fault::Slow(_)
            | Fault::Errors(_)
            | Fault::StopPods(_)
            | Fault::Surge(_) => {}
        }
    }

    /// Cached copies live as long as the clock of the edge says.
    fn follow_clock(&mut self) {
        if let (Some(cache), Some(metadata)) = (&mut self.cache, &self.plan.fabric.metadata) {
            cache.live(self.active_faults.ttl(&self.plan.injections, metadata.ttl));
        }
    }

    /// The replication stream carries what the loss of packets leaves.
    fn follow_packet_loss(&mut self, ctx: &Ctx<'_>) {
        let share = packet_loss(&self.plan.injections, self.me, ctx.now());
        self.replication_lag.lose(ctx.now(), share);
        self.observe_lag(ctx.now());
    }

    /// The replication channel is as long as the faults in force make it.
    fn follow_replication(&mut self, ctx: &Ctx<'_>) {
        let primary = self.plan.fabric.primary;
        if self.me == primary {
            return;
        }
        match self.active_faults.replication_delay(&self.plan.injections, primary) {
            Some((delay, by)) => self.replication_lag.delay(ctx.now(), delay, by),
            None => self.replication_lag.restore(ctx.now()),
        }
        self.observe_lag(ctx.now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Span;

    #[test]
    fn a_site_changes_at_its_own_steps_and_at_the_end_of_the_run() {
        let at = |secs| Instant::ZERO + Span::from_secs(secs);
        let steps = [(0, 5), (0, 10), (1, 0), (1, 3)].map(|(site, secs)| Step {
            at: at(secs),
            site,
            kind: StepKind::Census,
        });
        let next = |site, now, end| next_change(&steps, site, at(now), at(end));
        assert_eq!([0, 4, 5, 10].map(|now| next(0, now, 20)), [at(5), at(5), at(10), at(20)]);
        assert_eq!(
            [0, 3].map(|now| next(1, now, 20)),
            [at(3), at(20)],
            "what is over is no change"
        );
        assert_eq!(next(0, 0, 4), at(4), "the run ends before");
        let first = |site| first_change(&steps, site, at(20));
        assert_eq!([0, 1, 2].map(first), [at(5), at(0), at(20)]);
    }
}
