use super::super::config::{Database, Load, Metadata, WhenBehind};
use super::super::preset;
use super::*;
use crate::engine::{Law, Profile};
use crate::fault::{Delay, Fault, Injection, Label, Reach, Routes};
use crate::observe::Sample;

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
            profiles: vec![Profile::flat(); 5],
            interarrival: None,
            trace: None,
            closed: None,
        },
        injections: Vec::new(),
        changes: Vec::new(),
    }
}

fn inject(plan: &mut Plan, at: u64, until: Option<u64>, fault: Fault) {
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
    };
    simulate(plan, Layout::new([]), &options, &mut |_| {}).unwrap()
}

fn stormy() -> Plan {
    let mut plan = five(60, [600.0, 500.0, 400.0, 300.0, 200.0]);
    let routes = Routes::Withdrawn;
    inject(&mut plan, 10, Some(30), Fault::RegionDown { region: 4, routes, scope: Reach::All });
    inject(&mut plan, 20, None, Fault::EvictCache { region: 2, share: 0.8 });
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
    let served_away = outcome.totals.cell(during, scope)[Counter::Served as usize];
    assert!(served_away > 1_500, "{served_away}");
    let failovers = outcome.totals.histogram(|_| true, Scope::default(), Sample::FailoverTime);
    assert_eq!(failovers.count(), 160, "one value for each network that was served there");
    let end = |segment| timeline.segment(segment).0 >= Instant::ZERO + Span::from_secs(40);
    let home = Scope { from: Some(4), at: Some(4) };
    let back = outcome.totals.cell(end, home)[Counter::Served as usize];
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
    let sojourn = outcome.totals.histogram(judged, Scope::default(), Sample::Latency);
    let mean = sojourn.mean().unwrap() / 1e6;
    // The asymptotic standard error of M/M/1's mean sojourn over T: sqrt(2 rho (...)/...) is near
    // 0.6 ms here; the test of theory proper runs twenty seeds.
    assert!((mean - 100.0).abs() < 3.0, "{mean}");
    let p99 = sojourn.quantile(0.99).unwrap() / 1e6;
    assert!((p99 - 460.5).abs() < 20.0, "{p99}");
}
