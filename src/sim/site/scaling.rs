//! The autoscaler at a site: what it sees, and what it does.

use super::{Ctx, Event, Site};
use crate::model::{AutoscaleRules, Manifest, ScaleTarget};
use crate::observe::Gauge;
use crate::sim::server::autoscale::{Autoscaler, Meter, Nodes};
use crate::units::Instant;

/// An autoscaler, its nodes, and what it measures.
#[derive(Debug)]
pub(in crate::sim) struct Scaling {
    scaler: Autoscaler,
    nodes: Nodes,
    /// Calls that came are counted here.
    pub(super) meter: Meter,
}

impl Scaling {
    /// With the pods that the service begins with.
    pub fn new(rules: AutoscaleRules, manifest: &Manifest) -> Self {
        let pods = manifest.pods;
        let nodes = Nodes::new(&rules, pods);
        Self { scaler: Autoscaler::new(rules, pods), nodes, meter: Meter::default() }
    }
}

impl Site {
    /// How many pods there are to be, faults apart.
    pub(super) fn wanted_pods(&self) -> u32 {
        let scaled = self.manifest.scaling.as_ref().map(|scaling| scaling.scaler.wanted());
        scaled.unwrap_or(self.plan.fabric.manifest.pods)
    }

    /// When the autoscaler looks for the first time.
    pub(in crate::sim) fn first_look(&self) -> Option<(Instant, Event)> {
        let rules = self.plan.fabric.manifest.autoscale?;
        Some((Instant::ZERO + rules.every, Event::Scale))
    }

    /// The autoscaler looks, and starts pods or takes some away.
    pub(super) fn scale(&mut self, ctx: &mut Ctx<'_>) {
        let (Some(rules), now) = (self.plan.fabric.manifest.autoscale, ctx.now()) else {
            return;
        };
        let sum = self.metric(&rules, now);
        let ready = self.manifest.pods.as_ref().map_or(0, |pods| small(pods.ready()));
        let Some(scaling) = &mut self.manifest.scaling else {
            return;
        };
        scaling.scaler.see(now, sum, ready);
        let before = scaling.scaler.wanted();
        let after = scaling.scaler.decide(now, ready);
        for pod in before..after {
            self.add_pod(ctx, pod);
        }
        if let Some(pods) = &mut self.manifest.pods {
            (after..before).for_each(|pod| pods.drain(pod));
        }
        if after < before {
            self.pods_changed(ctx);
        }
        self.observe_nodes(now);
        ctx.schedule(now.saturating_add(rules.every), Event::Scale);
    }

    /// A pod more is wanted: it starts as soon as there is a node for it.
    fn add_pod(&mut self, ctx: &mut Ctx<'_>, pod: u32) {
        let Some(scaling) = &mut self.manifest.scaling else {
            return;
        };
        let room = scaling.nodes.room_for(pod, ctx.now());
        if pod < self.active_faults.stopped_pods(&self.plan.injections) {
            return; // it starts when the fault is over
        }
        self.start_new_pod(ctx, pod, room);
    }

    /// What the autoscaler looks at, over all ready pods since it last looked.
    fn metric(&mut self, rules: &AutoscaleRules, now: Instant) -> f64 {
        let used = self.manifest.cpus.as_mut().map_or(0, |cpus| cpus.used(now));
        let inside = self.manifest.slots.inside(now);
        let manifest = &self.plan.fabric.manifest;
        let Some(Scaling { meter, .. }) = &mut self.manifest.scaling else {
            return 0.0;
        };
        match rules.target {
            ScaleTarget::Saturation(_) => meter.level(now, inside) / f64::from(manifest.slots),
            ScaleTarget::Cpu(_) => {
                let request = manifest.pod.cpu.map_or(1_000, |cpu| cpu.request);
                meter.level(now, used) * 1e3 / f64::from(request)
            }
            ScaleTarget::Requests(_) => meter.rate(now),
        }
    }

    /// How many nodes are paid for.
    pub(in crate::sim) fn observe_nodes(&mut self, now: Instant) {
        if let Some(Scaling { scaler, nodes, .. }) = &mut self.manifest.scaling {
            let count = nodes.keep(scaler.wanted(), now);
            self.recorder.gauge(Gauge::Nodes, count);
        }
    }
}

/// A number of pods.
#[allow(clippy::cast_possible_truncation)] // reason: there are never that many pods
const fn small(pods: usize) -> u32 {
    pods as u32
}
