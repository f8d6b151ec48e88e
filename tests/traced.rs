//! Traced requests: what is written down agrees with what is counted, changes nothing, and is a trace
//! that a viewer can open.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

#[path = "common/plans.rs"]
mod plans;

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::Value;
use squall::fabric::{Options, Outcome, Part, Plan, Sampling, What, simulate};
use squall::observe::{Counter, Hop, HopEvent, Layout, Scope};
use squall::scenario::{Source, load};
use squall::units::{Instant, Span};
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;

const ALL: Sampling = Sampling { share: 1.0, most: u32::MAX };

fn run(plan: &Plan, threads: usize, all_events: bool, tracing: Option<Sampling>) -> Outcome {
    let threads = NonZeroUsize::new(threads).unwrap();
    let stop = &AtomicBool::new(false);
    let options = Options { threads, all_events, staleness: false, stop, tracing };
    simulate(plan, Layout::new([]), &options, &mut |_| {}).unwrap()
}

/// How many facts there are of a kind.
fn facts(outcome: &Outcome, is: impl Fn(What) -> bool) -> u64 {
    let facts = outcome.traces.requests.iter().flat_map(|request| &request.facts);
    facts.filter(|(_, fact)| is(fact.what)).count() as u64
}

fn begun(outcome: &Outcome, wanted: Part) -> u64 {
    facts(outcome, |what| matches!(what, What::Begin { part, .. } if part == wanted))
}

/// Tries a claim on random fabrics, the same ones each time.
fn in_random_fabrics(cases: u32, claim: impl Fn(Plan) -> Result<(), TestCaseError>) {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[11; 32]);
    let checked = TestRunner::new_with_rng(config, rng).run(&plans::plan(), claim);
    checked.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn facts_agree_with_counters_and_change_nothing() {
    in_random_fabrics(80, |plan| {
        let (plain, traced) = (run(&plan, 1, false, None), run(&plan, 1, false, Some(ALL)));
        prop_assert_eq!(plain.digest, traced.digest);
        prop_assert!(plain.traces.requests.is_empty());
        let count = |counter| traced.totals.count(counter, Scope::default());
        prop_assert_eq!(begun(&traced, Part::Request), count(Counter::Requests));
        prop_assert_eq!(begun(&traced, Part::Attempt), count(Counter::Attempts));
        prop_assert_eq!(begun(&traced, Part::Lock), count(Counter::Coalesced));
        let ended = [Counter::Served, Counter::Failed, Counter::GivenUp].map(count);
        let over = |what| matches!(what, What::End { part: Part::Request, .. });
        prop_assert_eq!(facts(&traced, over), ended.iter().sum::<u64>());
        // A refresh is for nobody: it belongs to no request, nor does what is done for it. What a second
        // attempt of a viewer starts that comes too late is for nobody, too.
        let metadata = plan.fabric.metadata.as_ref();
        let refreshes = metadata.is_some_and(|m| m.stale_while_revalidate > Span::ZERO)
            || plan.fabric.viewers.shield.hedge.is_some();
        for (part, counter) in [
            (Part::Fetch, Counter::Fetches),
            (Part::Call, Counter::Hop(Hop::Manifest, HopEvent::Call)),
            (Part::Read, Counter::Hop(Hop::Database, HopEvent::Call)),
            (Part::Fill, Counter::OriginFetches),
            (Part::Ask, Counter::Hop(Hop::Origin, HopEvent::Call)),
        ] {
            let (written, counted) = (begun(&traced, part), count(counter));
            prop_assert!(written == counted || refreshes && written < counted, "{:?}", part);
        }
        Ok(())
    });
}

#[test]
fn traces_are_the_same_at_any_number_of_threads_and_by_all_events() {
    in_random_fabrics(25, |plan| {
        let alone = run(&plan, 1, false, Some(ALL)).traces;
        for (threads, all_events) in [(2, false), (1, true)] {
            let other = run(&plan, threads, all_events, Some(ALL)).traces;
            prop_assert_eq!(&other, &alone, "{} threads, all events: {}", threads, all_events);
        }
        Ok(())
    });
}

#[test]
fn a_sample_is_a_part_of_all_and_bounded() {
    in_random_fabrics(30, |plan| {
        let all = run(&plan, 1, false, Some(ALL)).traces;
        let sample = |share, most| run(&plan, 1, false, Some(Sampling { share, most })).traces;
        let tenth = sample(0.1, u32::MAX);
        for request in &tenth.requests {
            prop_assert!(all.requests.contains(request));
        }
        // Within five standard errors.
        #[allow(clippy::cast_precision_loss)] // reason: some thousand
        let (some, of) = (tenth.requests.len() as f64, all.requests.len() as f64);
        prop_assert!((some - 0.1 * of).abs() <= 5.0 * (0.09 * of).sqrt() + 1.0, "{some} of {of}");
        let (half, few) = (sample(0.5, u32::MAX), sample(0.5, 20));
        prop_assert!(few.requests.len() <= 20 * plan.fabric.regions.len());
        prop_assert_eq!(few.requests.len() as u64 + few.left_out, half.requests.len() as u64);
        Ok(())
    });
}

