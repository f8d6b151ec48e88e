//! What a site does for its viewers, seen from outside, where the numbers follow from the plan.

use super::*;
use crate::change::{Change, Planned};
use crate::fabric::autoscale::tests::rules;
use crate::fabric::config::{
    AutoscaleRules, Budget, Call, Database, Discipline, Hedge, ScaleTarget,
};
use crate::fabric::slowdown::{Curve, Slowdown};
use crate::fabric::tracer::{Part, What};
use crate::fault::Answers;

const fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

/// Every fetch reads, and neither hop tries again.
fn reads(plan: &mut Plan) -> &mut Database {
    plan.fabric.manifest.call = Call::plain();
    let database = preset::five_regions().database.unwrap();
    plan.fabric.database.insert(Database { call: Call::plain(), ..database })
}

/// Fifty requests a second for twenty seconds, which the cache answers after this long. A second attempt
/// follows the first `after` this long, and each is waited for for two seconds.
fn hedged(hit: Span, after: Span) -> Plan {
    let mut plan = cached(ms(1), hit, ms(2_000), None);
    plan.fabric.viewers.shield.hedge =
        Some(Hedge { after, percentile: None, budget: Budget::None });
    plan
}

#[test]
fn whoever_waits_longer_than_the_delay_sends_a_second_attempt() {
    let asked = [Counter::Requests, Counter::ViewerHedges];
    let [requests, hedges] = counts(&hedged(ms(20), ms(10)), asked);
    assert!(requests > 800, "{requests}");
    // Those of the last 10 ms have not waited for so long.
    assert!(requests - hedges < 8, "{hedges} of {requests}");
    let [_, hedges] = counts(&hedged(ms(20), ms(30)), asked);
    assert_eq!(hedges, 0, "the answer comes before");
    let [_, hedges] = counts(&hedged(ms(3_000), ms(2_000)), asked);
    assert_eq!(hedges, 0, "the patience ends before");
}

/// The same of segments: one title with one segment, so that all but the first find it in the cache.
#[test]
fn second_attempts_are_sent_for_segments_too() {
    let mut plan = hedged(ms(1), ms(10));
    (plan.load.rates, plan.load.segments) = (vec![0.0], vec![50.0]);
    let content = &mut plan.fabric.content;
    (content.hit, content.segments) = (ms(20), 1);
    content.ladder.truncate(1);
    content.ladder[0].share = 1.0;
    let asked = [Counter::Requests, Counter::Hits, Counter::ViewerHedges];
    let [requests, hits, hedges] = counts(&plan, asked);
    assert!(hits > 800 && requests - hedges < 8, "{hedges} of {requests}, {hits} hits");
}

#[test]
fn what_fails_on_each_attempt_was_tried_again() {
    let mut plan = single(50.0, 64, ms(1), 20);
    let service = Service::Manifest;
    inject(
        &mut plan,
        0,
        None,
        Fault::Errors { region: None, service, share: 1.0, ramp: Span::ZERO, pods: None },
    );
    let asked = [Counter::Failed, Counter::Retried];
    let [failed, retried] = counts(&plan, asked);
    assert!(failed > 800 && retried == 0, "{retried} of {failed}");
    plan.fabric.viewers.retry.attempts = 2;
    plan.fabric.viewers.retry.budget = Budget::None;
    let [failed, retried] = counts(&plan, asked);
    assert!(failed > 800 && retried == failed, "{retried} of {failed}");
}

/// The only region withdraws its route, and nobody gets there any more.
#[test]
fn who_has_no_region_left_is_not_served_from_a_cache() {
    let mut plan = cached(ms(1), ms(1), ms(2_000), None);
    let at = Instant::ZERO + Span::from_secs(10);
    plan.cuts = vec![at];
    let (label, change) = (Label("drain".into()), Change::Drain { region: 0 });
    plan.changes = vec![Planned { label, at, until: None, change }];
    let totals = run(&plan, 1, false).totals;
    let served = [0, 1].map(|half| {
        let cell = totals.cell(|segment| segment == half, Scope::default());
        cell[Counter::Served.index()]
    });
    // Five hundred, less four standard deviations.
    assert!(served[0] > 410 && served[1] == 0, "{served:?}");
}

/// Changes are applied 20 s late from 5 s on, so the lag grows to that by 25 s.
#[test]
fn the_lag_of_replicas_is_seen_while_it_grows() {
    let mut plan = five(40, [6.0, 5.0, 4.0, 3.0, 2.0]);
    plan.cuts = [5, 15, 26].map(|secs| Instant::ZERO + Span::from_secs(secs)).to_vec();
    let (region, delay) = (None, Span::from_secs(20));
    inject(&mut plan, 5, None, Fault::DelayReplication { region, delay, by: Delay::Apply });
    let totals = run(&plan, 1, false).totals;
    let largest = |region, part| {
        let scope = Scope { from: None, at: Some(region) };
        let peaks = totals.peaks(|segment| segment == part, scope, Gauge::ReplicationLag);
        peaks.quantile(1.0).unwrap() / 1e9
    };
    for region in (0..5).filter(|&region| region != plan.fabric.primary) {
        let seen = [0, 1, 2, 3].map(|part| largest(region, part));
        for (seen, expected) in seen.into_iter().zip([0.0, 10.0, 20.0, 20.0]) {
            assert!((seen - expected).abs() < 0.1, "region {region}: {seen} s, not {expected}");
        }
    }
    assert_eq!(largest(plan.fabric.primary, 3), 0.0);
}

