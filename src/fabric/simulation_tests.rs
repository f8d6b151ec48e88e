use super::super::config::{
    AfterWait, Database, Load, Lock, Metadata, SharedErrors, TtlFrom, WhenBehind,
};
use super::super::preset;
use super::*;
use crate::engine::{Law, Profile};
use crate::fault::{Delay, Fault, Injection, Kept, Label, Reach, Routes, Service};
use crate::observe::Timer;

pub(crate) fn five(length: u64, rates: [f64; 5]) -> Plan {
    Plan {
        seed: 7,
        length: Span::from_secs(length),
        warmup: Span::from_secs(0),
        cuts: Vec::new(),
        fabric: preset::five_regions(),
        load: Load {
            titles: 2_000,
            zipf: 0.9,
            rates: rates.to_vec(),
            segments: Vec::new(),
            profiles: vec![Profile::flat(); 5],
            interarrival: None,
            trace: None,
            closed: None,
        },
        injections: Vec::new(),
        changes: Vec::new(),
    }
}

pub(crate) fn inject(plan: &mut Plan, at: u64, until: Option<u64>, fault: Fault) {
    let instant = |secs| Instant::ZERO + Span::from_secs(secs);
    let label = Label(format!("fault {}", plan.injections.len()));
    plan.injections.push(Injection { label, at: instant(at), until: until.map(instant), fault });
}

fn run(plan: &Plan, threads: usize, all_events: bool) -> Outcome {
    let options = Options {
        threads: NonZeroUsize::new(threads).unwrap(),
        all_events,
        staleness: true,
        stop: &AtomicBool::new(false),
        tracing: None,
    };
    simulate(plan, Layout::new([]), &options, &mut |_| {}).unwrap()
}

fn stormy() -> Plan {
    let mut plan = five(60, [600.0, 500.0, 400.0, 300.0, 200.0]);
    let routes = Routes::Withdrawn;
    inject(&mut plan, 10, Some(30), Fault::RegionDown { region: 4, routes, scope: Reach::All });
    inject(&mut plan, 20, None, Fault::EvictCache { region: 2, share: 0.8, cache: Kept::Metadata });
    let delay = Span::from_secs(20);
    inject(
        &mut plan,
        5,
        Some(40),
        Fault::DelayReplication { region: None, delay, by: Delay::Apply },
    );
    if let Some(database) = &mut plan.fabric.database {
        database.behind.then = WhenBehind::Primary;
        database.connections = 3;
        database.queue = Some(20);
    }
    if let Some(metadata) = &mut plan.fabric.metadata {
        metadata.ttl = Span::from_secs(5);
        metadata.stale_while_revalidate = Span::from_secs(2);
        metadata.stale_if_error = Span::from_secs(10);
    }
    plan
}

#[test]
fn any_number_of_threads_gives_the_same_digest() {
    let plan = stormy();
    let alone = run(&plan, 1, false);
    for threads in [2, 5] {
        let together = run(&plan, threads, false);
        assert_eq!(together.digest, alone.digest, "{threads} threads");
    }
    assert!(alone.totals.count(Counter::Requests, Scope::default()) > 100_000);
}

#[test]
fn the_flow_is_an_exact_shortcut() {
    let plan = stormy();
    let (flow, events) = (run(&plan, 1, false), run(&plan, 1, true));
    assert_eq!(flow.totals.digest(), events.totals.digest());
    assert!(events.events > 2 * flow.events, "{} against {}", events.events, flow.events);
}

#[test]
fn an_outage_moves_the_viewers_and_brings_them_back() {
    let plan = stormy();
    let outcome = run(&plan, 2, false);
    let timeline = outcome.totals.timeline();
    let scope = Scope { from: Some(4), at: Some(0) };
    let during =
        |segment| (15..30).contains(&(timeline.segment(segment).0.as_nanos() / 1_000_000_000));
    let served_away = outcome.totals.cell(during, scope)[Counter::Served.index()];
    assert!(served_away > 1_500, "{served_away}");
    let failovers = outcome.totals.histogram(|_| true, Scope::default(), Timer::FailoverTime);
    assert_eq!(failovers.count(), 160, "one value for each network that was served there");
    let end = |segment| timeline.segment(segment).0 >= Instant::ZERO + Span::from_secs(40);
    let home = Scope { from: Some(4), at: Some(4) };
    let back = outcome.totals.cell(end, home)[Counter::Served.index()];
    assert!(back > 1_000, "{back}");
}

