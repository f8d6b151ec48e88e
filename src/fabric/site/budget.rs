//! What the retry budget of a network hears of its requests.
//!
//! Everything is booked at the site that serves the network, at the instant at which it happens at
//! the edge: an attempt leaves when it arrives there, an answer counts when it leaves the edge, an
//! error when it does, a time-out when it ends the attempt. While a network is on its way to another
//! site its purse is too: what is answered meanwhile is not booked, who leaves meanwhile is not
//! asked, and what fails meanwhile is booked where the network has gone.

use super::{Ctx, Site};
use crate::fabric::budgets::Miss;
use crate::fabric::event::{Failure, Visit};
use crate::observe::Counter;
use crate::units::Instant;

impl From<Failure> for Miss {
    fn from(how: Failure) -> Self {
        match how {
            Failure::Error => Self::Error,
            Failure::TimeOut => Self::TimeOut,
        }
    }
}

impl Site {
    /// Whether the budget lets an attempt leave, which is counted in `visit` already.
    pub(super) fn may_leave(&mut self, now: Instant, visit: &mut Visit) -> bool {
        let purse = self.crowd.get_mut(visit.network).and_then(|network| network.purse.as_mut());
        purse.is_none_or(|purse| purse.leave(now, &mut visit.ticket, visit.attempt > 1))
    }

    /// An attempt is not allowed to leave: its request has failed, at once.
    pub(super) fn stays(&mut self, ctx: &mut Ctx<'_>, mut visit: Visit) {
        let refused =
            if visit.attempt > 1 { Counter::RetriesDenied } else { Counter::RefusedByBudget };
        self.count(&visit, refused);
        self.trace_note(ctx.now(), &visit, "the budget refuses the attempt");
        // The attempt was none.
        visit.attempt -= 1;
        self.give_up(ctx.now(), &visit, Failure::Error);
        self.think(ctx, ctx.now());
    }

    /// An attempt is answered.
    pub(super) fn book_answer(&mut self, now: Instant, visit: &Visit) {
        if !self.books_attempts {
            return;
        }
        if let Some(network) = self.crowd.get_mut(visit.network)
            && let Some(purse) = &mut network.purse
        {
            purse.answered(now, visit.ticket);
        }
    }
}
