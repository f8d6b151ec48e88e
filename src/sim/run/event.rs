//! What can happen at a site.

use crate::engine;
use crate::sim::hop::budgets::RetryToken;
use crate::sim::hop::error::{AttemptError, Reply};
use crate::sim::hop::kind::Hop;
use crate::sim::run::slab::Key;
use crate::sim::site::RemoteCall;
use crate::units::Instant;

/// A viewer's request between two sites, or before it arrives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ViewerRequest {
    /// The network in which the viewer sits.
    pub network: u32,
    /// What it asks for: a title, or a segment by its number.
    pub title: u32,
    /// Its last mile, in microseconds.
    pub last_mile: u32,
    /// The number of the attempt; 0 before the first has arrived. One that was sent beside another has
    /// the same with [`HEDGE`].
    pub attempt: u8,
    /// Whether some attempt met a full queue.
    pub rejected: bool,
    /// Whether it is written down what is done for it; changes nothing else.
    pub traced: bool,
    /// Whether it asks for a segment.
    pub segment: bool,
    /// What it carries along of its network's retry budget.
    pub token: RetryToken,
    /// How long before its first arrival the viewer began to wait, in microseconds.
    pub lead: u32,
    /// When the first attempt arrived: the time to which the request belongs.
    pub born: Instant,
}

/// What happens to a pod at its instant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PodEvent {
    /// It has started.
    Started,
    /// It is ejected by its load balancer.
    Ejected,
    /// Its ejection is over.
    Readmitted,
    /// It may need more memory than it may have.
    Full,
}

/// Everything that waits for its instant at a site.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A step of the plan: a fault or change begins or ends.
    Step(u32),
    /// The last probe of a failed health check is sent.
    LastProbe {
        /// The loss that it notices.
        loss: u32,
    },
    /// The site's route is withdrawn because nothing was heard of it.
    Withdraw {
        /// The loss that was noticed.
        loss: u32,
    },
    /// The site's route is announced again.
    Announce {
        /// The loss that is over.
        loss: u32,
    },
    /// Another site's route has changed.
    Route {
        /// Whose.
        site: u8,
        /// Whether it is announced.
        announced: bool,
    },
    /// A network is about to go to another site, one lookahead from now.
    MoveOut {
        /// Which.
        network: u32,
        /// The plan to move; void if there is a newer one.
        plan: u32,
    },
    /// A network has gone: what was under way for it is reset.
    Gone {
        /// Which.
        network: u32,
    },
    /// A network has come; it waits on the shelf.
    MoveIn {
        /// Which.
        network: u32,
    },
    /// A database read is done.
    Read(Key),
    /// The primary has answered a read, or refused it.
    PrimaryAnswered {
        /// The read at the region that asked.
        read: Key,
        /// What came back.
        reply: Reply,
    },
    /// A read from another region comes to the primary.
    PrimaryAsked {
        /// Where the answer goes.
        site: u8,
        /// The region of the viewer.
        client_region: u8,
        /// The read there.
        read: Key,
    },
    /// A call's manifest is made.
    Made(Key),
    /// A backoff is over: what waits for a call over a hop makes another attempt.
    SendAgain(Hop, Key),
    /// An attempt over a hop has been out for so long that another may go beside it.
    Hedge(Hop, Key),
    /// The caller waits no longer for an attempt over a hop.
    AttemptTimeOut(Hop, Key),
    /// The longest wait in the queue of a hop's server is over for some attempt.
    WaitOver(Hop),
    /// A call that shares the manifest service with others may be done.
    Shared,
    /// A read that is slowed by others may be done.
    SharedReads,
    /// Something happens to a pod of the manifest service; void in another life of it.
    Pod {
        /// Which.
        pod: u32,
        /// In which life.
        life: u32,
        /// What.
        what: PodEvent,
    },
    /// A call may be done that shares its pod's processors, or its pod's quota may change.
    Cpu(u32),
    /// The autoscaler looks.
    Scale,
    /// A hit is answered; only when every request is an event.
    Answered(Key),
    /// The primary has not answered in time.
    PrimaryTimeOut(Key),
    /// A waiter has waited long enough for a lock.
    LockWaitOver {
        /// The request that waits.
        in_flight: Key,
        /// The fill for which it waits.
        fill: Key,
    },
    /// Attempts are looked at again whose time is half over.
    Patience,
    /// An attempt's time is over.
    TimeOut(Key),
    /// A backoff is over: the retry arrives.
    Retry(Key),
    /// An attempt has been out for so long that its viewer may send another beside it.
    ViewerHedge {
        /// Which attempt.
        beside: Key,
        /// When the second one comes to the edge.
        arrives: Instant,
    },
    /// It comes to the edge.
    HedgeArrives(Key),
    /// An attempt failed elsewhere; its network is served here, so the decision is made here.
    Failed {
        /// The request.
        request: ViewerRequest,
        /// How.
        how: AttemptError,
    },
    /// A request arrives that was drawn before, or a retry that was decided on elsewhere.
    Arrival(ViewerRequest),
    /// The next arrival of the networks served here; only when every request is an event.
    Next,
    /// An attempt from another region comes to the origin.
    OriginAsked {
        /// Which, and for what.
        order: RemoteCall,
        /// When its caller gives it up.
        deadline: Instant,
    },
    /// Another region takes an attempt back that it has given up.
    OriginCancelled {
        /// Which region.
        site: u8,
        /// The attempt there.
        ask: Key,
    },
    /// The origin is done with an attempt.
    OriginDone(Key),
    /// The origin has answered an attempt, or refused it.
    OriginAnswered {
        /// Which.
        order: RemoteCall,
        /// What came back.
        reply: Reply,
    },
}

