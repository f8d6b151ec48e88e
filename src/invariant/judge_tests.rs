use super::*;
use crate::observe::{Counter, Gauge, Layout, Recorder, SliceView, Timeline, Timer, Totals};
use crate::units::Quantity;
use std::sync::Arc;

/// What happens at a time (in milliseconds), to viewers of the region `from`, in the region `at`.
#[derive(Clone, Copy)]
pub(super) struct Event {
    millis: u64,
    from: usize,
    at: usize,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Count(Counter),
    Value(Timer, Span),
    Level(Gauge, u64),
}

pub(super) const EAST: usize = 0;
pub(super) const WEST: usize = 1;
const LENGTH: Span = Span::from_secs(10);

pub(super) fn count(millis: u64, counter: Counter, from: usize, at: usize) -> Event {
    Event { millis, from, at, what: What::Count(counter) }
}

pub(super) fn value(millis: u64, sample: Timer, nanos: u64) -> Event {
    let what = What::Value(sample, Span::from_nanos(nanos));
    Event { millis, from: EAST, at: EAST, what }
}

pub(super) fn level(millis: u64, at: usize, gauge: Gauge, level: u64) -> Event {
    Event { millis, from: EAST, at, what: What::Level(gauge, level) }
}

pub(super) fn many(n: usize, event: Event) -> impl Iterator<Item = Event> {
    std::iter::repeat_n(event, n)
}

pub(super) fn at(millis: u64) -> Instant {
    Instant::ZERO + Span::from_millis(millis)
}

