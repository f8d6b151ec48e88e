//! `packet-loss`: packets are lost between a region and the primary.

use super::parameter::everywhere;
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};

/// Packets are lost between a region and the primary's: messages come later by retransmissions, and
/// the replication stream carries less.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct PacketLoss {
    /// Where, the primary's region apart.
    pub region: Option<usize>,
    /// Which share of packets, 0 to 1, each by chance.
    pub share: f64,
}

const REGION: Parameter = everywhere("\"sa-east-1\"", "on whose way to the primary; or \"all\"");
const SHARE: Parameter = Parameter {
    name: "share",
    value: Value::Share(false),
    absent: Absent::Wrong,
    example: "\"1%\"",
    text: "the share of packets that are lost: retransmissions delay reads at the primary, and \
           replication carries less",
};

pub(super) const KIND: Kind = Kind {
    name: "packet-loss",
    text: "packets are lost between a region and the primary",
    instant: false,
    parameters: &[REGION, SHARE],
    read: PacketLoss::read,
};

impl PacketLoss {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, share) = (from.region_or_all(&REGION), from.share(&SHARE));
        Some(Fault::PacketLoss(Self { region: region?, share: share? }))
    }
}

impl Behaviour for PacketLoss {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, primary: usize) -> bool {
        super::covers(self.region, site) && site != primary
    }

    fn target(&self) -> Option<Target> {
        Some(Target::at(self.region))
    }

    fn needs_pods(&self) -> bool {
        false
    }
}
