//! Between regions: routes of viewers, and the channel of the database's changes.

pub mod replication;
pub mod routing;
