//! Levels.

use super::listed::listed;

listed! {
    /// A level, of which the peak in each second is kept, for each region.
    Gauge {
        /// Fetches that wait for a slot of the manifest service.
        ManifestQueue,
        /// Slots of the manifest service in use.
        ManifestBusy,
        /// Reads that wait for a database connection.
        DatabaseQueue,
        /// Database connections in use.
        DatabaseBusy,
        /// How far the region's replica is behind by a fault, beyond its usual lag.
        ReplicationLag,
        /// The edge's breaker before the manifest service: 0 closed, 1 half open, 2 open.
        ManifestBreaker,
        /// The manifest service's breaker before its database, in the same numbers.
        DatabaseBreaker,
        /// Pods of the manifest service that take calls, where they are looked at one by one.
        PodsReady,
        /// Pods whose threads all stand because their quota of processor time is used up.
        CpuThrottled,
        /// Nodes that run pods of the manifest service or are on their way, where they are counted.
        Nodes,
        /// The viewers' breakers, one a network, in the same numbers as the others; the most open counts.
        ViewerBreaker,
        /// Validations that wait for one of their own slots, where they have such.
        ValidationsQueue,
        /// Those slots that are in use.
        ValidationsBusy,
        /// Attempts that wait for a slot of the origin.
        OriginQueue,
        /// Slots of the origin in use.
        OriginBusy,
        /// The edge's breaker before the origin, in the numbers of the others.
        OriginBreaker,
    }
}
