//! A plan is carried out: what is in the journal is taken from it, the rest is run.

use super::journal::Record;
use super::plan::{Job, Planner};
use super::work::in_order;
use crate::rehearse::RunError;
use std::num::NonZeroUsize;

/// Why a study ended before its end.
#[derive(Debug)]
pub enum Halt {
    /// A run came to nothing.
    Run(Job, RunError),
    /// The journal holds other runs than the study makes, or cannot be read or written.
    Journal(String),
}

/// Makes every run of a plan that `earlier` does not have, and hands each to `keep` in the plan's
/// order: first those of `earlier`, which come with `false`, then the new ones with `true`.
///
/// # Errors
/// At the first run that comes to nothing, in the plan's order, or when `keep` or `earlier` fails.
pub fn drive(
    planner: &mut Planner,
    earlier: impl Iterator<Item = Result<Record, String>>,
    threads: NonZeroUsize,
    run: impl Fn(Job) -> Result<Record, RunError> + Sync,
    mut keep: impl FnMut(&Record, bool) -> Result<(), String>,
) -> Result<(), Halt> {
    let mut earlier = earlier.peekable();
    while let Some(mut jobs) = planner.next_round() {
        while earlier.peek().is_some() {
            let Some(job) = jobs.next() else { break };
            let Some(record) = earlier.next() else { break };
            let record = record.map_err(Halt::Journal)?;
            if (record.variant, record.seed) != (job.variant, job.seed) {
                let told = format!(
                    "it has variant {} with seed {} where variant {} with seed {} belongs",
                    record.variant, record.seed, job.variant, job.seed
                );
                return Err(Halt::Journal(told));
            }
            keep(&record, false).map_err(Halt::Journal)?;
            planner.take(&record);
        }
        let mut halt = None;
        let work = |job| (job, run(job));
        in_order(jobs, threads, work, |(job, result)| {
            let taken = match result {
                Ok(record) => keep(&record, true).map(|()| record).map_err(Halt::Journal),
                Err(trouble) => Err(Halt::Run(job, trouble)),
            };
            match taken {
                Ok(record) => planner.take(&record),
                Err(wrong) => halt = Some(wrong),
            }
            halt.is_none()
        });
        if let Some(halt) = halt {
            return Err(halt);
        }
    }
    match earlier.next() {
        None => Ok(()),
        Some(_) => Err(Halt::Journal("it has more runs than the study makes".into())),
    }
}
