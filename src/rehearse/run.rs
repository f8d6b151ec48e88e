//! Runs a scenario and its control, and judges both.

use super::{
    Conservation, Identity, Phase, Progress, RecordingOptions, Rehearsal, RehearsedRun, RunError,
    RunRequest, Simulated,
};
use crate::cost::Bill;
use crate::fabric::{
    Options, Outcome, RunError as SimulationError, simulate, timeline, worthwhile_threads,
};
use crate::judge::{Case, Control, JudgedRun, RunJudge};
use crate::observe::{Counter, Measured, Scope, SliceView};
use crate::scenario::{Scenario, Source, load, load_without_control};
use crate::units::{Instant, count_to_f64};
use std::num::NonZeroUsize;

/// Runs a scenario once for each seed, each time with its control, and judges.
///
/// # Errors
/// When the file has problems, its trace cannot be read, or it was stopped.
pub fn rehearse(
    source: &Source,
    asked: &RunRequest,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Rehearsal, RunError> {
    rehearse_and_keep(source, asked, &mut RecordingOptions::default(), progress)
}

/// The same, and keeps what `keep` asks for of each seed's own run; of several seeds the last one's
/// traces stay.
///
/// # Errors
/// As [`rehearse`].
pub fn rehearse_and_keep(
    source: &Source,
    asked: &RunRequest,
    keep: &mut RecordingOptions,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Rehearsal, RunError> {
    let load_own = if asked.control { load } else { load_without_control };
    let scenario =
        load_own(source, &asked.edits).map_err(|problems| RunError::Problems(problems.0))?;
    let seeds = match asked.seeds.as_slice() {
        [] => vec![scenario.plan.seed],
        seeds => seeds.to_vec(),
    };
    let control = match &scenario.control {
        Some(plan) if asked.control => {
            let edits = asked.edits.iter().chain(&plan.edits).cloned().collect::<Vec<_>>();
            let without =
                load(source, &edits).map_err(|problems| RunError::Problems(problems.0))?;
            Some((without, plan.breaks.clone()))
        }
        _ => None,
    };
    let show = Show { path: source.name(), progress, asked, threads: asked.threads };
    let mut runs = Vec::with_capacity(seeds.len());
    for seed in seeds {
        runs.push(one_seed(&scenario, control.as_ref(), seed, &show, keep)?);
    }
    Ok(Rehearsal {
        scenario: Identity {
            path: source.name().to_owned(),
            title: scenario.title,
            hash: scenario.hash,
        },
        runs,
        holds_in: scenario.holds_in,
        options: options_of(asked),
    })
}

/// What stands after `squall run PATH` to repeat it, the seed left out.
fn options_of(asked: &RunRequest) -> Vec<String> {
    let mut options = Vec::new();
    for edit in &asked.edits {
        options.push("--set".to_owned());
        options.push(format!("{}={}", edit.path, edit.value));
    }
    if !asked.control {
        options.push("--no-control".to_owned());
    }
    options
}

struct Show<'a> {
    path: &'a str,
    progress: &'a (dyn Fn(Progress) + Sync),
    asked: &'a RunRequest,
    threads: NonZeroUsize,
}

fn one_seed(
    scenario: &Scenario,
    control: Option<&(Scenario, Vec<String>)>,
    seed: u64,
    show: &Show<'_>,
    keep: &mut RecordingOptions,
) -> Result<RehearsedRun, RunError> {
    let Some((without, expected)) = control else {
        return simulate_and_judge(scenario, seed, Phase::Run, show, keep);
    };
    let (mut rehearsed, broken) = with_control(scenario, without, seed, show, keep)?;
    rehearsed.run.control = Some(Control::of(&broken.run.invariants, expected));
    Ok(rehearsed)
}

/// A run and its control: beside each other where there are threads for both, for two runs wait less for
/// each other than the threads of one do.
fn with_control(
    scenario: &Scenario,
    without: &Scenario,
    seed: u64,
    show: &Show<'_>,
    keep: &mut RecordingOptions,
) -> Result<(RehearsedRun, RehearsedRun), RunError> {
    let control = |show: &Show<'_>| {
        simulate_and_judge(without, seed, Phase::Control, show, &mut RecordingOptions::default())
    };
    let Some(half) = NonZeroUsize::new(show.threads.min(crate::engine::processors()).get() / 2)
    else {
        return Ok((simulate_and_judge(scenario, seed, Phase::Run, show, keep)?, control(show)?));
    };
    let show = Show { threads: half, ..*show };
    std::thread::scope(|scope| {
        let broken = scope.spawn(|| control(&show));
        let rehearsed = simulate_and_judge(scenario, seed, Phase::Run, &show, keep);
        let broken = broken.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((rehearsed?, broken?))
    })
}

