//! What a fabric is made of: plain data, one struct an element.
//!
//! Every number is a key of the scenario file with a unit, a default and a source; the presets in
//! [`super::preset`] hold the defaults. "Off" is always a legal value, so that each element can be
//! looked at alone.

mod autoscale;
mod call;
mod content;
mod lanes;
mod load;
mod origin;
mod pod;
mod shield;

use super::slowdown::Slowdown;
use crate::cache::Policy;
use crate::change::Planned;
use crate::engine::Law;
use crate::fault::Injection;
use crate::units::{Instant, Span};

pub use autoscale::{AutoscaleRules, ScalePace, ScaleTarget};
pub use call::{Call, Fallback, Hedge};
pub use content::{Content, Rendition, Store};
pub use lanes::{ClassPool, ClassPools};
pub use load::{Closed, Load, TraceLoad};
pub use origin::{Origin, PATIENCE};
pub use pod::{Balance, CpuRules, Ejection, MemoryRules, PodRules};
pub use shield::Shield;

/// Everything a run needs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed of every random stream.
    pub seed: u64,
    /// How long the run lasts.
    pub length: Span,
    /// The part of it, from the start, that is not judged.
    pub warmup: Span,
    /// Further cuts of time, from invariants that speak of a window.
    pub cuts: Vec<Instant>,
    /// The fabric.
    pub fabric: Fabric,
    /// The viewers.
    pub load: Load,
    /// What is done to it.
    pub injections: Vec<Injection>,
    /// What people do to it.
    pub changes: Vec<Planned>,
}

/// The fabric: topology and elements. The elements are the same in every region.
#[derive(Clone, Debug)]
pub struct Fabric {
    /// Names of the regions, in the order of the file.
    pub regions: Vec<String>,
    /// Round trip between two regions; the diagonal is the round trip inside one.
    pub round_trip: Vec<Vec<Span>>,
    /// The region that holds the primary database; the others have replicas.
    pub primary: usize,
    /// How viewers find a region.
    pub routing: Routing,
    /// How viewers behave.
    pub viewers: Viewers,
    /// The cache of manifests and rights beside each edge; `None` is off: every request is a miss.
    pub metadata: Option<Metadata>,
    /// The pods that validate requests and make manifests.
    pub manifest: Manifest,
    /// The database; `None` is off: a manifest needs no read.
    pub database: Option<Database>,
    /// The channel from the primary to the replicas.
    pub replication: Replication,
    /// Video segments and the cache of them beside each edge; of no meaning where nobody asks for any.
    pub content: Content,
    /// The store that holds all segments.
    pub origin: Origin,
    /// What is paid for.
    pub cost: Cost,
}

impl Fabric {
    /// The region that holds the origin.
    #[must_use]
    pub fn origin_region(&self) -> usize {
        self.origin.region.unwrap_or(self.primary)
    }
}

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
    pub shield: Shield,
}

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

/// A retry budget. One for all viewers of a network; [`super::budgets`] has the exact rules.
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

/// The manifest service of a region.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Pods, at least 1.
    pub pods: u32,
    /// Requests that a pod works on at once, at least 1.
    pub slots: u32,
    /// Fetches that may wait; `None` is without bound.
    pub queue: Option<u32>,
    /// In which order they are taken.
    pub discipline: Discipline,
    /// The longest wait for a slot; one that has waited so long leaves unserved. `None` is without
    /// bound. Where all share the slots, nobody waits.
    pub wait: Option<Span>,
    /// A queue that has not been empty for so long stands: it does not go away by itself (100 ms).
    pub standing: Span,
    /// The longest wait in a queue that stands; who gets a slot after more is turned away then. `None`
    /// is off (controlled delay, after CoDel, RFC 8289; Maurer 2015 has 5 ms).
    pub controlled_delay: Option<Span>,
    /// With priorities: the share of fetches that are of the high class, 0 to 1.
    pub high: f64,
    /// The share of fetches that only validate a request, and so need no read, 0 to 1.
    pub validations: f64,
    /// What one takes, beside its read.
    pub service: Law,
    /// How the edge calls it.
    pub call: Call,
    /// How its pods are started, chosen and taken out of service.
    pub pod: PodRules,
    /// What changes their number; `None` is nothing.
    pub autoscale: Option<AutoscaleRules>,
    /// Slots for each kind of fetch; `None`: all share them. Not where they share the servers.
    pub pools: Option<ClassPools>,
}

