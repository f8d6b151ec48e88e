//! Runs scenarios, lays them beside their baselines, and runs fresh seeds where the first look asks for
//! them.

use super::baseline::{Baseline, Seeded};
use super::compare::{Look, Rule, Verdict, confirm};
use super::quantity::{Quantity, quantities};
use crate::judge::Recording;
use crate::rehearse::{self, RecordingOptions, Rehearsal, RehearsedRun, RunError};
use crate::scenario::{Edit, Place, Scenario, Source, ToleranceRule, Worse, place_of};
use crate::study::work::in_order;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What is asked of a gate.
#[derive(Debug)]
pub struct Asked<'a> {
    /// Runs at one time.
    pub threads: NonZeroUsize,
    /// Whether the control is run, too, with the first seed.
    pub control: bool,
    /// How much worse each quantity may become.
    pub tolerances: &'a [ToleranceRule],
    /// Set from outside to end it early.
    pub stop: Arc<AtomicBool>,
}

/// A scenario beside its baseline.
#[derive(Clone, Debug)]
pub struct Gated {
    /// Its runs: those of the first look, then the fresh ones if they were needed.
    pub rehearsal: Rehearsal,
    /// The version that made the baseline.
    pub before: String,
    /// How many runs are those of the baseline, to the bit.
    pub equal: usize,
    /// How many of the runs were of the first look.
    pub first: usize,
    /// What became of each quantity, in the order of the scenario.
    pub quantities: Vec<Compared>,
}

/// One quantity beside its baseline.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Which.
    pub quantity: Quantity,
    /// What it may do.
    pub rule: Rule,
    /// All pairs together; `None` when no run measured it both times.
    pub look: Option<Look>,
    /// What the fresh seeds say by themselves, where they were asked.
    pub fresh: Option<Look>,
    /// The verdict; `None` of a quantity that does not gate.
    pub verdict: Option<Verdict>,
    /// Where its sentence stands in the file.
    pub place: Option<Place>,
}

impl Gated {
    /// Whether nothing is to be said of it: every invariant and its control hold, and nothing differs by
    /// more than is allowed.
    #[must_use]
    pub fn is_same(&self) -> bool {
        super::words::summary(self) == Verdict::Same.name()
    }
}

/// One scenario on its way.
struct Work<'a> {
    source: &'a Source,
    baseline: &'a Baseline,
    all: Vec<(Quantity, Rule)>,
    rehearsal: Option<Rehearsal>,
    /// What the first look says of each quantity that gates.
    looks: Vec<Option<Look>>,
}

/// Runs scenarios and lays them beside their baselines, which must fit them ([`Baseline::fits`]).
/// `progress` hears how many runs are done, and of how many.
///
/// # Errors
/// As [`rehearse::rehearse`].
pub fn compare(
    entries: &[(&Source, &Scenario, &Baseline)],
    asked: &Asked<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<Gated>, RunError> {
    let mut works: Vec<Work<'_>> = entries.iter().map(|entry| Work::new(entry, asked)).collect();
    let jobs: Vec<Job> = works
        .iter()
        .enumerate()
        .flat_map(|(index, work)| {
            let seeds = work.baseline.runs.iter().enumerate();
            seeds.map(move |(nth, run)| Job { index, seed: run.seed, control: nth == 0 })
        })
        .collect();
    run(&mut works, &jobs, asked, progress)?;
    works.iter_mut().for_each(Work::first_look);
    let again: Vec<Job> = works
        .iter()
        .enumerate()
        .filter(|(_, work)| !work.is_settled())
        .flat_map(|(index, work)| {
            let fresh = work.baseline.fresh.iter();
            fresh.map(move |run| Job { index, seed: run.seed, control: false })
        })
        .collect();
    run(&mut works, &again, asked, progress)?;
    let confirmed = confirmations(&works);
    let ended = works.into_iter().zip(confirmed);
    Ok(ended.filter_map(|(work, confirmed)| work.finish(&confirmed)).collect())
}

/// Runs a scenario with these seeds, the first `first` of which make the first look, to become a baseline.
/// `None` beside the runs when they are not fit to be one: an invariant is broken or unmeasured, or a
/// control held.
///
/// # Errors
/// As [`rehearse::rehearse`].
pub fn record(
    source: &Source,
    scenario: &Scenario,
    seeds: &[u64],
    first: usize,
    asked: &Asked<'_>,
) -> Result<(Rehearsal, Option<Baseline>), RunError> {
    let all = quantities(scenario);
    let jobs = seeds.iter().enumerate();
    let jobs = jobs.map(|(nth, &seed)| Job { index: 0, seed, control: nth == 0 });
    let mut rehearsal = None;
    let sources = [source];
    each(&sources, jobs, asked, |_, one| merge(&mut rehearsal, one), &mut || {})?;
    let Some(rehearsal) = rehearsal else {
        return Err(RunError::Error("there are no seeds".into()));
    };
    let holds = crate::report::verdict(&rehearsal) == crate::invariant::Verdict::Holds
        && crate::report::control_verdict(&rehearsal)
            .is_none_or(|all| all.verdict == crate::invariant::Verdict::Holds);
    let baseline = holds.then(|| Baseline::of(scenario, &all, &rehearsal, first));
    Ok((rehearsal, baseline))
}

/// One more run of a scenario, with each of its seconds.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The run.
    pub rehearsal: Rehearsal,
    /// Its seconds.
    pub recordings: Vec<Recording>,
}

