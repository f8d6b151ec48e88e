//! `database-down`: a region's database is down.

use super::parameter::word;
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};

/// A region's database is down, as while it fails over to its standby. While the primary is, no
/// replica gets changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DatabaseDown {
    /// Where.
    pub region: usize,
    /// What its callers get.
    pub answers: DownMode,
}

/// What a database or an origin that is down does with its callers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DownMode {
    /// It resets its connections and refuses new ones: its host is there.
    Refuse,
    /// Nothing: its host is gone. A caller waits until a time-out of its own, or until the fault is over
    /// and the connection is reset.
    Blackhole,
}

impl DownMode {
    pub(super) const NAMES: &[&str] = &["refused", "silent"];
    pub(super) const ALL: [Self; 2] = [Self::Refuse, Self::Blackhole];
}

const REGION: Parameter = Parameter {
    name: "region",
    value: Value::Region,
    absent: Absent::Wrong,
    example: "\"us-east-1\"",
    text: "whose database; while the primary is down no replica gets changes",
};
const ANSWERS: Parameter = word(
    "answers",
    DownMode::NAMES,
    Absent::As("\"refused\""),
    "\"silent\"",
    "whether connections are reset and refused, or left without an answer",
);

pub(super) const KIND: Kind = Kind {
    name: "database-down",
    text: "a region's database is down, as while it fails over",
    instant: false,
    parameters: &[REGION, ANSWERS],
    read: DatabaseDown::read,
};

impl DatabaseDown {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let region = from.region(&REGION);
        let answers = from.word(&ANSWERS).map(|at| DownMode::ALL[at]);
        Some(Fault::DatabaseDown(Self { region: region?, answers: answers? }))
    }
}

impl Behaviour for DatabaseDown {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, primary: usize) -> bool {
        self.region == site || self.region == primary
    }

    fn target(&self) -> Option<Target> {
        Some(Target::at(Some(self.region)))
    }

    fn needs_pods(&self) -> bool {
        false
    }
}
