//! What is paid for, where the run does not say.

/// What is paid for, where the run does not say.
#[derive(Clone, Debug)]
pub struct Cost {
    /// The master library.
    pub library: u64,
    /// New videos a month.
    pub uploads: u64,
    /// Bytes to viewers in a month; split over the regions as the run's answers are.
    pub egress: u64,
    /// Worker nodes in each region.
    pub nodes: u32,
    /// Bytes of one read, for reads that cross regions.
    pub read_bytes: u64,
    /// Flat prices as the brief prints them, or list prices.
    pub as_printed: bool,
    /// Pods that a node has room for: nodes are bought for the pods that the file asks for, instead of
    /// [`Self::nodes`].
    pub pods_per_node: Option<u32>,
    /// Whether caches are paid for: the memory of copies of metadata, [`Self::read_bytes`] each, and the
    /// disks of segments.
    pub caches: bool,
    /// The memory of a database's connection, where that is paid for.
    pub connections: Option<u64>,
    /// The availability that the month's error budget is counted from, in billionths.
    pub sla: u64,
}
