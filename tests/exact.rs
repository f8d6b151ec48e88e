//! What must be equal to the last bit: the flow against all events, any number of threads, and the
//! books.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

#[path = "common/files.rs"]
mod files;
#[path = "common/plans.rs"]
mod plans;
#[path = "common/runs.rs"]
mod runs;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use squall::fabric::{Budget, Call, Outcome, PATIENCE, Plan};
use squall::fault::{Fault, Injection, Label, Reach, Routes};
use squall::observe::{Counter, Gauge, Hop, HopEvent, Scope, Timer};
use squall::scenario::{Source, load};
use squall::units::{Instant, Span};

use runs::run;

/// By how much a drill is made smaller before every request of it becomes an event.
const FEWER: f64 = 100.0;
const SHORTER: u64 = 10;

fn scenario(path: &std::path::Path) -> Plan {
    let source = Source::open(path).unwrap_or_else(|error| panic!("{error}"));
    load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}")).plan
}

fn sooner(at: Instant) -> Instant {
    Instant::from_nanos(at.as_nanos() / SHORTER)
}

fn shorter(span: Span) -> Span {
    Span::from_nanos(span.as_nanos() / SHORTER)
}

/// The same drill with a hundredth of the viewers on a fiftieth of the capacity, in a tenth of the
/// time; what people and networks take stays as it is.
fn reduced(mut plan: Plan) -> Plan {
    plan.length = shorter(plan.length);
    plan.warmup = shorter(plan.warmup);
    plan.cuts.iter_mut().for_each(|cut| *cut = sooner(*cut));
    for injection in &mut plan.injections {
        injection.at = sooner(injection.at);
        injection.until = injection.until.map(sooner);
    }
    for planned in &mut plan.changes {
        planned.at = sooner(planned.at);
        planned.until = planned.until.map(sooner);
    }
    plan.load.rates.iter_mut().for_each(|rate| *rate /= FEWER);
    plan.load.titles = plan.load.titles.div_ceil(20);
    let fabric = &mut plan.fabric;
    fabric.manifest.pods = fabric.manifest.pods.div_ceil(50);
    if let Some(database) = &mut fabric.database {
        database.connections = database.connections.div_ceil(50);
        database.queue = database.queue.map(|queue| queue.div_ceil(50));
    }
    plan
}

/// Drawn = answered + failed + given up + under way, for each region; and what each count says of
/// the others.
fn check_books(plan: &Plan, outcome: &Outcome) {
    let count = |counter, from| outcome.totals.count(counter, Scope { from, at: None });
    for (region, &under_way) in outcome.under_way.iter().enumerate() {
        let ended: u64 = [Counter::Served, Counter::Failed, Counter::GivenUp]
            .map(|counter| count(counter, Some(region)))
            .iter()
            .sum();
        let drawn = count(Counter::Requests, Some(region));
        assert_eq!(drawn, ended + under_way, "region {region}");
    }
    let count = |counter| count(counter, None);
    let samples = |sample| outcome.totals.histogram(|_| true, Scope::default(), sample);
    assert_eq!(samples(Timer::Latency).count(), count(Counter::Served));
    // What does not go stale has no age.
    let manifests = count(Counter::Served) - count(Counter::SegmentServed);
    assert_eq!(samples(Timer::Staleness).count(), manifests);
    assert_eq!(samples(Timer::SegmentLatency).count(), count(Counter::SegmentServed));
    // Those that waited too long for a connection have waited, too.
    let (reads, refused) =
        (count(Counter::DatabaseReads), count(Counter::Hop(Hop::Database, HopEvent::Rejected)));
    let waits = samples(Timer::DatabaseWait).count();
    assert!((reads..=reads + refused).contains(&waits), "{waits} waits of {reads} reads");
    let wait = plan.fabric.database.as_ref().and_then(|database| database.wait);
    assert!(wait.is_some() || waits == reads, "{waits} waits of {reads} reads");
    assert!(count(Counter::Hits) + count(Counter::Stale) <= count(Counter::Served));
    // A first attempt leaves, or the budget refuses it and its request has failed.
    let refused = count(Counter::RefusedByBudget);
    let held = count(Counter::ViewerBreakerRefused) + count(Counter::ViewerBulkheadFull);
    let hedges = count(Counter::ViewerHedges);
    let first = count(Counter::Attempts) - hedges;
    assert!(first + refused + held >= count(Counter::Requests));
    assert!(refused <= count(Counter::Failed) + count(Counter::ViewerFallbacks));
    let refuses = matches!(
        plan.fabric.viewers.retry.budget,
        Budget::AdaptiveThrottle { .. } | Budget::Decorator
    );
    assert!(refuses || refused == 0, "{refused} first attempts refused");
    let most = u64::from(plan.fabric.viewers.retry.attempts);
    assert!(first + held <= most * count(Counter::Requests));
    check_shield(plan, &count);
    assert!(samples(Timer::LockWait).count() <= count(Counter::Coalesced));
    let lengths = samples(Timer::FailoverTime);
    assert!(lengths.max().unwrap_or(0) < plan.length.as_nanos());
    check_segments(plan, outcome);
    check_pools(plan, outcome);
}

