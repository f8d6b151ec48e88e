//! A region's database, and the channel that its changes come by.

use super::{Call, Slowdown};
use crate::engine::Law;
use crate::units::Span;

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
