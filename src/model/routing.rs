//! How viewers find a region, and what ends a region's announcement.

use crate::engine::Law;
use crate::units::Span;

/// Anycast: every region announces one prefix, and networks of viewers find their way to one.
#[derive(Clone, Debug)]
pub struct Routing {
    /// Networks of viewers in each region, at least 1.
    pub networks: u32,
    /// Exponent of the networks' weights by rank: 0 makes all alike.
    pub skew: f64,
    /// The share of networks that do not reach their best region but the second best.
    pub misrouted: f64,
    /// What ends the announcement of a region that is down.
    pub detect: Detect,
    /// How long a network takes to follow a withdrawal or an announcement.
    pub converge: Law,
    /// Whether networks go back when their better region announces itself again.
    pub failback: bool,
}

/// What ends the announcement of a region that can no longer be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Detect {
    /// A health check: after `failures` failed probes, `every` so often, each failed after `timeout`.
    /// The route comes back after `successes` good probes.
    HealthCheck {
        /// Time between probes.
        every: Span,
        /// Failed probes in a row that withdraw the route, at least 1.
        failures: u32,
        /// How long a probe waits; at most `every`.
        timeout: Span,
        /// Good probes in a row that announce it again, at least 1.
        successes: u32,
    },
    /// BGP's hold timer (RFC 4271): a neighbour that hears nothing for this long drops the routes.
    /// Keepalives come each third of it, so it acts two thirds to one hold time after the loss.
    HoldTimer {
        /// The hold time: 90 s in the RFC, 180 s in common defaults.
        hold: Span,
    },
    /// Nothing does.
    Never,
}
