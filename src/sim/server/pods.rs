//! The pods of a region's manifest service: who works where, and which of them take calls.
//!
//! The pool says when a call gets a slot; this says in which pod. What the pool may give away is
//! the slots of the pods that are ready and, until they are free, the busy ones of all others: so a
//! pod that no longer takes calls finishes those that it has, and nobody gets its slots after them.

use crate::engine::Stream;
use crate::model::{Balance, Discipline, Ejection, Plan, PodRules};
use crate::sim::server::slot_classes::SlotClass;
use crate::units::{Instant, Span};

/// What a pod does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// It takes calls.
    Ready,
    /// It is about to.
    Starting,
    /// It finishes its calls and goes.
    Draining,
    /// It works, and the load balancer gives it no calls.
    Ejected,
    /// It is not there.
    Down,
}

/// A pod. Its number is its place.
#[derive(Debug)]
struct Pod<J> {
    state: State,
    /// Counts its starts and ends, so that what was planned for an earlier life is void.
    life: u32,
    /// Calls under way, in the order in which they began.
    calls: Vec<J>,
    /// How many of them there are in each lane.
    busy: [usize; 2],
    record: Record,
}

/// What the load balancer knows of a pod.
#[derive(Clone, Copy, Default, Debug)]
struct Record {
    /// Failures since the last answer.
    failures: u32,
    /// How often it was ejected, as of the last time.
    ejections: u32,
    /// When it came back then.
    back: Instant,
}

impl<J> Pod<J> {
    const fn new(state: State) -> Self {
        let record = Record { failures: 0, ejections: 0, back: Instant::ZERO };
        Self { state, life: 0, calls: Vec::new(), busy: [0; 2], record }
    }
}

/// All pods of a region. It decides; it never schedules.
#[derive(Debug)]
pub struct Pods<J> {
    /// Of each lane; all are of the first where there is one.
    slots: [usize; 2],
    balance: Balance,
    ejection: Option<Ejection>,
    pods: Vec<Pod<J>>,
    /// The one whose turn it is, in a round.
    next: usize,
    stream: Stream,
}

/// Whether something in a plan makes its pods differ, or needs to know who works where. Where all
/// share the servers there are no pods.
#[must_use]
pub fn are_needed(plan: &Plan) -> bool {
    let manifest = &plan.fabric.manifest;
    let harmed = plan.injections.iter().any(|injection| injection.fault.behaviour().needs_pods());
    let rules = &manifest.pod;
    let scaled = manifest.autoscale.is_some();
    let asked = scaled || rules.ejection.is_some() || rules.cpu.is_some() || rules.memory.is_some();
    (harmed || asked) && manifest.discipline != Discipline::ProcessorSharing
}

impl<J: Copy + PartialEq> Pods<J> {
    /// So many pods that are ready, and room for more up to `most`, with so many slots each, of
    /// each lane. `stream` is for choices by chance.
    #[must_use]
    pub fn new(count: u32, most: u32, slots: [u32; 2], rules: &PodRules, stream: Stream) -> Self {
        Self {
            slots: slots.map(|slots| slots as usize),
            balance: rules.balance,
            ejection: rules.ejection,
            pods: (0..most.max(count))
                .map(|pod| Pod::new(if pod < count { State::Ready } else { State::Down }))
                .collect(),
            next: 0,
            stream,
        }
    }

    /// How many slots of each lane the pool may give away, those in use included.
    #[must_use]
    pub fn capacities(&self) -> [usize; 2] {
        let slots = |pod: &Pod<J>, slot_class: usize| match pod.state {
            State::Ready => self.slots[slot_class],
            _ => pod.busy[slot_class],
        };
        [0, 1].map(|slot_class| self.pods.iter().map(|pod| slots(pod, slot_class)).sum())
    }

    /// Which lane it is where there may be but one.
    const fn slot_class(&self, slot_class: SlotClass) -> usize {
        if self.slots[1] == 0 { 0 } else { slot_class as usize }
    }

    /// How many take calls.
    #[must_use]
    pub fn ready(&self) -> usize {
        self.pods.iter().filter(|pod| pod.state == State::Ready).count()
    }

    /// How many there are, in whatever state.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: there are never that many pods
    pub const fn count(&self) -> u32 {
        self.pods.len() as u32
    }

    /// A call has got a slot of a lane: it gets a pod.
    ///
    /// # Panics
    /// When none has a free slot: a bug in the model.
    pub fn seat(&mut self, job: J, slot_class: SlotClass) -> u32 {
        let slot_class = self.slot_class(slot_class);
        let chosen = self.choose(slot_class);
        assert!(chosen.is_some(), "a call has a slot, and no pod has one free");
        let chosen = chosen.unwrap_or_default();
        self.pods[chosen].calls.push(job);
        self.pods[chosen].busy[slot_class] += 1;
        #[allow(clippy::cast_possible_truncation)] // reason: there are never that many pods
        let number = chosen as u32;
        number
    }