/// What tells the events of the origin's hop from those that share their numbers.
const ORIGIN: u64 = 0x2b5a << 44;

impl engine::Event for Event {
    /// Ends before beginnings, replies before time-outs, arrivals last.
    fn rank(self) -> u8 {
        match self {
            Self::Step(_) => 0,
            Self::LastProbe { .. } | Self::Withdraw { .. } | Self::Announce { .. } => 1,
            Self::Route { .. } => 2,
            Self::MoveOut { .. } => 3,
            Self::Gone { .. } => 4,
            Self::MoveIn { .. } => 5,
            Self::Read(_) | Self::SharedReads | Self::PrimaryAnswered { .. } => 6,
            Self::OriginDone(_) | Self::OriginAnswered { .. } => 6,
            Self::Made(_) | Self::Shared | Self::Cpu(_) | Self::Answered(_) => 7,
            Self::PrimaryAsked { .. } | Self::OriginAsked { .. } | Self::Pod { .. } => 8,
            Self::WaitOver(_) | Self::PrimaryTimeOut(_) | Self::LockWaitOver { .. } => 9,
            Self::AttemptTimeOut(..) | Self::Patience | Self::OriginCancelled { .. } => 9,
            Self::TimeOut(_) => 10,
            Self::Failed { .. } => 11,
            Self::Retry(_) | Self::SendAgain(..) | Self::Hedge(..) => 12,
            Self::Scale | Self::ViewerHedge { .. } => 12,
            Self::Arrival(_) | Self::HedgeArrives(_) => 13,
            Self::Next => 14,
        }
    }

