//! The pods of the manifest service, where they are looked at one by one.

use super::fetch::Cause;
use super::service::Call;
use super::{Ctx, Event, Key, Site};
use crate::fabric::event::PodEvent;
use crate::fabric::pods::start_takes;
use crate::fault::Calls;
use crate::observe::{Counter, Gauge};

// Calls.
impl Site {
    /// A call goes on with its slot: it gets a pod.
    pub(super) fn seat(&mut self, key: Key) {
        if let (Some(pods), Some(call)) = (&mut self.pods, self.calls.get_mut(key)) {
            call.pod = Some(pods.seat(key));
        }
    }

    /// A call that had a pod is over, and its slot is about to be released.
    pub(super) fn unseat(&mut self, key: Key, pod: Option<u32>) {
        if let (Some(pods), Some(pod)) = (&mut self.pods, pod)
            && pods.unseat(pod, key)
        {
            self.manifest.resize(pods.capacity());
        }
    }

    /// What a call has asked for is taken back, and the call is over.
    pub(super) fn take_back(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Call> {
        let call = self.end_call(ctx, key)?;
        if let Some(turn) = call.turn {
            self.database_caller.dropped(turn, call.read.is_some());
        }
        if let Some(hedge) = &call.hedge {
            self.database_caller.dropped(hedge.turn, true);
        }
        for read in call.read.into_iter().chain(call.hedge.as_ref().map(|hedge| hedge.key)) {
            self.abandon_read(ctx, read);
        }
        Some(call)
    }

    /// A call's pod is gone. Its caller hears of it if it still waits.
    fn reset_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(call) = self.take_back(ctx, key) else {
            return;
        };
        self.recorder.count(Counter::ManifestResets, call.origin);
        if self.listens(&call, key) {
            self.attempt_of_fetch_failed(ctx, call.fetch, key, Cause::Error);
        }
    }

    /// A call was answered well, by a pod where they are looked at one by one.
    pub(super) fn pod_answered(&mut self, pod: Option<u32>) {
        if let (Some(pods), Some(pod)) = (&mut self.pods, pod) {
            pods.answered(pod);
        }
    }

    /// A call has failed or was not answered in time. Its pod may be ejected, at this instant but not
    /// before all who just got a slot have a pod.
    pub(super) fn pod_failed(&mut self, ctx: &mut Ctx<'_>, pod: Option<u32>) {
        if let (Some(pods), Some(pod)) = (&mut self.pods, pod)
            && let Some(life) = pods.failed(pod)
        {
            ctx.schedule(ctx.now(), Event::Pod { pod, life, what: PodEvent::Ejected });
        }
    }
}

// Pods.
impl Site {
    /// The first so many pods are stopped.
    pub(super) fn stop_pods(&mut self, ctx: &mut Ctx<'_>, count: u32, calls: Calls) {
        let Some(pods) = &mut self.pods else {
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
        // The slots have gone before: nobody gets that of a call which is reset.
        for call in gone {
            self.reset_call(ctx, call);
        }
    }

    /// In the place of the first so many pods new ones are started, but for those that are still to
    /// be down.
    pub(super) fn start_pods(&mut self, ctx: &mut Ctx<'_>, count: u32) {
        let Some(pods) = &mut self.pods else {
            return;
        };
        let ready = ctx.now().saturating_add(start_takes(&self.plan.fabric.manifest.pod, true));
        let down = self.weather.stopped_pods(&self.plan.injections);
        for pod in down..count.min(pods.count()) {
            let (life, what) = (pods.start(pod), PodEvent::Started);
            ctx.schedule(ready, Event::Pod { pod, life, what });
        }
    }

    pub(super) fn pod_event(&mut self, ctx: &mut Ctx<'_>, pod: u32, life: u32, what: PodEvent) {
        let Some(pods) = &mut self.pods else {
            return;
        };
        match what {
            PodEvent::Started => {
                pods.started(pod, life);
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
        }
        self.pods_changed(ctx);
    }

    /// Pods have come or gone: so have slots, and whoever waits for one that came gets it at once.
    /// Nobody is between its slot and its pod: that is so when an event begins.
    fn pods_changed(&mut self, ctx: &Ctx<'_>) {
        let Some(pods) = &self.pods else {
            return;
        };
        self.manifest.resize(pods.capacity());
        while let Some((next, _)) = self.manifest.take(ctx.now()) {
            self.starting.push_back(next);
        }
        self.observe_manifest();
        self.observe_pods();
    }

    pub(in crate::fabric) fn observe_pods(&mut self) {
        if let Some(pods) = &self.pods {
            self.recorder.gauge(Gauge::PodsReady, pods.ready() as u64);
        }
    }
}
