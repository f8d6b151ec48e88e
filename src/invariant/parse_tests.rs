use super::*;
use crate::observe::{Metric, Scope, Timeline, Timer};
use crate::units::Quantity;

pub(super) const REGIONS: [&str; 5] =
    ["us-east-1", "eu-central-1", "ap-northeast-1", "ap-southeast-1", "sa-east-1"];

pub(super) fn second(s: u64) -> Instant {
    Instant::ZERO + Span::from_secs(s)
}

fn label(name: &str, at: u64, until: Option<u64>, instant: bool) -> LabelInfo {
    LabelInfo { name: name.into(), at: second(at), until: until.map(second), instant }
}

pub(super) fn with_names<T>(run: impl FnOnce(&Names<'_>) -> T) -> T {
    let regions = REGIONS.map(String::from);
    let labels = [
        label("outage", 300, Some(600), false),
        label("storm", 360, None, true),
        label("slow_db-2", 400, None, false),
        label("early", 10, Some(60), false),
        label("across", 60, Some(180), false),
        label("late", 900, None, true),
    ];
    let (warmup, length) = (second(120), Span::from_secs(900));
    run(&Names { regions: &regions, labels: &labels, warmup, length })
}

pub(super) fn invariant(text: &str) -> Result<Statement, Vec<Complaint>> {
    with_names(|names| parse_invariant(text, names))
}

pub(super) fn good(text: &str) -> Statement {
    invariant(text).unwrap_or_else(|complaints| panic!("{text}: {complaints:?}"))
}

/// Complaints as `covered text: message (help)`.
pub(super) fn complaints(text: &str) -> Vec<String> {
    invariant(text).unwrap_err().iter().map(|complaint| shown(text, complaint)).collect()
}

pub(super) fn shown(text: &str, complaint: &Complaint) -> String {
    let help = complaint.help.as_ref().map_or(String::new(), |help| format!(" ({help})"));
    format!("{}: {}{help}", &text[complaint.at.clone()], complaint.message)
}

#[track_caller]
pub(super) fn refused(text: &str, expected: &[&str]) {
    assert_eq!(complaints(text), expected, "{text}");
}

#[test]
fn the_sentences_of_the_design_are_understood() {
    for text in [
        "share(failover_time < 10s) from sa-east-1 during outage >= 75%",
        "share(served) from sa-east-1 in us-east-1 during outage >= 90%",
        "p99(latency) in us-east-1 during outage < 900ms",
        "availability from eu-central-1 during outage >= 99.99%",
        "error_budget_spent <= 1%",
        "monthly_cost <= $47,000",
        "mean(wait) < 20ms",
        "time_until(availability >= 99%) after storm <= 30s",
        "max(manifest_queue) in us-east-1 within 1m of slow_db-2 <= 64",
        "max(fetches) of manifest before outage < 1,600/s",
        "total(timeouts) == 0",
        "p99.95(lock_wait) < 300ms",
    ] {
        assert_eq!(good(text).to_string(), text);
    }
    let statement = good("p99(latency) from sa-east-1 in us-east-1 during outage < 900ms");
    let term = statement.term();
    assert_eq!(term.metric(), Metric::Timer(Timer::Latency));
    assert_eq!(term.scope(), Scope { from: Some(4), at: Some(0) });
    assert_eq!(term.unit(), Unit::Time);
    assert_eq!(statement.compare(), Compare::Less);
    assert_eq!(statement.bound(), Quantity::parse("0.9s").unwrap());
    assert_eq!(good("p99(latency)<900ms").to_string(), "p99(latency) < 900ms");
}

#[test]
fn every_clause_of_time_has_its_window() {
    let window = |clause: &str| {
        let (start, end) = good(&format!("availability {clause} >= 1%")).term().window().unwrap();
        (start.as_secs_f64(), end.as_secs_f64())
    };
    assert_eq!(window(""), (120.0, 900.0));
    assert_eq!(window("during outage"), (300.0, 600.0));
    assert_eq!(window("during slow_db-2"), (400.0, 900.0));
    assert_eq!(window("before outage"), (120.0, 300.0));
    assert_eq!(window("after outage"), (600.0, 900.0));
    assert_eq!(window("after storm"), (360.0, 900.0));
    assert_eq!(window("within 60s of outage"), (300.0, 360.0));
    assert_eq!(window("within 1h of outage"), (300.0, 900.0));
    assert_eq!(window("during across"), (120.0, 180.0), "the warm-up is cut off");
    assert_eq!(window("after early"), (120.0, 900.0));
    assert_eq!(good("monthly_cost <= $1").term().window(), None);
}

#[test]
fn windows_are_whole_segments() {
    let statements = [
        good("availability during outage >= 1%"),
        good("availability within 45s of storm >= 1%"),
        good("availability >= 1%"),
        good("error_budget_spent <= 1%"),
    ];
    let cuts = statements.iter().flat_map(Statement::cuts);
    let timeline = Timeline::new(Span::from_secs(900), cuts);
    for statement in &statements {
        let term = statement.term();
        let chosen = term.segments(&timeline);
        let length: f64 = (0..timeline.segments())
            .filter(|&segment| chosen[segment])
            .map(|segment| timeline.segment(segment))
            .map(|(start, end)| (end - start).as_secs_f64())
            .sum();
        let expected = term.window().map_or(0.0, |(start, end)| (end - start).as_secs_f64());
        assert!((length - expected).abs() < 1e-9, "{statement}");
    }
}

#[test]
fn bounds_are_what_exact_verdicts_need() {
    let bounds = |text: &str| {
        let bounds = good(text).bounds();
        bounds.iter().map(|(sample, span)| (*sample, span.as_nanos())).collect::<Vec<_>>()
    };
    assert_eq!(bounds("p99(latency) < 1us"), [(Timer::Latency, 1_000)]);
    assert_eq!(bounds("max(wait) >= 1us"), [(Timer::Wait, 1_000)]);
    assert_eq!(bounds("p99(latency) <= 1us"), [(Timer::Latency, 1_001)]);
    assert_eq!(bounds("share(latency > 1us) < 5%"), [(Timer::Latency, 1_001)]);
    assert_eq!(bounds("mean(latency) < 1us"), []);
    assert_eq!(bounds("max(replication_lag) < 10s"), []);
}
