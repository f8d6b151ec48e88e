//! The pods of the manifest service, where they are looked at one by one.

use super::service::Over;
use super::{Ctx, Event, Key, Site};
use crate::fault::Calls;
use crate::observe::{Counter, Gauge};
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::run::event::PodEvent;
use crate::sim::run::tracer::Part;
use crate::sim::server::cpu::Cpu;
use crate::sim::server::pods::{Pods, start_takes};
use crate::sim::server::slot_classes::SlotClass;
use crate::units::{Instant, Span};

// Calls.
impl Site {
    /// A call goes on with its slot: it gets a pod.
    pub(super) fn seat(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if let (Some(pods), Some(call)) =
            (&mut self.manifest.pods, self.manifest.calls.get_mut(key))
        {
            let pod = pods.seat(key, call.slot_class);
            call.pod = Some(pod);
            self.look_for_memory(ctx, pod);
        }
    }

    /// The pod that works on a call, where they are looked at one by one.
    pub(super) fn pod_of(&self, key: Key) -> Option<u32> {
        self.manifest.pods.as_ref()?;
        self.manifest.calls.get(key)?.pod
    }

    /// A call that had a pod is over, and its slot is about to be released.
    pub(super) fn unseat(&mut self, key: Key, pod: Option<u32>, slot_class: SlotClass) {
        if let (Some(pods), Some(pod)) = (&mut self.manifest.pods, pod)
            && pods.unseat(pod, key, slot_class)
        {
            self.manifest.slots.resize(pods.capacities());
        }
    }

    /// What a call has asked for is taken back, and the call is over.
    pub(super) fn take_back(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Over> {
        let pod = self.pod_of(key);
        if let (Some(cpus), Some(pod)) = (&mut self.manifest.cpus, pod) {
            cpus.at(pod, |cpu| cpu.withdraw(key, ctx.now()));
            self.look_for_computed(ctx, pod);
        }
        let attempts = self.manifest.calls.get_mut(key)?.attempts.take();
        let call = self.end_call(ctx, key)?;
        if let Some(attempts) = attempts {
            for read in self.drop_attempts(Hop::Database, attempts) {
                self.abandon_read(ctx, read);
            }
        }
        Some(call)
    }

    /// A call's pod is gone. Its caller hears of it if it still waits.
    fn reset_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(call) = self.take_back(ctx, key) else {
            return;
        };
        self.recorder.count(Counter::ManifestResets, call.client_region);
        self.trace_end(ctx.now(), Part::Call, key, "reset");
        if self.waits_for(Hop::Manifest, call.fetch, key) {
            self.retry_or_fall_back(ctx, Hop::Manifest, (call.fetch, key), AttemptError::Error);
        }
    }

    /// A call was answered well, by a pod where they are looked at one by one.
    pub(super) fn pod_answered(&mut self, pod: Option<u32>) {
        if let (Some(pods), Some(pod)) = (&mut self.manifest.pods, pod) {
            pods.answered(pod);
        }
    }

    /// A call has failed or was not answered in time. Its pod may be ejected, at this instant but not
    /// before all calls that just got a slot have a pod.
    pub(super) fn pod_failed(&mut self, ctx: &mut Ctx<'_>, pod: Option<u32>) {
        if let (Some(pods), Some(pod)) = (&mut self.manifest.pods, pod)
            && let Some(life) = pods.failed(pod)
        {
            ctx.schedule(ctx.now(), Event::Pod { pod, life, what: PodEvent::Ejected });
        }
    }
}

// Pods.
impl Site {
    /// The first `count` pods are stopped.
    pub(super) fn stop_pods(&mut self, ctx: &mut Ctx<'_>, count: u32, calls: Calls) {
        let Some(pods) = &mut self.manifest.pods else {
            return;
        };
        let mut gone = Vec::new();
        for pod in 0..count.min(pods.count()) {
            match calls {
                Calls::Reset => gone.append(&mut pods.stop(pod)),
                Calls::Finish => pods.drain(pod),
            }
        }
        self.pods_changed(ctx);
        // The slots have gone before: no call gets that of one which is reset.
        for call in gone {
            self.reset_call(ctx, call);
        }
    }

    /// In the place of the first `count` pods new ones are started, but for those that are still to
    /// be down.
    pub(super) fn start_pods(&mut self, ctx: &mut Ctx<'_>, count: u32) {
        let down = self.active_faults.stopped_pods(&self.plan.injections);
        for pod in down..count.min(self.wanted_pods()) {
            self.start_new_pod(ctx, pod, ctx.now());
        }
    }

    /// A new pod takes this number, and begins to start when it has `room`. What its predecessor's
    /// memory did is not held against it.
    pub(super) fn start_new_pod(&mut self, ctx: &mut Ctx<'_>, pod: u32, room: Instant) {
        let Some(pods) = &mut self.manifest.pods else {
            return;
        };
        let ready = room.saturating_add(start_takes(&self.plan.fabric.manifest.pod, true));
        let (life, what) = (pods.start(pod), PodEvent::Started);
        ctx.schedule(ready, Event::Pod { pod, life, what });
        if let Some(memory) = &mut self.manifest.memory {
            memory.replace(pod);
        }
    }

    pub(super) fn pod_event(&mut self, ctx: &mut Ctx<'_>, pod: u32, life: u32, what: PodEvent) {
        let Some(pods) = &mut self.manifest.pods else {
            return;
        };
        match what {
            PodEvent::Started => {
                if pods.started(pod, life) {
                    self.process_started(ctx, pod);
                }
            }
            PodEvent::Ejected => {
                if let Some(back) = pods.eject(pod, life, ctx.now()) {
                    let what = PodEvent::Readmitted;
                    ctx.schedule(back, Event::Pod { pod, life, what });
                    self.recorder.count(Counter::PodsEjected, self.me);
                }
            }
            PodEvent::Readmitted => {
                pods.readmit(pod, life);
            }
            PodEvent::Full => self.look_at_memory(ctx, pod),
        }
        self.pods_changed(ctx);
    }

