//! `errors`: a share of a service's answers are errors.

use super::parameter::{everywhere, first_pods, ramp, service};
use super::slow::place;
use super::{Absent, Arguments, Behaviour, Fault, Kind, Need, Parameter, Service, Target, Value};
use crate::units::Span;

/// A share of a service's answers are errors.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Errors {
    /// Where.
    pub region: Option<usize>,
    /// Which service.
    pub service: Service,
    /// Which share, 0 to 1, each by chance.
    pub share: f64,
    /// How long the rise to that and the fall from it take, inside the fault's length.
    pub ramp: Span,
    /// Of the manifest service, only the first `n` pods: a grey failure. `None`: all.
    pub pods: Option<u32>,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "where; or \"all\"");
const SERVICE: Parameter = service("\"manifest\"");
const SHARE: Parameter = Parameter {
    name: "share",
    value: Value::Share(false),
    absent: Absent::Wrong,
    example: "\"10%\"",
    text: "the share of its answers that are errors",
};
const RAMP: Parameter = ramp("how long the rise and the fall take, inside the fault");
const PODS: Parameter =
    first_pods("1", "only the first `n` pods of the manifest service: a grey failure");

pub(super) const KIND: Kind = Kind {
    name: "errors",
    text: "a share of a service's answers are errors",
    instant: false,
    parameters: &[REGION, SERVICE, SHARE, RAMP, PODS],
    read: Errors::read,
};

impl Errors {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let place = place(from, &REGION, &SERVICE, &PODS);
        let (share, ramp) = (from.share(&SHARE), from.time(&RAMP));
        let (region, service, pods) = place?;
        Some(Fault::Errors(Self { region, service, share: share?, ramp: ramp?, pods }))
    }
}

impl Behaviour for Errors {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, _primary: usize) -> bool {
        super::covers(self.region, site)
    }

    fn target(&self) -> Option<Target> {
        Some(Target { region: self.region, service: Some(self.service) })
    }

    fn needs_pods(&self) -> bool {
        self.pods.is_some()
    }

    fn needs(&self) -> Need {
        self.service.needs()
    }

    fn ramp(&self) -> Span {
        self.ramp
    }
}
