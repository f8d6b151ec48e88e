//! The slots of the manifest service: one pool that all fetches share, or one for each kind of them. It
//! decides; it never schedules.

use crate::model::Manifest;
use crate::sim::server::pool::{Class, Offer, Pool};
use crate::units::{Instant, Span};

/// Whose slots: what a fetch asks for where each kind has its own. Where all share one pool it is of no
/// meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SlotClass {
    /// Those of fetches that make a manifest, or of all.
    Manifests = 0,
    /// Those of fetches that only validate a request.
    Validations = 1,
}

impl SlotClass {
    /// Of a fetch that only validates a request, or of another.
    #[must_use]
    pub const fn of(validates: bool) -> Self {
        if validates { Self::Validations } else { Self::Manifests }
    }
}

/// One pool, or two.
#[derive(Debug)]
pub struct SlotPools<J> {
    /// Of all fetches, or of those that make manifests.
    first: Pool<J>,
    /// Of validations, where they have their own.
    second: Option<Pool<J>>,
    /// The longest wait in each.
    waits: [Option<Span>; 2],
}

impl<J: Copy + PartialEq> SlotPools<J> {
    /// The idle slots of a region's manifest service.
    #[must_use]
    pub fn new(config: &Manifest) -> Self {
        let pool = |slots: u32, queue| {
            let all = config.pods.saturating_mul(slots);
            Pool::new(all, queue, config.discipline).standing_after(config.standing)
        };
        match config.pools {
            None => Self {
                first: pool(config.slots, config.queue),
                second: None,
                waits: [config.wait; 2],
            },
            Some(pools) => Self {
                first: pool(pools.manifests.slots, pools.manifests.queue),
                second: Some(pool(pools.validations.slots, pools.validations.queue)),
                waits: [pools.manifests.wait, pools.validations.wait],
            },
        }
    }

    const fn pool(&mut self, slot_class: SlotClass) -> &mut Pool<J> {
        match (slot_class, &mut self.second) {
            (SlotClass::Validations, Some(second)) => second,
            _ => &mut self.first,
        }
    }

    fn each(&mut self) -> impl Iterator<Item = &mut Pool<J>> {
        [&mut self.first].into_iter().chain(&mut self.second)
    }

    /// Whether each kind of fetch has slots of its own.
    #[must_use]
    pub const fn are_apart(&self) -> bool {
        self.second.is_some()
    }

    /// The longest wait in a lane.
    #[must_use]
    pub const fn wait(&self, slot_class: SlotClass) -> Option<Span> {
        self.waits[slot_class as usize]
    }

    /// Offers a job ([`Pool::offer`]).
    pub fn offer(&mut self, slot_class: SlotClass, job: J, class: Class, now: Instant) -> Offer {
        self.pool(slot_class).offer(job, class, now)
    }

    /// Whether the queue of a lane stands ([`Pool::stands`]).
    #[must_use]
    pub fn stands(&mut self, slot_class: SlotClass, now: Instant) -> bool {
        self.pool(slot_class).stands(now)
    }

    /// A slot of a lane is free again; the job that gets it.
    pub fn release(&mut self, slot_class: SlotClass, now: Instant) -> Option<J> {
        self.pool(slot_class).release(now).map(|(job, _)| job)
    }

    /// From now on there are so many slots in each lane ([`Pool::resize`]).
    pub fn resize(&mut self, slots: [usize; 2]) {
        for (pool, slots) in self.each().zip(slots) {
            pool.resize(slots);
        }
    }

    /// A job that waits gets a slot of its lane, if one is idle.
    pub fn take(&mut self, now: Instant) -> Option<J> {
        self.each().find_map(|pool| pool.take(now)).map(|(job, _)| job)
    }

    /// Takes the job out that has waited longest in a lane, if it has waited for its bound or more.
    pub fn expire(&mut self, now: Instant) -> Option<J> {
        let waits = self.waits;
        let expired = |(pool, wait): (&mut Pool<J>, Option<Span>)| pool.expire(now, wait?);
        self.each().zip(waits).find_map(expired).map(|(job, _)| job)
    }

    /// Takes a job out that waits. False if it does not.
    pub fn withdraw(&mut self, slot_class: SlotClass, job: J, now: Instant) -> bool {
        self.pool(slot_class).withdraw(job, now)
    }

