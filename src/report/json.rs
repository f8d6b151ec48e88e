//! A judged run as JSON: the contract `squall.report/1`, whose order of keys is stable.

use super::seeds::LEVEL;
use super::{Shape, Spread, across, again, control_verdict, series, verdict_name};
use crate::judge::{self, JudgedRun, Recording};
use crate::rehearse::{self, Rehearsal, RehearsedRun};
use crate::stats::clopper_pearson;
use crate::units::Instant;
use serde::Serialize;

/// The name of the contract.
pub(super) const SCHEMA: &str = "squall.report/1";

#[derive(Serialize)]
struct Scenario<'a> {
    path: &'a str,
    title: &'a str,
    hash: String,
}

/// One run of one scenario.
#[derive(Serialize)]
struct Single<'a> {
    schema: &'static str,
    scenario: Scenario<'a>,
    seed: u64,
    version: &'static str,
    #[serde(flatten)]
    run: Run<'a>,
}

/// Several runs of one scenario.
#[derive(Serialize)]
struct Several<'a> {
    schema: &'static str,
    scenario: Scenario<'a>,
    version: &'static str,
    runs: Vec<Seeded<'a>>,
    summary: Summary<'a>,
    again: String,
}

#[derive(Serialize)]
struct Seeded<'a> {
    seed: u64,
    #[serde(flatten)]
    run: Run<'a>,
}

#[derive(Serialize)]
struct Run<'a> {
    digest: String,
    simulated_s: f64,
    requests: u64,
    invariants: Vec<Invariant<'a>>,
    watch: Vec<Watch<'a>>,
    control: Option<Control<'a>>,
    bill: Bill,
    conservation: Vec<Conservation<'a>>,
    course: Vec<Spell<'a>>,
    hops: Vec<Hop>,
    alerts: Vec<Alert<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<series::Planned<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<series::Seconds<'a>>,
    again: String,
}

/// Something that went on for a while; `until_s` is null when it lasted to the end.
#[derive(Serialize)]
struct Spell<'a> {
    what: &'static str,
    text: &'a str,
    from_s: f64,
    until_s: Option<f64>,
    most: Option<f64>,
    unit: Option<&'static str>,
}

/// Attempts a request at a hop, in the mean and in the worst second; null where there were none.
#[derive(Serialize)]
struct Hop {
    hop: &'static str,
    attempts: Option<f64>,
    worst: Option<f64>,
    worst_s: Option<f64>,
}

/// An alert on a breaker; `firing_s` is null when it was only pending, `resolved_s` when it lasted.
#[derive(Serialize)]
struct Alert<'a> {
    name: &'static str,
    region: &'a str,
    hop: &'static str,
    pending_s: f64,
    firing_s: Option<f64>,
    resolved_s: Option<f64>,
}

#[derive(Serialize)]
struct Invariant<'a> {
    name: &'a str,
    text: &'a str,
    verdict: &'static str,
    seen: Option<f64>,
    bound: f64,
    unit: &'static str,
    first_broken_s: Option<f64>,
}

#[derive(Serialize)]
struct Watch<'a> {
    name: &'a str,
    text: &'a str,
    seen: Option<f64>,
    unit: &'static str,
}

#[derive(Serialize)]
struct Control<'a> {
    verdict: &'static str,
    broke: &'a [String],
    expected: &'a [String],
}

#[derive(Serialize)]
struct Bill {
    lines: Vec<BillLine>,
    monthly_usd: f64,
}

#[derive(Serialize)]
struct BillLine {
    name: &'static str,
    usd: f64,
}

#[derive(Serialize)]
struct Conservation<'a> {
    region: &'a str,
    drawn: u64,
    answered: u64,
    failed: u64,
    given_up: u64,
    under_way: u64,
}

#[derive(Serialize)]
struct Summary<'a> {
    runs: usize,
    holds_in: f64,
    verdict: &'static str,
    invariants: Vec<Judged<'a>>,
    watch: Vec<Watched<'a>>,
    control: Option<ControlSummary>,
}

/// An invariant over all runs.
#[derive(Serialize)]
struct Judged<'a> {
    name: &'a str,
    text: &'a str,
    verdict: &'static str,
    #[serde(flatten)]
    counts: Counts,
    seen_min: Option<f64>,
    seen_max: Option<f64>,
    bound: f64,
    unit: &'static str,
    first_broken_seed: Option<u64>,
}

