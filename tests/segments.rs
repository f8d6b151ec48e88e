//! Segments, the content cache and the origin against what is known of them: policies on the same
//! requests, closed forms, and what layers make of each other.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

#[path = "common/runs.rs"]
mod runs;

use squall::cache::{Cache, Policy};
use squall::fabric::{Catalogue, Options, Outcome, Plan, Sampling, simulate};
use squall::observe::{Counter, Gauge, Hop, HopEvent, Layout, Scope, Timer};
use squall::rehearse::{RunRequest, rehearse};
use squall::scenario::{Source, load};
use squall::trace::KeyIndex;
use squall::units::count_to_f64;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// One region, no manifests, one network; the rest is written out.
fn text(viewers: &str, content: &str, origin: &str, load: &str, rest: &str) -> String {
    format!(
        r#"
        title = "segments"
        question = "are they what they should be?"
        [run]
        seed = 1
        length = "100s"
        [fabric]
        preset = "five-regions"
        regions = ["here"]
        primary = "here"
        [fabric.routing]
        networks = 1
        [fabric.viewers]
        {viewers}
        [fabric.content]
        {content}
        [fabric.origin]
        bytes-per-second = "unbounded"
        {origin}
        [load]
        popularity = {{ law = "zipf", exponent = 0.8 }}
        manifests-per-second = {{ here = 0 }}
        {load}
        {rest}
        "#
    )
}

fn plan(text: &str) -> Plan {
    let text = format!("{text}\n[invariants]\n\"it answers\" = \"availability >= 0%\"\n");
    let source = Source::from_text("segments.toml", &text);
    load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}{text}")).plan
}

fn count(outcome: &Outcome, counter: Counter) -> u64 {
    outcome.totals.count(counter, Scope::default())
}

/// What the runs with ten seeds gave is the expected mean within five standard errors.
fn agrees(what: &str, plan: &Plan, expected: f64, of: impl Fn(&Outcome) -> f64) {
    let runs = (1..=10).map(|seed| of(&runs::run(&Plan { seed, ..plan.clone() }, 1, false)));
    let runs: Vec<f64> = runs.collect();
    let n = count_to_f64(runs.len() as u64);
    let mean = runs.iter().sum::<f64>() / n;
    let variance = runs.iter().map(|run| (run - mean).powi(2)).sum::<f64>() / (n - 1.0);
    let error = (variance / n).sqrt();
    assert!((mean - expected).abs() <= 5.0 * error, "{what}: {mean} +- {error}, not {expected}");
    assert!(error < 0.05 * expected, "{what}: {mean} +- {error} says nothing");
}

const AT_ONCE: &str = r#"service = { law = "constant", value = "0s" }"#;
const ONE: &str = r#"segments-per-title = 1
        ladder = [{ mbit-per-second = 8, share = "100%" }]"#;

/// Fetches take no time, so that each request meets the cache as a trace would.
#[test]
fn every_policy_misses_what_it_misses_on_the_same_requests_without_a_fabric() {
    for policy in Policy::ALL {
        let content = format!(
            r#"policy = "{}"
            bytes = "600MB"
            segments-per-title = 5
            watched = "12s"
            ladder = [
                {{ mbit-per-second = 1, share = "60%" }},
                {{ mbit-per-second = 3, share = "40%" }},
            ]"#,
            policy.name()
        );
        let load = "titles = 300\nsegments-per-second = { here = 200 }";
        let plan = plan(&text("", &content, AT_ONCE, load, ""));
        let options = Options {
            threads: NonZeroUsize::MIN,
            all_events: false,
            staleness: false,
            stop: &AtomicBool::new(false),
            tracing: Some(Sampling { share: 1.0, most: u32::MAX }),
        };
        let outcome = simulate(&plan, Layout::new([]), &options, &mut |_| {}).unwrap();
        let catalogue = Catalogue::new(&plan.fabric.content);
        let (mut keys, mut cache) = (KeyIndex::new(), Cache::of_bytes(policy, 600_000_000));
        let (mut misses, mut missed, mut all) = (0, 0, 0);
        for request in &outcome.traces.requests {
            let bytes = catalogue.bytes(request.title);
            let number = keys.insert(request.title.into()).unwrap();
            let hit = cache.request(number, bytes);
            misses += u64::from(!hit);
            missed += if hit { 0 } else { bytes };
            all += bytes;
        }
        let requests = count(&outcome, Counter::Requests);
        assert_eq!(outcome.traces.requests.len() as u64, requests);
        assert!(misses > requests / 10 && misses < requests / 10 * 9, "{policy:?}: {misses}");
        assert_eq!(count(&outcome, Counter::OriginFetches), misses, "{policy:?}");
        assert_eq!(count(&outcome, Counter::OriginBytes), missed, "{policy:?}");
        assert_eq!(count(&outcome, Counter::ContentBytes), all, "{policy:?}");
        assert_eq!(count(&outcome, Counter::ContentHitBytes), all - missed, "{policy:?}");
        assert_eq!(count(&outcome, Counter::Hits), requests - misses, "{policy:?}");
        assert_eq!(count(&outcome, Counter::SegmentRequests), requests);
    }
}