/// Requests for segments are a part of all, and no bytes come from nowhere.
fn check_segments(plan: &Plan, outcome: &Outcome) {
    let count = |counter| outcome.totals.count(counter, Scope::default());
    let mut any = false;
    for all in [
        Counter::Requests,
        Counter::Served,
        Counter::Failed,
        Counter::GivenUp,
        Counter::Hits,
        Counter::Rejected,
        Counter::Retried,
        Counter::Attempts,
        Counter::TimedOut,
        Counter::RetriesDenied,
        Counter::RefusedByBudget,
        Counter::Coalesced,
        Counter::LockTimeouts,
    ] {
        let twin = count(all.of_segments().unwrap());
        assert!(twin <= count(all), "{all:?}");
        any |= twin > 0;
    }
    assert!(plan.load.has_segments() || !any);
    let requests = count(Counter::SegmentRequests);
    let ended = [Counter::SegmentServed, Counter::SegmentFailed, Counter::SegmentGivenUp];
    assert!(ended.map(count).iter().sum::<u64>() <= requests);
    let (bytes, hits) = (count(Counter::ContentBytes), count(Counter::ContentHitBytes));
    assert!(hits <= bytes && (count(Counter::SegmentHits) > 0) == (hits > 0));
    assert!(plan.fabric.content.store.is_some() || hits == 0);
    let origin = &plan.fabric.origin;
    let peak = |gauge| {
        let peaks = outcome.totals.peaks(|_| true, Scope::default(), gauge);
        peaks.max().unwrap_or(0)
    };
    assert!(peak(Gauge::OriginBusy) <= u64::from(origin.slots));
    assert!(peak(Gauge::OriginQueue) <= origin.queue.map_or(u64::MAX, u64::from));
}

/// Viewers hedge an attempt once at most, and a protection that is off does nothing.
fn check_shield(plan: &Plan, count: &dyn Fn(Counter) -> u64) {
    let shield = &plan.fabric.viewers.shield;
    let [hedges, won, denied] =
        [Counter::ViewerHedges, Counter::ViewerHedgesWon, Counter::ViewerHedgesDenied].map(count);
    let first = count(Counter::Attempts) - hedges;
    assert!(hedges + denied <= first && won <= hedges, "{hedges} hedges of {first}");
    assert!(shield.hedge.is_some() || hedges + denied == 0);
    assert!(shield.breaker.is_some() || count(Counter::ViewerBreakerRefused) == 0);
    assert!(shield.bulkhead.is_some() || count(Counter::ViewerBulkheadFull) == 0);
    let [answered, not] = [Counter::ViewerFallbacks, Counter::ViewerFallbackFailures].map(count);
    assert!(answered + not == 0 || shield.fallback.is_some());
    let bad = count(Counter::Failed) + count(Counter::GivenUp);
    assert!(not == if shield.fallback.is_some() { bad } else { 0 }, "{not} of {bad}");
}

