//! Routes: how a loss is noticed, which networks go where, and how they take their viewers along.

use super::Handover;
use super::{Ctx, Event, InFlight, Key, Site, State, first_request};
use crate::engine::Seed;
use crate::fault::Routes;
use crate::model::Detect;
use crate::model::Plan;
use crate::observe::{Counter, Sample};
use crate::sim::faults::active_faults::Outage;
use crate::sim::hop::error::AttemptError;
use crate::sim::network::routing::{Notice, best};
use crate::sim::run::event::ViewerRequest;
use crate::units::Instant;
use std::sync::{Arc, PoisonError};

/// The routes of networks to sites, as this site knows them, and whether it can be reached itself.
pub(in crate::sim) struct RouteTable {
    /// The sites by preference, for the networks of each region.
    pub(in crate::sim) rankings: Arc<[Vec<usize>]>,
    /// Where networks wait between two sites.
    pub(in crate::sim) handover: Arc<Handover>,
    /// Where each network went, when it went from here.
    pub(super) forward: Vec<usize>,
    /// Until when a network that is on its way is still served here.
    pub(super) leaving: Vec<Instant>,
    /// The outage of this site, if there is one.
    pub(super) outage: Option<Outage>,
    /// Counts the losses and returns of this site, so that what belonged to an earlier one is void.
    loss: u32,
    /// Whether its route is withdrawn because nothing was heard of it.
    withdrawn: bool,
    /// How many changes drain it.
    pub(super) drains: u32,
    /// Which sites announce the prefix.
    announced: Vec<bool>,
    /// Whether any does: without a route nothing gets anywhere.
    pub(super) reachable: bool,
    /// Where in its period the prober stands.
    probe_phase: f64,
}

impl RouteTable {
    /// All sites announce the prefix. What all sites share is empty yet.
    pub(super) fn new(me: usize, plan: &Plan) -> Self {
        let (regions, name) = (plan.fabric.regions.len(), &plan.fabric.regions[me]);
        let networks = regions * plan.fabric.routing.networks as usize;
        Self {
            rankings: Arc::new([]),
            handover: Arc::new(Vec::new()),
            forward: vec![me; networks],
            leaving: vec![Instant::ZERO; networks],
            outage: None,
            loss: 0,
            withdrawn: false,
            drains: 0,
            announced: vec![true; regions],
            reachable: true,
            probe_phase: Seed(plan.seed).stream(&format!("{name}/probe")).unit(),
        }
    }
}

// The loss of this site, and its return.
impl Site {
    /// The site can no longer be reached.
    pub(super) fn go_dark(&mut self, ctx: &mut Ctx<'_>) {
        let Some(outage) = self.active_faults.outage(&self.plan.injections) else {
            return;
        };
        let already = self.routes.outage.replace(outage).is_some();
        if already {
            return;
        }
        self.routes.loss += 1;
        for id in self.client.networks.ids() {
            if let Some(network) = self.client.networks.get_mut(id) {
                network.lost_at.get_or_insert(ctx.now());
            }
        }
        if outage.routes == Routes::Silent {
            return;
        }
        let loss = self.routes.loss;
        match self.plan.fabric.routing.detect.notice(ctx.now(), self.routes.probe_phase) {
            Notice::Probes { last_probe, .. } => {
                ctx.schedule(last_probe, Event::LastProbe { loss });
            }
            Notice::Timer(at) => ctx.schedule(at, Event::Withdraw { loss }),
            Notice::Nothing => {}
        }
    }

    /// The site can be reached again.
    pub(super) fn come_back(&mut self, ctx: &mut Ctx<'_>) {
        self.routes.outage = self.active_faults.outage(&self.plan.injections);
        if self.routes.outage.is_some() {
            return;
        }
        self.routes.loss += 1;
        for id in self.client.networks.ids() {
            if let Some(network) = self.client.networks.get_mut(id) {
                network.lost_at = None;
            }
        }
        if self.routes.withdrawn {
            self.expect_announcement(ctx);
        }
    }

    /// The last nanosecond of an outage, or of the run: the networks that still are not served have
    /// not been for all of it.
    pub(super) fn census(&mut self, ctx: &Ctx<'_>) {
        for id in self.client.networks.ids() {
            let Some(network) = self.client.networks.get_mut(id) else {
                continue;
            };
            if let Some(lost) = network.lost_at.take() {
                let client_region = network.home;
                self.recorder.sample(Sample::FailoverTime, client_region, ctx.now().since(lost));
            }
        }
    }

    pub(super) fn last_probe(&mut self, ctx: &mut Ctx<'_>, loss: u32) {
        if let Detect::HealthCheck { timeout, .. } = self.plan.fabric.routing.detect
            && loss == self.routes.loss
        {
            ctx.schedule(ctx.now() + timeout, Event::Withdraw { loss });
        }
    }

    /// The route is withdrawn. A hold timer that was reset meanwhile does nothing; a probe that was
    /// lost stays lost even if the site is back before its time-out, and then good probes follow.
    pub(super) fn withdraw(&mut self, ctx: &mut Ctx<'_>, loss: u32) {
        let by_probes = matches!(self.plan.fabric.routing.detect, Detect::HealthCheck { .. });
        if loss != self.routes.loss && !by_probes {
            return;
        }
        self.routes.withdrawn = true;
        self.route_changed(ctx);
        if self.routes.outage.is_none() {
            self.expect_announcement(ctx);
        }
    }

