//! Runs a scenario and its control, and judges both.

use super::alerts::Watch;
use super::course::Course;
use super::hops::Counting;
use super::month::{budget_spent, judged_span, monthly_bill};
use super::{
    Alert, Asked, Conservation, Control, Hops, Identity, Judged, JudgedRun, Keep, Phase, Progress,
    Rehearsal, Spell, Trouble, Watched,
};
use crate::cost::Bill;
use crate::invariant::{Figures, Judge, Judgement, Seen, Statement, Term, Verdict};
use crate::observe::{Counter, Layout, Metric, Sample, Scope, SliceView};
use crate::scenario::{Scenario, Source, load, load_without_control};
use crate::sim::{Options, Outcome, RunError, simulate, timeline, worthwhile_threads};
use crate::units::{Instant, count_to_f64};
use std::num::NonZeroUsize;

/// Runs a scenario once for each seed, each time with its control, and judges.
///
/// # Errors
/// When the file has problems, its trace cannot be read, or it was stopped.
pub fn rehearse(
    source: &Source,
    asked: &Asked,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Rehearsal, Trouble> {
    rehearse_and_keep(source, asked, &mut Keep::default(), progress)
}

/// The same, and keeps what `keep` asks for of each seed's own run; of several seeds the last one's
/// traces stay.
///
/// # Errors
/// As [`rehearse`].
pub fn rehearse_and_keep(
    source: &Source,
    asked: &Asked,
    keep: &mut Keep,
    progress: &(dyn Fn(Progress) + Sync),
) -> Result<Rehearsal, Trouble> {
    let load_own = if asked.control { load } else { load_without_control };
    let scenario =
        load_own(source, &asked.edits).map_err(|problems| Trouble::Problems(problems.0))?;
    let seeds = match asked.seeds.as_slice() {
        [] => vec![scenario.plan.seed],
        seeds => seeds.to_vec(),
    };
    let control = match &scenario.control {
        Some(plan) if asked.control => {
            let edits = asked.edits.iter().chain(&plan.edits).cloned().collect::<Vec<_>>();
            let without = load(source, &edits).map_err(|problems| Trouble::Problems(problems.0))?;
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
fn options_of(asked: &Asked) -> Vec<String> {
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
    asked: &'a Asked,
    threads: NonZeroUsize,
}

/// A run with its sentences judged.
struct Verdicts {
    outcome: Outcome,
    invariants: Vec<Judgement>,
    watch: Vec<Seen>,
    bill: Bill,
    error_budget_spent: Option<f64>,
    course: Vec<Spell>,
    hops: Hops,
    alerts: Vec<Alert>,
}

fn one_seed(
    scenario: &Scenario,
    control: Option<&(Scenario, Vec<String>)>,
    seed: u64,
    show: &Show<'_>,
    keep: &mut Keep,
) -> Result<JudgedRun, Trouble> {
    let (verdicts, control) = match control {
        None => (judge(scenario, seed, Phase::Run, show, keep)?, None),
        Some((without, expected)) => {
            let (verdicts, broken) = with_control(scenario, without, seed, show, keep)?;
            (verdicts, Some(control_of(without, &broken.invariants, expected)))
        }
    };
    let named = scenario.invariants.iter().zip(verdicts.invariants);
    let watched = scenario.watch.iter().zip(verdicts.watch);
    Ok(JudgedRun {
        seed,
        digest: verdicts.outcome.digest,
        simulated: scenario.plan.length,
        requests: verdicts.outcome.totals.count(Counter::Requests, Scope::default()),
        invariants: named
            .map(|(invariant, judgement)| Judged {
                name: invariant.name.clone(),
                text: invariant.text.clone(),
                judgement,
            })
            .collect(),
        watch: watched
            .map(|(watch, seen)| Watched {
                name: watch.name.clone(),
                text: watch.text.clone(),
                seen,
            })
            .collect(),
        control,
        bill: verdicts.bill,
        error_budget_spent: verdicts.error_budget_spent,
        judged: judged_span(&scenario.plan),
        course: verdicts.course,
        hops: verdicts.hops,
        alerts: verdicts.alerts,
        conservation: conservation(&scenario.plan.fabric.regions, &verdicts.outcome),
    })
}

/// A run and its control: beside each other where there are threads for both, for two runs wait less for
/// each other than the threads of one do.
fn with_control(
    scenario: &Scenario,
    without: &Scenario,
    seed: u64,
    show: &Show<'_>,
    keep: &mut Keep,
) -> Result<(Verdicts, Verdicts), Trouble> {
    let control =
        |show: &Show<'_>| judge(without, seed, Phase::Control, show, &mut Keep::default());
    let Some(half) = NonZeroUsize::new(show.threads.min(crate::engine::processors()).get() / 2)
    else {
        return Ok((judge(scenario, seed, Phase::Run, show, keep)?, control(show)?));
    };
    let show = Show { threads: half, ..*show };
    std::thread::scope(|scope| {
        let broken = scope.spawn(|| control(&show));
        let verdicts = judge(scenario, seed, Phase::Run, &show, keep);
        let broken = broken.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        Ok((verdicts?, broken?))
    })
}

/// What is asked of a run, and what must be counted for that.
struct Sentences {
    statements: Vec<Statement>,
    terms: Vec<Term>,
    layout: Layout,
    /// Whether the age of data is asked for.
    staleness: bool,
}

impl Sentences {
    fn of(scenario: &Scenario) -> Self {
        let invariants = scenario.invariants.iter();
        let statements: Vec<Statement> =
            invariants.map(|invariant| invariant.statement.clone()).collect();
        let terms: Vec<Term> = scenario.watch.iter().map(|watch| watch.term.clone()).collect();
        let asked = statements.iter().flat_map(Statement::bounds);
        let layout = Layout::new(asked.chain(terms.iter().flat_map(Term::bounds)));
        let staleness = statements
            .iter()
            .map(Statement::term)
            .chain(&terms)
            .any(|term| term.metric() == Metric::Sample(Sample::Staleness));
        Self { statements, terms, layout, staleness }
    }
}

impl From<RunError> for Trouble {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Stopped => Self::Interrupted,
            RunError::Trace(error) => Self::Error(error.to_string()),
            RunError::Plan(why) => Self::Error(why),
        }
    }
}

/// Runs a scenario with a seed and judges its sentences.
fn judge(
    scenario: &Scenario,
    seed: u64,
    phase: Phase,
    show: &Show<'_>,
    keep: &mut Keep,
) -> Result<Verdicts, Trouble> {
    let mut plan = scenario.plan.clone();
    plan.seed = seed;
    let Sentences { statements, terms, layout, staleness } = Sentences::of(scenario);
    keep.begin(&plan);
    let layout = keep.fitted(layout);
    let mut judge = Judge::new(&statements, &terms, &timeline(&plan));
    let mut course = Course::new(&plan);
    let (mut alerts, mut hops) = (Watch::new(&plan), Counting::new(&plan));
    let mut requests = 0;
    let sampling = keep.sampling;
    let end = Instant::ZERO + plan.length;
    let mut each = |view: &SliceView<'_>| {
        judge.slice(view);
        course.slice(view);
        alerts.slice(view);
        hops.slice(view);
        keep.slice(view, view.end == end);
        requests += view.cell(Scope::default())[Counter::Requests as usize];
        (show.progress)(Progress {
            path: show.path.to_owned(),
            phase,
            seed,
            done: count_to_f64(view.end.as_nanos()) / count_to_f64(end.as_nanos().max(1)),
            requests,
        });
    };
    let asked = show.asked;
    let options = Options {
        threads: worthwhile_threads(&plan, show.threads),
        all_events: false,
        staleness,
        stop: &asked.stop,
        tracing: sampling,
    };
    let mut outcome = simulate(&plan, layout, &options, &mut each).map_err(Trouble::from)?;
    keep.traces = std::mem::take(&mut outcome.traces);
    keep.end(&plan);
    let bill = monthly_bill(&plan, &outcome).map_err(Trouble::Error)?;
    let figures = Figures {
        error_budget_spent: budget_spent(&plan, &outcome),
        monthly_cost: Some(bill.total()),
    };
    let (invariants, watch) = judge.finish(&outcome.totals, &figures);
    let alerts = alerts.finish(&plan);
    let course = course.finish(&plan, &alerts);
    Ok(Verdicts {
        outcome,
        invariants,
        watch,
        bill,
        error_budget_spent: figures.error_budget_spent,
        course,
        hops: hops.finish(),
        alerts,
    })
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
pub fn undisturbed(source: &Source, seed: u64, asked: &Asked) -> Result<Undisturbed, Trouble> {
    let mut scenario = load_without_control(source, &asked.edits)
        .map_err(|problems| Trouble::Problems(problems.0))?;
    scenario.plan.injections.clear();
    scenario.plan.changes.clear();
    scenario.invariants.clear();
    scenario.watch.clear();
    let show = Show { path: source.name(), progress: &|_| {}, asked, threads: asked.threads };
    let verdicts = judge(&scenario, seed, Phase::Run, &show, &mut Keep::default())?;
    let Verdicts { bill, error_budget_spent, .. } = verdicts;
    Ok(Undisturbed { bill, error_budget_spent })
}

/// Whether the control broke what it names. What was not measured proves nothing.
fn control_of(without: &Scenario, judgements: &[Judgement], expected: &[String]) -> Control {
    let verdicts: Vec<(&str, Verdict)> = without
        .invariants
        .iter()
        .zip(judgements)
        .map(|(invariant, judgement)| (invariant.name.as_str(), judgement.verdict))
        .collect();
    let of = |name: &String| {
        verdicts.iter().find(|(known, _)| known == name).map(|&(_, verdict)| verdict)
    };
    let mut verdict = Verdict::Holds;
    for name in expected {
        verdict = verdict.max(match of(name) {
            Some(Verdict::Broken) => Verdict::Holds,
            Some(Verdict::Holds) | None => Verdict::Broken,
            Some(Verdict::Unmeasured) => Verdict::Unmeasured,
        });
    }
    let broke = verdicts
        .iter()
        .filter(|(_, verdict)| *verdict == Verdict::Broken)
        .map(|&(name, _)| name.to_owned())
        .collect();
    Control { verdict, broke, expected: expected.to_vec() }
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