/// Runs a scenario once more with the first seed of its gate, and keeps each second: for a page, and only
/// of those few scenarios that people will want to look at.
///
/// # Errors
/// As [`rehearse::rehearse`].
pub fn keep(source: &Source, gated: &Gated, asked: &Asked<'_>) -> Result<Kept, RunError> {
    let seeds = gated.rehearsal.runs.first().map(|run| run.simulated.seed).into_iter().collect();
    let once = rehearse::RunRequest {
        edits: Vec::new(),
        seeds,
        threads: asked.threads,
        control: false,
        stop: Arc::clone(&asked.stop),
    };
    let mut keep = RecordingOptions { seconds: true, ..RecordingOptions::default() };
    let rehearsal = rehearse::rehearse_and_keep(source, &once, &mut keep, &|_| {})?;
    Ok(Kept { rehearsal, recordings: keep.recordings })
}

/// One run of one scenario.
#[derive(Clone, Copy, Debug)]
struct Job {
    index: usize,
    seed: u64,
    control: bool,
}

fn run(
    works: &mut [Work<'_>],
    jobs: &[Job],
    asked: &Asked<'_>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<(), RunError> {
    let sources: Vec<&Source> = works.iter().map(|work| work.source).collect();
    let mut done = 0;
    let mut tick = || {
        done += 1;
        progress(done, jobs.len());
    };
    let take = |index: usize, one| {
        if let Some(work) = works.get_mut(index) {
            merge(&mut work.rehearsal, one);
        }
    };
    each(&sources, jobs.iter().copied(), asked, take, &mut tick)
}

/// Does each job on some thread and takes the results in the order of the jobs.
fn each(
    sources: &[&Source],
    jobs: impl Iterator<Item = Job> + Send,
    asked: &Asked<'_>,
    mut take: impl FnMut(usize, Rehearsal),
    tick: &mut dyn FnMut(),
) -> Result<(), RunError> {
    let mut trouble = None;
    let work = |job: Job| {
        let source = sources.get(job.index).copied();
        (job, source.map(|source| one_run(source, job, asked)))
    };
    in_order(jobs, asked.threads, work, |(job, result)| {
        tick();
        match result {
            Some(Ok(rehearsal)) => take(job.index, rehearsal),
            Some(Err(wrong)) => trouble = Some(wrong),
            None => {}
        }
        trouble.is_none() && !asked.stop.load(Ordering::Relaxed)
    });
    match trouble {
        Some(trouble) => Err(trouble),
        None if asked.stop.load(Ordering::Relaxed) => Err(RunError::Interrupted),
        None => Ok(()),
    }
}

fn one_run(source: &Source, job: Job, asked: &Asked<'_>) -> Result<Rehearsal, RunError> {
    let edits: Vec<Edit> = Vec::new();
    let asked = rehearse::RunRequest {
        edits,
        seeds: vec![job.seed],
        threads: NonZeroUsize::MIN,
        control: asked.control && job.control,
        stop: Arc::clone(&asked.stop),
    };
    rehearse::rehearse(source, &asked, &|_| {})
}

/// Puts one more run to those of its scenario.
fn merge(into: &mut Option<Rehearsal>, one: Rehearsal) {
    match into {
        Some(all) => all.runs.extend(one.runs),
        None => *into = Some(one),
    }
}

impl<'a> Work<'a> {
    fn new(
        &(source, scenario, baseline): &(&'a Source, &'a Scenario, &'a Baseline),
        asked: &Asked<'_>,
    ) -> Self {
        let with_rule = |quantity: Quantity| {
            let rule = quantity.rule(source.name(), asked.tolerances);
            (quantity, rule)
        };
        let all = quantities(scenario).into_iter().map(with_rule).collect();
        Self { source, baseline, all, rehearsal: None, looks: Vec::new() }
    }

    fn runs(&self) -> &[RehearsedRun] {
        self.rehearsal.as_ref().map_or(&[], |rehearsal| rehearsal.runs.as_slice())
    }

    /// The pairs of a quantity in runs that were measured both times.
    fn pairs(&self, at: usize, before: &[Seeded], now: &[RehearsedRun]) -> Vec<(f64, f64)> {
        let Some((quantity, _)) = self.all.get(at) else {
            return Vec::new();
        };
        let both = before.iter().zip(now);
        both.filter_map(|(before, now)| {
            Some((before.values.get(at).copied().flatten()?, quantity.value(now)?))
        })
        .collect()
    }

    fn first(&self) -> usize {
        self.baseline.runs.len().min(self.runs().len())
    }

    fn first_look(&mut self) {
        let (first, _) = self.runs().split_at(self.first());
        let look = |(at, (_, rule)): (usize, &(Quantity, Rule))| {
            let gates = rule.worse != Worse::Neither;
            rule.look(&self.pairs(at, &self.baseline.runs, first)).filter(|_| gates)
        };
        self.looks = self.all.iter().enumerate().map(look).collect();
    }

    /// Whether the first look is enough for every quantity.
    fn is_settled(&self) -> bool {
        self.looks.iter().flatten().all(Look::is_enough)
    }

    /// What the fresh seeds say of a quantity; `None` where they were not asked.
    fn fresh(&self, at: usize) -> Option<Look> {
        let (_, fresh) = self.runs().split_at(self.first());
        let (_, rule) = self.all.get(at)?;
        rule.look(&self.pairs(at, &self.baseline.fresh, fresh))
    }

    /// The quantities that the first look suspects.
    fn suspects(&self) -> impl Iterator<Item = usize> {
        let looks = self.looks.iter().enumerate();
        looks.filter(|(_, look)| look.is_some_and(|look| look.is_suspect())).map(|(at, _)| at)
    }

    fn finish(self, confirmed: &[usize]) -> Option<Gated> {
        let (first, fresh) = self.runs().split_at(self.first());
        let equal = [(&self.baseline.runs, first), (&self.baseline.fresh, fresh)]
            .iter()
            .flat_map(|(before, now)| before.iter().zip(*now))
            .filter(|(before, now)| before.digest == now.simulated.digest.to_string())
            .count();
        let compared = |(at, (quantity, rule)): (usize, &(Quantity, Rule))| {
            let mut pairs = self.pairs(at, &self.baseline.runs, first);
            pairs.extend(self.pairs(at, &self.baseline.fresh, fresh));
            let look = rule.look(&pairs);
            let verdict = self.looks.get(at).copied().flatten().map(|early| {
                let within = look.is_some_and(|all| all.within);
                match (early.is_enough(), confirmed.contains(&at)) {
                    (true, _) => early.verdict(),
                    (false, true) => Verdict::Regressed,
                    (false, false) if within && !early.is_suspect() => Verdict::Same,
                    (false, false) => Verdict::CannotTell,
                }
            });
            Compared {
                place: place_of(self.source, &quantity.name),
                quantity: quantity.clone(),
                rule: *rule,
                look,
                fresh: self.fresh(at),
                verdict,
            }
        };
        let quantities = self.all.iter().enumerate().map(compared).collect();
        let (before, first) = (self.baseline.version.clone(), first.len());
        Some(Gated { rehearsal: self.rehearsal?, before, equal, first, quantities })
    }
}

/// For each scenario the quantities whose regression fresh seeds confirm. All that are suspected in any
/// scenario share one error.
fn confirmations(works: &[Work<'_>]) -> Vec<Vec<usize>> {
    let suspects: Vec<(usize, usize)> = works
        .iter()
        .enumerate()
        .flat_map(|(index, work)| work.suspects().map(move |at| (index, at)))
        .collect();
    let p = |&(index, at): &(usize, usize)| {
        works.get(index).and_then(|work: &Work<'_>| work.fresh(at)).map_or(1.0, |look| look.p_worse)
    };
    let probabilities: Vec<f64> = suspects.iter().map(p).collect();
    let mut confirmed = vec![Vec::new(); works.len()];
    for ((index, at), is_confirmed) in suspects.into_iter().zip(confirm(&probabilities)) {
        if is_confirmed {
            confirmed[index].push(at);
        }
    }
    confirmed
}
