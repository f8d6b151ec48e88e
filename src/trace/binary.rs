//! libCacheSim's `oracleGeneral` records.

use super::error::{Place, Problem};
use super::source::Source;
use super::table::Raw;

/// The length of a record.
const LENGTH: usize = 24;

/// An `oracleGeneral` file under way.
pub(super) struct Binary {
    /// How many records have been begun.
    number: u64,
    tick_nanos: u64,
}

impl Binary {
    pub(super) const fn new(tick_nanos: u64) -> Self {
        Self { number: 0, tick_nanos }
    }

    /// Where the record at hand is.
    pub(super) const fn place(&self) -> Place {
        Place::Record(self.number)
    }

    /// The next record; `None` at the end.
    pub(super) fn next(&mut self, source: &mut Source) -> Result<Option<Raw>, (Place, Problem)> {
        self.number += 1;
        let (mut record, mut held) = ([0_u8; LENGTH], 0);
        while held < LENGTH {
            let bytes = source
                .fill()
                .map_err(|error| (error.byte.map_or(self.place(), Place::Byte), error.problem))?;
            if bytes.is_empty() {
                break;
            }
            let count = bytes.len().min(LENGTH - held);
            record[held..held + count].copy_from_slice(&bytes[..count]);
            source.consume(count);
            held += count;
        }
        match held {
            0 => Ok(None),
            LENGTH => Ok(Some(self.decode(&record))),
            bytes => {
                let offset = (self.number - 1).saturating_mul(LENGTH as u64);
                Err((self.place(), Problem::TruncatedRecord { offset, bytes }))
            }
        }
    }

    /// Time (u32), object (u64), size (u32); the last eight bytes name the next access.
    fn decode(&self, record: &[u8; LENGTH]) -> Raw {
        let number = |from: usize, to: usize| {
            record[from..to].iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte))
        };
        Raw {
            nanos: u128::from(number(0, 4)) * u128::from(self.tick_nanos),
            key: number(4, 12),
            size: number(12, 16),
        }
    }
}