/// Five slots, no queue, four erlangs: B = 0.1991 by the recursion B(n) = a B(n-1) / (n + a B(n-1)).
#[test]
fn the_origin_turns_away_what_erlang_says() {
    let origin = r#"slots = 5
        queue = 0
        service = { law = "exponential", mean = "100ms" }"#;
    let load = "titles = 10\nsegments-per-second = { here = 40 }";
    let plan = plan(&text("attempts = 1", "cache = \"off\"", origin, load, ""));
    let blocked = (1..=5).fold(1.0, |b, n| 4.0 * b / (f64::from(n) + 4.0 * b));
    agrees("turned away", &plan, blocked, |outcome| {
        let turned_away = count(outcome, Counter::Hop(Hop::Origin, HopEvent::Rejected));
        count_to_f64(turned_away) / count_to_f64(count(outcome, Counter::Requests))
    });
}

/// One segment, asked for a hundred times a second and fetched in 50 ms, is thrown out once a second:
/// with the lock one fetch each time, without it also one for each who asks meanwhile: 1 + rate D.
#[test]
fn one_request_fetches_for_all_where_there_is_a_lock() {
    let origin = r#"service = { law = "constant", value = "50ms" }"#;
    let load = "titles = 1\nsegments-per-second = { here = 100 }";
    let storm = r#"[[inject]]
        label = "eviction"
        at = "1s"
        times = 98
        every = "1s"
        fault = { kind = "evict-cache", region = "here", cache = "content", share = "100%" }"#;
    let with = |lock: &str| {
        let content = format!("{ONE}\nlock = \"{lock}\"");
        plan(&text("attempts = 1", &content, origin, load, storm))
    };
    let outcome = runs::run(&with("on"), 1, false);
    assert_eq!(count(&outcome, Counter::OriginFetches), 99);
    assert_eq!(count(&outcome, Counter::ContentEvicted), 98);
    agrees("fetches", &with("off"), 99.0 * (1.0 + 100.0 * 0.05), |outcome| {
        count_to_f64(count(outcome, Counter::OriginFetches))
    });
}

/// Three attempts of the viewer, each of three of the edge: nine when nothing works; where each fails
/// by itself with p, the geometric sums of p and of p^3.
#[test]
fn layers_multiply() {
    let viewers = "attempts = 3\nbackoff = \"1ms\"\nmax-backoff = \"1ms\"";
    let origin = format!(
        r#"{AT_ONCE}
        slots = 100000
        call = {{ attempts = 3, backoff = "1ms", max-backoff = "1ms" }}"#
    );
    let load = "titles = 10\nsegments-per-second = { here = 100 }";
    for (percent, p) in [(60, 0.6), (100, 1.0_f64)] {
        let errors = format!(
            r#"[[inject]]
            label = "errors"
            at = "0s"
            fault = {{ kind = "errors", region = "here", service = "origin", share = "{percent}%" }}"#
        );
        let plan = plan(&text(viewers, "cache = \"off\"", &origin, load, &errors));
        let sum = |p: f64| 1.0 + p + p * p;
        let outcome = runs::run(&plan, 1, false);
        let [requests, attempts, calls] = [
            Counter::SegmentRequests,
            Counter::SegmentAttempts,
            Counter::Hop(Hop::Origin, HopEvent::Call),
        ]
        .map(|counter| count(&outcome, counter));
        if percent == 100 {
            // Those that are under way at the end have made some of theirs.
            let open = outcome.under_way[0];
            assert!((3 * (requests - open)..=3 * requests).contains(&attempts), "{attempts}");
            assert!((9 * (requests - open)..=9 * requests).contains(&calls), "{calls}");
        } else {
            agrees("attempts", &plan, sum(p * p * p), |outcome| {
                let attempts = count(outcome, Counter::SegmentAttempts);
                count_to_f64(attempts) / count_to_f64(count(outcome, Counter::SegmentRequests))
            });
            agrees("calls", &plan, sum(p * p * p) * sum(p), |outcome| {
                let calls = count(outcome, Counter::Hop(Hop::Origin, HopEvent::Call));
                count_to_f64(calls) / count_to_f64(count(outcome, Counter::SegmentRequests))
            });
        }
    }
}

