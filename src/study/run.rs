//! One run of a study.

use super::journal::{Header, Record};
use super::plan::{Job, Shard};
use crate::invariant::Verdict;
use crate::rehearse::{RehearsedRun, RunError, RunRequest, rehearse};
use crate::scenario::{Arm, Study};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What the journal of a study, or of a part of it, begins with.
#[must_use]
pub fn header(study: &Study, shard: Shard) -> Header {
    let shard = (shard != Shard::WHOLE).then_some((shard.part, shard.parts));
    Header { shard, ..Header::of(study) }
}

/// Makes one run, on this thread.
///
/// # Errors
/// What the variant's scenario has as problems, what the world refuses, or that it was stopped.
pub fn run(study: &Study, job: Job, stop: &Arc<AtomicBool>) -> Result<Record, RunError> {
    let variants = study.variants();
    let arm = if job.variant < variants { Arm::Whole } else { Arm::WithoutTrigger };
    let choice = study.choice(job.variant % variants);
    let asked = RunRequest {
        edits: study.edits(&choice, arm).map_err(RunError::Problems)?,
        seeds: vec![job.seed],
        threads: NonZeroUsize::MIN,
        control: false,
        stop: Arc::clone(stop),
    };
    let rehearsal = rehearse(&study.scenario, &asked, &|_| {})?;
    let Some(judged) = rehearsal.runs.first() else {
        return Err(RunError::Error("a run left nothing behind".into()));
    };
    let record = record(study, job, judged);
    let whole = record.verdicts.len() == study.invariants.len()
        && record.seen.len() == study.measures.len();
    if whole {
        Ok(record)
    } else {
        Err(RunError::Error("a variant is judged by other sentences".into()))
    }
}

fn record(study: &Study, job: Job, run: &RehearsedRun) -> Record {
    let judgements = run.invariants.iter().map(|judged| &judged.judgement);
    let of_invariants = judgements.clone().map(|judgement| judgement.seen);
    let watched = run.watch.iter().map(|watched| watched.seen);
    let kept = if study.only_watched { 0 } else { run.invariants.len() };
    Record {
        variant: job.variant,
        seed: job.seed,
        digest: run.simulated.digest.to_string(),
        requests: run.requests,
        verdicts: judgements
            .clone()
            .map(|judgement| match judgement.verdict {
                Verdict::Holds => 'h',
                Verdict::Broken => 'b',
                Verdict::Unmeasured => 'u',
            })
            .collect(),
        first_broken_s: judgements.map(|judgement| judgement.first_broken_s).collect(),
        seen: of_invariants.take(kept).chain(watched).map(|seen| seen.value).collect(),
        monthly_usd: run.bill.total().as_dollars(),
    }
}
