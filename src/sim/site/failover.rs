//! Routes: who notices a loss, which networks go where, and how they take their viewers along.

use super::{Ctx, Event, InFlight, Key, Site, State, first_visit};
use crate::fault::Routes;
use crate::model::Detect;
use crate::observe::{Counter, Sample};
use crate::sim::hop::error::AttemptError;
use crate::sim::network::routing::{Notice, best};
use crate::sim::run::event::ViewerRequest;
use std::sync::PoisonError;

// The loss of this site, and its return.
impl Site {
    /// The site can no longer be reached.
    pub(super) fn go_dark(&mut self, ctx: &mut Ctx<'_>) {
        let Some(outage) = self.active_faults.outage(&self.plan.injections) else {
            return;
        };
        let already = self.outage.replace(outage).is_some();
        if already {
            return;
        }
        self.loss += 1;
        for id in self.network_set.ids() {
            if let Some(network) = self.network_set.get_mut(id) {
                network.lost_at.get_or_insert(ctx.now());
            }
        }
        if outage.routes == Routes::Silent {
            return;
        }
        let loss = self.loss;
        match self.plan.fabric.routing.detect.notice(ctx.now(), self.probe_phase) {
            Notice::Probes { last_probe, .. } => {
                ctx.schedule(last_probe, Event::LastProbe { loss });
            }
            Notice::Timer(at) => ctx.schedule(at, Event::Withdraw { loss }),
            Notice::Nothing => {}
        }
    }

    /// The site can be reached again.
    pub(super) fn come_back(&mut self, ctx: &mut Ctx<'_>) {
        self.outage = self.active_faults.outage(&self.plan.injections);
        if self.outage.is_some() {
            return;
        }
        self.loss += 1;
        for id in self.network_set.ids() {
            if let Some(network) = self.network_set.get_mut(id) {
                network.lost_at = None;
            }
        }
        if self.withdrawn {
            self.expect_announcement(ctx);
        }
    }

    /// The last nanosecond of an outage, or of the run: the networks that still are not served have
    /// not been for all of it.
    pub(super) fn census(&mut self, ctx: &Ctx<'_>) {
        for id in self.network_set.ids() {
            let Some(network) = self.network_set.get_mut(id) else {
                continue;
            };
            if let Some(lost) = network.lost_at.take() {
                let origin = network.home;
                self.recorder.sample(Sample::FailoverTime, origin, ctx.now().since(lost));
            }
        }
    }

    pub(super) fn last_probe(&mut self, ctx: &mut Ctx<'_>, loss: u32) {
        if let Detect::HealthCheck { timeout, .. } = self.plan.fabric.routing.detect
            && loss == self.loss
        {
            ctx.schedule(ctx.now() + timeout, Event::Withdraw { loss });
        }
    }

    /// The route is withdrawn. A hold timer that was reset meanwhile does nothing; a probe that was
    /// lost stays lost even if the site is back before its time-out, and then good probes follow.
    pub(super) fn withdraw(&mut self, ctx: &mut Ctx<'_>, loss: u32) {
        let by_probes = matches!(self.plan.fabric.routing.detect, Detect::HealthCheck { .. });
        if loss != self.loss && !by_probes {
            return;
        }
        self.withdrawn = true;
        self.route_changed(ctx);
        if self.outage.is_none() {
            self.expect_announcement(ctx);
        }
    }

    /// The site is back and not announced: good probes will announce it.
    fn expect_announcement(&mut self, ctx: &mut Ctx<'_>) {
        let detect = self.plan.fabric.routing.detect;
        let at = detect.announce(ctx.now(), self.probe_phase);
        ctx.schedule(at, Event::Announce { loss: self.loss });
    }

    pub(super) fn announce(&mut self, ctx: &mut Ctx<'_>, loss: u32) {
        if loss == self.loss {
            self.withdrawn = false;
            self.route_changed(ctx);
        }
    }
}

// Routes.
impl Site {
    /// This site announces itself, or no longer does.
    pub(super) fn route_changed(&mut self, ctx: &mut Ctx<'_>) {
        let announced = !self.withdrawn && self.drains == 0;
        if self.announced[self.me] == announced {
            return;
        }
        self.announced[self.me] = announced;
        self.reachable = self.announced.contains(&true);
        #[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
        let site = self.me as u8;
        for other in (0..self.announced.len()).filter(|&other| other != self.me) {
            ctx.send(other, ctx.now() + ctx.lookahead(), Event::Route { site, announced });
        }
        self.replan_all(ctx);
    }

    pub(super) fn hear_route(&mut self, ctx: &mut Ctx<'_>, site: usize, announced: bool) {
        self.announced[site] = announced;
        self.reachable = self.announced.contains(&true);
        self.replan_all(ctx);
    }

