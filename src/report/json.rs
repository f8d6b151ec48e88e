//! A judged run as JSON: the contract `squall.report/1`, whose order of keys is stable.

use super::model::{
    Across, Alert, Bill, BillLine, Conservation, Control, ControlAcross, Document, Hop, Invariant,
    Run, SCHEMA, Scenario, SeveralSeeds, Single, Spell, Summary, Watch, WatchedAcross,
};
use super::seeds::LEVEL;
use super::{Shape, Spread, across, control_verdict, replay_command, series};
use crate::rehearse::{self, JudgedRun, Recording, Rehearsal};
use crate::stats::clopper_pearson;
use crate::units::Instant;

/// The reports as one indented JSON document, ending in a line break: an array when `shape.list` or
/// when there is not exactly one rehearsal, else an object.
///
/// # Errors
/// Never for a judged run: the error is that of the serialiser.
pub fn render(rehearsals: &[Rehearsal], shape: Shape) -> Result<String, serde_json::Error> {
    let plain: Vec<ReportInput<'_>> =
        rehearsals.iter().map(|rehearsal| ReportInput { rehearsal, recordings: &[] }).collect();
    render_with_series(&plain, shape)
}

/// A rehearsal, and each second of as many of its runs as were kept, the first ones.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'a> {
    /// The rehearsal.
    pub rehearsal: &'a Rehearsal,
    /// The seconds of its runs, in the order of seeds.
    pub recordings: &'a [Recording],
}