/// How often something held, and the exact 95 % interval of that share of runs.
#[derive(Serialize)]
struct Counts {
    held: u64,
    broken: u64,
    unmeasured: u64,
    held_low: f64,
    held_high: f64,
}

#[derive(Serialize)]
struct Watched<'a> {
    name: &'a str,
    text: &'a str,
    seen_min: Option<f64>,
    seen_max: Option<f64>,
    unit: &'static str,
}

#[derive(Serialize)]
struct ControlSummary {
    verdict: &'static str,
    #[serde(flatten)]
    counts: Counts,
    first_broken_seed: Option<u64>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Document<'a> {
    Single(Box<Single<'a>>),
    Several(Box<Several<'a>>),
}

/// The reports as one indented JSON document, ending in a line break: an array when `shape.list` or
/// when there is not exactly one rehearsal, else an object.
///
/// # Errors
/// Never for a judged run: the error is that of the serialiser.
pub fn render(rehearsals: &[Rehearsal], shape: Shape) -> Result<String, serde_json::Error> {
    let plain: Vec<Told<'_>> =
        rehearsals.iter().map(|rehearsal| Told { rehearsal, recordings: &[] }).collect();
    render_with_series(&plain, shape)
}

/// A rehearsal, and each second of as many of its runs as were kept, the first ones.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    /// The rehearsal.
    pub rehearsal: &'a Rehearsal,
    /// The seconds of its runs, in the order of seeds.
    pub recordings: &'a [Recording],
}

/// The same, with `timeline` and `series` in each run that was kept.
///
/// # Errors
/// As [`render`].
pub fn render_with_series(told: &[Told<'_>], shape: Shape) -> Result<String, serde_json::Error> {
    let documents: Vec<_> =
        told.iter().map(|&one| document(one, shape)).collect::<Result<_, _>>()?;
    let mut text = match documents.as_slice() {
        [one] if !shape.list => serde_json::to_string_pretty(one)?,
        all => serde_json::to_string_pretty(all)?,
    };
    text.push('\n');
    Ok(text)
}

fn document(told: Told<'_>, shape: Shape) -> Result<Document<'_>, serde_json::Error> {
    let Told { rehearsal, recordings } = told;
    let scenario = Scenario {
        path: &rehearsal.scenario.path,
        title: &rehearsal.scenario.title,
        hash: rehearsal.scenario.hash.to_string(),
    };
    let version = env!("CARGO_PKG_VERSION");
    let kept = |index: usize| recordings.get(index);
    Ok(match rehearsal.runs.as_slice() {
        [one] if !shape.seeds => Document::Single(Box::new(Single {
            schema: SCHEMA,
            scenario,
            seed: one.simulated.seed,
            version,
            run: run(rehearsal, one, kept(0))?,
        })),
        runs => Document::Several(Box::new(Several {
            schema: SCHEMA,
            scenario,
            version,
            runs: runs
                .iter()
                .enumerate()
                .map(|(index, one)| {
                    Ok(Seeded { seed: one.simulated.seed, run: run(rehearsal, one, kept(index))? })
                })
                .collect::<Result<_, serde_json::Error>>()?,
            summary: summary(rehearsal),
            again: again::all(rehearsal),
        })),
    })
}

fn run<'a>(
    rehearsal: &Rehearsal,
    run: &'a RehearsedRun,
    kept: Option<&'a Recording>,
) -> Result<Run<'a>, serde_json::Error> {
    Ok(Run {
        digest: run.simulated.digest.to_string(),
        simulated_s: run.length.as_secs_f64(),
        requests: run.requests,
        invariants: run.invariants.iter().map(invariant).collect(),
        watch: run.watch.iter().map(watch).collect(),
        control: run.control.as_ref().map(control),
        bill: bill(run),
        conservation: run.simulated.conservation.iter().map(conservation).collect(),
        course: run.timeline.iter().map(spell).collect(),
        hops: hops(&run.hops),
        alerts: run.alerts.iter().map(alert).collect(),
        timeline: kept.map(series::timeline),
        series: kept.map(series::seconds).transpose()?,
        again: again::run(rehearsal, run.simulated.seed),
    })
}

fn invariant(judged: &judge::Judged) -> Invariant<'_> {
    let judgement = &judged.judgement;
    Invariant {
        name: &judged.name,
        text: &judged.text,
        verdict: verdict_name(judgement.verdict),
        seen: judgement.seen.value,
        bound: judgement.bound,
        unit: judgement.seen.unit.short(),
        first_broken_s: judgement.first_broken_s,
    }
}