pub(crate) fn single(rate: f64, servers: u32, mean: Span, length: u64) -> Plan {
    let mut plan = five(length, [rate, 0.0, 0.0, 0.0, 0.0]);
    plan.load.rates = vec![rate];
    plan.load.profiles.truncate(1);
    plan.load.titles = 1;
    let fabric = &mut plan.fabric;
    fabric.regions = vec!["pool".into()];
    fabric.round_trip = vec![vec![Span::ZERO]];
    fabric.routing.networks = 1;
    fabric.routing.misrouted = 0.0;
    fabric.viewers.last_mile = Law::ZERO;
    fabric.viewers.timeout = Span::from_secs(100 * 365 * 86_400);
    fabric.viewers.retry.attempts = 1;
    fabric.metadata = None::<Metadata>;
    fabric.database = None::<Database>;
    fabric.manifest.pods = 1;
    fabric.manifest.slots = servers;
    fabric.manifest.queue = None;
    fabric.manifest.service = Law::exponential(mean).unwrap();
    plan
}

#[test]
fn one_server_at_four_fifths_waits_as_the_formula_says() {
    let mut plan = single(40.0, 1, Span::from_millis(20), 40_000);
    plan.warmup = Span::from_secs(1_000);
    let outcome = run(&plan, 1, false);
    let judged = |segment| segment > 0;
    let sojourn = outcome.totals.histogram(judged, Scope::default(), Timer::Latency);
    let mean = sojourn.mean().unwrap() / 1e6;
    // The asymptotic standard error of M/M/1's mean sojourn over T: sqrt(2 rho (...)/...) is near
    // 0.6 ms here; the test of theory proper runs twenty seeds.
    assert!((mean - 100.0).abs() < 3.0, "{mean}");
    let p99 = sojourn.quantile(0.99).unwrap() / 1e6;
    assert!((p99 - 460.5).abs() < 20.0, "{p99}");
}

/// One title, one region, and a cache before the pool.
fn cached(service: Span, hit: Span, patience: Span, lock: Option<Lock>) -> Plan {
    let mut plan = single(50.0, 1, service, 20);
    plan.fabric.viewers.timeout = patience;
    plan.fabric.manifest.service = Law::Constant(service);
    plan.fabric.metadata = Some(Metadata {
        ttl: Span::from_secs(60),
        ttl_from: TtlFrom::Fill,
        hit,
        lock,
        stale_while_revalidate: Span::ZERO,
        stale_if_error: Span::ZERO,
        entries: None,
    });
    plan
}

fn counts<const N: usize>(plan: &Plan, counters: [Counter; N]) -> [u64; N] {
    let totals = run(plan, 1, false).totals;
    counters.map(|counter| totals.count(counter, Scope::default()))
}

/// Fifty viewers a second for twenty seconds, whose hits take a second.
#[test]
fn a_hit_that_takes_longer_than_the_patience_is_no_answer() {
    let (quick, slow) = (Span::from_millis(1), Span::from_secs(1));
    let asked = [Counter::Hits, Counter::Served, Counter::GivenUp];
    let [hits, served, given_up] = counts(&cached(quick, slow, Span::from_secs(2), None), asked);
    assert!(hits > 800 && given_up == 0, "{hits} hits, {given_up} given up");
    assert!(served >= hits, "{hits} hits of {served}");
    let [hits, _, given_up] = counts(&cached(quick, slow, Span::from_millis(900), None), asked);
    assert!(hits == 0 && given_up > 800, "{hits} hits, {given_up} given up");
}

