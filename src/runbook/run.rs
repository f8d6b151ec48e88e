//! Rehearses the drills of a runbook, one after the other, and adds up what they spend.

use super::record::{DrillRecord, Invariant, Purse, Record, SCHEMA, Spent};
use crate::judge::{JudgedRun, Recording};
use crate::rehearse::{self, RecordingOptions, Rehearsal, RehearsedRun, RunError, Undisturbed};
use crate::report::{self, value, verdict_name};
use crate::scenario::{Drill, Runbook, Scenario, Source};
use crate::slo::MONTH;
use crate::study::work::in_order;
use crate::units::{Instant, Money};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A drill whose scenario has no problems.
#[derive(Debug)]
pub struct Prepared<'a> {
    /// The drill.
    pub drill: &'a Drill,
    /// Its file.
    pub source: Source,
    /// What it says.
    pub scenario: Scenario,
}

/// What is asked of a rehearsal of the month.
#[derive(Debug)]
pub struct Asked {
    /// The month: `2026-11`.
    pub month: String,
    /// The runbook, as it was named.
    pub path: String,
    /// Runs at one time.
    pub threads: NonZeroUsize,
    /// Set from outside to end it early.
    pub stop: Arc<AtomicBool>,
}

/// One of the runs of a drill.
#[derive(Clone, Copy, Debug)]
enum Job {
    /// The scenario and its control.
    Drill(u64),
    /// The same without its faults.
    Undisturbed(u64),
}

enum Done {
    Drill(Box<Kept>),
    Undisturbed(Undisturbed),
}

/// The runs of a drill, and each second of the first.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its runs.
    pub rehearsal: Rehearsal,
    /// The seconds of the first.
    pub recordings: Vec<Recording>,
}

