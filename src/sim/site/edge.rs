//! The edge of a region: its caches, their fills, and its side of the hops behind them.

use super::content::ContentEdge;
use super::fill::CacheFill;
use crate::sim::edge::metadata::MetadataCache;
use crate::sim::hop::client::HopClient;
use crate::sim::run::slab::Slab;
use crate::units::Span;

/// An edge.
pub(in crate::sim) struct EdgeTier {
    /// The cache of manifests and rights, where there is one.
    pub(super) metadata: Option<MetadataCache>,
    /// What a hit takes.
    pub(super) hit_takes: Span,
    /// Fills of the metadata cache.
    pub(super) fills: Slab<CacheFill>,
    /// How they call the manifest service.
    pub(super) manifest_client: HopClient,
    /// Whether the age of data is asked for.
    pub(super) keeps_ages: bool,
    /// What serves segments; `None` where no viewer asks for any.
    pub(super) content: Option<Box<ContentEdge>>,
}
