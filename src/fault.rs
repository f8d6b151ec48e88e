//! The vocabulary of harm: what can be done to a fabric, in simulation and live alike.

use crate::units::{Instant, Span};

/// The name by which invariants speak of a fault or change.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Label(pub String);

/// Whether routes follow a region's outage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Routes {
    /// The region's announcements end when its detection acts.
    Withdrawn,
    /// The region goes on announcing itself: a grey failure that nothing detects.
    Silent,
}

/// What a region's outage cuts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Viewers and all other regions.
    All,
    /// Viewers only: reads from other regions still reach its database.
    DataPlane,
}

/// A service inside a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Service {
    /// The pods that validate requests and make manifests.
    Manifest,
    /// The region's database.
    Database,
    /// The origin, in its region.
    Origin,
}

/// A cache of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// That of manifests and rights.
    Metadata,
    /// That of video segments.
    Content,
}

/// What becomes of the calls of a pod that is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Calls {
    /// They are reset at once: the pod has crashed, or its node has.
    Reset,
    /// The pod finishes them, however long they take, and takes no more: it is evicted in an orderly
    /// way.
    Finish,
}

/// How replication is delayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Delay {
    /// The replica applies changes this much later: the lag rises by one second a second to the set
    /// value and stays there (PostgreSQL's `recovery_min_apply_delay`).
    Apply,
    /// The path gets this much longer: acknowledgements stall, the stream carries at most one window
    /// a round trip, and what is written beyond that adds to the lag for as long as the fault lasts.
    TcpStall,
}

/// What a database or an origin that is down does with those who ask it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answers {
    /// It resets its connections and refuses new ones: its host is there.
    Refused,
    /// Nothing: its host is gone. Who asks waits until a time-out of its own, or until the fault is over
    /// and the connection is reset.
    Silent,
}

/// Whose time runs before the other's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Clock {
    /// The edge's is ahead of the origin's: copies look older than they are.
    Ahead,
    /// It is behind: copies look younger.
    Behind,
}

/// What is done to the fabric. Regions are indices into the fabric's list; `None` means everywhere.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Fault {
    /// A region can no longer be reached.
    RegionDown {
        /// Which.
        region: usize,
        /// Whether its routes end.
        routes: Routes,
        /// What is cut.
        scope: Reach,
    },
    /// A share of a region's cache is thrown out, old copies included.
    EvictCache {
        /// Where.
        region: usize,
        /// Which share of the entries, each by chance.
        share: f64,
        /// Which cache.
        cache: Kept,
    },
    /// The replication channel to a region is delayed.
    DelayReplication {
        /// Where.
        region: Option<usize>,
        /// By how much.
        delay: Span,
        /// In which way.
        by: Delay,
    },
    /// A service takes longer.
    Slow {
        /// Where.
        region: Option<usize>,
        /// Which.
        service: Service,
        /// How many times as long, above zero.
        factor: f64,
        /// How long the rise to that and the fall from it take, inside the fault's length.
        ramp: Span,
        /// Of the manifest service, only the first so many pods: a grey failure. `None`: all.
        pods: Option<u32>,
    },
    /// A share of a service's answers are errors.
    Errors {
        /// Where.
        region: Option<usize>,
        /// Which.
        service: Service,
        /// Which share, each by chance.
        share: f64,
        /// How long the rise to that and the fall from it take, inside the fault's length.
        ramp: Span,
        /// Of the manifest service, only the first so many pods: a grey failure. `None`: all.
        pods: Option<u32>,
    },
    /// The first pods of the manifest service are gone; when it is over, new ones are started.
    StopPods {
        /// Where.
        region: Option<usize>,
        /// How many.
        pods: u32,
        /// What becomes of their calls.
        calls: Calls,
    },
    /// A region's database is down, as while it fails over to its standby. While the primary is, no
    /// replica gets changes.
    DatabaseDown {
        /// Where.
        region: usize,
        /// What those get who ask it.
        answers: Answers,
    },
    /// A statement holds a table exclusively, as `ALTER TABLE` does in PostgreSQL: reads that begin wait,
    /// with their connections, until it is over.
    LockTable {
        /// Where.
        region: Option<usize>,
    },
    /// Something else on their nodes takes processors from pods of the manifest service.
    NoisyNeighbour {
        /// Where.
        region: Option<usize>,
        /// Cores that it would use, in thousandths.
        cores: u32,
        /// Its weight, in thousandths of a core that it has requested.
        request: u32,
        /// The most that it may use, in thousandths; `None` is no limit.
        limit: Option<u32>,
        /// Only beside the first so many pods. `None`: beside all.
        pods: Option<u32>,
    },
    /// Pods of the manifest service need more and more memory, until they are started anew.
    Leak {
        /// Where.
        region: Option<usize>,
        /// How much more in a second, in bytes.
        per_second: u64,
        /// Only the first so many pods. `None`: all.
        pods: Option<u32>,
    },
    /// The clock of an edge is off by which its cached copies expire, as those do whose expiry their origin
    /// has set (`Expires`, RFC 9111): they are fresh for so much longer or shorter.
    ClockSkew {
        /// Where.
        region: Option<usize>,
        /// By how much.
        by: Span,
        /// In which direction.
        clock: Clock,
    },
    /// Packets are lost between a region and the primary's: messages come later by retransmissions, and
    /// the replication stream carries less.
    PacketLoss {
        /// Where, the primary's region apart.
        region: Option<usize>,
        /// Which share of packets, each by chance.
        share: f64,
    },
    /// The origin is down.
    OriginDown {
        /// In which region it is.
        region: usize,
        /// What those get who ask it.
        answers: Answers,
    },
    /// More viewers come.
    Surge {
        /// From where.
        region: Option<usize>,
        /// How many times as many, at least zero.
        factor: f64,
        /// How long the rise and the fall take, inside the fault's length.
        ramp: Span,
    },
}