/// While the origin is down a warm cache serves everybody, and no cache nobody; a silent one lets them
/// wait until their time-out.
#[test]
fn an_origin_that_is_down_is_seen_by_those_who_miss() {
    let load = "titles = 1\nsegments-per-second = { here = 50 }";
    for (cache, answers, viewers) in [
        ("on", "refused", "attempts = 1"),
        ("off", "refused", "attempts = 1"),
        ("off", "silent", "attempts = 1\ntimeout = \"1s\""),
    ] {
        let down = format!(
            r#"[[inject]]
            label = "outage"
            at = "40s"
            lasts = "20s"
            fault = {{ kind = "origin-down", answers = "{answers}" }}"#
        );
        let content = format!("{ONE}\ncache = \"{cache}\"");
        let plan = plan(&text(viewers, &content, AT_ONCE, load, &down));
        let outcome = runs::run(&plan, 1, false);
        let during = outcome.totals.timeline().segment_of(plan.injections[0].at);
        let cell = outcome.totals.cell(|segment| segment == during, Scope::default());
        let [served, failed, given_up] =
            [Counter::Served, Counter::Failed, Counter::GivenUp].map(|end| cell[end.index()]);
        let all = served + failed + given_up;
        assert!(all > 800, "{all}");
        match (cache, answers) {
            ("on", _) => assert_eq!(served, all),
            (_, "refused") => assert_eq!(failed, all),
            // Those of the last second are reset when it is over.
            _ => assert!(served == 0 && given_up > all / 10 * 9, "{given_up} of {all}"),
        }
        let healthy = count(&outcome, Counter::Served);
        assert!(healthy >= 3_500, "{healthy} outside");
    }
}

