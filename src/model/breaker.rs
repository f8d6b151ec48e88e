//! When a circuit breaker opens (rules and defaults of Resilience4j 2).

use crate::units::Span;

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BreakerRule {
    /// Which calls it looks at.
    pub window: Window,
    /// Fewer calls than this in the window say nothing, at least 1 (100). With a window of calls it is
    /// at most the window.
    pub minimum: u32,
    /// The share of failed calls from which on it opens, above 0 (0.5).
    pub failures: f64,
    /// A call that takes longer than this is slow (60 s).
    pub slow: Span,
    /// The share of slow calls from which on it opens, above 0 (1).
    pub slow_share: f64,
    /// How long it stays open (60 s).
    pub open: Span,
    /// Trials of a breaker that is half open, at least 1 (10).
    pub trials: u32,
}

/// Which calls a closed breaker looks at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Window {
    /// The last so many, at least 1 (100).
    Calls(u32),
    /// Those that ended in so many last whole seconds, the present one included, at least 1.
    Seconds(u32),
}
