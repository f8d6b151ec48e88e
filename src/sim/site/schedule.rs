//! The plan's steps at a site: faults and changes begin and end.

use super::{Ctx, Site};
use crate::change::Change;
use crate::fault::{Fault, Kept};
use crate::model::Plan;
use crate::sim::faults::active_faults::{acts_on, packet_loss};
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
            if !acts_on(&injection.fault, site, plan.fabric.primary) {
                continue;
            }
            let mut step = |at, kind| steps.push(Step { at, site, kind });
            step(injection.at, StepKind::Begin(number));
            if matches!(injection.fault, Fault::RegionDown { .. }) {
                let over = injection.until.unwrap_or(end).min(end);
                step(Instant::from_nanos(over.as_nanos() - 1), StepKind::Census);
            }
            if let Some(until) = injection.until.filter(|_| !injection.fault.is_instant()) {
                step(until, StepKind::End(number));
            }
        }
        for (number, planned) in plan.changes.iter().enumerate() {
            let Change::Drain { region } = planned.change;
            if region == site {
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
            StepKind::Do(_) => {
                self.routes.drains += 1;
                self.route_changed(ctx);
            }
            StepKind::TakeBack(_) => {
                self.routes.drains -= 1;
                self.route_changed(ctx);
            }
        }
    }

    fn begin_fault(&mut self, ctx: &mut Ctx<'_>, injection: usize) {
        let fault = self.plan.injections[injection].fault;
        if let Fault::EvictCache { share, cache: Kept::Content, .. } = fault {
            return self.evict_content(share);
        }
        if let Fault::EvictCache { share, .. } = fault {
            let gone = match &mut self.edge.metadata {
                Some(cache) => cache.evict(share, &mut self.streams.eviction),
                None => 0,
            };
            return self.count_evicted(gone);
        }
        self.active_faults.begin(injection);
        self.follow_weather(ctx, &fault);
        self.follow_database(ctx, &fault);
        self.follow_origin(ctx, &fault);
        match fault {
            Fault::RegionDown { .. } => self.go_dark(ctx),
            Fault::StopPods { pods, calls, .. } => self.stop_pods(ctx, pods, calls),
            Fault::NoisyNeighbour { .. } => self.neighbours_changed(ctx),
            Fault::Leak { .. } => self.leaks_changed(ctx),
            _ => {}
        }
    }

    fn end_fault(&mut self, ctx: &mut Ctx<'_>, injection: usize) {
        let fault = self.plan.injections[injection].fault;
        self.active_faults.end(injection);
        self.follow_weather(ctx, &fault);
        self.follow_database(ctx, &fault);
        self.follow_origin(ctx, &fault);
        match fault {
            Fault::RegionDown { .. } => self.come_back(ctx),
            Fault::StopPods { pods, .. } => self.start_pods(ctx, pods),
            Fault::NoisyNeighbour { .. } => self.neighbours_changed(ctx),
            Fault::Leak { .. } => self.leaks_changed(ctx),
            _ => {}
        }
    }

    /// The replication channel is as the faults in force say, and so is the life of cached copies.
    fn follow_weather(&mut self, ctx: &Ctx<'_>, changed: &Fault) {
        let harm = &self.plan.injections;
        if let (Fault::ClockSkew { .. }, Some(cache), Some(metadata)) =
            (changed, &mut self.edge.metadata, &self.plan.fabric.metadata)
        {
            cache.live(self.active_faults.ttl(harm, metadata.ttl));
        }
        if let Fault::PacketLoss { .. } = changed {
            self.database.replication_lag.lose(ctx.now(), packet_loss(harm, self.me, ctx.now()));
            return self.observe_lag(ctx.now());
        }
        let down = matches!(changed, Fault::DatabaseDown { .. });
        if !(down || matches!(changed, Fault::DelayReplication { .. }))
            || self.me == self.plan.fabric.primary
        {
            return;
        }
        match self.active_faults.replication_delay(&self.plan.injections, self.plan.fabric.primary)
        {
            Some((delay, by)) => self.database.replication_lag.delay(ctx.now(), delay, by),
            None => self.database.replication_lag.restore(ctx.now()),
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