/// A hundred calls a second, and 21 for each pod: five pods.
#[test]
fn an_autoscaler_counts_the_calls_that_come() {
    let mut plan = single(100.0, 4, ms(1), 90);
    plan.fabric.manifest.autoscale = Some(AutoscaleRules {
        target: ScaleTarget::Requests(21.0),
        pods_per_node: 1,
        node_start: Span::ZERO,
        ..rules()
    });
    let totals = run(&plan, 1, false).totals;
    let nodes = totals.peaks(|_| true, Scope::default(), Gauge::Nodes);
    let (least, most) = (nodes.quantile(0.0).unwrap(), nodes.quantile(1.0).unwrap());
    assert_eq!((least, most), (1.0, 5.0), "a node for each pod");
}

/// Reads take longer than the run. When the database goes, all that are under way fail, and so do those
/// that come.
#[test]
fn a_database_that_resets_its_connections_fails_what_it_works_on() {
    let mut plan = single(50.0, 2_000, ms(1), 20);
    let database = reads(&mut plan);
    (database.connections, database.queue) = (2_000, None);
    database.service = Law::Constant(Span::from_secs(60));
    let asked = [Counter::Requests, Counter::Failed, Counter::Served];
    let [requests, failed, served] = counts(&plan, asked);
    assert!(requests > 800 && failed + served == 0, "{failed} failed, {served} served");
    inject(&mut plan, 10, None, Fault::DatabaseDown { region: 0, answers: Answers::Refused });
    let [requests, failed, served] = counts(&plan, asked);
    assert!(requests > 800 && requests - failed < 8, "{failed} of {requests} failed");
    assert_eq!(served, 0);
}

#[test]
fn classes_are_seen_where_there_are_two() {
    let mut plan = single(50.0, 64, ms(1), 20);
    let seen = |plan: &Plan| {
        let totals = run(plan, 1, false).totals;
        [Timer::Wait, Timer::WaitHigh, Timer::WaitLow]
            .map(|sample| totals.histogram(|_| true, Scope::default(), sample).count())
    };
    let [all, high, low] = seen(&plan);
    assert!(all > 800 && high + low == 0, "{high} and {low} of {all}");
    (plan.fabric.manifest.discipline, plan.fabric.manifest.high) = (Discipline::Priority, 0.25);
    let [all, high, low] = seen(&plan);
    assert_eq!(high + low, all);
    // Four standard deviations: the square root of 1,000 * 0.25 * 0.75 is 13.7.
    assert!((4 * high).abs_diff(all) < 4 * 55, "{high} of {all}");
}

/// A manifest of 1 ms with a read of 4 ms that takes three times as long, whatever the rate of reads.
#[test]
fn a_read_takes_as_many_times_as_long_as_the_rate_of_reads_says() {
    let mut plan = single(50.0, 2_000, ms(1), 20);
    plan.fabric.manifest.service = Law::Constant(ms(1));
    let database = reads(&mut plan);
    database.service = Law::Constant(ms(4));
    let curve = Curve::new(vec![(0.0, 3.0)]).unwrap();
    database.slowdown = Slowdown::Rate { over: Span::from_secs(1), curve };
    let totals = run(&plan, 1, false).totals;
    let latency = totals.histogram(|_| true, Scope::default(), Timer::Latency);
    let (least, most) = (latency.quantile(0.0).unwrap(), latency.quantile(1.0).unwrap());
    // The histogram's cells are a few per mille wide.
    assert!(least > 12.9e6 && most < 13.1e6, "{least} to {most} ns");
}

/// Nothing is cached, and nothing is tried again: each request has one attempt, fetch, call and read.
#[test]
fn what_was_done_for_a_traced_request_is_written_down() {
    let mut plan = single(5.0, 64, ms(1), 20);
    reads(&mut plan);
    let options = Options {
        threads: NonZeroUsize::MIN,
        all_events: false,
        staleness: false,
        stop: &AtomicBool::new(false),
        tracing: Some(Sampling { share: 1.0, most: 1_000 }),
    };
    let outcome = simulate(&plan, Layout::new([]), &options, &mut |_| {}).unwrap();
    let requests = &outcome.traces.requests;
    assert_eq!(requests.len() as u64, outcome.totals.count(Counter::Requests, Scope::default()));
    // All but those that are under way at the end.
    for request in &requests[..requests.len() - 2] {
        let begun: Vec<Part> = request
            .facts
            .iter()
            .filter_map(|(_, fact)| match fact.what {
                What::Begin { part, .. } => Some(part),
                _ => None,
            })
            .collect();
        let parts = [Part::Request, Part::Attempt, Part::Fetch, Part::Call, Part::Read];
        assert_eq!(begun, parts, "{request:?}");
    }
}