/// Who came to a pool was turned away, is served, or waits; nobody waits beside an idle server, and
/// no pool holds more than it can.
fn check_pools(plan: &Plan, outcome: &Outcome) {
    let count = |counter| outcome.totals.count(counter, Scope::default());
    let peak = |gauge| {
        let peaks = outcome.totals.peaks(|_| true, Scope::default(), gauge);
        peaks.max().unwrap_or(0)
    };
    let manifest = &plan.fabric.manifest;
    let regions = plan.fabric.regions.len() as u64;
    let began = outcome.totals.histogram(|_| true, Scope::default(), Timer::Wait).count();
    let came = count(Counter::Hop(Hop::Manifest, HopEvent::Call))
        - count(Counter::Hop(Hop::Manifest, HopEvent::Rejected));
    let gone = began + count(Counter::Hop(Hop::Manifest, HopEvent::Expired));
    assert!(gone <= came, "{gone} gone of {came}");
    // What is taken back from a queue is not counted.
    let wait = regions * peak(Gauge::ManifestQueue);
    assert!(manifest.call.cancel || came - gone <= wait, "{came} came, {gone} gone");
    check_calls(plan, &count);
    let pods = manifest.autoscale.map_or(manifest.pods, |rules| rules.max.max(manifest.pods));
    assert!(peak(Gauge::ManifestBusy) <= u64::from(pods * manifest.slots));
    assert!(peak(Gauge::PodsReady) <= u64::from(pods));
    let [resets, ejected, throttles, kills] =
        [Counter::ManifestResets, Counter::PodsEjected, Counter::CpuThrottles, Counter::OomKills]
            .map(count);
    assert!(resets <= count(Counter::Hop(Hop::Manifest, HopEvent::Call)));
    assert!(ejected == 0 || manifest.pod.ejection.is_some());
    assert!(throttles == 0 || manifest.pod.cpu.is_some_and(|cpu| cpu.limit.is_some()));
    assert!(kills == 0 || manifest.pod.memory.is_some());
    assert!(peak(Gauge::CpuThrottled) <= u64::from(pods));
    let bound = |queue: Option<u32>| queue.map_or(u64::MAX, u64::from);
    let own = manifest.pools.map_or(0, |pools| bound(pools.validations.queue));
    let most = manifest.pools.map_or(manifest.queue, |pools| pools.manifests.queue);
    assert!(peak(Gauge::ManifestQueue) <= bound(most).saturating_add(own));
    assert!(peak(Gauge::ValidationsQueue) <= own);
    let own = manifest.pools.map_or(0, |pools| pools.validations.slots * pods);
    assert!(peak(Gauge::ValidationsBusy) <= u64::from(own));
    if let Some(database) = &plan.fabric.database {
        assert!(peak(Gauge::DatabaseBusy) <= u64::from(database.connections));
        let bound = database.queue.map_or(u64::MAX, u64::from);
        assert!(peak(Gauge::DatabaseQueue) <= bound);
    } else {
        assert_eq!(count(Counter::DatabaseReads), 0);
    }
}

/// No hop makes more attempts than it may, and one that does nothing of its own makes one.
fn check_calls(plan: &Plan, count: &dyn Fn(Counter) -> u64) {
    let (fetches, calls) =
        (count(Counter::Fetches), count(Counter::Hop(Hop::Manifest, HopEvent::Call)));
    let hop = |call: &Call, of, attempts, timeouts, denied, [hedges, won, refused]: [u64; 3]| {
        let first = attempts - hedges;
        assert!(first <= u64::from(call.retry.attempts) * of, "{first} attempts of {of}");
        // Each is hedged once at most, and never where that is off.
        assert!(hedges + refused <= first && won <= hedges, "{hedges} hedges of {first}");
        assert!(call.hedge.is_some() || hedges + refused == 0);
        assert!(timeouts <= attempts && (call.timeout.is_some() || timeouts == 0));
        assert!(denied == 0 || !matches!(call.retry.budget, Budget::None));
    };
    let [timeouts, denied] = [
        Counter::Hop(Hop::Manifest, HopEvent::Timeout),
        Counter::Hop(Hop::Manifest, HopEvent::RetryDenied),
    ]
    .map(count);
    let hedges = [
        Counter::Hop(Hop::Manifest, HopEvent::Hedge),
        Counter::Hop(Hop::Manifest, HopEvent::HedgeWon),
        Counter::Hop(Hop::Manifest, HopEvent::HedgeDenied),
    ];
    hop(&plan.fabric.manifest.call, fetches, calls, timeouts, denied, hedges.map(count));
    let how = &plan.fabric.manifest.call;
    let [opened, full] = [
        Counter::Hop(Hop::Manifest, HopEvent::BreakerRefused),
        Counter::Hop(Hop::Manifest, HopEvent::BulkheadFull),
    ]
    .map(count);
    assert!((opened == 0 || how.breaker.is_some()) && (full == 0 || how.bulkhead.is_some()));
    let refused = opened + full;
    assert!(calls + denied + refused >= fetches, "{calls} calls of {fetches} fetches");
    // An edge that is not told how long to wait for the origin waits for a while all the same.
    let call = Call { timeout: Some(PATIENCE), ..plan.fabric.origin.call.clone() };
    let [fetches, asks, timeouts, denied] = [
        Counter::OriginFetches,
        Counter::Hop(Hop::Origin, HopEvent::Call),
        Counter::Hop(Hop::Origin, HopEvent::Timeout),
        Counter::Hop(Hop::Origin, HopEvent::RetryDenied),
    ]
    .map(count);
    let hedges = [
        Counter::Hop(Hop::Origin, HopEvent::Hedge),
        Counter::Hop(Hop::Origin, HopEvent::HedgeWon),
        Counter::Hop(Hop::Origin, HopEvent::HedgeDenied),
    ];
    hop(&call, fetches, asks, timeouts, denied, hedges.map(count));
    if let Some(database) = &plan.fabric.database {
        let [reads, timeouts, denied] = [
            Counter::Hop(Hop::Database, HopEvent::Call),
            Counter::Hop(Hop::Database, HopEvent::Timeout),
            Counter::Hop(Hop::Database, HopEvent::RetryDenied),
        ]
        .map(count);
        let hedges = [
            Counter::Hop(Hop::Database, HopEvent::Hedge),
            Counter::Hop(Hop::Database, HopEvent::HedgeWon),
            Counter::Hop(Hop::Database, HopEvent::HedgeDenied),
        ];
        hop(&database.call, calls, reads, timeouts, denied, hedges.map(count));
    }
}