/// Two regions, ten seconds of which two are warm-up, a fault from 4 s to 6 s, an instant at 5 s
/// and a fault that begins just behind a whole second.
pub(super) fn with_names<T>(run: impl FnOnce(&Names<'_>) -> T) -> T {
    let label = |name: &str, from, until: Option<u64>, instant| LabelInfo {
        name: name.into(),
        at: at(from),
        until: until.map(at),
        instant,
    };
    let regions = ["east".to_owned(), "west".to_owned()];
    let labels = [
        label("fault", 4_000, Some(6_000), false),
        label("blip", 5_000, None, true),
        label("odd", 4_950, Some(7_000), false),
    ];
    run(&Names { regions: &regions, labels: &labels, warmup: at(2_000), length: LENGTH })
}

pub(super) fn statement(text: &str) -> Statement {
    with_names(|names| parse_invariant(text, names)).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

fn term(text: &str) -> Term {
    with_names(|names| parse_watch(text, names)).unwrap_or_else(|e| panic!("{text}: {e:?}"))
}

/// Runs the events through recorders, slices and totals.
pub(super) fn judge_with(
    layout: Layout,
    statements: &[Statement],
    terms: &[Term],
    events: &[Event],
    figures: &Figures,
) -> (Vec<Judgement>, Vec<Seen>) {
    let cuts = statements.iter().map(Statement::term).chain(terms).flat_map(Term::cuts);
    let timeline = Arc::new(Timeline::new(LENGTH, cuts));
    let layout = Arc::new(layout);
    let new = |_| Recorder::new(layout.clone(), timeline.clone(), 2);
    let mut recorders: Vec<Recorder> = (0..2).map(new).collect();
    let mut events = events.to_vec();
    events.sort_by_key(|event| event.millis);
    for event in events {
        let recorder = &mut recorders[event.at];
        recorder.advance(at(event.millis));
        match event.what {
            What::Count(counter) => recorder.count(counter, event.from),
            What::Value(sample, value) => recorder.sample(sample, event.from, value),
            What::Level(gauge, level) => recorder.gauge(gauge, level),
        }
    }
    recorders.iter_mut().for_each(|recorder| recorder.advance(at(10_000)));
    let mut judge = Judge::new(statements, terms, &timeline);
    let mut totals = Totals::new(layout.clone(), timeline.clone(), 2);
    let mut start = Instant::ZERO;
    while start < timeline.end() {
        let slices = recorders.iter_mut().map(|r| r.take_oldest().unwrap()).collect::<Vec<_>>();
        let row = |from, at: usize| &slices[at].cells[from * layout.width()..][..layout.width()];
        let pairs = [(0, 0), (0, 1), (1, 0), (1, 1)];
        let cells: Vec<u64> = pairs.iter().flat_map(|&(from, at)| row(from, at)).copied().collect();
        let peaks: Vec<u64> = slices.iter().flat_map(|slice| slice.peaks).collect();
        let levels: Vec<u64> = slices.iter().flat_map(|slice| slice.levels).collect();
        let view = SliceView {
            start,
            end: timeline.slice_end(start),
            segment: timeline.segment_of(start),
            cells: &cells,
            peaks: &peaks,
            levels: &levels,
            layout: &layout,
            regions: 2,
        };
        judge.slice(&view);
        totals.add(&view);
        start = view.end;
    }
    for (at, recorder) in recorders.iter().enumerate() {
        totals.add_histograms(at, recorder);
    }
    judge.finish(&totals, figures)
}

pub(super) fn judgement(text: &str, events: &[Event]) -> Judgement {
    let statement = statement(text);
    let layout = Layout::new(statement.bounds());
    let (judgements, _) = judge_with(layout, &[statement], &[], events, &Figures::default());
    judgements[0]
}

pub(super) fn seen(text: &str, events: &[Event]) -> Seen {
    let term = term(text);
    let layout = Layout::new(term.bounds());
    judge_with(layout, &[], &[term], events, &Figures::default()).1[0]
}

/// Checks a verdict, that what was seen does not contradict it, and the first broken second.
#[track_caller]
fn check(text: &str, events: &[Event], verdict: Verdict, value: Option<f64>, first: Option<f64>) {
    let found = judgement(text, events);
    assert_eq!(found.verdict, verdict, "{text}: {found:?}");
    match (found.seen.value, value) {
        (Some(seen), Some(value)) => {
            assert!(
                (seen - value).abs() <= 1e-5 + value.abs() * 1e-9,
                "{text}: {seen}, not {value}"
            );
            let order = seen.partial_cmp(&found.bound).unwrap();
            let agrees = statement(text).compare().holds(order) == (verdict == Verdict::Holds);
            assert!(agrees, "{text}: {seen} against {}", found.bound);
        }
        (seen, value) => assert_eq!(seen, value, "{text}"),
    }
    assert_eq!(found.first_broken_s, first, "{text}");
    let head = text.rsplit_once(' ').unwrap().0.rsplit_once(' ').unwrap().0;
    match (seen(head, events).value, value) {
        (Some(seen), Some(value)) => {
            assert!(
                (seen - value).abs() <= 1e-5 + value.abs() * 0.008,
                "{head}: {seen}, not {value}"
            );
        }
        (seen, value) => assert_eq!(seen, value, "{head}"),
    }
}

#[track_caller]
pub(super) fn holds(text: &str, events: &[Event], value: f64) {
    check(text, events, Verdict::Holds, Some(value), None);
}

#[track_caller]
pub(super) fn breaks(text: &str, events: &[Event], value: f64, first: impl Into<Option<f64>>) {
    check(text, events, Verdict::Broken, Some(value), first.into());
}

#[track_caller]
pub(super) fn unmeasured(text: &str, events: &[Event]) {
    check(text, events, Verdict::Unmeasured, None, None);
}

/// Which of `<`, `<=`, `==`, `>=`, `>` hold.
pub(super) fn all_comparisons(head: &str, bound: &str, events: &[Event]) -> String {
    let holds = |compare: &Compare| {
        let text = format!("{head} {} {bound}", compare.symbol());
        let equal_time = *compare == Compare::Equal
            && with_names(|names| parse_invariant(&text, names)).is_err();
        !equal_time && judgement(&text, events).verdict == Verdict::Holds
    };
    let symbols: Vec<_> = Compare::ALL.iter().filter(|c| holds(c)).map(|c| c.symbol()).collect();
    symbols.join(" ")
}

/// In each second from the second one on: 9 served and 1 failed in the east; in the fault's first
/// second 5 of 10.
pub(super) fn requests() -> Vec<Event> {
    let mut events = Vec::new();
    for second in 1..10 {
        let failed = if second == 4 { 5 } else { 1 };
        events.extend(many(10 - failed, count(second * 1_000 + 500, Counter::Served, EAST, EAST)));
        events.extend(many(failed, count(second * 1_000, Counter::Failed, EAST, EAST)));
    }
    events
}

#[test]
fn ratios_are_exact_and_leave_the_warm_up_out() {
    let mut events = requests();
    events.extend(many(1_000, count(1_000, Counter::Failed, EAST, EAST)));
    holds("availability >= 85%", &events, 85.0);
    assert_eq!(all_comparisons("availability", "85%", &events), "<= == >=");
    assert_eq!(all_comparisons("availability", "85.0000001%", &events), "< <=");
    assert_eq!(all_comparisons("share(failed)", "15%", &events), "<= == >=");
    breaks("availability > 85%", &events, 85.0, 5.0);
    breaks("availability during fault >= 71%", &events, 70.0, 5.0);
    breaks("share(failed) after fault < 10%", &events, 10.0, 7.0);
    holds("share(failed) before fault <= 10%", &events, 10.0);
    holds("availability within 1s of fault == 50%", &events, 50.0);
    assert_eq!(judgement("availability >= 85%", &events).seen.samples, 80);
    unmeasured("availability from west >= 1%", &events);
    unmeasured("share(hit) in west < 1%", &events);
    unmeasured("availability during fault >= 1%", &[count(3_000, Counter::Served, EAST, EAST)]);
}

#[test]
fn served_in_a_region_is_a_share_of_all_requests_wherever_they_went() {
    let mut events = Vec::new();
    events.extend(many(6, count(3_000, Counter::Served, EAST, WEST)));
    events.extend(many(2, count(3_000, Counter::Served, EAST, EAST)));
    events.extend(many(1, count(3_000, Counter::GivenUp, EAST, EAST)));
    events.extend(many(1, count(3_000, Counter::Failed, EAST, WEST)));
    events.extend(many(10, count(3_000, Counter::Served, WEST, WEST)));
    holds("share(served) from east in west >= 60%", &events, 60.0);
    holds("share(served) in west >= 80%", &events, 80.0);
    breaks("share(served) from west in east > 0%", &events, 0.0, 4.0);
    holds("share(failed) from east in west < 14.3%", &events, 100.0 / 7.0);
    breaks("availability from east in west >= 86%", &events, 600.0 / 7.0, 4.0);
    holds("share(given_up) from east == 10%", &events, 10.0);
}

/// Latencies of 1 to 100 ms, all in the fourth second.
fn latencies() -> Vec<Event> {
    (1..=100).map(|ms| value(3_000, Timer::Latency, ms * 1_000_000)).collect()
}

#[test]
fn samples_are_judged_by_exact_counts() {
    let events = latencies();
    for (head, bound) in [
        ("p99(latency)", "99ms"),
        ("p50(latency)", "50ms"),
        ("min(latency)", "1ms"),
        ("max(latency)", "100ms"),
        ("mean(latency)", "50500us"),
    ] {
        assert_eq!(all_comparisons(head, bound, &events), "<= >=", "{head}");
        let nanos = Quantity::parse(bound).unwrap().as_span().unwrap();
        let near = |nanos: u64| format!("{nanos}ns");
        let (less, more) = (near(nanos.as_nanos() - 1), near(nanos.as_nanos() + 1));
        assert_eq!(all_comparisons(head, &less, &events), ">= >", "{head}");
        assert_eq!(all_comparisons(head, &more, &events), "< <=", "{head}");
    }
    for (text, expected) in
        [("p99(latency) < 99ms", 99.0), ("p99(latency) < 99000001ns", 98.999_999)]
    {
        let seen = judgement(text, &events).seen.value.unwrap();
        let held = judgement(text, &events).verdict == Verdict::Holds;
        assert_eq!(held, seen < 99.000_001 && text.ends_with("ns"));
        assert!((seen - expected).abs() < 0.8, "{seen}");
    }
    holds("max(latency) <= 100ms", &events, 100.0);
    breaks("min(latency) > 1ms", &events, 1.0, 4.0);
    holds("mean(latency) <= 50.5ms", &events, 50.5);
    breaks("mean(latency) < 50.5ms", &events, 50.5, 4.0);
    assert_eq!(judgement("mean(latency) < 1s", &events).seen.samples, 100);
    for head in ["mean", "min", "max", "p99"] {
        unmeasured(&format!("{head}(latency) from west < 1s"), &events);
        unmeasured(&format!("{head}(latency) during fault < 1s"), &events);
    }
    let p99 = seen("p99(latency)", &events);
    assert!((p99.value.unwrap() - 99.0).abs() < 0.8);
    assert_eq!((p99.unit, p99.samples), (Unit::Time, 100));
}

#[test]
fn shares_of_samples_are_exact_at_the_bound() {
    let events = latencies();
    holds("share(latency < 50ms) == 49%", &events, 49.0);
    holds("share(latency <= 50ms) == 50%", &events, 50.0);
    holds("share(latency >= 50ms) == 51%", &events, 51.0);
    holds("share(latency > 50ms) == 50%", &events, 50.0);
    breaks("share(latency < 50ms) > 49%", &events, 49.0, 4.0);
    unmeasured("share(wait < 50ms) > 49%", &events);
}

#[test]
fn what_the_layout_did_not_count_is_unmeasured() {
    let layout = Layout::new([]);
    let statements = [statement("p99(latency) < 1s"), statement("share(latency < 1s) > 5%")];
    let (found, _) = judge_with(layout, &statements, &[], &latencies(), &Figures::default());
    for judgement in found {
        assert_eq!((judgement.verdict, judgement.seen.value), (Verdict::Unmeasured, None));
    }
}

#[test]
fn the_first_broken_second_is_the_first_that_breaks_by_itself() {
    let mut events = Vec::new();
    for (second, ms) in [(1, 900), (2, 10), (3, 30), (4, 20), (5, 80), (6, 90)] {
        events.extend(many(10, value(second * 1_000, Timer::Latency, ms * 1_000_000)));
    }
    let first = |text: &str| judgement(text, &events).first_broken_s;
    assert_eq!(first("p99(latency) < 50ms"), Some(6.0));
    assert_eq!(first("mean(latency) < 25ms"), Some(4.0));
    assert_eq!(first("min(latency) > 10ms"), Some(3.0));
    assert_eq!(first("max(latency) <= 80ms"), Some(7.0));
    assert_eq!(first("share(latency < 50ms) > 70%"), Some(6.0));
    assert_eq!(first("p50(latency) < 50ms"), None, "it holds");
    let spread = [(2_000, 10), (2_000, 90), (3_000, 20), (3_000, 100)];
    let spread = spread.map(|(at, ms)| value(at, Timer::Latency, ms * 1_000_000));
    let found = judgement("p34(latency) > 15ms", &spread);
    assert_eq!((found.verdict, found.first_broken_s), (Verdict::Holds, None));
    let found = judgement("p75(latency) < 90ms", &spread);
    assert_eq!((found.verdict, found.first_broken_s), (Verdict::Broken, Some(3.0)));
    let low = (0..9).map(|_| value(2_000, Timer::Latency, 1)).collect::<Vec<_>>();
    let found = judgement("total(failures) >= 1", &low);
    assert_eq!((found.verdict, found.first_broken_s), (Verdict::Broken, None), "nothing to name");
}