fn watch(watched: &judge::Watched) -> Watch<'_> {
    Watch {
        name: &watched.name,
        text: &watched.text,
        seen: watched.seen.value,
        unit: watched.seen.unit.short(),
    }
}

fn control(control: &judge::Control) -> Control<'_> {
    Control {
        verdict: verdict_name(control.verdict),
        broke: &control.broke,
        expected: &control.expected,
    }
}

fn bill(run: &JudgedRun) -> Bill {
    let line =
        |line: &crate::cost::Line| BillLine { name: line.name, usd: line.amount.as_dollars() };
    Bill {
        lines: run.bill.lines().iter().map(line).collect(),
        monthly_usd: run.bill.total().as_dollars(),
    }
}

fn conservation(region: &rehearse::Conservation) -> Conservation<'_> {
    Conservation {
        region: &region.region,
        drawn: region.drawn,
        answered: region.answered,
        failed: region.failed,
        given_up: region.given_up,
        under_way: region.under_way,
    }
}

fn hops(hops: &judge::Hops) -> Vec<Hop> {
    let row = |hop, attempts: &judge::Attempts| Hop {
        hop,
        attempts: attempts.mean,
        worst: attempts.worst.map(|(worst, _)| worst),
        worst_s: attempts.worst.map(|(_, at)| seconds(at)),
    };
    let each = hops.hops.iter().map(|(hop, attempts)| row(*hop, attempts));
    each.chain([row("all", &hops.product)]).collect()
}

fn alert(alert: &judge::Alert) -> Alert<'_> {
    Alert {
        name: alert.name,
        region: &alert.region,
        hop: alert.hop.name(),
        pending_s: seconds(alert.pending),
        firing_s: alert.firing.map(seconds),
        resolved_s: alert.resolved.map(seconds),
    }
}

fn seconds(at: Instant) -> f64 {
    at.since(Instant::ZERO).as_secs_f64()
}

fn spell(spell: &judge::Episode) -> Spell<'_> {
    Spell {
        what: spell.what,
        text: &spell.text,
        from_s: seconds(spell.from),
        until_s: spell.until.map(seconds),
        most: spell.most.map(|(most, _)| most),
        unit: spell.most.map(|(_, unit)| unit),
    }
}

fn summary(rehearsal: &Rehearsal) -> Summary<'_> {
    let first = rehearsal.runs.first();
    let invariants = first.map_or(&[][..], |run| &run.invariants);
    let watches = first.map_or(&[][..], |run| &run.watch);
    Summary {
        runs: rehearsal.runs.len(),
        holds_in: rehearsal.holds_in,
        verdict: verdict_name(super::verdict(rehearsal)),
        invariants: invariants
            .iter()
            .enumerate()
            .map(|(i, j)| judged_over(rehearsal, i, j))
            .collect(),
        watch: watches.iter().enumerate().map(|(i, w)| watched_over(rehearsal, i, w)).collect(),
        control: control_verdict(rehearsal).map(|all| ControlSummary {
            verdict: verdict_name(all.verdict),
            counts: counts(&all),
            first_broken_seed: all.first_broken_seed,
        }),
    }
}

fn judged_over<'a>(rehearsal: &Rehearsal, index: usize, judged: &'a judge::Judged) -> Judged<'a> {
    let all = across(rehearsal, index);
    Judged {
        name: &judged.name,
        text: &judged.text,
        verdict: verdict_name(all.verdict),
        counts: counts(&all),
        seen_min: all.spread.min,
        seen_max: all.spread.max,
        bound: judged.judgement.bound,
        unit: judged.judgement.seen.unit.short(),
        first_broken_seed: all.first_broken_seed,
    }
}

fn watched_over<'a>(
    rehearsal: &Rehearsal,
    index: usize,
    watched: &'a judge::Watched,
) -> Watched<'a> {
    let seen = rehearsal.runs.iter().filter_map(|run| run.watch.get(index)).map(|w| w.seen);
    let spread = Spread::of(seen);
    Watched {
        name: &watched.name,
        text: &watched.text,
        seen_min: spread.min,
        seen_max: spread.max,
        unit: watched.seen.unit.short(),
    }
}

fn counts(all: &super::Across) -> Counts {
    let (low, high) = clopper_pearson(all.holds, all.runs, LEVEL);
    Counts {
        held: all.holds,
        broken: all.broken,
        unmeasured: all.unmeasured,
        held_low: low,
        held_high: high,
    }
}