/// The same, with `timeline` and `series` in each run that was kept.
///
/// # Errors
/// As [`render`].
pub fn render_with_series(
    told: &[ReportInput<'_>],
    shape: Shape,
) -> Result<String, serde_json::Error> {
    let documents: Vec<Document> = told.iter().map(|&one| document(one, shape)).collect();
    let mut text = match documents.as_slice() {
        [one] if !shape.list => serde_json::to_string_pretty(one)?,
        all => serde_json::to_string_pretty(all)?,
    };
    text.push('\n');
    Ok(text)
}

/// The version of this program.
pub(super) fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

/// Whether the report of a rehearsal is that of a single run.
pub(super) fn is_single(rehearsal: &Rehearsal, shape: Shape) -> bool {
    rehearsal.runs.len() == 1 && !shape.seeds
}

fn document(told: ReportInput<'_>, shape: Shape) -> Document {
    let rehearsal = told.rehearsal;
    let (scenario, version) = (scenario(rehearsal), version());
    let mut runs = runs(told);
    match (runs.pop(), is_single(rehearsal, shape)) {
        (Some(one), true) => Document::Single(Box::new(Single::new(scenario, version, one))),
        (last, _) => {
            runs.extend(last);
            let (summary, again) = (summary(rehearsal), replay_command::all(rehearsal));
            let schema = SCHEMA;
            let all = SeveralSeeds { schema, scenario, version, runs, summary, again };
            Document::Several(Box::new(all))
        }
    }
}

/// Which scenario it was.
pub(super) fn scenario(rehearsal: &Rehearsal) -> Scenario {
    let rehearse::Identity { path, title, hash } = &rehearsal.scenario;
    Scenario { path: path.clone(), title: title.clone(), hash: hash.to_string() }
}

/// Its runs, with the seconds that were kept.
pub(super) fn runs(told: ReportInput<'_>) -> Vec<Run> {
    let ReportInput { rehearsal, recordings } = told;
    let runs = rehearsal.runs.iter().enumerate();
    runs.map(|(index, one)| run(rehearsal, one, recordings.get(index))).collect()
}

fn run(rehearsal: &Rehearsal, run: &JudgedRun, kept: Option<&Recording>) -> Run {
    Run {
        seed: run.seed,
        digest: run.digest.to_string(),
        simulated_s: run.simulated.as_secs_f64(),
        requests: run.requests,
        invariants: run.invariants.iter().map(invariant).collect(),
        watch: run.watch.iter().map(watch).collect(),
        control: run.control.as_ref().map(control),
        bill: bill(run),
        conservation: run.conservation.iter().map(conservation).collect(),
        course: run.course.iter().map(spell).collect(),
        hops: hops(&run.hops),
        alerts: run.alerts.iter().map(alert).collect(),
        timeline: kept.map(series::timeline),
        series: kept.map(series::seconds),
        again: replay_command::run(rehearsal, run.seed),
    }
}

fn invariant(judged: &rehearse::Judged) -> Invariant {
    let judgement = &judged.judgement;
    Invariant {
        name: judged.name.clone(),
        text: judged.text.clone(),
        verdict: judgement.verdict,
        seen: judgement.seen.value,
        bound: judgement.bound,
        unit: judgement.seen.unit,
        first_broken_s: judgement.first_broken_s,
    }
}

fn watch(watched: &rehearse::Watched) -> Watch {
    Watch {
        name: watched.name.clone(),
        text: watched.text.clone(),
        seen: watched.seen.value,
        unit: watched.seen.unit,
    }
}

fn control(control: &rehearse::Control) -> Control {
    Control {
        verdict: control.verdict,
        broke: control.broke.clone(),
        expected: control.expected.clone(),
    }
}

fn bill(run: &JudgedRun) -> Bill {
    let line = |line: &crate::cost::Line| BillLine {
        name: line.name.to_owned(),
        usd: line.amount.as_dollars(),
    };
    Bill {
        lines: run.bill.lines().iter().map(line).collect(),
        monthly_usd: run.bill.total().as_dollars(),
    }
}

fn conservation(region: &rehearse::Conservation) -> Conservation {
    Conservation {
        region: region.region.clone(),
        drawn: region.drawn,
        answered: region.answered,
        failed: region.failed,
        given_up: region.given_up,
        under_way: region.under_way,
    }
}

fn hops(hops: &rehearse::Hops) -> Vec<Hop> {
    let row = |hop: &str, attempts: &rehearse::Attempts| Hop {
        hop: hop.to_owned(),
        attempts: attempts.mean,
        worst: attempts.worst.map(|(worst, _)| worst),
        worst_s: attempts.worst.map(|(_, at)| seconds(at)),
    };
    let each = hops.hops.iter().map(|(hop, attempts)| row(hop, attempts));
    each.chain([row("all", &hops.product)]).collect()
}

fn alert(alert: &rehearse::Alert) -> Alert {
    Alert {
        name: alert.name.to_owned(),
        region: alert.region.clone(),
        hop: alert.hop.name().to_owned(),
        pending_s: seconds(alert.pending),
        firing_s: alert.firing.map(seconds),
        resolved_s: alert.resolved.map(seconds),
    }
}

fn seconds(at: Instant) -> f64 {
    at.since(Instant::ZERO).as_secs_f64()
}

fn spell(spell: &rehearse::Spell) -> Spell {
    Spell {
        what: spell.what.to_owned(),
        text: spell.text.clone(),
        from_s: seconds(spell.from),
        until_s: spell.until.map(seconds),
        most: spell.most.map(|(most, _)| most),
        unit: spell.most.map(|(_, unit)| unit.to_owned()),
    }
}

/// What its runs say together.
pub(super) fn summary(rehearsal: &Rehearsal) -> Summary {
    let first = rehearsal.runs.first();
    let invariants = first.map_or(&[][..], |run| &run.invariants).iter().enumerate();
    let watches = first.map_or(&[][..], |run| &run.watch).iter().enumerate();
    Summary {
        runs: rehearsal.runs.len() as u64,
        holds_in: rehearsal.holds_in,
        verdict: super::verdict(rehearsal),
        invariants: invariants.map(|(at, judged)| judged_over(rehearsal, at, judged)).collect(),
        watch: watches.map(|(at, watched)| watched_over(rehearsal, at, watched)).collect(),
        control: control_verdict(rehearsal).map(|all| control_over(&all)),
    }
}

fn control_over(all: &super::Across) -> ControlAcross {
    let (held_low, held_high) = clopper_pearson(all.holds, all.runs, LEVEL);
    ControlAcross {
        verdict: all.verdict,
        held: all.holds,
        broken: all.broken,
        unmeasured: all.unmeasured,
        held_low,
        held_high,
        first_broken_seed: all.first_broken_seed,
    }
}

fn judged_over(rehearsal: &Rehearsal, index: usize, judged: &rehearse::Judged) -> Across {
    let all = across(rehearsal, index);
    let (held_low, held_high) = clopper_pearson(all.holds, all.runs, LEVEL);
    Across {
        name: judged.name.clone(),
        text: judged.text.clone(),
        verdict: all.verdict,
        held: all.holds,
        broken: all.broken,
        unmeasured: all.unmeasured,
        held_low,
        held_high,
        seen_min: all.spread.min,
        seen_max: all.spread.max,
        bound: judged.judgement.bound,
        unit: judged.judgement.seen.unit,
        first_broken_seed: all.first_broken_seed,
    }
}

fn watched_over(rehearsal: &Rehearsal, index: usize, watched: &rehearse::Watched) -> WatchedAcross {
    let seen = rehearsal.runs.iter().filter_map(|run| run.watch.get(index)).map(|w| w.seen);
    let spread = Spread::of(seen);
    WatchedAcross {
        name: watched.name.clone(),
        text: watched.text.clone(),
        seen_min: spread.min,
        seen_max: spread.max,
        unit: watched.seen.unit,
    }
}