/// The fetch lasts longer than the run, so whoever comes after the first waits for its lock.
#[test]
fn a_waiter_leaves_the_lock_when_its_wait_ends_before_its_patience() {
    let patience = Span::from_secs(3);
    let waiting = |wait| {
        let lock = Lock { wait, after: AfterWait::Fail, errors: SharedErrors::Shared };
        cached(Span::from_secs(60), Span::ZERO, patience, Some(lock))
    };
    let asked = [Counter::Coalesced, Counter::LockTimeouts, Counter::Failed, Counter::GivenUp];
    let [joined, left, failed, given_up] = counts(&waiting(Span::from_secs(1)), asked);
    // The first has no lock to wait for. Those of the last second still wait: fifty, more or less
    // five standard deviations.
    assert!(joined > 800 && given_up == 1, "{joined} joined, {given_up} given up");
    assert!((15..=85).contains(&(joined - left)), "{left} of {joined} left");
    assert_eq!(left, failed, "what a waiter does then is to fail");
    // At one instant the viewer's patience has ended too, and it is what counts.
    let [joined, left, failed, given_up] = counts(&waiting(patience), asked);
    assert!(joined > 800 && left == 0 && failed == 0, "{left} of {joined} left, {failed} failed");
    assert!(given_up > 600, "{given_up} given up");
}

#[test]
fn a_fault_makes_its_share_of_the_answers_errors() {
    let asked = [Counter::Requests, Counter::Failed];
    let mut plan = single(400.0, 64, Span::from_millis(1), 20);
    assert_eq!(counts(&plan, asked)[1], 0, "no fault, no error");
    let service = Service::Manifest;
    inject(
        &mut plan,
        0,
        None,
        Fault::Errors { region: None, service, share: 0.25, ramp: Span::ZERO, pods: None },
    );
    let [requests, failed] = counts(&plan, asked);
    let seen = failed as f64 / requests as f64;
    // Five standard errors at 8,000 requests.
    assert!((seen - 0.25).abs() < 0.025, "{failed} of {requests}");
}

/// What region 4's viewers got at one site, in the segments that begin in these seconds.
fn served_at(outcome: &Outcome, at: usize, seconds: std::ops::Range<u64>) -> u64 {
    let timeline = outcome.totals.timeline();
    let within =
        |segment| seconds.contains(&(timeline.segment(segment).0.as_nanos() / 1_000_000_000));
    let scope = Scope { from: Some(4), at: Some(at) };
    outcome.totals.cell(within, scope)[Counter::Served.index()]
}

/// As the storm above, with a tenth of the viewers, on both ways of running.
#[test]
fn a_lost_region_is_served_elsewhere_until_it_is_back() {
    let mut plan = five(60, [60.0, 50.0, 40.0, 30.0, 20.0]);
    plan.cuts = [15, 25, 45].map(|secs| Instant::ZERO + Span::from_secs(secs)).to_vec();
    let routes = Routes::Withdrawn;
    inject(&mut plan, 10, Some(30), Fault::RegionDown { region: 4, routes, scope: Reach::All });
    let outcome = run(&plan, 1, false);
    let elsewhere = |seconds: std::ops::Range<u64>| {
        (0..4).map(|at| served_at(&outcome, at, seconds.clone())).sum::<u64>()
    };
    // Twenty a second for ten seconds, less five standard deviations.
    assert!(elsewhere(15..25) > 130, "{}", elsewhere(15..25));
    // Some networks move late, and of their viewers' last attempts some come after the outage.
    assert!(served_at(&outcome, 4, 15..25) < 10, "{}", served_at(&outcome, 4, 15..25));
    assert!(served_at(&outcome, 4, 45..60) > 150, "{}", served_at(&outcome, 4, 45..60));
    let events = run(&plan, 1, true);
    assert_eq!(events.totals.digest(), outcome.totals.digest());
}

/// Replicas that are too far behind send their reads over the wide area, and these are answered.
#[test]
fn reads_of_a_replica_behind_are_answered_by_the_primary() {
    let mut plan = five(40, [60.0, 50.0, 40.0, 30.0, 20.0]);
    let delay = Span::from_secs(20);
    inject(&mut plan, 5, None, Fault::DelayReplication { region: None, delay, by: Delay::Apply });
    if let Some(database) = &mut plan.fabric.database {
        database.behind.then = WhenBehind::Primary;
    }
    let asked = [Counter::PrimaryReads, Counter::FetchesFailed, Counter::Failed, Counter::GivenUp];
    let [reads, failed_fetches, failed, given_up] = counts(&plan, asked);
    assert!(reads > 500, "{reads} reads at the primary");
    assert_eq!((failed_fetches, failed, given_up), (0, 0, 0));
}