/// A scenario's report, its trace, and the last value of each series of its OpenMetrics text.
struct Written {
    report: Value,
    bytes: Vec<u8>,
    trace: Value,
    totals: BTreeMap<String, u64>,
}

fn written(words: &[&str]) -> Written {
    let folder = tempfile::tempdir().unwrap();
    let (trace, metrics) = (folder.path().join("run.json"), folder.path().join("run.om"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    command.args(["run", "--format", "json", "--no-control"]).args(words);
    command.arg("--trace").arg(&trace).arg("--openmetrics").arg(&metrics);
    let output = command.output().unwrap();
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let bytes = fs::read(trace).unwrap();
    let mut last = BTreeMap::new();
    for line in fs::read_to_string(metrics).unwrap().lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ([series, value, _], Some((name, _))) = (&words[..], line.split_once('{'))
            && name.ends_with("_total")
        {
            last.insert((*series).to_owned(), (name.to_owned(), value.parse::<u64>().unwrap()));
        }
    }
    let mut totals = BTreeMap::new();
    for (name, value) in last.into_values() {
        *totals.entry(name).or_default() += value;
    }
    let report = serde_json::from_slice(&output.stdout).unwrap();
    Written { report, trace: serde_json::from_slice(&bytes).unwrap(), bytes, totals }
}

/// The asynchronous spans of a trace are those of a stack, for each category and number; gives the
/// names of those that began, with their arguments.
fn nested(trace: &Value) -> Vec<(String, Value)> {
    let mut stacks: BTreeMap<(String, String), (f64, Vec<String>)> = BTreeMap::new();
    let mut began = Vec::new();
    for event in trace["traceEvents"].as_array().unwrap() {
        let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
        assert!(event["pid"].is_u64() && event["name"].is_string(), "{event}");
        let phase = text("ph");
        if phase == "M" {
            continue;
        }
        let at = event["ts"].as_f64().unwrap();
        assert!(at >= 0.0, "{event}");
        if phase == "C" {
            assert!(event["args"]["value"].is_u64(), "{event}");
            continue;
        }
        let (before, stack) = stacks.entry((text("cat"), text("id"))).or_default();
        assert!(at >= *before, "back in time: {event}");
        *before = at;
        match phase.as_str() {
            "b" => {
                stack.push(text("name"));
                began.push((text("name"), event["args"].clone()));
            }
            "e" => assert_eq!(stack.pop(), Some(text("name")), "{event}"),
            "n" => assert!(!stack.is_empty(), "{event}"),
            other => panic!("{other} is no phase of a span: {event}"),
        }
    }
    let open: Vec<_> = stacks.iter().filter(|(_, (_, stack))| !stack.is_empty()).collect();
    assert!(open.is_empty(), "never ended: {open:?}");
    began
}

#[test]
fn a_whole_storm_nests_and_counts() {
    // Few enough requests that all are traced.
    for (name, length) in [("layers-multiply", "2m"), ("breaker-fails-fast", "3m")] {
        let path = format!("scenarios/resilience/{name}.toml");
        let length = format!("run.length={length}");
        let seen = written(&[&path, "--trace-requests", "100%", "--set", &length]);
        let spans = nested(&seen.trace);
        let about = &seen.trace["otherData"];
        assert_eq!(about["left_out"], 0, "{about}");
        assert_eq!(about["digest"], seen.report["digest"]);
        let begins = |with: &str| spans.iter().filter(|(name, _)| name.starts_with(with)).count();
        let requests = spans.iter().filter(|(name, _)| name == "request").count() as u64;
        assert_eq!(requests, seen.report["requests"].as_u64().unwrap(), "{name}");
        // What began when nobody waited for its caller is in a track of its own, under the same name.
        for (part, total) in [("call", "manifest_calls"), ("read", "database_calls")] {
            let born = spans.iter().filter(|(name, args)| {
                name.starts_with(&format!("{part} for nobody")) && args["began_for_nobody"] == true
            });
            let waited = (1..10).map(|number| begins(&format!("{part} {number}"))).sum::<usize>();
            let counted = seen.totals[&format!("squall_{total}_total")];
            assert_eq!((waited + born.count()) as u64, counted, "{name}: {part}");
        }
        let attempts = begins("attempt ") as u64;
        assert_eq!(attempts, seen.totals["squall_attempts_total"], "{name}");
        assert!(begins("fault") >= 1, "{name}");
    }
}

#[test]
fn a_long_run_is_sampled_to_its_end() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/smoke/single-pool.toml");
    let mut plan = load(&Source::open(&path).unwrap(), &[]).unwrap().plan;
    plan.length = Span::from_secs(600);
    let asked = Sampling { share: 1.0, most: 2_000 };
    let traces = run(&plan, 1, false, Some(asked.fitted(&plan))).traces;
    // 1,800 of 216,000, within five standard errors.
    let sampled = traces.requests.len();
    assert!(sampled.abs_diff(1_800) < 5 * 43, "{sampled}");
    assert_eq!(traces.left_out, 0);
    let last = traces.requests.last().unwrap().facts[0].1.at;
    assert!(last > Instant::ZERO + Span::from_secs(590), "{last:?}");
    let few = Sampling { share: 0.001, most: 2_000 };
    assert_eq!(few.fitted(&plan), few, "few enough as they are");
}