    fn fingerprint(self) -> u64 {
        let (kind, what) = match self {
            Self::Step(step) => (1, u64::from(step)),
            Self::LastProbe { loss } => (2, u64::from(loss)),
            Self::Withdraw { loss } => (3, u64::from(loss)),
            Self::Announce { loss } => (4, u64::from(loss)),
            Self::Route { site, announced } => (5, u64::from(site) << 1 | u64::from(announced)),
            Self::MoveOut { network, plan } => (6, u64::from(network) << 32 | u64::from(plan)),
            Self::Gone { network } => (7, u64::from(network)),
            Self::MoveIn { network } => (8, u64::from(network)),
            Self::Read(key) => (9, key.word()),
            Self::PrimaryAnswered { read, reply } => (11, read.word() ^ reply_word(reply) << 62),
            Self::PrimaryAsked { site, read, .. } => (12, read.word() ^ u64::from(site) << 56),
            Self::Made(key) => (13, key.word()),
            Self::Answered(key) => (14, key.word()),
            Self::PrimaryTimeOut(key) => (16, key.word()),
            Self::LockWaitOver { in_flight, .. } => (17, in_flight.word()),
            Self::TimeOut(key) => (18, key.word()),
            Self::Retry(key) => (19, key.word()),
            Self::Failed { request, .. } => (20, request.word()),
            Self::Arrival(request) => (21, request.word()),
            Self::Next => (22, 0),
            Self::Patience => (23, 0),
            Self::Shared => (24, 0),
            Self::SharedReads => (26, 0),
            Self::SendAgain(Hop::Manifest, key) => (27, key.word()),
            Self::SendAgain(Hop::Database, key) => (10, key.word()),
            Self::SendAgain(Hop::Origin, key) => (27, key.word() ^ ORIGIN),
            Self::AttemptTimeOut(Hop::Manifest, key) => (28, key.word()),
            Self::AttemptTimeOut(Hop::Database, key) => (29, key.word()),
            Self::AttemptTimeOut(Hop::Origin, key) => (28, key.word() ^ ORIGIN),
            Self::Hedge(Hop::Manifest, key) => (30, key.word()),
            Self::Hedge(Hop::Database, key) => (31, key.word()),
            Self::Hedge(Hop::Origin, key) => (30, key.word() ^ ORIGIN),
            Self::WaitOver(Hop::Manifest) => (25, 0),
            Self::WaitOver(Hop::Database) => (15, 0),
            Self::WaitOver(Hop::Origin) => (25, ORIGIN),
            // Beyond the kinds that there is room for, kinds share a number: what they say differs.
            Self::Scale => (28, 1 << 48),
            Self::Cpu(pod) => (29, u64::from(pod) << 40),
            Self::ViewerHedge { beside, .. } => (30, beside.word() ^ 1 << 58),
            Self::HedgeArrives(key) => (31, key.word() ^ 1 << 58),
            Self::OriginDone(key) => (9, key.word() ^ ORIGIN),
            Self::OriginCancelled { site, ask } => {
                (29, ask.word() ^ ORIGIN ^ u64::from(site) << 56)
            }
            Self::OriginAsked { order, .. } => (12, order.word() ^ ORIGIN),
            Self::OriginAnswered { order, reply } => {
                (11, order.word() ^ ORIGIN ^ reply_word(reply) << 56)
            }
            Self::Pod { pod, life, what } => {
                (0, u64::from(pod) << 32 ^ u64::from(life) << 3 ^ what as u64)
            }
        };
        what.wrapping_mul(32).wrapping_add(kind)
    }
}

/// What came back, in a fingerprint.
const fn reply_word(reply: Reply) -> u64 {
    match reply {
        Ok(()) => 0,
        Err(AttemptError::Error) => 1,
        Err(AttemptError::Refused | AttemptError::TimeOut) => 2,
    }
}

/// Marks the number of an attempt that was sent beside another; attempts are never that many.
pub const HEDGE: u8 = 0x80;

impl ViewerRequest {
    /// Whether this is an attempt that was sent beside another.
    #[must_use]
    pub const fn is_hedge(&self) -> bool {
        self.attempt & HEDGE != 0
    }

    const fn word(&self) -> u64 {
        (self.network as u64) << 32
            ^ self.title as u64
            ^ (self.attempt as u64) << 24
            ^ (self.segment as u64) << 56
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_fits_in_forty_bytes() {
        assert!(size_of::<Event>() <= 40, "{}", size_of::<Event>());
    }
}