/// A hit takes 1 ms, the round trip 100 ms; the one miss reads for 1 ms.
#[test]
fn a_viewer_waits_for_the_way_there_and_back() {
    let ms = Span::from_millis;
    let mut plan = cached(ms(1), ms(1), Span::from_secs(2), None);
    plan.fabric.viewers.last_mile = Law::Constant(ms(100));
    for all_events in [false, true] {
        let totals = run(&plan, 1, all_events).totals;
        let latency = totals.histogram(|_| true, Scope::default(), Timer::Latency);
        let (least, most) = (latency.quantile(0.0).unwrap(), latency.quantile(1.0).unwrap());
        // The histogram's cells are a few per mille wide.
        assert!(least > 100.5e6 && most < 101.5e6, "{least} to {most} ns");
    }
}

/// Every fetch fails after 100 ms; fifty viewers a second ask for the title.
#[test]
fn waiters_share_an_error_or_read_by_themselves() {
    let service = Span::from_millis(100);
    let fetches = |errors| {
        let lock = Lock { wait: Span::from_secs(1), after: AfterWait::Fail, errors };
        let mut plan = cached(service, Span::ZERO, Span::from_secs(3), Some(lock));
        plan.fabric.manifest.slots = 64;
        let service = Service::Manifest;
        inject(
            &mut plan,
            0,
            None,
            Fault::Errors { region: None, service, share: 1.0, ramp: Span::ZERO, pods: None },
        );
        let asked = [Counter::Requests, Counter::Fetches, Counter::Failed];
        let [requests, fetches, failed] = counts(&plan, asked);
        assert!(requests > 800 && failed + 20 > requests, "{failed} of {requests} failed");
        fetches as f64 / requests as f64
    };
    // One in six requests finds no fetch under way, and reads for the five that come in 100 ms.
    let shared = fetches(SharedErrors::Shared);
    assert!((shared - 1.0 / 6.0).abs() < 0.03, "{shared}");
    // Each waiter reads by itself once the fetch that it joined has failed.
    let alone = fetches(SharedErrors::Alone);
    assert!(alone > 0.9, "{alone}");
}

/// Other sites take over where a trace's viewers go: each record is asked for once.
#[test]
fn no_record_of_a_trace_is_lost_when_its_viewers_move() {
    let (file, mut plan) = crate::fabric::feed::tests::plan(1.0);
    inject(
        &mut plan,
        20,
        Some(90),
        Fault::RegionDown { region: 2, routes: Routes::Withdrawn, scope: Reach::All },
    );
    let asked = [Counter::Requests, Counter::Served];
    let [requests, served] = counts(&plan, asked);
    assert_eq!(requests, crate::fabric::feed::tests::RECORDS);
    assert!(served > requests / 2, "{served} of {requests}");
    drop(file);
}

/// Nobody withdraws the routes, so the viewers have no site until the run ends.
#[test]
fn a_region_still_lost_at_the_end_of_the_run_counts_up_to_it() {
    let mut plan = five(60, [60.0, 50.0, 40.0, 30.0, 20.0]);
    let routes = Routes::Silent;
    inject(&mut plan, 10, None, Fault::RegionDown { region: 4, routes, scope: Reach::All });
    let totals = run(&plan, 1, false).totals;
    let waits = totals.histogram(|_| true, Scope::default(), Timer::FailoverTime);
    assert_eq!(waits.count(), 160, "one value for each network that was served there");
    let (least, most) = (waits.quantile(0.0).unwrap(), waits.quantile(1.0).unwrap());
    assert!(least > 49.5e9 && most < 50.5e9, "{least} to {most} ns");
}

#[path = "books_tests.rs"]
mod books;
#[path = "site_tests.rs"]
mod sites;
