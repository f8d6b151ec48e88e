//! A judge needs no simulator: everything here was counted by hand.

use super::{Case, JudgedRun, Recording, RunJudge};
use crate::invariant::{LabelInfo, Names, Verdict, parse_invariant, parse_watch};
use crate::observe::{
    Counter, Gauge, Hop, HopEvent, Layout, Recorder, SliceView, Timeline, Timer, Totals,
};
use crate::scenario::{Invariant, Scenario, Source, Watch, load_without_control};
use crate::units::{Instant, Span};
use std::path::Path;
use std::sync::Arc;

/// One region with a breaker before its database; a fault from 30 s to 90 s of 150 s.
fn scenario() -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios/resilience/breaker-fallback-fails.toml");
    load_without_control(&Source::open(&path).unwrap(), &[]).unwrap()
}

/// The scenario's plan, with these sentences instead of its own.
fn case(invariants: &[&str], watch: &[&str]) -> Case {
    let plan = scenario().plan;
    let labels = plan.injections.iter().map(|one| LabelInfo {
        name: one.label.0.clone(),
        at: one.at,
        until: one.until,
        instant: false,
    });
    let labels: Vec<LabelInfo> = labels.collect();
    let names = Names {
        regions: &plan.fabric.regions,
        labels: &labels,
        warmup: Instant::ZERO + plan.warmup,
        length: plan.length,
    };
    let invariants = invariants.iter().map(|text| Invariant {
        name: (*text).to_owned(),
        text: (*text).to_owned(),
        statement: parse_invariant(text, &names).unwrap(),
    });
    let watch = watch.iter().map(|text| Watch {
        name: (*text).to_owned(),
        text: (*text).to_owned(),
        term: parse_watch(text, &names).unwrap(),
    });
    let (invariants, watch): (Vec<_>, Vec<_>) = (invariants.collect(), watch.collect());
    Case::new(plan.clone(), &invariants, &watch)
}

fn timeline(case: &Case) -> Timeline {
    let plan = case.plan();
    let faults = plan.injections.iter().flat_map(|one| [Some(one.at), one.until]).flatten();
    Timeline::new(plan.length, faults.chain([Instant::ZERO + plan.warmup]))
}

fn at(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

/// What a driver would have counted in one second: ten requests, of which half fail in the fault, each
/// after three attempts; the breaker is open from 32 s to 112 s, and two fallbacks a second fail.
fn count(recorder: &mut Recorder, second: u64) {
    let fault = (30..90).contains(&second);
    recorder.gauge(Gauge::DatabaseBreaker, if (32..112).contains(&second) { 2 } else { 0 });
    for request in 0..10 {
        let failed = fault && request < 5;
        recorder.count(Counter::Requests, 0);
        recorder.count_many(Counter::Attempts, 0, if failed { 3 } else { 1 });
        recorder.count(if failed { Counter::Failed } else { Counter::Served }, 0);
        if !failed {
            recorder.sample(Timer::Latency, 0, Span::from_millis(20));
        }
    }
    if fault {
        recorder.count_many(Counter::Hop(Hop::Database, HopEvent::FallbackFailure), 0, 2);
    }
}

/// Feeds the judge and a recording of each second with what [`count`] counts.
fn observed(case: &Case) -> (JudgedRun, Recording) {
    let timeline = Arc::new(timeline(case));
    let layout: Arc<Layout> = Arc::new(case.layout());
    let mut recorder = Recorder::new(Arc::clone(&layout), Arc::clone(&timeline), 1);
    let mut judge = RunJudge::new(case, &timeline);
    let mut recording = Recording::new(case.plan(), Vec::new());
    let mut totals = Totals::new(Arc::clone(&layout), Arc::clone(&timeline), 1);
    let mut start = Instant::ZERO;
    while start < timeline.end() {
        let end = timeline.slice_end(start);
        count(&mut recorder, start.as_nanos() / 1_000_000_000);
        recorder.advance(end);
        let slice = recorder.take_oldest().unwrap();
        let view = SliceView {
            start,
            end,
            segment: timeline.segment_of(start),
            cells: &slice.cells,
            peaks: &slice.peaks,
            levels: &slice.levels,
            layout: &layout,
            regions: 1,
        };
        judge.slice(&view);
        recording.slice(&view, end == timeline.end());
        totals.add(&view);
        start = end;
    }
    totals.add_histograms(0, &recorder);
    recording.finish(case.plan());
    assert_eq!(judge.requests(), 1_500);
    (judge.finish(&totals).unwrap(), recording)
}

#[test]
fn sentences_are_judged_from_counts_that_no_simulator_made() {
    let case = case(
        &[
            "availability during errors >= 60%",
            "availability after errors == 100%",
            "p99(latency) <= 20ms",
            "total(failures) during errors == 300",
            "p99(wait) < 1s",
            "error_budget_spent > 0%",
        ],
        &["mean(attempts) during errors"],
    );
    let run = observed(&case).0;
    let verdicts: Vec<Verdict> = run.invariants.iter().map(|one| one.judgement.verdict).collect();
    use Verdict::{Broken, Holds, Unmeasured};
    assert_eq!(verdicts, [Broken, Holds, Holds, Holds, Unmeasured, Holds]);
    assert_eq!(run.invariants[0].judgement.seen.value, Some(50.0));
    assert_eq!(run.watch[0].seen.value, Some(20.0));
    assert_eq!(
        (run.requests, run.length, run.judged),
        (1_500, Span::from_secs(150), Span::from_secs(140))
    );
    assert!(run.control.is_none());
    assert!(run.bill.total().as_dollars() > 0.0);
}

#[test]
fn what_happened_and_what_would_have_paged_are_told_from_slices_alone() {
    let run = observed(&case(&["availability >= 1%"], &[])).0;
    let told: Vec<_> = run.timeline.iter().map(|one| (one.what, one.from, one.until)).collect();
    assert_eq!(
        told,
        [
            ("fault", at(30), Some(at(90))),
            ("amplification", at(30), Some(at(90))),
            ("failures", at(30), Some(at(90))),
            ("database-breaker", at(32), Some(at(113))),
            // True since the evaluation of 45 s, which follows the scrape of 40 s: a minute at 105 s.
            ("alert", at(105), Some(at(120))),
        ]
    );
    assert_eq!(run.alerts.len(), 2, "{:?}", run.alerts);
    let (hop, viewers) = run.hops.hops[0];
    assert_eq!((hop, viewers.worst), ("viewers", Some((2.0, at(30)))));
}

#[test]
fn a_recording_says_what_each_second_spends_of_a_month() {
    let (run, recording) = observed(&case(&["availability >= 1%"], &[]));
    assert_eq!(recording.series.times().len(), 150);
    assert_eq!(recording.budget_spent[29], Some(0.0));
    assert_eq!(recording.budget_spent.last(), Some(&run.error_budget_spent));
    assert_eq!(recording.monthly_cost.last(), Some(&Some(run.bill.total().as_dollars())));
}
