//! What the retry budget of a network hears of its requests.
//!
//! Everything is booked at the site that serves the network, at the instant at which it happens at
//! the edge: an attempt leaves when it arrives there, an answer counts when it leaves the edge, an
//! error when it does, a time-out when it ends the attempt. While a network is on its way to another
//! site its purse is too: what is answered meanwhile is not booked, an attempt sent meanwhile is not
//! asked, and what fails meanwhile is booked where the network has gone.

use super::{Ctx, Site};
use crate::observe::Counter;
use crate::sim::hop::client::Admission;
use crate::sim::hop::error::AttemptError;
use crate::sim::run::event::ViewerRequest;
use crate::units::Instant;

impl Site {
    /// An attempt is not allowed to leave. If it is the budget that refuses it, its request has failed, at
    /// once; else only the attempt has.
    pub(super) fn attempt_refused(
        &mut self,
        ctx: &mut Ctx<'_>,
        mut request: ViewerRequest,
        why: Admission,
    ) {
        match why {
            Admission::Breaker => {
                return self.refused_by_policy(ctx, request, Counter::ViewerBreakerRefused);
            }
            Admission::Bulkhead => {
                return self.refused_by_policy(ctx, request, Counter::ViewerBulkheadFull);
            }
            Admission::Budget | Admission::Goes => {}
        }
        let refused =
            if request.attempt > 1 { Counter::RetriesDenied } else { Counter::RefusedByBudget };
        self.count(&request, refused);
        self.trace_note(ctx.now(), &request, "the budget refuses the attempt");
        // The attempt was none.
        request.attempt -= 1;
        self.give_up(ctx.now(), ctx.now(), &request, AttemptError::Error);
        self.think(ctx, ctx.now());
    }

    /// An attempt is answered.
    pub(super) fn tell_budget_answered(&mut self, now: Instant, request: &ViewerRequest) {
        if !self.client.policy.books_attempts {
            return;
        }
        if let Some(network) = self.client.networks.get_mut(request.network)
            && let Some(retry_budget) = &mut network.retry_budget
        {
            retry_budget.answered(now, request.token);
        }
    }
}