    fn replan_all(&mut self, ctx: &mut Ctx<'_>) {
        for id in self.network_set.ids() {
            self.replan(ctx, id);
        }
    }

    /// Decides where a network goes, now that routes have changed.
    fn replan(&mut self, ctx: &mut Ctx<'_>, id: u32) {
        let routing = &self.plan.fabric.routing;
        let Some(network) = self.network_set.get_mut(id) else {
            return;
        };
        let ranking = &self.rankings[network.home];
        let wanted = best(ranking, network.misrouted, &self.announced)
            .filter(|&site| site != self.me)
            .filter(|_| routing.failback || !self.announced[self.me]);
        if wanted == network.heading {
            return;
        }
        network.plan += 1;
        network.heading = wanted;
        if wanted.is_some() {
            // A network cannot follow a route before word of it can have come.
            let follows = routing.converge.draw(&mut network.routes).max(ctx.lookahead());
            let leaves = ctx.now().saturating_add(follows - ctx.lookahead());
            ctx.schedule(leaves, Event::MoveOut { network: id, plan: network.plan });
        }
    }

    /// A network goes to another site in one lookahead. Its requests up to then are drawn here and
    /// now, so that it can travel; those after then are drawn there, by the same stream.
    pub(super) fn move_out(&mut self, ctx: &mut Ctx<'_>, id: u32, plan: u32) {
        let Some(network) = self.network_set.get_mut(id).filter(|network| network.plan == plan)
        else {
            return;
        };
        let Some(to) = network.heading.take() else {
            return;
        };
        let moves = ctx.now() + ctx.lookahead();
        let segments =
            self.content.as_mut().and_then(|content| content.network_set.remove(id, moves, &[]));
        let (twin, segments) = segments.unzip();
        let segments = segments.unwrap_or_default();
        let Some((network, draws)) = self.network_set.remove(id, moves, &segments) else {
            return;
        };
        self.observe_viewers();
        for draw in draws {
            ctx.schedule(draw.at, Event::Arrival(first_visit(&draw)));
        }
        for draw in segments {
            let visit = ViewerRequest { segment: true, ..first_visit(&draw) };
            ctx.schedule(draw.at, Event::Arrival(visit));
        }
        self.forward[id as usize] = to;
        self.leaving[id as usize] = moves;
        *self.handover[id as usize].lock().unwrap_or_else(PoisonError::into_inner) =
            Some((network, twin));
        ctx.send(to, moves, Event::MoveIn { network: id });
        ctx.schedule(moves, Event::Gone { network: id });
    }

    pub(super) fn move_in(&mut self, ctx: &mut Ctx<'_>, id: u32) {
        let taken =
            self.handover[id as usize].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((mut network, twin)) = taken else { return };
        if self.outage.is_some() {
            network.lost_at.get_or_insert(ctx.now());
        } else if let Some(lost) = network.lost_at.take() {
            self.recorder.sample(Sample::FailoverTime, network.home, ctx.now().since(lost));
        }
        self.network_set.add(network);
        if let (Some(content), Some(twin)) = (&mut self.content, twin) {
            content.network_set.add(twin);
        }
        self.observe_viewers();
        self.replan(ctx, id);
    }

    /// A network has gone: its viewers' connections to this site are reset by the site to which
    /// their packets go now.
    pub(super) fn reset_gone(&mut self, ctx: &mut Ctx<'_>, id: u32) {
        // In the order in which they came: places say nothing about it.
        let open = self.requests.iter().filter(|(_, request)| is_open(request, id));
        let mut open: Vec<(u64, Key)> = open.map(|(key, request)| (request.serial, key)).collect();
        open.sort_unstable();
        for (_, key) in open {
            let Some(&request) = self.requests.get(key) else {
                continue;
            };
            let failed = self.fails(ctx.now(), key, ctx.now(), AttemptError::Error);
            self.sample_lock_wait(ctx.now(), &request);
            self.stops_waiting(ctx, &request);
            if let Some(visit) = failed {
                self.viewer_attempt_failed(ctx, visit, ctx.now(), AttemptError::Error);
            }
        }
    }

    /// How many requests of each origin are under way here and from here.
    pub(in crate::sim) fn under_way(&self) -> &[i64] {
        &self.under_way
    }

    /// Counts entries thrown out by a fault.
    pub(super) fn count_evicted(&mut self, gone: u64) {
        self.recorder.count_many(Counter::Evicted, self.me, gone);
    }
}

/// Whether a request of a network has a connection open, or a second one on its way.
fn is_open(request: &InFlight, network: u32) -> bool {
    request.visit.network == network
        && matches!(request.state, State::Fill(..) | State::Lost | State::Sent)
}
