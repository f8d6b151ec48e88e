//! `region-down`: a region can no longer be reached.

use super::parameter::word;
use super::{Absent, Arguments, Behaviour, Fault, Kind, Parameter, Target, Value};

/// A region can no longer be reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RegionDown {
    /// Which region.
    pub region: usize,
    /// Whether its routes end.
    pub routes: Routes,
    /// What is cut.
    pub scope: OutageScope,
}

/// Whether routes follow a region's outage.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Routes {
    /// The region's announcements end when its detection acts.
    Withdrawn,
    /// The region goes on announcing itself: a grey failure that nothing detects.
    Silent,
}

/// What a region's outage cuts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OutageScope {
    /// Viewers and all other regions.
    All,
    /// Viewers only: reads from other regions still reach its database.
    DataPlane,
}

const REGION: Parameter = Parameter {
    name: "region",
    value: Value::Region,
    absent: Absent::Wrong,
    example: "\"sa-east-1\"",
    text: "which region can no longer be reached",
};
const ROUTES: Parameter = word(
    "routes",
    &["withdrawn", "silent"],
    Absent::Wrong,
    "\"withdrawn\"",
    "whether its routes end",
);
const SCOPE: Parameter = word(
    "scope",
    &["all", "data-plane"],
    Absent::As("\"all\""),
    "\"all\"",
    "what is cut: everything, or viewers only",
);

pub(super) const KIND: Kind = Kind {
    name: "region-down",
    text: "a region can no longer be reached: its viewers, and by choice the other regions",
    instant: false,
    parameters: &[REGION, ROUTES, SCOPE],
    read: RegionDown::read,
};

impl RegionDown {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let region = from.region(&REGION);
        let routes = from.word(&ROUTES).map(|at| [Routes::Withdrawn, Routes::Silent][at]);
        let scope = from.word(&SCOPE).map(|at| [OutageScope::All, OutageScope::DataPlane][at]);
        Some(Fault::RegionDown(Self { region: region?, routes: routes?, scope: scope? }))
    }
}

impl Behaviour for RegionDown {
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
}