    /// The site is back and not announced: good probes will announce it.
    fn expect_announcement(&mut self, ctx: &mut Ctx<'_>) {
        let detect = self.plan.fabric.routing.detect;
        let at = detect.announce(ctx.now(), self.routes.probe_phase);
        ctx.schedule(at, Event::Announce { loss: self.routes.loss });
    }

    pub(super) fn announce(&mut self, ctx: &mut Ctx<'_>, loss: u32) {
        if loss == self.routes.loss {
            self.routes.withdrawn = false;
            self.route_changed(ctx);
        }
    }
}

// Routes.
impl Site {
    /// This site announces itself, or no longer does.
    pub(super) fn route_changed(&mut self, ctx: &mut Ctx<'_>) {
        let announced = !self.routes.withdrawn && self.routes.drains == 0;
        if self.routes.announced[self.me] == announced {
            return;
        }
        self.routes.announced[self.me] = announced;
        self.routes.reachable = self.routes.announced.contains(&true);
        #[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
        let site = self.me as u8;
        for other in (0..self.routes.announced.len()).filter(|&other| other != self.me) {
            ctx.send(other, ctx.now() + ctx.lookahead(), Event::Route { site, announced });
        }
        self.replan_all(ctx);
    }

    pub(super) fn hear_route(&mut self, ctx: &mut Ctx<'_>, site: usize, announced: bool) {
        self.routes.announced[site] = announced;
        self.routes.reachable = self.routes.announced.contains(&true);
        self.replan_all(ctx);
    }

    fn replan_all(&mut self, ctx: &mut Ctx<'_>) {
        for id in self.client.networks.ids() {
            self.replan(ctx, id);
        }
    }

    /// Decides where a network goes, now that routes have changed.
    fn replan(&mut self, ctx: &mut Ctx<'_>, id: u32) {
        let routing = &self.plan.fabric.routing;
        let Some(network) = self.client.networks.get_mut(id) else {
            return;
        };
        let ranking = &self.routes.rankings[network.home];
        let wanted = best(ranking, network.misrouted, &self.routes.announced)
            .filter(|&site| site != self.me)
            .filter(|_| routing.failback || !self.routes.announced[self.me]);
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
        let Some(network) = self.client.networks.get_mut(id).filter(|network| network.plan == plan)
        else {
            return;
        };
        let Some(to) = network.heading.take() else {
            return;
        };
        let moves = ctx.now() + ctx.lookahead();
        let segments =
            self.client.segments.as_mut().and_then(|networks| networks.remove(id, moves, &[]));
        let (twin, segments) = segments.unzip();
        let segments = segments.unwrap_or_default();
        let Some((network, draws)) = self.client.networks.remove(id, moves, &segments) else {
            return;
        };
        self.observe_viewers();
        for draw in draws {
            ctx.schedule(draw.at, Event::Arrival(first_request(&draw)));
        }
        for draw in segments {
            let request = ViewerRequest { segment: true, ..first_request(&draw) };
            ctx.schedule(draw.at, Event::Arrival(request));
        }
        self.routes.forward[id as usize] = to;
        self.routes.leaving[id as usize] = moves;
        *self.routes.handover[id as usize].lock().unwrap_or_else(PoisonError::into_inner) =
            Some((network, twin));
        ctx.send(to, moves, Event::MoveIn { network: id });
        ctx.schedule(moves, Event::Gone { network: id });
    }

    pub(super) fn move_in(&mut self, ctx: &mut Ctx<'_>, id: u32) {
        let taken =
            self.routes.handover[id as usize].lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((mut network, twin)) = taken else { return };
        if self.routes.outage.is_some() {
            network.lost_at.get_or_insert(ctx.now());
        } else if let Some(lost) = network.lost_at.take() {
            self.recorder.sample(Sample::FailoverTime, network.home, ctx.now().since(lost));
        }
        self.client.networks.add(network);
        if let (Some(segments), Some(twin)) = (&mut self.client.segments, twin) {
            segments.add(twin);
        }
        self.observe_viewers();
        self.replan(ctx, id);
    }

    /// A network has gone: its viewers' connections to this site are reset by the site to which
    /// their packets go now.
    pub(super) fn reset_gone(&mut self, ctx: &mut Ctx<'_>, id: u32) {
        // In the order in which they came: places say nothing about it.
        let open = self.client.requests.iter().filter(|(_, in_flight)| is_open(in_flight, id));
        let mut open: Vec<(u64, Key)> =
            open.map(|(key, in_flight)| (in_flight.serial, key)).collect();
        open.sort_unstable();
        for (_, key) in open {
            let Some(&in_flight) = self.client.requests.get(key) else {
                continue;
            };
            let failed = self.viewer_attempt_fails(ctx.now(), key, ctx.now(), AttemptError::Error);
            self.sample_lock_wait(ctx.now(), &in_flight);
            self.stops_waiting(ctx, &in_flight);
            if let Some(request) = failed {
                self.viewer_attempt_failed(ctx, request, ctx.now(), AttemptError::Error);
            }
        }
    }

    /// How many requests of each origin are under way here and from here.
    pub(in crate::sim) fn under_way(&self) -> &[i64] {
        &self.client.under_way
    }

    /// Counts entries thrown out by a fault.
    pub(super) fn count_evicted(&mut self, gone: u64) {
        self.recorder.count_many(Counter::Evicted, self.me, gone);
    }
}

/// Whether a request of a network has a connection open, or a second one on its way.
fn is_open(in_flight: &InFlight, network: u32) -> bool {
    in_flight.request.network == network
        && matches!(in_flight.state, State::Fill(..) | State::Lost | State::Sent)
}
