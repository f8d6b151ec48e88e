//! How often the gate is wrong: false alarms, and changes that it does not find. Twenty trials of each kind;
//! with `SQUALL_TRIALS` more: `bash results/gate` does that and writes `results/gate.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]
// reason: a test fails by panicking, and the page goes to standard output

use squall::engine::{Law, Seed, Stream};
use squall::gate::{Look, Quantity, Rule, confirm, quantities};
use squall::rehearse::{RehearsedRun, RunRequest, rehearse};
use squall::scenario::{Edit, Source, load};
use squall::stats::clopper_pearson;
use squall::study::work::in_order;
use squall::units::Span;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// A fabric of two regions for half a minute: 6,000 requests, each of which needs a manifest. Next to
/// nothing else takes time, so that 2 % of the service are nearly 2 % of the latency.
const FABRIC: &str = r#"title = "A fabric"
question = "What does a slower manifest service do to it?"
[run]
seed = 1
length = "30s"
[fabric]
preset = "five-regions"
regions = ["us-east-1", "eu-central-1"]
[fabric.round-trip]
us-east-1 = { eu-central-1 = "90ms" }
[fabric.routing]
networks = 4
[fabric.viewers]
last-mile = { law = "exponential", mean = "1ms" }
[fabric.manifest]
pods = 1
slots = 4
service = { law = "lognormal", mean = "20ms", cv = 0.5 }
[fabric.metadata]
cache = "off"
[fabric.database]
use = "off"
[load]
titles = 200
popularity = { law = "zipf", exponent = 0.9 }
[load.manifests-per-second]
us-east-1 = 100
eu-central-1 = 100
[invariants]
"nobody waits for long"      = "mean(latency) < 1s"
"nor do the slowest"         = "p99(latency) < 2s"
"nearly all are answered"    = "availability >= 90%"
"#;

/// Seeds of a look, and as many to confirm it.
const SEEDS: usize = 5;

/// The values of one run, in the order of the quantities.
type Values = Vec<Option<f64>>;

struct Fabric {
    all: Vec<Quantity>,
    rules: Vec<Rule>,
}

impl Fabric {
    fn new() -> Self {
        let scenario = load(&Source::from_text("fabric.toml", FABRIC), &[]).unwrap();
        let all = quantities(&scenario);
        let rules = all.iter().map(|quantity| quantity.rule("fabric.toml", &[])).collect();
        Self { all, rules }
    }

    /// A run for each seed, `slower` times as slow as the file says.
    fn runs(&self, seeds: std::ops::Range<u64>, slower: f64) -> Vec<Values> {
        let service =
            format!("{{ law = \"lognormal\", mean = \"{}ms\", cv = 0.5 }}", 20.0 * slower);
        let edit = Edit::from_option(&format!("fabric.manifest.service={service}")).unwrap();
        let source = Source::from_text("fabric.toml", FABRIC);
        let one = |seed| -> Values {
            let asked = RunRequest {
                edits: vec![edit.clone()],
                seeds: vec![seed],
                threads: NonZeroUsize::MIN,
                control: false,
                stop: Arc::new(AtomicBool::new(false)),
            };
            let rehearsal = rehearse(&source, &asked, &|_| {}).unwrap();
            let run: &RehearsedRun = &rehearsal.runs[0];
            self.all.iter().map(|quantity| quantity.value(run)).collect()
        };
        let mut all = Vec::new();
        let threads = std::thread::available_parallelism().unwrap();
        in_order(seeds, threads, one, |values| {
            all.push(values);
            true
        });
        all
    }

    /// Whether the gate calls something a regression, given the stored runs and those of now: first
    /// those of the first look, then as many fresh ones.
    fn alarm(&self, before: &[Values], now: &[Values]) -> bool {
        let look = |at: usize, part: std::ops::Range<usize>| -> Option<Look> {
            let both = before[part.clone()].iter().zip(&now[part]);
            let pairs: Vec<_> = both.filter_map(|(a, b)| Some((a[at]?, b[at]?))).collect();
            self.rules[at].look(&pairs)
        };
        let suspects = (0..self.all.len())
            .filter(|&at| look(at, 0..SEEDS).is_some_and(|look| look.is_suspect()));
        let fresh = |at| look(at, SEEDS..2 * SEEDS).map_or(1.0, |look| look.p_worse);
        confirm(&suspects.map(fresh).collect::<Vec<_>>()).contains(&true)
    }

    /// In how many trials of so many there is an alarm. A trial takes the next runs of both lists.
    fn alarms(&self, before: &[Values], now: &[Values]) -> (u64, u64) {
        let trials: Vec<bool> = before
            .chunks_exact(2 * SEEDS)
            .zip(now.chunks_exact(2 * SEEDS))
            .map(|(before, now)| self.alarm(before, now))
            .collect();
        (trials.iter().filter(|alarm| **alarm).count() as u64, trials.len() as u64)
    }
}

