//! How viewers behave.

use super::{ClientPolicy, Retry};
use crate::engine::Law;
use crate::units::Span;

/// How viewers behave.
#[derive(Clone, Debug)]
pub struct Viewers {
    /// Round trip between a viewer and the edge of its network, drawn for each request.
    pub last_mile: Law,
    /// How long a viewer waits for one attempt.
    pub timeout: Span,
    /// What a viewer does after a failed attempt.
    pub retry: Retry,
    /// Whether a viewer who gives up takes the work behind the edge back, once nobody else waits for
    /// it. Else it goes on.
    pub cancel: bool,
    /// What else protects this hop.
    pub client_policy: ClientPolicy,
}