/// The viewers of a region whose origin is 40 ms away.
fn far(origin: &str) -> Plan {
    let content = format!("{ONE}\ncache = \"off\"");
    let trips = r#"[fabric.round-trip]
        here = { here = "2ms", there = "80ms" }
        there = { there = "2ms" }
        [fabric.routing]
        misrouted = "0%""#;
    let viewers = r#"attempts = 1
        last-mile = { law = "constant", value = "20ms" }"#;
    let load = "titles = 3\nsegments-per-second = { there = 20 }";
    let text = text(viewers, &content, "", load, "")
        .replace(r#"["here"]"#, r#"["here", "there"]"#)
        .replace("[fabric.routing]", trips)
        .replace(r#"bytes-per-second = "unbounded""#, origin);
    let plan = plan(&text);
    assert_eq!(plan.fabric.origin_region(), 0);
    plan
}

/// What a segment from the origin takes over the wide area, to the nanosecond: half a trip of the
/// viewer each way, half of one to the origin each way, the first byte, and the bytes.
#[test]
fn the_way_to_the_origin_is_in_the_latency() {
    let origin = r#"bytes-per-second = "60MB"
        service = { law = "constant", value = "100ms" }"#;
    let outcome = runs::run(&far(origin), 2, false);
    let seen = outcome.totals.histogram(|_| true, Scope::default(), Timer::SegmentLatency);
    assert!(seen.count() > 1_500);
    // 8 Mbit/s for 6 s are 6 MB: 100 ms at 60 MB/s.
    let expected = 20_000_000 + 2_000_000 + 80_000_000 + 100_000_000 + 100_000_000;
    assert_eq!((seen.min(), seen.max()), (Some(expected), Some(expected)));
    let there = Scope { from: Some(1), at: Some(1) };
    assert_eq!(outcome.totals.count(Counter::OriginBytes, there), seen.count() * 6_000_000);
    let at_origin = outcome
        .totals
        .count(Counter::Hop(Hop::Origin, HopEvent::Call), Scope { from: None, at: Some(0) });
    assert_eq!(at_origin, 0, "an edge counts its own calls");
}

/// Requests of a second for which edges wait 100 ms: each holds its slot for a second, or until word
/// comes that it is given up, which is as late as it was itself. Twenty come in a second.
#[test]
fn what_an_edge_gives_up_is_taken_back_over_the_wide_area_or_is_not() {
    for (cancel, held) in [("on", 0.1), ("off", 1.0)] {
        let plan = far(&format!(
            r#"bytes-per-second = "unbounded"
            service = {{ law = "constant", value = "1s" }}
            call = {{ timeout = "100ms", cancel = "{cancel}" }}"#
        ));
        let outcome = runs::run(&plan, 2, false);
        let [calls, timeouts, wasted, served] = [
            Counter::Hop(Hop::Origin, HopEvent::Call),
            Counter::Hop(Hop::Origin, HopEvent::Timeout),
            Counter::Hop(Hop::Origin, HopEvent::Wasted),
            Counter::Served,
        ]
        .map(|counter| count(&outcome, counter));
        assert!(calls - timeouts < 20 && served == 0, "{calls} {timeouts} {served}");
        let busy =
            outcome.totals.peaks(|_| true, Scope { from: None, at: Some(0) }, Gauge::OriginBusy);
        // Peaks of seconds of a Poisson variable with the mean 20 x held: within seven deviations above,
        // and on the mean no less than it.
        let mean = 20.0 * held;
        assert!(
            busy.mean().unwrap() > mean
                && count_to_f64(busy.max().unwrap()) < mean + 7.0 * mean.sqrt()
        );
        if cancel == "on" {
            assert_eq!(wasted, 0);
        } else {
            assert!(calls - wasted < 60, "{wasted} of {calls}");
        }
    }
}

/// `of manifest` and `of segment` are two parts of a whole.
#[test]
fn classes_are_parts_of_all_requests() {
    let watch = r#"
        [invariants]
        "most are answered" = "availability of segment >= 10%"
        "and manifests, too" = "p99(latency) of manifest < 3s"
        [watch]
        "all" = "total(requests)"
        "all manifests" = "total(requests) of manifest"
        "all segments" = "total(requests) of segment"
        "fast" = "share(latency < 100ms)"
        "fast manifests" = "share(latency < 100ms) of manifest"
        "fast segments" = "share(latency < 100ms) of segment"
        "mean" = "mean(latency)"
        "mean of manifests" = "mean(latency) of manifest"
        "mean of segments" = "mean(latency) of segment"
        "median of manifests" = "p50(latency) of manifest"
        "median of segments" = "p50(latency) of segment"
        "from caches" = "share(hit)"
        "from metadata" = "share(hit) of manifest"
        "from content" = "share(hit) of segment"
        "bytes" = "byte_hit_ratio"
    "#;
    let load = "titles = 100\nsegments-per-second = { here = 100 }";
    let text = text("", "bytes = \"2GB\"", "", load, watch)
        .replace("manifests-per-second = { here = 0 }", "manifests-per-second = { here = 50 }");
    let source = Source::from_text("classes.toml", &text);
    let asked = RunRequest {
        edits: Vec::new(),
        seeds: Vec::new(),
        threads: NonZeroUsize::MIN,
        control: false,
        stop: Arc::new(AtomicBool::new(false)),
    };
    let run = rehearse(&source, &asked, &|_| {}).unwrap_or_else(|t| panic!("{t:?}")).runs.remove(0);
    let seen = |name: &str| {
        let watched = run.watch.iter().find(|watched| watched.name == name).unwrap();
        watched.seen.value.unwrap()
    };
    let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-9 * b.abs(), "{a} and {b}");
    let (all, manifests, segments) = (seen("all"), seen("all manifests"), seen("all segments"));
    near(manifests + segments, all);
    assert!(manifests > 4_500.0 && segments > 9_000.0);
    let answered = |of: &str| run.watch.iter().find(|w| w.name == of).unwrap().seen.samples as f64;
    for what in ["fast", "mean"] {
        let [whole, one, other] = if what == "fast" {
            ["fast", "fast manifests", "fast segments"]
        } else {
            ["mean", "mean of manifests", "mean of segments"]
        };
        let sum = seen(one) * answered(one) + seen(other) * answered(other);
        near(sum / answered(whole), seen(whole));
        assert!(seen(one) != seen(other));
    }
    let ended = manifests * seen("from metadata") + segments * seen("from content");
    assert!((ended / all - seen("from caches")).abs() < 0.1, "but for those under way");
    assert!(seen("median of manifests") < seen("median of segments"), "half of them miss");
    assert!(seen("bytes") > 0.0 && seen("bytes") < 100.0);
}