/// The mean time in a queue before one server, 3,000 customers long, at a load of 0.4, with draws from
/// `arrivals` and `services`; from `arrivals` alone where there is no other. Events are taken in the order
/// of time, so that a slower server shifts which draw is whose when all share a generator.
fn queue(mut arrivals: Stream, mut services: Option<Stream>, slower: f64) -> f64 {
    let between = Law::exponential(Span::from_millis(10)).unwrap();
    let service = Law::exponential(Span::from_millis(4)).unwrap();
    let (mut came, mut waiting) = (0, std::collections::VecDeque::new());
    let mut next = between.draw(&mut arrivals).as_secs_f64();
    let (mut done, mut inside): (f64, Option<f64>) = (f64::INFINITY, None);
    let mut total = 0.0;
    while came < 3_000 || inside.is_some() {
        if next < done && came < 3_000 {
            came += 1;
            waiting.push_back(next);
            next += between.draw(&mut arrivals).as_secs_f64();
        } else {
            total += done - inside.take().unwrap();
        }
        if inside.is_none() {
            // Whoever is next begins when the one before is done, or has come to an idle server.
            let free = if done.is_finite() { done } else { 0.0 };
            inside = waiting.pop_front();
            done = inside.map_or(f64::INFINITY, |came: f64| {
                let takes = service.draw(services.as_mut().unwrap_or(&mut arrivals)).as_secs_f64();
                came.max(free) + takes * slower
            });
        }
    }
    total / 3_000.0
}

/// In how many trials of so many five seeds and five more find a server that is 2 % slower.
fn found_in_queue(trials: u64, named: bool, paired: bool) -> u64 {
    let rule = Rule {
        relative: 0.01,
        absolute: 0.0,
        worse: squall::scenario::Worse::Higher,
        share: false,
    };
    let one = |seed: u64, slower: f64| {
        let seed = Seed(seed);
        let services = named.then(|| seed.stream("services"));
        queue(seed.stream("arrivals"), services, slower)
    };
    let trial = |trial: u64| {
        let pair = |n: u64| {
            let seed = 1 + trial * 10 + n;
            let other = if paired { seed } else { 1_000_000 + seed };
            (one(seed, 1.0), one(other, 1.02))
        };
        let pairs: Vec<_> = (0..10).map(pair).collect();
        let look = |pairs| rule.look(pairs).unwrap();
        look(&pairs[..SEEDS]).is_suspect() && confirm(&[look(&pairs[SEEDS..]).p_worse])[0]
    };
    (0..trials).filter(|&number| trial(number)).count() as u64
}

/// A row of the page: a share with the end of its 95 % interval.
fn row(page: &mut String, what: &str, (found, trials): (u64, u64)) {
    let (low, high) = clopper_pearson(found, trials, 0.95);
    let end = |share: f64| format!("{:.2} %", 100.0 * share);
    let share = end(found as f64 / trials as f64);
    let _ =
        writeln!(page, "| {what} | {trials} | {found} | {share} | {} to {} |", end(low), end(high));
}

#[test]
fn a_slower_service_is_found_and_nothing_else_is() {
    let asked = std::env::var("SQUALL_TRIALS").ok();
    let trials: u64 = asked.as_ref().map_or(20, |count| count.parse().unwrap());
    // Alarms are so rare that they want more trials than finds.
    let quiet = if asked.is_some() { 5 * trials } else { trials };
    let fabric = Fabric::new();
    let each = 2 * SEEDS as u64;
    let before = fabric.runs(1..1 + quiet * each, 1.0);
    let others = fabric.runs(1_000_001..1_000_001 + quiet * each, 1.0);
    let slower = fabric.runs(1..1 + trials * each, 1.02);
    let slower_others = fabric.runs(2_000_001..2_000_001 + trials * each, 1.02);
    let queue = |named, paired| (found_in_queue(trials, named, paired), trials);
    let rows = [
        ("the same program, other seeds: false alarms", fabric.alarms(&before, &others)),
        ("2 % slower, same seeds: found", fabric.alarms(&before, &slower)),
        ("2 % slower, other seeds: found", fabric.alarms(&before, &slower_others)),
        ("a queue 2 % slower, a stream for each purpose: found", queue(true, true)),
        ("a queue 2 % slower, one generator for all draws: found", queue(false, true)),
        ("a queue 2 % slower, other seeds: found", queue(true, false)),
    ];
    if asked.is_some() {
        let mut page = String::new();
        rows.iter().for_each(|&(what, counted)| row(&mut page, what, counted));
        println!("<!-- page -->\n{page}<!-- end -->");
    }
    let [alarms, found, _, named, shared, _] = rows.map(|(_, (found, _))| found);
    assert!(alarms * 1_000 < quiet || alarms == 0, "{alarms} false alarms in {quiet}");
    assert!(found * 100 >= 95 * trials, "found in {found} of {trials}");
    assert!(named * 100 >= 95 * trials, "found in {named} of {trials}, with streams by name");
    assert!(shared * 2 < trials, "found in {shared} of {trials}, with one generator");
}
