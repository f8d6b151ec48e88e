//! A small fabric with every element, to which everything is done: what must be equal is equal.

use super::*;
use crate::change::{Change, Planned};
use crate::fabric::autoscale::tests::rules;
use crate::fabric::breaker::{BreakerRule, Window};
use crate::fabric::config::*;
use crate::fault::{Answers, Calls, Clock};
use crate::observe::{Hop, HopEvent};

const fn ms(millis: u64) -> Span {
    Span::from_millis(millis)
}

const BREAKER: BreakerRule = BreakerRule {
    window: Window::Calls(20),
    minimum: 10,
    failures: 0.5,
    slow: ms(500),
    slow_share: 0.8,
    open: ms(700),
    trials: 3,
};

/// Calls that time out, are tried again, hedged, held back and replaced.
fn call() -> Call {
    let mut call = Call {
        timeout: Some(ms(150)),
        clients: 2,
        cancel: true,
        deadline: true,
        bulkhead: Some(20),
        breaker: Some(BREAKER),
        fallback: Some(Fallback { failing: 0.5 }),
        hedge: Some(Hedge {
            after: ms(30),
            percentile: None,
            budget: Budget::Limit { retries: 4 },
        }),
        ..Call::plain()
    };
    (call.retry.attempts, call.retry.budget) = (2, Budget::Limit { retries: 5 });
    call
}

fn elements(fabric: &mut Fabric) {
    (fabric.routing.networks, fabric.viewers.timeout) = (6, ms(800));
    fabric.viewers.retry.attempts = 3;
    fabric.viewers.retry.budget =
        Budget::DepositPerRequest { ttl: ms(5_000), min_per_second: 1, ratio: 0.3 };
    fabric.viewers.shield = Shield {
        bulkhead: Some(12),
        breaker: Some(BREAKER),
        fallback: Some(Fallback { failing: 0.5 }),
        hedge: Some(Hedge { after: ms(120), percentile: None, budget: Budget::None }),
    };
    if let Some(metadata) = &mut fabric.metadata {
        (metadata.ttl, metadata.stale_while_revalidate) = (ms(900), ms(300));
        metadata.stale_if_error = ms(2_000);
    }
    let manifest = &mut fabric.manifest;
    (manifest.pods, manifest.slots, manifest.queue) = (2, 2, Some(2));
    (manifest.discipline, manifest.high) = (Discipline::Priority, 0.3);
    (manifest.validations, manifest.call) = (0.2, call());
    manifest.pod.ejection =
        Some(Ejection { failures: 3, every: ms(200), base: ms(500), most: 0.5 });
    manifest.pod.start = ms(400);
    manifest.autoscale = Some(AutoscaleRules {
        target: ScaleTarget::Requests(6.0),
        max: 4,
        every: ms(1_000),
        up: ScalePace { period: ms(1_000), ..ScalePace::UP },
        down: ScalePace { window: ms(3_000), period: ms(1_000), ..ScalePace::DOWN },
        pods_per_node: 1,
        node_start: ms(300),
        ..rules()
    });
    if let Some(database) = &mut fabric.database {
        (database.connections, database.queue, database.wait) = (3, Some(8), Some(ms(200)));
        (database.behind.then, database.call) = (WhenBehind::Primary, call());
        database.down_to_primary = true;
    }
}

/// About 4,000 requests, half of them for segments.
fn everything() -> Plan {
    let mut plan = five(20, [25.0, 25.0, 20.0, 20.0, 10.0]);
    (plan.load.titles, plan.load.segments) = (40, vec![20.0; 5]);
    plan.fabric.content.segments = 6;
    elements(&mut plan.fabric);
    let (region, service, ramp) = (None, Service::Manifest, ms(500));
    let (manifest, database) = (Service::Manifest, Service::Database);
    let delay = Span::from_secs(5);
    for (at, until, fault) in [
        (1, Some(3), Fault::Slow { region, service: database, factor: 20.0, ramp, pods: None }),
        (2, Some(5), Fault::Errors { region, service, share: 0.4, ramp, pods: Some(1) }),
        (3, Some(9), Fault::DelayReplication { region, delay, by: Delay::Apply }),
        (4, None, Fault::EvictCache { region: 1, share: 0.7, cache: Kept::Content }),
        (5, Some(7), Fault::DatabaseDown { region: 2, answers: Answers::Refused }),
        (6, Some(8), Fault::OriginDown { region: 0, answers: Answers::Silent }),
        (7, Some(9), Fault::StopPods { region, pods: 1, calls: Calls::Reset }),
        (8, Some(9), Fault::LockTable { region: Some(0) }),
        (
            9,
            Some(13),
            Fault::RegionDown { region: 4, routes: Routes::Withdrawn, scope: Reach::All },
        ),
        (10, Some(14), Fault::PacketLoss { region, share: 0.2 }),
        (11, Some(12), Fault::ClockSkew { region, by: ms(500), clock: Clock::Behind }),
        (14, Some(16), Fault::Errors { region, service: manifest, share: 1.0, ramp, pods: None }),
        (16, None, Fault::EvictCache { region: 0, share: 1.0, cache: Kept::Metadata }),
    ] {
        inject(&mut plan, at, until, fault);
    }
    let at = |secs| Instant::ZERO + Span::from_secs(secs);
    let (label, change) = (Label("drain".into()), Change::Drain { region: 3 });
    plan.changes = vec![Planned { label, at: at(15), until: Some(at(17)), change }];
    plan
}

#[test]
fn with_every_element_the_flow_is_the_events_and_threads_change_nothing() {
    let plan = everything();
    let (flow, events) = (run(&plan, 1, false), run(&plan, 1, true));
    assert_eq!(flow.totals.digest(), events.totals.digest());
    assert_eq!(run(&plan, 2, false).digest, flow.digest);
}

#[test]
fn every_request_ends_in_one_way_or_is_under_way() {
    let outcome = run(&everything(), 1, false);
    let totals = &outcome.totals;
    for (region, &under_way) in outcome.under_way.iter().enumerate() {
        let count = |counter| totals.count(counter, Scope { from: Some(region), at: None });
        let ended = [Counter::Served, Counter::Failed, Counter::GivenUp].map(count);
        assert_eq!(count(Counter::Requests), ended.iter().sum::<u64>() + under_way, "{region}");
    }
    let count = |counter| totals.count(counter, Scope::default());
    let samples = |sample| totals.histogram(|_| true, Scope::default(), sample).count();
    assert_eq!(samples(Timer::Latency), count(Counter::Served));
    assert_eq!(samples(Timer::SegmentLatency), count(Counter::SegmentServed));
    assert_eq!(samples(Timer::WaitHigh) + samples(Timer::WaitLow), samples(Timer::Wait));
    // All of it was met by somebody.
    for counter in [
        Counter::Hits,
        Counter::Stale,
        Counter::Failed,
        Counter::GivenUp,
        Counter::Retried,
        Counter::Coalesced,
        Counter::Validations,
        Counter::PrimaryReads,
        Counter::Hop(Hop::Manifest, HopEvent::Hedge),
        Counter::Hop(Hop::Manifest, HopEvent::Rejected),
        Counter::ManifestResets,
        Counter::Hop(Hop::Database, HopEvent::Rejected),
        Counter::ViewerHedges,
        Counter::ViewerFallbacks,
        Counter::PodsEjected,
    ] {
        assert!(count(counter) > 0, "{counter:?}");
    }
}