    fn choose(&mut self, slot_class: usize) -> Option<usize> {
        let Self { pods, slots, stream, .. } = self;
        let free =
            |pod: &Pod<J>| pod.state == State::Ready && pod.busy[slot_class] < slots[slot_class];
        let number = match self.balance {
            Balance::RoundRobin => {
                let (passed, ahead) = pods.split_at(self.next);
                let found = ahead.iter().position(free).map(|at| at + self.next);
                let found = found.or_else(|| passed.iter().position(free))?;
                self.next = (found + 1) % pods.len();
                return Some(found);
            }
            Balance::Random => usize::MAX,
            Balance::LeastRequests => {
                pods.iter().filter(|pod| free(pod)).map(|pod| pod.calls.len()).min()?
            }
        };
        let fits = |pod: &Pod<J>| free(pod) && (number == usize::MAX || pod.calls.len() == number);
        let among = pods.iter().filter(|pod| fits(pod)).count() as u64;
        let chosen = if among > 1 { stream.below(among) } else { 0 };
        let mut fitting = pods.iter().enumerate().filter(|(_, pod)| fits(pod));
        #[allow(clippy::cast_possible_truncation)] // reason: less than the number of pods
        let chosen = fitting.nth(chosen as usize);
        chosen.map(|(at, _)| at)
    }

    /// How many calls a pod works on, and its life; `None` if there is nothing that works.
    #[must_use]
    pub fn works(&self, pod: u32) -> Option<(usize, u32)> {
        let pod = &self.pods[pod as usize];
        let up = !matches!(pod.state, State::Starting | State::Down);
        up.then_some((pod.calls.len(), pod.life))
    }

    /// Whether a pod takes no more calls and goes.
    #[must_use]
    pub fn drains(&self, pod: u32) -> bool {
        self.pods[pod as usize].state == State::Draining
    }

    /// A call is over. The last one of a pod that drains ends it. True when the slot is gone with it.
    pub fn unseat(&mut self, pod: u32, job: J, slot_class: SlotClass) -> bool {
        let slot_class = self.slot_class(slot_class);
        let Some(pod) = self.pods.get_mut(pod as usize) else {
            return false;
        };
        if let Some(at) = pod.calls.iter().position(|&other| other == job) {
            pod.calls.remove(at);
            pod.busy[slot_class] -= 1;
        }
        if pod.state == State::Draining && pod.calls.is_empty() {
            pod.state = State::Down;
        }
        pod.state != State::Ready
    }

    /// A pod is gone at once. Its calls, in the order in which they began, are to be ended.
    pub fn stop(&mut self, pod: u32) -> Vec<J> {
        let pod = &mut self.pods[pod as usize];
        (pod.state, pod.life) = (State::Down, pod.life + 1);
        pod.calls.clone()
    }

    /// A pod takes no more calls; it is gone when it has finished those that it has.
    pub fn drain(&mut self, pod: u32) {
        let pod = &mut self.pods[pod as usize];
        pod.life += 1;
        pod.state = if pod.calls.is_empty() { State::Down } else { State::Draining };
    }

    /// A pod begins to start anew; of what its load balancer knew of it nothing is left. Its life,
    /// for [`Self::started`].
    pub fn start(&mut self, pod: u32) -> u32 {
        let pod = &mut self.pods[pod as usize];
        (pod.state, pod.life, pod.record) = (State::Starting, pod.life + 1, Record::default());
        pod.life
    }

    /// A pod is ready, unless something else has happened to it since it began to start.
    pub fn started(&mut self, pod: u32, life: u32) -> bool {
        self.change(pod, life, State::Starting, State::Ready)
    }

    fn change(&mut self, pod: u32, life: u32, from: State, to: State) -> bool {
        let pod = &mut self.pods[pod as usize];
        let does = pod.life == life && pod.state == from;
        if does {
            pod.state = to;
        }
        does
    }
}

// Outlier detection.
impl<J: Copy + PartialEq> Pods<J> {
    /// A pod has answered well.
    pub fn answered(&mut self, pod: u32) {
        self.pods[pod as usize].record.failures = 0;
    }

    /// A pod has failed, or not answered in time. Its life, for [`Self::eject`], when it is to be
    /// ejected if it may.
    pub fn failed(&mut self, pod: u32) -> Option<u32> {
        let rule = self.ejection?;
        let pod = &mut self.pods[pod as usize];
        pod.record.failures += 1;
        if pod.record.failures < rule.failures {
            return None;
        }
        pod.record.failures = 0;
        (pod.state == State::Ready).then_some(pod.life)
    }