fn check_flow(plan: &Plan, name: &str) {
    let flow = run(plan, 1, false);
    let events = run(plan, 1, true);
    assert_eq!(flow.totals.digest(), events.totals.digest(), "{name}");
    assert!(flow.events < events.events, "{name}: the flow saves nothing");
    // Without a cache there are no hits: then the flow saves the arrivals alone.
    let hits = flow.totals.count(Counter::Hits, Scope::default());
    assert!(plan.fabric.metadata.is_none() || hits > 1_000, "{name}");
    check_books(plan, &flow);
}

#[test]
fn the_flow_is_exact_in_every_smoke_scenario() {
    for path in files::below("scenarios/smoke", "toml") {
        check_flow(&scenario(&path), &path.display().to_string());
    }
}

#[test]
fn the_flow_is_exact_in_every_monthly_drill_made_small() {
    for path in files::below("scenarios/monthly", "toml") {
        check_flow(&reduced(scenario(&path)), &path.display().to_string());
    }
}

/// `SQUALL_CASES` and `SQUALL_CASES_SEED` (0 to 255) try more and others.
#[test]
fn the_flow_the_threads_and_the_books_are_exact_in_random_fabrics() {
    let asked = |name: &str, usual: u32| {
        std::env::var(name).map_or(usual, |number| number.parse().unwrap())
    };
    let (cases, seed) = (asked("SQUALL_CASES", 200), asked("SQUALL_CASES_SEED", 7));
    let config =
        Config { cases, failure_persistence: None, max_shrink_iters: 2_000, ..Config::default() };
    let seed = [u8::try_from(seed).unwrap(); 32];
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let checked = runner.run(&plans::plan(), |plan| {
        let alone = run(&plan, 1, false);
        check_books(&plan, &alone);
        for threads in [2, 3] {
            let together = run(&plan, threads, false);
            prop_assert_eq!(together.digest, alone.digest, "{} threads", threads);
        }
        let events = run(&plan, 1, true);
        prop_assert_eq!(events.totals.digest(), alone.totals.digest(), "all events");
        prop_assert_eq!(&events.under_way, &alone.under_way);
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

/// Two faults that touch: whichever stands first in the file, the one ends before the other begins.
#[test]
fn the_order_of_the_file_does_not_say_what_ends_first() {
    let second = |at: u64| Instant::from_nanos(at * 1_000_000_000);
    let outage = |label: &str, from, to, routes| Injection {
        label: Label(label.into()),
        at: second(from),
        until: Some(second(to)),
        fault: Fault::RegionDown { region: 4, routes, scope: Reach::All },
    };
    let path = files::below("scenarios/smoke", "toml").remove(0);
    let mut plan = scenario(&path);
    plan.length = Span::from_secs(40);
    plan.injections = vec![
        outage("silent", 10, 20, Routes::Silent),
        outage("withdrawn", 20, 30, Routes::Withdrawn),
    ];
    let one = run(&plan, 1, false).totals;
    plan.injections.reverse();
    let other = run(&plan, 1, false).totals;
    assert_eq!(one.digest(), other.digest());
    let moves = one.histogram(|_| true, Scope::default(), Timer::FailoverTime);
    assert!(moves.min().unwrap() < 9_000_000_000, "the second is noticed");
}

/// The random fabrics would prove little if most of their branches were never taken.
#[test]
fn random_fabrics_take_every_branch() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = plans::plan();
    let mut counts = [0_u64; Counter::COUNT];
    let mut failovers = 0;
    for _ in 0..300 {
        let plan = strategy.new_tree(&mut runner).unwrap().current();
        let outcome = run(&plan, 1, false);
        let cell = outcome.totals.cell(|_| true, Scope::default());
        counts.iter_mut().zip(cell).for_each(|(sum, count)| *sum += count);
        let moves = outcome.totals.histogram(|_| true, Scope::default(), Timer::FailoverTime);
        failovers += moves.count();
    }
    for (counter, count) in counts.into_iter().enumerate() {
        assert!(count > 50, "counter {counter}: {count}");
    }
    assert!(failovers > 50, "{failovers}");
    assert!(counts[Counter::Requests.index()] < 300 * 5_000, "small runs");
}