impl Fault {
    /// The kind's name in files.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::RegionDown { .. } => "region-down",
            Self::EvictCache { .. } => "evict-cache",
            Self::DelayReplication { .. } => "delay-replication",
            Self::Slow { .. } => "slow",
            Self::Errors { .. } => "errors",
            Self::DatabaseDown { .. } => "database-down",
            Self::LockTable { .. } => "lock-table",
            Self::StopPods { .. } => "stop-pods",
            Self::NoisyNeighbour { .. } => "noisy-neighbour",
            Self::Leak { .. } => "memory-leak",
            Self::ClockSkew { .. } => "clock-skew",
            Self::PacketLoss { .. } => "packet-loss",
            Self::OriginDown { .. } => "origin-down",
            Self::Surge { .. } => "surge",
        }
    }

    /// Whether it happens at an instant, so that nothing can be `during` it.
    #[must_use]
    pub const fn is_instant(&self) -> bool {
        matches!(self, Self::EvictCache { .. })
    }
}

impl Fault {
    /// How long its rise and its fall take, where it has them.
    #[must_use]
    pub const fn ramp(&self) -> Span {
        match *self {
            Self::Slow { ramp, .. } | Self::Errors { ramp, .. } | Self::Surge { ramp, .. } => ramp,
            _ => Span::ZERO,
        }
    }
}

/// A fault with its time.
#[derive(Clone, PartialEq, Debug)]
pub struct Injection {
    /// What invariants call it.
    pub label: Label,
    /// When it begins.
    pub at: Instant,
    /// When it is undone; `None` for an instant, or when it lasts to the end.
    pub until: Option<Instant>,
    /// What is done.
    pub fault: Fault,
}

impl Injection {
    /// How far a fault that has begun and not ended has risen, 0 to 1: in a straight line with time, and
    /// down again before it ends.
    #[must_use]
    pub fn strength(&self, now: Instant) -> f64 {
        let ramp = self.fault.ramp();
        let part = |passed: Span| match passed < ramp {
            true => passed.as_secs_f64() / ramp.as_secs_f64(),
            false => 1.0,
        };
        let rise = part(now.since(self.at));
        self.until.map_or(rise, |until| rise.min(part(until.since(now))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_rises_and_falls_in_straight_lines() {
        let at = |secs| Instant::ZERO + Span::from_secs(secs);
        let ramp = Span::from_secs(4);
        let fault = Fault::Surge { region: None, factor: 2.0, ramp };
        let label = Label("x".into());
        let mut injection = Injection { label, at: at(10), until: Some(at(30)), fault };
        let seen = [10, 11, 14, 20, 27, 30].map(|secs| injection.strength(at(secs)));
        assert_eq!(seen, [0.0, 0.25, 1.0, 1.0, 0.75, 0.0]);
        injection.until = None;
        assert_eq!([11, 1_000].map(|secs| injection.strength(at(secs))), [0.25, 1.0]);
    }
}