    /// A pod is ejected, unless too many are or something has happened to it. When it comes back.
    pub fn eject(&mut self, pod: u32, life: u32, now: Instant) -> Option<Instant> {
        let rule = self.ejection?;
        let out = self.pods.iter().filter(|pod| pod.state == State::Ejected).count();
        let there = self.pods.iter().filter(|pod| pod.state != State::Down).count();
        let left = self.ready().checked_sub(1)?;
        if out >= most_out(rule.most, there)
            || 2 * left < there
            || !self.change(pod, life, State::Ready, State::Ejected)
        {
            return None;
        }
        let record = &mut self.pods[pod as usize].record;
        let every = rule.every.as_nanos().max(1);
        let healthy = now.since(record.back).as_nanos() / every;
        let before = u64::from(record.ejections).saturating_sub(healthy);
        let lasts = rule.base.saturating_mul(before + 1).min(rule.base.max(Ejection::LONGEST));
        let sweep = now.saturating_add(lasts).as_nanos().div_ceil(every).saturating_mul(every);
        record.ejections = u32::try_from(before + 1).unwrap_or(u32::MAX);
        record.back = Instant::from_nanos(sweep);
        Some(record.back)
    }

    /// An ejection is over, unless something else has happened to the pod.
    pub fn readmit(&mut self, pod: u32, life: u32) -> bool {
        self.change(pod, life, State::Ejected, State::Ready)
    }
}

/// How many of so many pods may be out.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: a share of the count
fn most_out(share: f64, count: usize) -> usize {
    ((crate::units::count_to_f64(count as u64) * share + 1e-9) as usize).max(1)
}

