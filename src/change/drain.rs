//! `drain`: a region withdraws its routes while it goes on serving.

use super::{Behaviour, Change, Kind};
use crate::fault::{Absent, Arguments, Parameter, Value};

/// A region withdraws its routes while it goes on serving, so that viewers leave without loss.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Drain {
    /// Which region.
    pub region: usize,
}

const REGION: Parameter = Parameter {
    name: "region",
    value: Value::Region,
    absent: Absent::Wrong,
    example: "\"sa-east-1\"",
    text: "which region withdraws its routes and goes on serving",
};

pub(super) const KIND: Kind = Kind {
    name: "drain",
    text: "a region withdraws its routes and goes on serving, so that viewers leave without loss",
    parameters: &[REGION],
    read: Drain::read,
};

impl Drain {
    fn read(from: &mut dyn Arguments) -> Option<Change> {
        from.region(&REGION).map(|region| Change::Drain(Self { region }))
    }
}

impl Behaviour for Drain {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize) -> bool {
        self.region == site
    }

    fn target(&self) -> Option<usize> {
        Some(self.region)
    }
}
