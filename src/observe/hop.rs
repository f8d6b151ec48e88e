//! Hops between services, and what is counted of each of them.

/// A hop behind the edge's caches: which service is called.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Hop {
    /// The edge calls the manifest service.
    Manifest,
    /// The manifest service calls its database.
    Database,
    /// The edge calls the origin.
    Origin,
}

/// What happens to the calls of a hop. Each is counted in the region of the viewer for whom it happens.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum HopEvent {
    /// An attempt leaves, a hedge among them.
    Call,
    /// The service turns an attempt away: its queue was full, or the wait in it too long.
    Rejected,
    /// The caller gave an attempt up that was not answered in time.
    Timeout,
    /// The retry budget refuses an attempt.
    RetryDenied,
    /// Wasted work: an answer for which no caller waits any more.
    Wasted,
    /// The service drops an attempt whose deadline was over when its turn came.
    Expired,
    /// An open breaker refuses an attempt.
    BreakerRefused,
    /// A full bulkhead refuses an attempt.
    BulkheadFull,
    /// A call that failed is answered by its fallback.
    Fallback,
    /// A call that failed is not answered by its fallback, either.
    FallbackFailure,
    /// A second attempt leaves beside a first one.
    Hedge,
    /// A second attempt is answered first.
    HedgeWon,
    /// A second attempt does not leave: a budget, a breaker or a bulkhead refuses it.
    HedgeDenied,
}

impl Hop {
    /// All, from the edge inwards.
    pub const ALL: [Self; 3] = [Self::Manifest, Self::Database, Self::Origin];

    /// The name of the service that is called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Database => "database",
            Self::Origin => "origin",
        }
    }
}

impl HopEvent {
    /// All, in order.
    pub const ALL: [Self; 13] = [
        Self::Call,
        Self::Rejected,
        Self::Timeout,
        Self::RetryDenied,
        Self::Wasted,
        Self::Expired,
        Self::BreakerRefused,
        Self::BulkheadFull,
        Self::Fallback,
        Self::FallbackFailure,
        Self::Hedge,
        Self::HedgeWon,
        Self::HedgeDenied,
    ];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_are_in_order_and_none_is_missing() {
        assert!(Hop::ALL.iter().enumerate().all(|(place, &hop)| hop as usize == place));
        assert!(HopEvent::ALL.iter().enumerate().all(|(place, &event)| event as usize == place));
        assert_eq!(HopEvent::ALL.last(), Some(&HopEvent::HedgeDenied));
        assert_eq!(Hop::ALL.last(), Some(&Hop::Origin));
    }
}
