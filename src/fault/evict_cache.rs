//! `evict-cache`: a share of a region's cache is thrown out at an instant.

use super::parameter::word;
use super::{Absent, Arguments, Behaviour, Fault, Kind, Need, Parameter, Target, Value};

/// A share of a region's cache is thrown out, old copies included.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct EvictCache {
    /// Where.
    pub region: usize,
    /// Which share of the entries, above 0 and at most 1, each by chance.
    pub share: f64,
    /// Which cache.
    pub cache: CacheKind,
}

/// A cache of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CacheKind {
    /// The cache of manifests and rights.
    Metadata,
    /// The cache of video segments.
    Content,
}

const REGION: Parameter = Parameter {
    name: "region",
    value: Value::Region,
    absent: Absent::Wrong,
    example: "\"us-east-1\"",
    text: "whose cache",
};
const SHARE: Parameter = Parameter {
    name: "share",
    value: Value::Share(true),
    absent: Absent::Wrong,
    example: "\"50%\"",
    text: "the share of entries that is thrown out",
};
const CACHE: Parameter = word(
    "cache",
    &["metadata", "content"],
    Absent::As("\"metadata\""),
    "\"content\"",
    "which cache",
);

pub(super) const KIND: Kind = Kind {
    name: "evict-cache",
    text: "a share of a region's cache is thrown out at an instant",
    instant: true,
    parameters: &[REGION, SHARE, CACHE],
    read: EvictCache::read,
};

impl EvictCache {
    fn read(from: &mut dyn Arguments) -> Option<Fault> {
        let (region, share) = (from.region(&REGION), from.share(&SHARE));
        let cache = from.word(&CACHE).map(|at| [CacheKind::Metadata, CacheKind::Content][at]);
        Some(Fault::EvictCache(Self { region: region?, share: share?, cache: cache? }))
    }
}

impl Behaviour for EvictCache {
    fn kind(&self) -> &'static Kind {
        &KIND
    }

    fn acts_on(&self, site: usize, _primary: usize) -> bool {
        self.region == site
    }

    /// It does not last.
    fn target(&self) -> Option<Target> {
        None
    }

    fn needs_pods(&self) -> bool {
        false
    }

    fn needs(&self) -> Need {
        match self.cache {
            CacheKind::Metadata => Need::Nothing,
            CacheKind::Content => Need::Segments,
        }
    }
}