/// From the start of a new pod, or of one that has its image, until it takes calls.
#[must_use]
pub fn start_takes(rules: &PodRules, new: bool) -> Span {
    let pull = if new { rules.image_pull } else { Span::ZERO };
    rules.start.saturating_add(pull)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::fault::{Fault, Service, Slow};
    use crate::sim::run::simulation::tests::{inject, single};

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Span::from_secs(secs)
    }

    fn pods(count: u32, slots: u32, balance: Balance) -> Pods<u32> {
        let rules = PodRules { balance, ejection: Some(Ejection::ENVOY), ..PodRules::plain() };
        Pods::new(count, count, [slots, 0], &rules, Seed(1).stream("test"))
    }

    /// Fails a pod until it is to be ejected, and ejects it if it may be.
    fn fail(pods: &mut Pods<u32>, pod: u32, now: Instant) -> Option<Instant> {
        assert!((1..5).all(|_| pods.failed(pod).is_none()));
        let life = pods.failed(pod)?;
        pods.eject(pod, life, now)
    }

    #[test]
    fn a_round_goes_round_what_is_free() {
        let mut pods = pods(3, 2, Balance::RoundRobin);
        assert_eq!([0, 1, 2, 3].map(|job| pods.seat(job, SlotClass::Manifests)), [0, 1, 2, 0]);
        pods.unseat(2, 2, SlotClass::Manifests);
        assert_eq!(
            [4, 5, 6].map(|job| pods.seat(job, SlotClass::Manifests)),
            [1, 2, 2],
            "pod 0 is full"
        );
    }

    #[test]
    fn the_fewest_requests_fill_all_pods_evenly_and_ties_go_by_chance() {
        let mut first = [0; 4];
        for seed in 0..400 {
            let rules = PodRules::plain();
            let mut pods = Pods::new(4, 4, [3, 0], &rules, Seed(seed).stream("test"));
            for round in 0..3 {
                let mut seats: Vec<u32> =
                    (0..4).map(|job| pods.seat(4 * round + job, SlotClass::Manifests)).collect();
                first[seats[0] as usize] += u32::from(round == 0);
                seats.sort_unstable();
                assert_eq!(seats, [0, 1, 2, 3]);
            }
        }
        // 100 each, with a standard deviation of 8.7.
        assert!(first.iter().all(|count| (65..=135).contains(count)), "{first:?}");
    }

    #[test]
    fn chance_takes_all_that_are_free_alike() {
        let mut pods = pods(5, 1_000, Balance::Random);
        pods.stop(2);
        let mut seats = [0; 5];
        (0..2_000).for_each(|job| seats[pods.seat(job, SlotClass::Manifests) as usize] += 1);
        // 500 each, with a standard deviation of 19.
        assert!([0, 1, 3, 4].iter().all(|&pod| (420..=580).contains(&seats[pod])), "{seats:?}");
        assert_eq!(seats[2], 0);
    }

    #[test]
    fn slots_are_those_of_the_ready_and_the_busy_ones_of_the_others() {
        let mut pods = pods(3, 4, Balance::RoundRobin);
        (0..6).for_each(|job| {
            pods.seat(job, SlotClass::Manifests);
        });
        assert_eq!((pods.capacities()[0], pods.ready()), (12, 3));
        pods.drain(0);
        assert_eq!((pods.capacities()[0], pods.ready()), (10, 2), "two are busy in pod 0");
        assert!(
            pods.unseat(0, 3, SlotClass::Manifests) && !pods.unseat(1, 1, SlotClass::Manifests)
        );
        assert_eq!(pods.stop(1), [4]);
        assert_eq!(pods.capacities()[0], 1 + 1 + 4);
        assert!(pods.unseat(0, 0, SlotClass::Manifests) && pods.unseat(1, 4, SlotClass::Manifests));
        assert_eq!(pods.capacities()[0], 4);
        let life = pods.start(0);
        assert_eq!(pods.capacities()[0], 4, "it is not ready yet");
        assert!(!pods.started(0, life - 1) && pods.started(0, life) && !pods.started(0, life));
        assert_eq!(pods.capacities()[0], 8);
    }

    #[test]
    fn five_failures_in_a_row_eject_and_an_answer_between_them_does_not() {
        let mut pods = pods(10, 1, Balance::Random);
        assert!((0..4).all(|_| pods.failed(3).is_none()));
        pods.answered(3);
        assert_eq!(fail(&mut pods, 3, at(12)), Some(at(50)), "12 s + 30 s, at the next sweep");
        assert_eq!(fail(&mut pods, 4, at(13)), None, "one of ten is out");
        assert_eq!(pods.ready(), 9);
        assert!(pods.readmit(3, 0) && !pods.readmit(3, 0));
    }

    #[test]
    fn ejections_get_longer_and_healthy_sweeps_shorten_them_again() {
        let mut pods = pods(10, 1, Balance::Random);
        for (fails, back) in [(1, 40), (41, 110), (115, 210), (235, 300), (1_000, 1_030)] {
            assert_eq!(fail(&mut pods, 0, at(fails)), Some(at(back)), "failed at {fails} s");
            assert!(pods.readmit(0, 0));
        }
        let mut out = Vec::new();
        let mut now = at(2_000);
        for _ in 0..12 {
            let back = fail(&mut pods, 0, now).unwrap();
            out.push(back.since(now).as_nanos() / 1_000_000_000);
            assert!(pods.readmit(0, 0));
            now = back;
        }
        assert_eq!(out, [30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300]);
    }

    #[test]
    fn half_of_the_pods_are_never_ejected() {
        let rules = PodRules {
            ejection: Some(Ejection { most: 1.0, ..Ejection::ENVOY }),
            ..PodRules::plain()
        };
        let mut pods = Pods::new(5, 5, [1, 0], &rules, Seed(1).stream("test"));
        let out = (0..5).filter(|&pod| fail(&mut pods, pod, at(1)).is_some()).count();
        assert_eq!((out, pods.ready()), (2, 3));
        let mut alone = Pods::new(1, 1, [1, 0], &rules, Seed(1).stream("test"));
        assert_eq!(fail(&mut alone, 0, at(1)), None);
    }

    #[test]
    fn what_happens_to_a_pod_voids_what_was_planned() {
        let mut pods = pods(10, 1, Balance::Random);
        let back = fail(&mut pods, 0, at(1));
        assert!(back.is_some());
        pods.stop(0);
        let life = pods.start(0);
        assert!(!pods.readmit(0, 0) && pods.started(0, life));
        assert_eq!(fail(&mut pods, 0, at(100)), Some(at(130)), "a new pod has no record");
    }

    #[test]
    fn pods_are_looked_at_where_they_differ_and_not_where_all_share_the_servers() {
        let slow = |pods| {
            Fault::Slow(Slow {
                region: None,
                service: Service::Manifest,
                factor: 2.0,
                ramp: Span::ZERO,
                pods,
            })
        };
        let mut cases = Vec::new();
        for (fault, needed) in
            [(None, false), (Some(slow(None)), false), (Some(slow(Some(1))), true)]
        {
            let mut plan = single(1.0, 1, Span::from_secs(1), 10);
            if let Some(fault) = fault {
                inject(&mut plan, 0, None, fault);
            }
            cases.push((plan, needed));
        }
        let mut ejecting = single(1.0, 1, Span::from_secs(1), 10);
        ejecting.fabric.manifest.pod.ejection = Some(Ejection::ENVOY);
        cases.push((ejecting, true));
        for (number, (mut plan, needed)) in cases.into_iter().enumerate() {
            assert_eq!(are_needed(&plan), needed, "case {number}");
            plan.fabric.manifest.discipline = Discipline::ProcessorSharing;
            assert!(!are_needed(&plan), "case {number}");
        }
    }
}
