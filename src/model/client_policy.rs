//! What protects the hop between viewers and the edge, beside time-outs, retries and their budget.

use crate::model::BreakerRule;
use crate::model::{Fallback, Hedge};
use crate::units::Span;

/// The protections of each network's viewers. They have the rules of [`super::Call`]; what that says of a
/// client holds for a network. They travel with it, as its retry budget does.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientPolicy {
    /// How many attempts the viewers of a network have under way at one time, from when they come to the
    /// edge until they leave it, at least 1. `None`: no bound. An attempt that finds it full has failed
    /// at once, and may be tried again.
    pub bulkhead: Option<u32>,
    /// The network's circuit breaker, which every attempt has to pass. One that it refuses has failed at
    /// once, and may be tried again.
    pub breaker: Option<BreakerRule>,
    /// What answers when a request has failed for good: what the viewer's own device still has, say. It
    /// takes no time.
    pub fallback: Option<Fallback>,
    /// Whether a second attempt goes beside one that is not answered soon. The delay is the viewer's: the
    /// ways to the edge and back are part of it.
    pub hedge: Option<Hedge>,
}

impl ClientPolicy {
    /// No protection.
    pub const NONE: Self = Self { bulkhead: None, breaker: None, fallback: None, hedge: None };

    /// Whether there is any.
    #[must_use]
    pub const fn is_on(&self) -> bool {
        self.asks() || self.fallback.is_some() || self.hedge.is_some()
    }

    /// Whether an attempt has to ask before it leaves.
    #[must_use]
    pub const fn asks(&self) -> bool {
        self.bulkhead.is_some() || self.breaker.is_some() || self.counts_hedges()
    }

    /// Whether it has to hear of every attempt and answer, so that none may pass it by.
    #[must_use]
    pub fn hears_all(&self) -> bool {
        self.asks() || self.hedge.is_some_and(|hedge| hedge.percentile.is_some())
    }

    /// An answer that is heard within this is the only one: the viewer waits for no longer, or does not yet
    /// send a second attempt.
    #[must_use]
    pub fn within(&self, timeout: Span) -> Span {
        self.hedge.map_or(timeout, |hedge| hedge.after.min(timeout))
    }

    const fn counts_hedges(&self) -> bool {
        match &self.hedge {
            Some(hedge) => hedge.budget.books_attempts(),
            None => false,
        }
    }
}
