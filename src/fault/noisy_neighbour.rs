//! `noisy-neighbour`: something else on the nodes of pods takes processors from them.

use super::parameter::{everywhere, first_pods};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Need, Parameter, Target, Value};

/// Something else on their nodes takes processors from pods of the manifest service.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NoisyNeighbour {
    /// Where.
    pub region: Option<usize>,
    /// Cores that it would use, in thousandths.
    pub cores: u32,
    /// Its weight, in thousandths of a core that it has requested.
    pub request: u32,
    /// The most that it may use, in thousandths; `None` is no limit.
    pub limit: Option<u32>,
    /// Only beside the first `n` pods. `None`: beside all.
    pub pods: Option<u32>,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "where; or \"all\"");
const CORES: Parameter = Parameter {
    name: "cores",
    value: Value::Cores,
    absent: Absent::Wrong,
    example: "4",
    text: "cores that it would use on the node of each pod",
};
const REQUEST: Parameter = Parameter {
    name: "request",
    value: Value::Cores,
    absent: Absent::As("1"),
    example: "2",
    text: "cores that it has requested: its weight",
};
const LIMIT: Parameter = Parameter {
    name: "limit",
    value: Value::CoresOrNone,
    absent: Absent::Unbounded("none"),
    example: "1",
    text: "cores that it may use at most",
};
const PODS: Parameter = first_pods("2", "only beside the first `n` pods of the manifest service");

pub(super) const KIND: Kind = Kind {
    name: "noisy-neighbour",
    text: "something else on the nodes of pods takes processors from them",
    instant: false,
    parameters: &[REGION, CORES, REQUEST, LIMIT, PODS],
    read: NoisyNeighbour::read,
};

impl NoisyNeighbour {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, cores) = (from.region_or_all(&REGION), from.cores(&CORES));
        let (request, limit) = (from.cores(&REQUEST), from.cores_or_none(&LIMIT));
        let pods = from.pods(&PODS);
        let (region, cores, request, limit, pods) = (region?, cores?, request?, limit?, pods?);
        Some(Fault::NoisyNeighbour(Self { region, cores, request, limit, pods }))
    }
}

impl Behaviour for NoisyNeighbour {
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
        true
    }

    fn needs(&self) -> Need {
        Need::BoundedCpu
    }
}
