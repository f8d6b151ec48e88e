//! How one hop calls the next one.

use crate::model::BreakerRule;
use crate::model::{Budget, Jitter, Retry};
use crate::units::Span;

/// How the edge calls the manifest service, or the manifest service its database.
#[derive(Clone, Debug)]
pub struct Call {
    /// How long the caller waits for one attempt; `None`: until it is answered or refused.
    pub timeout: Option<Span>,
    /// What the caller does after a failed attempt.
    pub retry: Retry,
    /// How many clients in each region make the calls, each with a retry budget of its own, at least
    /// 1: which of them makes a call is drawn.
    pub clients: u32,
    /// Whether a caller that gives up takes its work back: out of the queue, or off the server. Else
    /// the work goes on for nobody.
    pub cancel: bool,
    /// Whether the caller's deadline travels along: what gets its turn after it is not begun, and
    /// nothing is tried again that could not be in time.
    pub deadline: bool,
    /// How many attempts each client has under way at one time, at least 1; more are refused at once.
    /// `None`: no bound. One that has been given up no longer counts.
    pub bulkhead: Option<u32>,
    /// Each client's circuit breaker, which every attempt has to pass.
    pub breaker: Option<BreakerRule>,
    /// What answers when a call has failed for good.
    pub fallback: Option<Fallback>,
    /// Whether a second attempt goes beside one that is not answered soon.
    pub hedge: Option<Hedge>,
}

/// A second attempt beside the first: whichever is answered first counts, and the other is given up.
/// It has to pass breaker, bulkhead and adaptive throttle like any other attempt.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Hedge {
    /// How long the first attempt is waited for.
    pub after: Span,
    /// Wait as long as this share of calls took in the last stretch of ten seconds instead, once there
    /// are a hundred of them in one: 0 to 1 (Dean and Barroso 2013: the 95th percentile).
    pub percentile: Option<f64>,
    /// What limits hedges, beside what limits retries: any rule that refuses retries alone. One for each
    /// client.
    pub budget: Budget,
}

/// An answer without the service that was called: a default, the last known, a shorter list. It takes
/// no time, is not cached, and can fail, too.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Fallback {
    /// The share of fallbacks that fail, 0 to 1.
    pub failing: f64,
}

impl Call {
    /// One attempt, for as long as it takes.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            timeout: None,
            retry: Retry {
                attempts: 1,
                backoff: Span::from_millis(25),
                multiplier: 2.0,
                max_backoff: Span::from_millis(250),
                jitter: Jitter::Full,
                budget: Budget::None,
            },
            clients: 1,
            cancel: false,
            deadline: false,
            bulkhead: None,
            breaker: None,
            fallback: None,
            hedge: None,
        }
    }
}
