//! What runs in the engine, and how it hears of the world.

use super::queue::EventQueue;
use crate::units::{Instant, Span};
use std::fmt;

/// Something that waits for its instant. Plain data: it can be printed, counted and hashed.
pub trait Event: Copy + Send + fmt::Debug {
    /// Who goes first at one instant. Lower ranks do: an end before a beginning, a reply before its
    /// time-out.
    fn rank(self) -> u8;
    /// What the run's digest takes in of this event.
    fn fingerprint(self) -> u64;
}

/// A state machine that owns its state and hears of the world only through events.
pub trait Process: Send {
    /// What can happen to it.
    type Event: Event;

    /// No event is due before [`Context::quiet_until`]: do the work that waits for nobody, up to
    /// but not including that instant. Scheduling something may bring the instant nearer, so ask
    /// again after each step. Returns when the next such work is due ([`Instant::NEVER`] if never).
    fn flow(&mut self, ctx: &mut Context<'_, Self::Event>) -> Instant;

    /// An event's instant has come.
    fn handle(&mut self, event: Self::Event, ctx: &mut Context<'_, Self::Event>);
}

/// A message on its way to another process.
#[derive(Debug)]
pub(super) struct Envelope<E> {
    pub to: usize,
    pub at: Instant,
    pub event: E,
}

/// A process's view of the engine while it runs.
#[derive(Debug)]
pub struct Context<'a, E> {
    pub(super) now: Instant,
    pub(super) window_end: Instant,
    pub(super) lookahead: Span,
    /// Steps of the flow so far.
    pub(super) steps: u64,
    pub(super) queue: &'a mut EventQueue<E>,
    pub(super) outbox: &'a mut Vec<Envelope<E>>,
}

impl<E: Event> Context<'_, E> {
    /// The instant of the event being handled, or of the last flow step told to [`Self::advance`].
    #[inline]
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// Nothing is due before this instant.
    #[inline]
    #[must_use]
    pub fn quiet_until(&self) -> Instant {
        self.queue.next_at().min(self.window_end)
    }

    /// The flow has come to `at`, which is not beyond [`Self::quiet_until`].
    #[inline]
    pub fn advance(&mut self, at: Instant) {
        debug_assert!(at >= self.now, "time does not go back");
        self.now = at;
        self.steps += 1;
    }

    /// The shortest time that a message takes.
    #[must_use]
    pub const fn lookahead(&self) -> Span {
        self.lookahead
    }

    /// Puts an event into this process's own future.
    ///
    /// # Panics
    /// When `at` lies in the past: a bug in the model.
    #[inline]
    pub fn schedule(&mut self, at: Instant, event: E) {
        assert!(at >= self.now, "{event:?} scheduled for {at}, which is before {}", self.now);
        self.queue.push(at, event);
    }

    /// Sends an event to another process, where it is due at `at`.
    ///
    /// # Panics
    /// When it would arrive sooner than the lookahead allows: a bug in the model.
    #[inline]
    pub fn send(&mut self, to: usize, at: Instant, event: E) {
        assert!(
            at >= self.now.saturating_add(self.lookahead),
            "{event:?} sent at {} to arrive at {at}, sooner than {} later",
            self.now,
            self.lookahead
        );
        self.outbox.push(Envelope { to, at, event });
    }
}
