//! What is in a trace, in one pass.

use super::error::{Place, Problem, TraceError};
use super::fields::Fnv;
use super::{KeyIndex, Reader, TraceSpec};
use crate::units::Span;

/// What is in a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Survey {
    /// How many requests; at least one.
    pub records: u64,
    /// How many different keys.
    pub distinct: u64,
    /// From the first request to the last.
    pub length: Span,
    /// The sum of the sizes of all requests in bytes, at most 2^64 - 1.
    pub bytes: u64,
    /// The 64-bit FNV-1a hash of all records in their order, each as 24 bytes: `at` in nanoseconds,
    /// key, size, all u64 and little-endian. The same requests give the same hash in any format,
    /// compressed or not, and whatever the origin of their times is.
    pub hash: u64,
}

/// Reads the whole trace once.
///
/// # Errors
/// Whatever [`Reader`] finds, and more than [`KeyIndex::DEFAULT_LIMIT`] distinct keys.
pub fn survey(spec: &TraceSpec) -> Result<Survey, TraceError> {
    survey_within(spec, KeyIndex::DEFAULT_LIMIT)
}

/// [`survey`] with a bound on the distinct keys.
pub(super) fn survey_within(spec: &TraceSpec, limit: u32) -> Result<Survey, TraceError> {
    let mut keys = KeyIndex::with_limit(limit);
    let (mut records, mut bytes, mut length, mut hash) = (0, 0_u64, Span::ZERO, Fnv::default());
    for record in Reader::open(spec)? {
        let record = record?;
        keys.insert(record.key).map_err(|full| {
            TraceError::new(&spec.path, Place::File, Problem::TooManyKeys(full.limit))
        })?;
        records += 1;
        bytes = bytes.saturating_add(record.size);
        length = record.at;
        for part in [record.at.as_nanos(), record.key, record.size] {
            hash = hash.with(&part.to_le_bytes());
        }
    }
    Ok(Survey { records, distinct: keys.len().into(), length, bytes, hash: hash.0 })
}
