//! `clock-skew`: the clock of an edge is off.

use super::parameter::{everywhere, word};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};
use crate::units::Span;

/// The clock of an edge is off by which its cached copies expire, as those do whose expiry their origin
/// has set (`Expires`, RFC 9111): they are fresh for that much longer or shorter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClockSkew {
    /// Where.
    pub region: Option<usize>,
    /// By how much.
    pub by: Span,
    /// In which direction.
    pub clock: SkewDirection,
}

/// Which clock runs before the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SkewDirection {
    /// The edge's clock is ahead of the origin's: copies look older than they are.
    Ahead,
    /// It is behind: copies look younger.
    Behind,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "whose edge; or \"all\"");
const BY: Parameter = Parameter {
    name: "by",
    value: Value::Time(Span::from_nanos(1)),
    absent: Absent::Wrong,
    example: "\"30s\"",
    text: "by how much its clock is off",
};
const CLOCK: Parameter = word(
    "clock",
    &["ahead", "behind"],
    Absent::Wrong,
    "\"ahead\"",
    "ahead: copies are fresh for that much shorter; behind: for that much longer",
);

pub(super) const KIND: Kind = Kind {
    name: "clock-skew",
    text: "the clock of an edge is off, by which its copies expire",
    instant: false,
    parameters: &[REGION, BY, CLOCK],
    read: ClockSkew::read,
};

impl ClockSkew {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, by) = (from.region_or_all(&REGION), from.time(&BY));
        let ways = [SkewDirection::Ahead, SkewDirection::Behind];
        let clock = from.word(&CLOCK).map(|at| ways[at]);
        Some(Fault::ClockSkew(Self { region: region?, by: by?, clock: clock? }))
    }
}

impl Behaviour for ClockSkew {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, _primary: usize) -> bool {
        super::covers(self.region, site)
    }

    fn target(&self) -> Option<Target> {
        Some(Target::at(self.region))
    }

    fn needs_pods(&self) -> bool {
        false
    }
}
