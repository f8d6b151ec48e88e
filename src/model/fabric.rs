//! The fabric: its regions and the elements that every region has.

use super::{Content, Cost, Database, Manifest, Metadata, Origin, Replication, Routing, Viewers};
use crate::units::Span;

/// The fabric: topology and elements. The elements are the same in every region.
#[derive(Clone, Debug)]
pub struct Fabric {
    /// Names of the regions, in the order of the file.
    pub regions: Vec<String>,
    /// Round trip between two regions; the diagonal is the round trip inside one.
    pub round_trip: Vec<Vec<Span>>,
    /// The region that holds the primary database; the others have replicas.
    pub primary: usize,
    /// How viewers find a region.
    pub routing: Routing,
    /// How viewers behave.
    pub viewers: Viewers,
    /// The cache of manifests and rights beside each edge; `None` is off: every request is a miss.
    pub metadata: Option<Metadata>,
    /// The pods that validate requests and make manifests.
    pub manifest: Manifest,
    /// The database; `None` is off: a manifest needs no read.
    pub database: Option<Database>,
    /// The channel from the primary to the replicas.
    pub replication: Replication,
    /// Video segments and the cache of them beside each edge; of no meaning where nobody asks for any.
    pub content: Content,
    /// The store that holds all segments.
    pub origin: Origin,
    /// What is paid for.
    pub cost: Cost,
}

impl Fabric {
    /// The region that holds the origin.
    #[must_use]
    pub fn origin_region(&self) -> usize {
        self.origin.region.unwrap_or(self.primary)
    }
}