impl Manifest {
    /// Requests that all pods of a region work on at once.
    #[must_use]
    pub const fn all_slots(&self) -> u32 {
        self.pods.saturating_mul(self.slots)
    }

    /// A pod's slots for each kind of fetch, in the order of [`ClassPools`]; all are of the first where
    /// they share them.
    #[must_use]
    pub fn lanes(&self) -> [u32; 2] {
        let apart = |pools: ClassPools| [pools.manifests.slots, pools.validations.slots];
        self.pools.map_or([self.slots, 0], apart)
    }
}

/// In which order a queue is emptied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discipline {
    /// First come, first served.
    Fifo,
    /// Last come, first served.
    Lifo,
    /// First come, first served, but last come, first served while the queue stands ([`Manifest::standing`];
    /// Maurer, "Fail at Scale", ACM Queue 13(8), 2015).
    AdaptiveLifo,
    /// All are worked on at once and share the servers equally (Kleinrock 1967).
    ProcessorSharing,
    /// Two classes: a server that is free takes the high one first; nobody is interrupted
    /// (Cobham 1954).
    Priority,
}

/// A region's database.
#[derive(Clone, Debug)]
pub struct Database {
    /// Connections, at least 1.
    pub connections: u32,
    /// Reads that may wait for one; `None` is without bound.
    pub queue: Option<u32>,
    /// The longest wait for a connection; `None` is without bound.
    pub wait: Option<Span>,
    /// What a read takes.
    pub service: Law,
    /// How it gets slower under load.
    pub slowdown: Slowdown,
    /// Who holds a connection, and for how long.
    pub pooling: Pooling,
    /// What a read does when the replica is too far behind.
    pub behind: Behind,
    /// Whether reads go to the primary while this region's database refuses connections.
    pub down_to_primary: bool,
    /// Whether second attempts to read, retries and hedges, go to the primary.
    pub again_to_primary: bool,
    /// How long a read from the primary over the wide area may take.
    pub primary_timeout: Span,
    /// How the manifest service calls it.
    pub call: Call,
}

/// Who holds a database connection, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pooling {
    /// A pooler lends one for each read (PgBouncer's `pool_mode = transaction`).
    Transaction,
    /// A pooler lends one from a call's first read to the call's end (PgBouncer's `pool_mode =
    /// session`).
    Session,
    /// There is no pooler. A call opens one for its first read and closes it at its end; when there are
    /// as many as the database allows it is refused at once (PostgreSQL: "too many clients already").
    None {
        /// What opening one takes: a fork, authentication, perhaps TLS.
        connect: Span,
    },
}

/// What a read does when the replica is more than `after` behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Behind {
    /// The lag that is too much.
    pub after: Span,
    /// What is done then.
    pub then: WhenBehind,
}

/// What is done when a replica is too far behind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhenBehind {
    /// Old data are served.
    Serve,
    /// The read fails.
    Refuse,
    /// The read goes to the primary over the wide area.
    Primary,
}

/// The replication channel.
#[derive(Clone, Debug)]
pub struct Replication {
    /// The usual lag, drawn for each read.
    pub lag: Law,
    /// How many seconds of changes a replica applies in a second when it catches up, above 1.
    pub catch_up: f64,
    /// Bytes of changes a second.
    pub write_rate: u64,
    /// The stream's window in bytes: what may be under way unacknowledged.
    pub window: u64,
}

/// What is paid for, where the run does not say.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The master library.
    pub library: u64,
    /// New videos a month.
    pub uploads: u64,
    /// Bytes to viewers in a month; split over the regions as the run's answers are.
    pub egress: u64,
    /// Worker nodes in each region.
    pub nodes: u32,
    /// Bytes of one read, for reads that cross regions.
    pub read_bytes: u64,
    /// Flat prices as the brief prints them, or list prices.
    pub as_printed: bool,
    /// Pods that a node has room for: nodes are bought for the pods that the file asks for, instead of
    /// [`Self::nodes`].
    pub pods_per_node: Option<u32>,
    /// Whether caches are paid for: the memory of copies of metadata, [`Self::read_bytes`] each, and the
    /// disks of segments.
    pub caches: bool,
    /// The memory of a database's connection, where that is paid for.
    pub connections: Option<u64>,
    /// The availability that the month's error budget is counted from, in billionths.
    pub sla: u64,
}
