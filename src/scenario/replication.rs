//! `[fabric.replication]`: the channel from the primary to the replicas.

use super::keys::Default::{Is, Of};
use super::keys::{Row, bytes, row};
use super::reader::Reader;
use super::section::Section;
use crate::model::Replication;

pub(super) const KEYS: &[Row] = &[
    row(
        "fabric.replication",
        "table",
        Is("preset"),
        "{}",
        "the channel from the primary to the replicas",
    ),
    row(
        "fabric.replication.lag",
        "law",
        Is("lognormal, median 200ms, p99 1s"),
        "{ law = \"constant\", value = \"200ms\" }",
        "the usual lag",
    ),
    row(
        "fabric.replication.catch-up",
        "number",
        Of(|f| f.replication.catch_up.to_string()),
        "10",
        "seconds of changes that a replica applies in a second when it is behind, above 1",
    ),
    row(
        "fabric.replication.write-per-second",
        "volume",
        Of(|f| bytes(f.replication.write_rate)),
        "\"2MB\"",
        "changes in one second",
    ),
    row(
        "fabric.replication.window",
        "volume",
        Of(|f| bytes(f.replication.window)),
        "\"4MB\"",
        "what may be under way unacknowledged",
    ),
];

impl Reader<'_> {
    pub(super) fn replication(&mut self, section: &mut Section<'_>, replication: &mut Replication) {
        section.set(self, "lag", &mut replication.lag, Self::law);
        section
            .set(self, "catch-up", &mut replication.catch_up, |r, n| r.number(n, 1.01..=1_000.0));
        section.set(self, "write-per-second", &mut replication.write_rate, |r, n| r.bytes(n, 0));
        section.set(self, "window", &mut replication.window, |r, n| r.bytes(n, 1));
    }
}
