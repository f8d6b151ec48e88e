//! Retries: how many, how long apart, and the budgets that limit them.

use crate::units::Span;

/// Retries.
#[derive(Clone, Debug)]
pub struct Retry {
    /// Attempts in all, the first included: 1 means no retries.
    pub attempts: u32,
    /// The wait before the first retry.
    pub backoff: Span,
    /// What each further wait is multiplied by: 1 is a constant backoff.
    pub multiplier: f64,
    /// The longest wait.
    pub max_backoff: Span,
    /// How the wait is spread.
    pub jitter: Jitter,
    /// What limits retries beyond the number of attempts.
    pub budget: Budget,
}

/// How a backoff is spread ("Exponential Backoff And Jitter", AWS Architecture Blog, 2015).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Jitter {
    /// Not at all.
    None,
    /// Uniform between zero and the backoff.
    Full,
    /// Half the backoff and a uniform part of the other half.
    Equal,
}

/// A retry budget. One for all viewers of a network; [`crate::sim::budgets`] has the exact rules.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Budget {
    /// No limit beyond the attempts.
    None,
    /// Envoy's circuit breaker `max_retries`: at most so many retries at one time.
    Limit {
        /// Retries at one time, their backoff included (3).
        retries: u32,
    },
    /// Finagle's and tower's token bucket: each request deposits, deposits expire.
    DepositPerRequest {
        /// How long a deposit counts, 1 s to 60 s (Finagle and tower: 10 s).
        ttl: Span,
        /// Retries a second that are always allowed (10).
        min_per_second: u32,
        /// Retries allowed for each request (0.2).
        ratio: f64,
    },
    /// gRPC's throttle (proposal A6): successes deposit, failures take, retries go above half.
    DepositPerSuccess {
        /// Tokens of a full bucket, 1 to 1000 (the proposal's example: 10).
        max_tokens: u32,
        /// Thousandths of a token that a success adds (the proposal's example: 100).
        ratio: u32,
    },
    /// Brooker's small bucket: successes deposit, retries take.
    SmallBucket {
        /// Tokens of a full bucket (5).
        tokens: u32,
        /// Thousandths of a token that a success adds (100).
        deposit: u32,
    },
    /// Envoy's `retry_budget`: retries at one time, as a share of the attempts under way.
    ConcurrentShare {
        /// The share, 0 to 1 (0.2).
        share: f64,
        /// Retries at one time that are always allowed (3).
        at_least: u32,
    },
    /// The AWS SDKs' `standard` mode.
    Standard {
        /// Tokens of a full bucket (500).
        tokens: u32,
        /// What a retry costs (5).
        retry_cost: u8,
        /// What a retry after a time-out costs (10).
        timeout_cost: u8,
    },
    /// The SRE book's adaptive throttling: clients refuse their own attempts, first ones too.
    AdaptiveThrottle {
        /// Requests for each accepted one below which nothing is refused, at least 1 (2).
        k: f64,
        /// Over how long both are counted (2 min).
        window: Span,
    },
    /// The brief's decorator as it is printed: it charges every failure and locks for ever.
    Decorator,
    /// The same, repaired: only retries pay and only they are refused.
    DecoratorRepaired,
}
