//! The cache of manifests and rights beside each edge.

use crate::cache::Policy;
use crate::units::Span;

/// The cache of manifests and rights.
#[derive(Clone, Debug)]
pub struct Metadata {
    /// How long a copy is fresh.
    pub ttl: Span,
    /// Since when.
    pub ttl_from: TtlFrom,
    /// What a hit takes.
    pub hit: Span,
    /// The read lock: one reader a title, the others wait. `None`: every miss reads.
    pub lock: Option<Lock>,
    /// Up to this age beyond the TTL a stale copy is served at once and refreshed behind the
    /// viewer's back (RFC 5861); zero is off.
    pub stale_while_revalidate: Span,
    /// Up to this age beyond the TTL a stale copy is served when the fetch fails (RFC 5861); zero is
    /// off.
    pub stale_if_error: Span,
    /// For how many copies there is room; `None` for one of every title.
    pub entries: Option<Entries>,
}

/// For how many copies there is room, whatever their age, and by which rule they leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entries {
    /// Who leaves when it is full. A request counts with the policy when it is served a fresh copy, or
    /// when its fetch has come; those who wait for another's fetch do not count, nor does a stale copy.
    pub policy: Policy,
    /// How many copies, at least one.
    pub most: u32,
}

/// From when a copy's time to live counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TtlFrom {
    /// From its fill, as HTTP caches and DNS resolvers count.
    Fill,
    /// From its last use while fresh, its fill included, as sliding expiry in application caches does:
    /// what is asked for often enough is never read again.
    Hit,
}

/// The read lock on a title.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lock {
    /// The longest wait.
    pub wait: Span,
    /// What a waiter does then.
    pub after: AfterWait,
    /// What becomes of the waiters when the fetch fails.
    pub errors: SharedErrors,
}

/// What a waiter does when it has waited long enough.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AfterWait {
    /// It reads by itself (nginx's `proxy_cache_lock_timeout`).
    Fetch,
    /// It fails.
    Fail,
}

/// What waiters get of a failed fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SharedErrors {
    /// The same error (Go's `singleflight`).
    Shared,
    /// Nothing: each reads by itself.
    Alone,
}
