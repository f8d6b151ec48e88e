//! `delay-replication`: the replication channel to a region is delayed.

use super::parameter::{everywhere, word};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};
use crate::units::Span;

/// The replication channel to a region is delayed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DelayReplication {
    /// Where.
    pub region: Option<usize>,
    /// By how much.
    pub delay: Span,
    /// In which way.
    pub by: Delay,
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

const REGION: Parameter = everywhere("\"sa-east-1\"", "whose replica; or \"all\"");
const DELAY: Parameter = Parameter {
    name: "delay",
    value: Value::Time(Span::from_nanos(1)),
    absent: Absent::Wrong,
    example: "\"30s\"",
    text: "by how much",
};
const BY: Parameter = word(
    "by",
    &["apply", "tcp-stall"],
    Absent::Wrong,
    "\"apply\"",
    "changes applied later, or a longer path",
);

pub(super) const KIND: Kind = Kind {
    name: "delay-replication",
    text: "the replication channel to a region is delayed, so that its data get old",
    instant: false,
    parameters: &[REGION, DELAY, BY],
    read: DelayReplication::read,
};

impl DelayReplication {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, delay) = (from.region_or_all(&REGION), from.time(&DELAY));
        let by = from.word(&BY).map(|at| [Delay::Apply, Delay::TcpStall][at]);
        Some(Fault::DelayReplication(Self { region: region?, delay: delay?, by: by? }))
    }
}

impl Behaviour for DelayReplication {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, primary: usize) -> bool {
        super::covers(self.region, site) && site != primary
    }

    fn target(&self) -> Option<Target> {
        Some(Target::at(self.region))
    }

    fn needs_pods(&self) -> bool {
        false
    }
}
