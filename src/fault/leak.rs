//! `leak`: pods of the manifest service need more and more memory.

use super::parameter::{everywhere, first_pods};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Need, Parameter, Target, Value};

/// Pods of the manifest service need more and more memory, until they are started anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leak {
    /// Where.
    pub region: Option<usize>,
    /// How much more in a second, in bytes.
    pub per_second: u64,
    /// Only the first `n` pods. `None`: all.
    pub pods: Option<u32>,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "where; or \"all\"");
const PER_SECOND: Parameter = Parameter {
    name: "per-second",
    value: Value::Bytes,
    absent: Absent::Wrong,
    example: "\"10MB\"",
    text: "by how much more memory each pod needs in a second; a restart frees it",
};
const PODS: Parameter = first_pods("2", "only the first `n` pods of the manifest service");

pub(super) const KIND: Kind = Kind {
    name: "leak",
    text: "pods of the manifest service need more and more memory, until they are killed",
    instant: false,
    parameters: &[REGION, PER_SECOND, PODS],
    read: Leak::read,
};

impl Leak {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, per_second) = (from.region_or_all(&REGION), from.bytes(&PER_SECOND));
        let pods = from.pods(&PODS);
        Some(Fault::Leak(Self { region: region?, per_second: per_second?, pods: pods? }))
    }
}

impl Behaviour for Leak {
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
        Need::BoundedMemory
    }
}