    /// Pods have come or gone: so have slots, and a call that waits for one that came gets it at once.
    /// No call is between its slot and its pod: that is so when an event begins.
    pub(super) fn pods_changed(&mut self, ctx: &Ctx<'_>) {
        let Some(pods) = &self.manifest.pods else {
            return;
        };
        self.manifest.slots.resize(pods.capacities());
        while let Some(next) = self.manifest.slots.take(ctx.now()) {
            self.manifest.starting.push_back(next);
        }
        self.observe_manifest();
        self.observe_pods();
    }

    /// What a pod computed and kept in its last life is gone.
    fn process_started(&mut self, ctx: &mut Ctx<'_>, pod: u32) {
        if let Some(cpus) = &mut self.manifest.cpus {
            cpus.at(pod, Cpu::restart);
        }
        if let Some(memory) = &mut self.manifest.memory {
            memory.start(pod, ctx.now());
            self.look_for_memory(ctx, pod);
        }
    }

    pub(in crate::sim) fn observe_pods(&mut self) {
        if let Some(pods) = &self.manifest.pods {
            self.recorder.gauge(Gauge::PodsReady, pods.ready() as u64);
        }
    }
}

// Processors.
impl Site {
    /// A call needs this much processor time of its pod.
    pub(super) fn compute(&mut self, ctx: &mut Ctx<'_>, key: Key, takes: Span) {
        let pod = self.pod_of(key);
        if let (Some(cpus), Some(pod)) = (&mut self.manifest.cpus, pod) {
            cpus.at(pod, |cpu| cpu.add(key, takes, ctx.now()));
            self.look_for_computed(ctx, pod);
        }
    }

    /// Calls that are done now leave.
    pub(super) fn look_at_cpu(&mut self, ctx: &mut Ctx<'_>, pod: u32) {
        while let Some(key) = self
            .manifest
            .cpus
            .as_mut()
            .and_then(|cpus| cpus.at(pod, |cpu| cpu.take_done(ctx.now())))
        {
            self.manifest_made(ctx, key);
        }
        self.look_for_computed(ctx, pod);
    }

    /// A look is due when the next is done.
    fn look_for_computed(&mut self, ctx: &mut Ctx<'_>, pod: u32) {
        let Some(cpus) = &mut self.manifest.cpus else {
            return;
        };
        if let Some(at) = cpus.at(pod, Cpu::look_at) {
            ctx.schedule(at, Event::Cpu(pod));
        }
        let (standing, throttled) = cpus.seen();
        self.recorder.gauge(Gauge::CpuThrottled, standing);
        if throttled > 0 {
            self.recorder.count_many(Counter::CpuThrottles, self.me, throttled);
        }
    }

    /// Neighbours have come or gone.
    pub(super) fn neighbours_changed(&mut self, ctx: &mut Ctx<'_>) {
        let Some(rules) = self.plan.fabric.manifest.pod.cpu else {
            return;
        };
        for pod in 0..self.manifest.pods.as_ref().map_or(0, Pods::count) {
            let cores = self.active_faults.cores(&self.plan.injections, pod, &rules);
            if let Some(cpus) = &mut self.manifest.cpus {
                cpus.at(pod, |cpu| cpu.set_cores(cores, ctx.now()));
                self.look_for_computed(ctx, pod);
            }
        }
    }
}

// Memory.
impl Site {
    /// A pod needs more than before, or has begun to leak: a look is due when it has got too much.
    fn look_for_memory(&mut self, ctx: &mut Ctx<'_>, pod: u32) {
        if let (Some(memory), Some(pods)) = (&mut self.manifest.memory, &self.manifest.pods)
            && let Some((calls, life)) = pods.works(pod)
            && let Some(at) = memory.look_at(pod, calls, ctx.now())
        {
            ctx.schedule(at, Event::Pod { pod, life, what: PodEvent::Full });
        }
    }

    /// A pod that needs more than it may have is killed, and started again unless it was to go.
    fn look_at_memory(&mut self, ctx: &mut Ctx<'_>, pod: u32) {
        let (Some(memory), Some(pods)) = (&mut self.manifest.memory, &mut self.manifest.pods)
        else {
            return;
        };
        let Some((calls, _)) = pods.works(pod) else {
            return;
        };
        if !memory.is_full(pod, calls, ctx.now()) {
            return self.look_for_memory(ctx, pod);
        }
        let (goes, waits) = (pods.drains(pod), memory.kill(pod, ctx.now()));
        let gone = pods.stop(pod);
        if !goes {
            let takes = waits.saturating_add(start_takes(&self.plan.fabric.manifest.pod, false));
            let (life, what) = (pods.start(pod), PodEvent::Started);
            ctx.schedule(ctx.now().saturating_add(takes), Event::Pod { pod, life, what });
        }
        self.recorder.count(Counter::OomKills, self.me);
        self.pods_changed(ctx);
        for call in gone {
            self.reset_call(ctx, call);
        }
    }

    /// Leaks have begun or ended.
    pub(super) fn leaks_changed(&mut self, ctx: &mut Ctx<'_>) {
        for pod in 0..self.manifest.pods.as_ref().map_or(0, Pods::count) {
            let rate = self.active_faults.leak(&self.plan.injections, pod);
            if let Some(memory) = &mut self.manifest.memory {
                memory.leak(pod, rate, ctx.now());
                self.look_for_memory(ctx, pod);
            }
        }
    }
}
