//! `surge`: a multiple of the usual viewers come.

use super::parameter::{everywhere, ramp};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};
use crate::engine::Profile;
use crate::units::Span;

/// More viewers come.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Surge {
    /// From where.
    pub region: Option<usize>,
    /// How many times the usual number, at least zero.
    pub factor: f64,
    /// How long the rise and the fall take, inside the fault's length.
    pub ramp: Span,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "from where viewers come; or \"all\"");
const FACTOR: Parameter = Parameter {
    name: "factor",
    value: Value::Number(0.0, Surge::MAX_FACTOR),
    absent: Absent::Wrong,
    example: "3",
    text: "how many times the usual number, 0 to 1000",
};
const RAMP: Parameter = ramp("how long the rise and the fall take, inside the surge");

const _: () = assert!(Surge::MAX_FACTOR <= Profile::LARGEST);

pub(super) const KIND: Kind = Kind {
    name: "surge",
    text: "a multiple of the usual viewers come",
    instant: false,
    parameters: &[REGION, FACTOR, RAMP],
    read: Surge::read,
};

impl Surge {
    /// The largest factor that a file may ask for.
    pub const MAX_FACTOR: f64 = 1_000.0;

    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, factor) = (from.region_or_all(&REGION), from.number(&FACTOR));
        let ramp = from.time(&RAMP);
        Some(Fault::Surge(Self { region: region?, factor: factor?, ramp: ramp? }))
    }
}

impl Behaviour for Surge {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, _site: usize, _primary: usize) -> bool {
        false
    }

    /// Surges multiply.
    fn target(&self) -> Option<Target> {
        None
    }

    fn needs_pods(&self) -> bool {
        false
    }

    fn touches(&self, site: usize, _primary: usize) -> bool {
        super::covers(self.region, site)
    }

    fn ramp(&self) -> Span {
        self.ramp
    }
}
