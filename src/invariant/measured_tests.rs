//! What is not measured is unmeasured, whatever is asked of it and whatever its zeros would say.

use super::judge_tests::{
    EAST, Event, WEST, count, judge_with, level, many, statement, value, with_names,
};
use super::*;
use crate::observe::{Counter, Layout, METRICS, Measured, Metric, Part, RunFigure};
use proptest::prelude::*;

const BOUNDS: [&str; 5] = ["50%", "2", "2/s", "2ms", "$5"];

/// Every statistic of a metric, in every class and with the first bound of its unit.
fn of_metric(name: &str) -> Vec<Statement> {
    let mut heads = vec![name.to_owned()];
    heads.extend(
        ["mean", "min", "max", "p90", "total", "share"].map(|ask| format!("{ask}({name})")),
    );
    for inner in BOUNDS {
        heads.extend(["share", "time_until"].map(|ask| format!("{ask}({name} <= {inner})")));
    }
    let mut all = Vec::new();
    for head in heads {
        for class in ["", " of manifest", " of segment"] {
            let texts = BOUNDS.iter().map(|bound| format!("{head}{class} <= {bound}"));
            all.extend(
                texts.filter_map(|text| with_names(|names| parse_invariant(&text, names)).ok()),
            );
        }
    }
    assert!(!all.is_empty(), "nothing can be asked of {name}");
    all
}

fn everything() -> Vec<Statement> {
    METRICS.iter().flat_map(|row| of_metric(row.name)).collect()
}

/// What a metric is computed from.
fn parts(metric: Metric) -> Vec<Part> {
    let ends = || [Counter::Served, Counter::Failed, Counter::GivenUp].map(Part::Counter).to_vec();
    match metric {
        Metric::Availability => ends(),
        Metric::ByteHits => {
            [Counter::ContentBytes, Counter::ContentHitBytes].map(Part::Counter).to_vec()
        }
        Metric::Counter(counter) => vec![Part::Counter(counter)],
        Metric::Timer(sample) => vec![Part::Timer(sample)],
        Metric::Gauge(gauge) => vec![Part::Gauge(gauge)],
        Metric::RunFigure(figure) => [ends(), vec![Part::RunFigure(figure)]].concat(),
    }
}

/// Something of a part happens; nothing of a figure, which is computed elsewhere.
fn event(part: Part, millis: u64) -> Option<Event> {
    match part {
        Part::Counter(counter) => Some(count(millis, counter, EAST, EAST)),
        Part::Timer(sample) => Some(value(millis, sample, 1_000_000)),
        Part::Gauge(gauge) => Some(level(millis, WEST, gauge, 3)),
        Part::RunFigure(_) => None,
    }
}

/// Everything happens in every second, six times of all requests and once of segments: however some of
/// it is added, segments are no more than all.
fn eventful() -> Vec<Event> {
    let mut events = Vec::new();
    for row in METRICS {
        for part in parts(row.metric) {
            let times = if row.metric.is_of_segments_alone() { 1 } else { 6 };
            for second in 2..10 {
                events.extend(event(part, second * 1_000).into_iter().flat_map(|e| many(times, e)));
            }
        }
    }
    events
}

fn judged(statements: &[Statement], events: &[Event], measured: Measured) -> Vec<Judgement> {
    let layout = Layout::new(statements.iter().flat_map(Statement::bounds)).measuring(measured);
    let figures =
        Figures { error_budget_spent: Some(0.1), monthly_cost: Some(Money::from_micros(1)) };
    judge_with(layout, statements, &[], events, &figures).0
}

#[test]
fn every_statistic_of_what_is_not_measured_is_unmeasured() {
    for row in METRICS {
        let statements = of_metric(row.name);
        // A figure that is given is seen whatever it was computed from.
        let parts = parts(row.metric).into_iter().rev();
        let parts: Vec<Part> = match row.metric {
            Metric::RunFigure(RunFigure::MonthlyCost) => parts.take(1).collect(),
            _ => parts.collect(),
        };
        for part in parts {
            let measured = Measured::ALL.without(part);
            // Zeros would satisfy `<=`, and what happened would, too.
            for events in [Vec::new(), eventful()] {
                let all = statements.iter().zip(judged(&statements, &events, measured));
                for (statement, one) in all.filter(|(one, _)| !is_of_twin(one, part)) {
                    let seen = (one.verdict, one.seen.value, one.first_broken_s);
                    assert_eq!(seen, (Verdict::Unmeasured, None, None), "{statement}, {part:?}");
                }
            }
        }
    }
}

/// Segments have a count of their own: that of all requests is not asked for.
fn is_of_twin(statement: &Statement, part: Part) -> bool {
    let is_of_segments = statement.to_string().contains("of segment");
    is_of_segments
        && match part {
            Part::Counter(counter) => counter.of_segments().is_some(),
            Part::Timer(sample) => sample.of_segments().is_some(),
            Part::Gauge(_) | Part::RunFigure(_) => false,
        }
}

#[test]
fn where_all_is_measured_and_everything_happens_nothing_is_unmeasured() {
    let statements = everything();
    for (statement, one) in statements.iter().zip(judged(&statements, &eventful(), Measured::ALL)) {
        assert_ne!(one.verdict, Verdict::Unmeasured, "{statement}");
    }
}

#[test]
fn a_total_of_nothing_is_zero_only_where_it_is_measured() {
    let statements = [statement("total(manifest_wasted) == 0")];
    let of = |measured| judged(&statements, &[], measured)[0].verdict;
    assert_eq!(of(Measured::ALL), Verdict::Holds);
    let wasted = METRICS.iter().find(|row| row.name == "manifest_wasted").unwrap();
    let part = parts(wasted.metric)[0];
    assert_eq!(of(Measured::ALL.without(part)), Verdict::Unmeasured);
    assert_eq!(of(Measured::NONE.with(part)), Verdict::Holds);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// No oracle is needed: a part whose events change what is seen must be measured for it, and one
    /// that is not needed changes nothing by not being measured.
    #[test]
    fn a_term_needs_the_parts_that_bear_on_it_and_no_other(
        row in any::<proptest::sample::Index>(),
        ask in any::<proptest::sample::Index>(),
        other in any::<proptest::sample::Index>(),
        times in proptest::collection::vec(2_000_u64..10_000, 1..5),
    ) {
        let statements = of_metric(row.get(METRICS).name);
        let statements = [ask.get(&statements).clone()];
        let all = parts(other.get(METRICS).metric);
        for part in all {
            let more = times.iter().filter_map(|&millis| event(part, millis));
            let before = eventful();
            let after: Vec<Event> = before.iter().copied().chain(more).collect();
            let of = |events: &[Event], measured| judged(&statements, events, measured)[0];
            let (less, more) = (of(&before, Measured::ALL), of(&after, Measured::ALL));
            let masked = of(&after, Measured::ALL.without(part));
            if less.seen != more.seen {
                prop_assert_eq!(masked.verdict, Verdict::Unmeasured, "{} {:?}", statements[0], part);
            } else if masked.verdict != Verdict::Unmeasured {
                prop_assert_eq!(masked, more);
            }
        }
    }
}
