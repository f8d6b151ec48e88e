//! `origin-down`: the origin is down.

use super::parameter::word;
use super::{Absent, Arguments, Behaviour, DownMode, Fault, Kind, Need, Parameter, Target};

/// The origin is down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct OriginDown {
    /// In which region it is.
    pub region: usize,
    /// What its callers get.
    pub answers: DownMode,
}

const ANSWERS: Parameter = word(
    "answers",
    DownMode::NAMES,
    Absent::As("\"refused\""),
    "\"silent\"",
    "whether requests are reset and refused, or left without an answer",
);

pub(super) const KIND: Kind = Kind {
    name: "origin-down",
    text: "the origin is gone: edges have what they have",
    instant: false,
    parameters: &[ANSWERS],
    read: OriginDown::read,
};

impl OriginDown {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let answers = from.word(&ANSWERS).map(|at| DownMode::ALL[at]);
        Some(Fault::OriginDown(Self { region: from.origin(), answers: answers? }))
    }
}

impl Behaviour for OriginDown {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, _primary: usize) -> bool {
        self.region == site
    }

    fn target(&self) -> Option<Target> {
        Some(Target::at(Some(self.region)))
    }

    fn needs_pods(&self) -> bool {
        false
    }

    fn needs(&self) -> Need {
        Need::Segments
    }
}