#[test]
fn hedges_stand_beside_what_they_hedge() {
    let seen = written(&["scenarios/resilience/all-at-once.toml", "--trace-requests", "100%"]);
    nested(&seen.trace);
    let events = seen.trace["traceEvents"].as_array().unwrap();
    let is = |event: &&Value, what: [&str; 3]| {
        event["cat"] == what[0]
            && event["ph"] == what[1]
            && event["name"].as_str().unwrap().starts_with(what[2])
    };
    let hedges = events.iter().filter(|event| is(event, ["beside", "b", "read"])).count();
    // Those of refreshes belong to no request.
    let counted = seen.totals["squall_database_hedges_total"];
    assert!(hedges > 10 && hedges as u64 <= counted, "{hedges} of {counted}");
    let faster = events.iter().filter(|event| event["args"]["outcome"] == "the other was faster");
    assert!(faster.count() > 0);
}

#[test]
fn a_viewers_second_attempt_stands_beside_its_first() {
    let path = "scenarios/resilience/viewer-hedging-pays.toml";
    let seen = written(&[path, "--trace-requests", "100%", "--set", "run.length=130s"]);
    nested(&seen.trace);
    let events = seen.trace["traceEvents"].as_array().unwrap();
    let begins = |category: &str| {
        let begun = events.iter().filter(|event| event["cat"] == category && event["ph"] == "b");
        begun.filter(|event| event["name"].as_str().unwrap().starts_with("attempt ")).count() as u64
    };
    let [hedges, all] = ["viewer_hedges", "attempts"]
        .map(|counter| seen.totals[&format!("squall_{counter}_total")]);
    assert!(hedges > 400, "{hedges}");
    assert_eq!((begins("beside"), begins("beside") + begins("request")), (hedges, all));
    let second = events.iter().find(|event| event["cat"] == "beside" && event["ph"] == "b");
    assert_eq!(second.unwrap()["name"], "attempt 1, again");
    let outcomes = |outcome: &str| {
        let ends = events.iter().filter(|event| event["ph"] == "e" && event["cat"] == "beside");
        let ends = ends.filter(|event| event["args"]["outcome"] == outcome);
        ends.filter(|event| event["name"] == "attempt 1, again").count() as u64
    };
    assert_eq!(outcomes("answered"), seen.totals["squall_viewer_hedges_won_total"]);
}

#[test]
fn every_region_and_every_failure_is_told() {
    let words = ["scenarios/smoke/region-outage.toml", "--trace-requests", "20%"];
    let seen = written(&words);
    let spans = nested(&seen.trace);
    assert!(spans.iter().any(|(name, _)| name == "attempt 2"), "somebody tries again");
    let events = seen.trace["traceEvents"].as_array().unwrap();
    let names = events.iter().filter(|event| event["name"] == "process_name");
    assert_eq!(names.count(), 7, "faults and changes, what happened, five regions");
    let end = seen.report["simulated_s"].as_f64().unwrap() * 1e6;
    let fault = events.iter().filter(|event| event["cat"] == "fault").collect::<Vec<_>>();
    assert_eq!(fault.len(), 2, "it begins and ends");
    assert!(fault[1]["ts"].as_f64().unwrap() <= end);
    let ends = events.iter().filter(|event| event["ph"] == "e" && event["name"] == "request");
    let outcomes: Vec<&str> =
        ends.map(|event| event["args"]["outcome"].as_str().unwrap()).collect();
    for outcome in ["answered from the cache", "answered"] {
        assert!(outcomes.contains(&outcome), "{outcome}");
    }
    // The same bytes again, and at another number of threads.
    for threads in ["1", "2"] {
        let again = written(&[words[0], words[1], words[2], "--threads", threads]);
        assert_eq!(again.bytes, seen.bytes, "{threads} threads");
    }
}
