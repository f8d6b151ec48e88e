//! `stop-pods`: pods of the manifest service are gone.

use super::parameter::{everywhere, word};
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};

/// The first pods of the manifest service are gone; when it is over, new ones are started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StopPods {
    /// Where.
    pub region: Option<usize>,
    /// How many.
    pub pods: u32,
    /// What becomes of their calls.
    pub calls: StopMode,
}

/// What becomes of the calls of a pod that is stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StopMode {
    /// They are reset at once: the pod has crashed, or its node has.
    Kill,
    /// The pod finishes them, however long they take, and takes no more: it is evicted in an orderly
    /// way.
    Drain,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "where; or \"all\"");
const PODS: Parameter = Parameter {
    name: "pods",
    value: Value::Pods,
    absent: Absent::Wrong,
    example: "2",
    text: "how many pods of the manifest service are gone, the first ones",
};
const CALLS: Parameter = word(
    "calls",
    &["reset", "finish"],
    Absent::As("\"reset\""),
    "\"finish\"",
    "whether their calls are reset at once, or finished while no more come",
);

pub(super) const KIND: Kind = Kind {
    name: "stop-pods",
    text: "pods of the manifest service are gone, and new ones start when it is over",
    instant: false,
    parameters: &[REGION, PODS, CALLS],
    read: StopPods::read,
};

impl StopPods {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, pods) = (from.region_or_all(&REGION), from.pods(&PODS));
        let calls = from.word(&CALLS).map(|at| [StopMode::Kill, StopMode::Drain][at]);
        Some(Fault::StopPods(Self { region: region?, pods: pods??, calls: calls? }))
    }
}

impl Behaviour for StopPods {
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
}