    /// The integral of the number inside, in nanoseconds, up to now.
    pub fn inside(&mut self, now: Instant) -> u128 {
        self.each().map(|pool| pool.inside(now)).sum()
    }

    /// How many wait, in all lanes and in that of validations, where they have their own.
    #[must_use]
    pub fn queued(&self) -> (u64, u64) {
        let second = self.second.as_ref().map_or(0, Pool::queued);
        (self.first.queued() + second, second)
    }

    /// How many slots are in use, in the same way.
    #[must_use]
    pub fn busy(&self) -> (u64, u64) {
        let second = self.second.as_ref().map_or(0, Pool::busy);
        (self.first.busy() + second, second)
    }

    /// A job that was let in at `came` leaves at `now`; `began` is when it got a slot.
    pub fn left(
        &mut self,
        slot_class: SlotClass,
        came: Instant,
        began: Option<Instant>,
        now: Instant,
    ) {
        self.pool(slot_class).left(came, began, now);
    }

    /// The books of each pool ([`Pool::balance`]); `within` gives the jobs of a lane, or of all.
    ///
    /// # Panics
    /// When levels and times differ: a bug in the model.
    pub fn balance<I: Iterator<Item = (Instant, Option<Instant>)>>(
        &mut self,
        now: Instant,
        last: bool,
        within: impl Fn(Option<SlotClass>) -> I,
    ) {
        match &mut self.second {
            None => self.first.balance("manifest service", now, last, within(None)),
            Some(second) => {
                self.first.balance("manifests", now, last, within(Some(SlotClass::Manifests)));
                second.balance("validations", now, last, within(Some(SlotClass::Validations)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::preset;
    use crate::model::{ClassPool, ClassPools};

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Span::from_millis(millis)
    }

    fn lanes(apart: bool) -> SlotPools<u32> {
        let mut config = preset::five_regions().manifest;
        (config.pods, config.slots, config.queue) = (1, 3, Some(10));
        config.wait = Some(Span::from_millis(50));
        let pool = |slots, queue, wait| ClassPool {
            slots,
            queue: Some(queue),
            wait: Some(Span::from_millis(wait)),
        };
        let pools = ClassPools { manifests: pool(2, 1, 20), validations: pool(1, 0, 10) };
        config.pools = apart.then_some(pools);
        SlotPools::new(&config)
    }

    fn offer(lanes: &mut SlotPools<u32>, slot_class: SlotClass, job: u32) -> Offer {
        lanes.offer(slot_class, job, Class::Low, at(job.into()))
    }

    #[test]
    fn each_kind_has_its_own_slots_queue_and_wait() {
        let mut lanes = lanes(true);
        let offers = [0, 1, 2, 3].map(|job| offer(&mut lanes, SlotClass::Manifests, job));
        assert_eq!(offers, [Offer::Starts, Offer::Starts, Offer::Waits, Offer::Refused]);
        let offers = [4, 5].map(|job| offer(&mut lanes, SlotClass::Validations, job));
        assert_eq!(offers, [Offer::Starts, Offer::Refused], "the other's queue is not theirs");
        assert_eq!((lanes.queued(), lanes.busy()), ((1, 0), (3, 1)));
        assert_eq!(lanes.release(SlotClass::Validations, at(6)), None, "nor are its slots");
        assert_eq!((lanes.expire(at(21)), lanes.expire(at(22))), (None, Some(2)));
        assert_eq!(lanes.release(SlotClass::Manifests, at(23)), None);
    }

    #[test]
    fn where_all_share_the_kind_says_nothing() {
        let mut lanes = lanes(false);
        for job in 0..3 {
            assert_eq!(offer(&mut lanes, SlotClass::of(job % 2 == 1), job), Offer::Starts);
        }
        assert_eq!(offer(&mut lanes, SlotClass::Validations, 3), Offer::Waits);
        assert_eq!(lanes.release(SlotClass::Manifests, at(4)), Some(3));
        assert_eq!((lanes.queued(), lanes.busy()), ((0, 0), (3, 0)));
    }

    #[test]
    fn slots_that_come_are_those_of_a_kind() {
        let mut lanes = lanes(true);
        (0..3).for_each(|job| {
            offer(&mut lanes, SlotClass::Manifests, job);
        });
        lanes.resize([2, 8]);
        assert_eq!(lanes.take(at(5)), None);
        lanes.resize([3, 1]);
        assert_eq!((lanes.take(at(5)), lanes.take(at(5))), (Some(2), None));
    }
}