/// Rehearses all drills with their controls, and each once more without its faults for every seed. What is
/// kept for a page comes beside the record, of each drill that was not left out. `progress` hears how
/// many runs are done, and of how many.
///
/// # Errors
/// As [`rehearse::rehearse`].
pub fn rehearse(
    runbook: &Runbook,
    drills: &[Prepared<'_>],
    asked: &Asked,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(Record, Vec<Kept>), RunError> {
    let seeds = |prepared: &Prepared<'_>| match prepared.drill.seeds.as_slice() {
        [] => vec![prepared.scenario.plan.seed],
        seeds => seeds.to_vec(),
    };
    let all: usize = drills.iter().map(|prepared| 2 * seeds(prepared).len()).sum();
    let (mut done, mut stopped) = (0, false);
    let (mut records, mut all_kept) = (Vec::new(), Vec::new());
    for prepared in drills {
        if stopped {
            records.push(left_out(prepared, seeds(prepared)));
            continue;
        }
        let mut tick = || {
            done += 1;
            progress(done, all);
        };
        let (record, kept) = one(prepared, &seeds(prepared), asked, &mut tick)?;
        stopped = runbook.stop_at_broken && record.verdict != HOLDS;
        records.push(record);
        all_kept.push(kept);
    }
    Ok((collect(runbook, records, asked), all_kept))
}

/// What a drill is called in which nothing went wrong.
const HOLDS: &str = "holds";

/// Verdicts from the worst to the best.
const WORST: [&str; 5] = ["broken", "control held", "unmeasured", "left out", HOLDS];

fn collect(runbook: &Runbook, drills: Vec<DrillRecord>, asked: &Asked) -> Record {
    let spent = || drills.iter().filter_map(|drill| drill.spent.as_ref());
    let error_budget_spent: f64 = spent().map(|spent| spent.error_budget).sum();
    let usd_spent: f64 = spent().map(|spent| spent.usd).sum();
    let (error_budget, usd) = (100.0 * runbook.error_budget, runbook.money.as_dollars());
    let enough = error_budget_spent <= error_budget && usd_spent <= usd;
    let purse = Purse {
        verdict: if enough { HOLDS } else { "broken" }.into(),
        error_budget,
        error_budget_spent,
        usd,
        usd_spent,
    };
    let verdicts = || drills.iter().map(|d| d.verdict.as_str()).chain([purse.verdict.as_str()]);
    let verdict = WORST.into_iter().find(|worst| verdicts().any(|verdict| verdict == *worst));
    Record {
        schema: SCHEMA.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        month: asked.month.clone(),
        runbook: asked.path.clone(),
        title: runbook.title.clone(),
        approval: runbook.approval.clone(),
        verdict: verdict.unwrap_or(HOLDS).into(),
        purse,
        drills,
        since: None,
    }
}

fn left_out(prepared: &Prepared<'_>, seeds: Vec<u64>) -> DrillRecord {
    DrillRecord {
        scenario: prepared.source.name().into(),
        title: prepared.scenario.title.clone(),
        hash: prepared.scenario.hash.to_string(),
        when: prepared.drill.when.clone(),
        owner: prepared.drill.owner.clone(),
        verdict: "left out".into(),
        seeds,
        digests: Vec::new(),
        invariants: Vec::new(),
        control: None,
        spent: None,
        happened: Vec::new(),
        again: format!("squall run {}", report::quoted(prepared.source.name())),
        fired: None,
    }
}

fn one(
    prepared: &Prepared<'_>,
    seeds: &[u64],
    asked: &Asked,
    tick: &mut dyn FnMut(),
) -> Result<(DrillRecord, Kept), RunError> {
    let jobs = seeds.iter().flat_map(|&seed| [Job::Drill(seed), Job::Undisturbed(seed)]);
    let (mut kept, mut quiet, mut trouble) = (None, Vec::new(), None);
    let first = seeds.first().copied();
    let work = |job| one_run(&prepared.source, job, first, asked);
    in_order(jobs, asked.threads, work, |result| {
        tick();
        match result {
            Ok(Done::Drill(one)) => merge(&mut kept, *one),
            Ok(Done::Undisturbed(one)) => quiet.push(one),
            Err(wrong) => trouble = Some(wrong),
        }
        trouble.is_none() && !asked.stop.load(Ordering::Relaxed)
    });
    if let Some(trouble) = trouble {
        return Err(trouble);
    }
    match kept {
        Some(kept) if !asked.stop.load(Ordering::Relaxed) => {
            let spent = spent(&kept.rehearsal.runs, &quiet);
            Ok((DrillRecord { spent, ..judged(prepared, seeds, &kept.rehearsal) }, kept))
        }
        _ => Err(RunError::Interrupted),
    }
}

fn one_run(source: &Source, job: Job, first: Option<u64>, asked: &Asked) -> Result<Done, RunError> {
    let (Job::Drill(seed) | Job::Undisturbed(seed)) = job;
    let asked = rehearse::RunRequest {
        edits: Vec::new(),
        seeds: vec![seed],
        threads: NonZeroUsize::MIN,
        control: true,
        stop: Arc::clone(&asked.stop),
    };
    match job {
        Job::Drill(_) => {
            let mut keep =
                RecordingOptions { seconds: first == Some(seed), ..RecordingOptions::default() };
            let rehearsal = rehearse::rehearse_and_keep(source, &asked, &mut keep, &|_| {})?;
            Ok(Done::Drill(Box::new(Kept { rehearsal, recordings: keep.recordings })))
        }
        Job::Undisturbed(seed) => {
            rehearse::undisturbed(source, seed, &asked).map(Done::Undisturbed)
        }
    }
}

fn merge(into: &mut Option<Kept>, one: Kept) {
    match into {
        Some(all) => all.rehearsal.runs.extend(one.rehearsal.runs),
        None => *into = Some(one),
    }
}

fn judged(prepared: &Prepared<'_>, seeds: &[u64], rehearsal: &Rehearsal) -> DrillRecord {
    let control = report::control_verdict(rehearsal).map(|all| all.verdict);
    let verdict = match (report::verdict(rehearsal), control) {
        (crate::invariant::Verdict::Holds, Some(crate::invariant::Verdict::Broken)) => {
            "control held"
        }
        (crate::invariant::Verdict::Holds, Some(crate::invariant::Verdict::Unmeasured)) => {
            "unmeasured"
        }
        (verdict, _) => verdict_name(verdict),
    };
    let first = rehearsal.runs.first().map_or(&[][..], |run| run.invariants.as_slice());
    let invariants = first.iter().enumerate().map(|(index, judged)| {
        let all = report::across(rehearsal, index);
        let broken = rehearsal.runs.iter().filter_map(|run| run.invariants.get(index));
        Invariant {
            name: judged.name.clone(),
            text: judged.text.clone(),
            verdict: verdict_name(all.verdict).into(),
            held: all.holds,
            runs: all.runs,
            low: all.spread.min,
            high: all.spread.max,
            bound: judged.judgement.bound,
            unit: judged.judgement.seen.unit.short().into(),
            first_broken_s: broken.clone().find_map(|one| one.judgement.first_broken_s),
        }
    });
    DrillRecord {
        verdict: verdict.into(),
        digests: rehearsal.runs.iter().map(|run| run.simulated.digest.to_string()).collect(),
        invariants: invariants.collect(),
        control: control.map(|verdict| verdict_name(verdict).into()),
        happened: happened(rehearsal),
        again: again(rehearsal, seeds),
        ..left_out(prepared, seeds.to_vec())
    }
}

fn again(rehearsal: &Rehearsal, seeds: &[u64]) -> String {
    let path = report::quoted(&rehearsal.scenario.path);
    match seeds {
        [seed] => format!("squall run {path} --seed {seed}"),
        [first, .., last] => format!("squall run {path} --seeds {first}..{last}"),
        [] => format!("squall run {path}"),
    }
}

/// The chain of events of the first run that broke something: when each began, and what it was.
fn happened(rehearsal: &Rehearsal) -> Vec<String> {
    let broke = |run: &&RehearsedRun| {
        let verdicts = run.invariants.iter().map(|judged| judged.judgement.verdict);
        verdicts.into_iter().any(|verdict| verdict == crate::invariant::Verdict::Broken)
    };
    let run = rehearsal.runs.iter().find(broke);
    let spells = run.map_or(&[][..], |run| run.timeline.as_slice());
    let told = spells.iter().map(|spell| {
        let from = value::clock(spell.from.since(Instant::ZERO).as_secs_f64());
        format!("{from} {}", spell.text)
    });
    told.collect()
}

/// What the drill spends beyond what the same time spends anyway, with its worst seed for each; `None`
/// when nothing was measured.
fn spent(runs: &[RehearsedRun], quiet: &[Undisturbed]) -> Option<Spent> {
    let mut all: Option<Spent> = None;
    for (run, quiet) in runs.iter().zip(quiet) {
        let (with, anyway) = (run.error_budget_spent?, quiet.error_budget_spent.unwrap_or(0.0));
        let one = Spent {
            error_budget: 100.0 * (with - anyway).max(0.0),
            error_budget_anyway: 100.0 * anyway,
            usd: extra(run, quiet).as_dollars(),
            monthly_usd: run.bill.total().as_dollars(),
        };
        all = Some(match all {
            None => one,
            Some(worst) => Spent {
                error_budget: worst.error_budget.max(one.error_budget),
                error_budget_anyway: worst.error_budget_anyway.max(one.error_budget_anyway),
                usd: worst.usd.max(one.usd),
                monthly_usd: worst.monthly_usd.max(one.monthly_usd),
            },
        });
    }
    all
}

/// What the judged part of a run costs more than without its faults: its share of the two months' bills'
/// difference, in whole millionths of a dollar, rounded down.
fn extra(run: &JudgedRun, quiet: &Undisturbed) -> Money {
    let more = run.bill.total().as_micros() - quiet.bill.total().as_micros();
    let part = i128::from(more) * i128::from(run.judged.as_nanos());
    let part = part.div_euclid(i128::from(MONTH.as_nanos()));
    Money::from_micros(i64::try_from(part).unwrap_or(i64::MAX))
}
