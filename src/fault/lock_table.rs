//! `lock-table`: reads wait for a lock on their table.

use super::parameter::everywhere;
use super::{Arguments, Behaviour, Fault, Kind, Parameter, Target};

/// A statement holds a table exclusively, as `ALTER TABLE` does in PostgreSQL: reads that begin wait,
/// with their connections, until it is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LockTable {
    /// Where.
    pub region: Option<usize>,
}

const REGION: Parameter =
    everywhere("\"us-east-1\"", "where reads wait for a lock, with their connections; or \"all\"");

pub(super) const KIND: Kind = Kind {
    name: "lock-table",
    text: "reads wait for a lock on their table",
    instant: false,
    parameters: &[REGION],
    read: LockTable::read,
};

impl LockTable {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        from.region_or_all(&REGION).map(|region| Fault::LockTable(Self { region }))
    }
}

impl Behaviour for LockTable {
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
        false
    }
}
