//! `slow`: a service takes a multiple of its time.

use super::parameter::{everywhere, first_pods, ramp, service};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Need, Parameter, Service, Target, Value};
use crate::units::Span;

/// A service takes longer.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Slow {
    /// Where.
    pub region: Option<usize>,
    /// Which service.
    pub service: Service,
    /// How many times as long, above zero.
    pub factor: f64,
    /// How long the rise to that and the fall from it take, inside the fault's length.
    pub ramp: Span,
    /// Of the manifest service, only the first `n` pods: a grey failure. `None`: all.
    pub pods: Option<u32>,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "where; or \"all\"");
const SERVICE: Parameter = service("\"database\"");
const FACTOR: Parameter = Parameter {
    name: "factor",
    value: Value::Number(0.001, 1_000_000.0),
    absent: Absent::Wrong,
    example: "3",
    text: "how many times as long it takes",
};
const RAMP: Parameter = ramp("how long the rise and the fall take, inside the fault");
const PODS: Parameter =
    first_pods("1", "only the first `n` pods of the manifest service: a grey failure");

pub(super) const KIND: Kind = Kind {
    name: "slow",
    text: "a service takes a multiple of its time",
    instant: false,
    parameters: &[REGION, SERVICE, FACTOR, RAMP, PODS],
    read: Slow::read,
};

impl Slow {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let place = place(from, &REGION, &SERVICE, &PODS);
        let (factor, ramp) = (from.number(&FACTOR), from.time(&RAMP));
        let (region, service, pods) = place?;
        Some(Fault::Slow(Self { region, service, factor: factor?, ramp: ramp?, pods }))
    }
}

impl Behaviour for Slow {
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

impl Service {
    /// What the fabric must have for a fault of this service to have an effect.
    pub(super) const fn needs(self) -> Need {
        match self {
            Self::Manifest | Self::Database => Need::Nothing,
            Self::Origin => Need::Segments,
        }
    }
}

/// Region, service and pods of a fault of a service.
pub(super) fn place(
    from: &mut dyn Arguments,
    region: &Parameter,
    service: &Parameter,
    pods: &Parameter,
) -> Option<(Option<usize>, Service, Option<u32>)> {
    const HELP: &str = "`service = \"manifest\"`, or remove this key";
    let region = from.region_or_all(region);
    let service = from.word(service).map(|at| Service::ALL[at]);
    if let (Some(region), Some(Service::Origin)) = (region, service) {
        from.holds_origin(region)?;
    }
    let first = match service {
        Some(Service::Database) => {
            from.refuse(pods, "the database has no pods", HELP).map(|()| None)
        }
        Some(Service::Origin) => from.refuse(pods, "the origin has no pods", HELP).map(|()| None),
        Some(Service::Manifest) | None => from.pods(pods),
    };
    Some((region?, service?, first?))
}