impl From<SimulationError> for RunError {
    fn from(error: SimulationError) -> Self {
        match error {
            SimulationError::Stopped => Self::Interrupted,
            SimulationError::Trace(error) => Self::Error(error.to_string()),
            SimulationError::Plan(why) => Self::Error(why),
        }
    }
}

/// What a simulation measures: the simulator counts every event itself, so that 0 means that there was
/// none.
const SIMULATED: Measured = Measured::ALL;

/// Simulates a scenario with a seed, and gives the judge what was observed.
fn simulate_and_judge(
    scenario: &Scenario,
    seed: u64,
    phase: Phase,
    show: &Show<'_>,
    keep: &mut RecordingOptions,
) -> Result<RehearsedRun, RunError> {
    let mut plan = scenario.plan.clone();
    plan.seed = seed;
    let case = Case::new(plan, &scenario.invariants, &scenario.watch);
    let plan = case.plan();
    keep.begin(plan);
    let layout = keep.fitted(case.layout().measuring(SIMULATED));
    let mut judge = RunJudge::new(&case, &timeline(plan));
    let sampling = keep.sampling;
    let end = Instant::ZERO + plan.length;
    let mut each = |view: &SliceView<'_>| {
        judge.slice(view);
        keep.slice(view, view.end == end);
        (show.progress)(Progress {
            path: show.path.to_owned(),
            phase,
            seed,
            done: count_to_f64(view.end.as_nanos()) / count_to_f64(end.as_nanos().max(1)),
            requests: judge.requests(),
        });
    };
    let options = Options {
        threads: worthwhile_threads(plan, show.threads),
        all_events: false,
        staleness: case.asks_staleness(),
        stop: &show.asked.stop,
        tracing: sampling,
    };
    let mut outcome = simulate(plan, layout, &options, &mut each).map_err(RunError::from)?;
    keep.traces = std::mem::take(&mut outcome.traces);
    keep.end(plan);
    let run = judge.finish(&outcome.totals).map_err(RunError::Error)?;
    let simulated = Simulated {
        seed,
        digest: outcome.digest,
        conservation: conservation(&plan.fabric.regions, &outcome),
    };
    Ok(RehearsedRun { simulated, run })
}

/// A run to which nothing is done.
#[derive(Clone, PartialEq, Debug)]
pub struct Undisturbed {
    /// The bill of a month like it.
    pub bill: Bill,
    /// What it spends of a month's error budget all the same.
    pub error_budget_spent: Option<f64>,
}

/// Runs a scenario with a seed and without its faults and changes, so that what these cost can be told
/// from what the time costs anyway. A surge is load and stays.
///
/// # Errors
/// As [`rehearse`].
pub fn undisturbed(
    source: &Source,
    seed: u64,
    asked: &RunRequest,
) -> Result<Undisturbed, RunError> {
    let mut scenario = load_without_control(source, &asked.edits)
        .map_err(|problems| RunError::Problems(problems.0))?;
    scenario.plan.injections.clear();
    scenario.plan.changes.clear();
    scenario.invariants.clear();
    scenario.watch.clear();
    let show = Show { path: source.name(), progress: &|_| {}, asked, threads: asked.threads };
    let rehearsed =
        simulate_and_judge(&scenario, seed, Phase::Run, &show, &mut RecordingOptions::default())?;
    let JudgedRun { bill, error_budget_spent, .. } = rehearsed.run;
    Ok(Undisturbed { bill, error_budget_spent })
}

fn conservation(regions: &[String], outcome: &Outcome) -> Vec<Conservation> {
    let rows = regions.iter().zip(&outcome.under_way).enumerate();
    rows.map(|(from, (region, &under_way))| {
        let count = |counter| outcome.totals.count(counter, Scope { from: Some(from), at: None });
        Conservation {
            region: region.clone(),
            drawn: count(Counter::Requests),
            answered: count(Counter::Served),
            failed: count(Counter::Failed),
            given_up: count(Counter::GivenUp),
            under_way,
        }
    })
    .collect()
}
