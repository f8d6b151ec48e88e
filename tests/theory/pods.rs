//! Pods of the manifest service: grey failures, pods that go and come, processors, memory.

use crate::formulas::erlang_b;
use crate::runs::run;
use crate::stats::estimate;
use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, mean_of, plan_of, values_of, with_seeds};
use squall::fabric::{CpuRules, Outcome, Plan};
use squall::observe::{Counter, Gauge, Hop, HopEvent, Scope, Timer};
use squall::units::{Instant, Span, count_to_f64};

/// One region without a cache and a database, whose viewers ask once; `faults` are injections.
fn region(manifest: &str, rate: u32, seconds: u32, faults: &[&str]) -> Plan {
    let injections: String = (1..)
        .zip(faults)
        .map(|(number, fault)| format!("[[inject]]\nlabel = \"fault-{number}\"\n{fault}\n"))
        .collect();
    plan_of(&format!(
        r#"
        title = "pods"
        question = "who works where?"
        [run]
        seed = 1
        length = "{seconds}s"
        warmup = "10s"
        [fabric]
        preset = "five-regions"
        regions = ["here"]
        primary = "here"
        [fabric.routing]
        networks = 1
        [fabric.metadata]
        cache = "off"
        [fabric.viewers]
        timeout = "1m"
        attempts = 1
        last-mile = {{ law = "constant", value = "0s" }}
        [fabric.manifest]
        {manifest}
        [fabric.database]
        use = "off"
        [load]
        titles = 10
        popularity = {{ law = "zipf", exponent = 0.9 }}
        [load.manifests-per-second]
        here = {rate}
        {injections}
        [invariants]
        "it answers" = "availability >= 0%"
        "#
    ))
}

fn share_of(outcome: &Outcome, counter: Counter) -> f64 {
    count_of(outcome, counter) / count_of(outcome, Counter::Requests)
}

const GREY_ERRORS: &str = r#"at = "0s"
fault = { kind = "errors", region = "here", service = "manifest", share = "100%", pods = 1 }"#;
const GREY_SLOW: &str = r#"at = "0s"
fault = { kind = "slow", region = "here", service = "manifest", factor = 4, pods = 1 }"#;

/// One pod of ten answers with errors. By chance it gets a tenth of the calls; ejected, it has failed
/// for five in all. Where it is slow besides, and all have as many calls under way as the fewest
/// requests make them, it gets a share as its speed is of all speeds; so it does where all are full.
fn grey() -> Vec<Row> {
    let at_once = r#"service = { law = "constant", value = "0s" }"#;
    let pods = "pods = 10\nslots = 1000";
    let random =
        region(&format!("{pods}\nbalance = \"random\"\n{at_once}"), 200, 510, &[GREY_ERRORS]);
    let failed = with_seeds(&random, SEEDS, |o| share_of(o, Counter::Failed));
    let what = "one pod of ten fails, balance by chance: requests that fail";
    let mut rows = vec![Row::runs(what, "1 / 10", "", 0.1, failed, 0.01)];

    let keys = format!(
        "{pods}\nbalance = \"round-robin\"\n{at_once}\nejection = {{ failures = 5, base = \"10m\" }}"
    );
    let ejecting = Plan { warmup: Span::ZERO, ..region(&keys, 200, 300, &[GREY_ERRORS]) };
    let failed = with_seeds(&ejecting, SEEDS, |o| {
        count_to_f64(o.totals.count(Counter::Failed, Scope::default()))
    });
    let what = "the same, ejected after five failures in a row: requests that fail, most of 20";
    let most = failed.into_iter().fold(0.0, f64::max);
    rows.push(Row::exact(what, "Envoy's outlier detection", "", 5.0, most));

    let speeds = 9.0 + 0.25;
    let busy = r#"service = { law = "exponential", mean = "100ms" }"#;
    let fewest = region(&format!("{pods}\n{busy}"), 4_625, 40, &[GREY_ERRORS, GREY_SLOW]);
    let (share, _) = estimate(&with_seeds(&fewest, 6, |o| share_of(o, Counter::Failed)));
    let what = "a pod of ten at a quarter of the speed, fewest requests, 50 calls each: its share";
    let source = "equal queues: (1/4) / (9 + 1/4)";
    rows.push(Row::within(what, source, "", 0.25 / speeds, share, 0.0005));

    let keys = format!("pods = 10\nslots = 2\nqueue = 20\nbalance = \"random\"\n{busy}");
    let full = region(&keys, 400, 510, &[GREY_SLOW]);
    let rates = with_seeds(&full, SEEDS, |o| count_of(o, Counter::Served) / 500.0);
    let what = "ten pods of two slots, one at a quarter of the speed, always full: answers";
    rows.push(Row::runs(what, "sum of the slots' speeds", "1/s", 20.0 * speeds, rates, 0.005));
    rows
}

/// Two of four pods are stopped for a while: who finds all slots busy is lost, by Erlang's formula with
/// the slots that there are.
fn stopped() -> Vec<Row> {
    let keys = "pods = 4\nslots = 2\nqueue = 0\npod-start = \"0s\"\n\
                service = { law = \"exponential\", mean = \"20ms\" }";
    let fault = "at = \"400s\"\nlasts = \"400s\"\n\
                 fault = { kind = \"stop-pods\", region = \"here\", pods = 2, calls = \"reset\" }";
    let plan = region(keys, 300, 1_200, &[fault]);
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        [300, 500, 900].map(|second| {
            let at = Instant::ZERO + Span::from_secs(second);
            let segment = outcome.totals.timeline().segment_of(at);
            let cell = outcome.totals.cell(|other| other == segment, Scope::default());
            let count = |counter: Counter| count_to_f64(cell[counter.index()]);
            count(Counter::Hop(Hop::Manifest, HopEvent::Rejected))
                / count(Counter::Hop(Hop::Manifest, HopEvent::Call))
        })
    });
    let cases = [("before", 8), ("while two are stopped", 4), ("after", 8)];
    let row = |(place, (when, slots)): (usize, (&str, u32))| {
        let what = format!("four pods of two slots, 6 offered, {when}: lost");
        let loss = erlang_b(slots, 6.0);
        Row::runs(what, "Erlang B", "", loss, column(&seen, |seen| seen[place]), 0.01)
    };
    cases.into_iter().enumerate().map(row).collect()
}

/// Calls that come in step with the periods and find the pod idle take what the kernel's rule says.
fn quotas() -> Vec<Row> {
    let row = |(work, threads, limit, takes): (u64, u32, u32, u32)| {
        let mut plan = region("pods = 1", 1, 60, &[]);
        plan.load.interarrival = Some(squall::engine::Law::Constant(Span::from_secs(2)));
        plan.fabric.manifest.service = squall::engine::Law::Constant(Span::from_millis(work));
        plan.fabric.manifest.pod.cpu =
            Some(CpuRules { limit: Some(limit), threads, node: 16_000, ..CpuRules::PLAIN });
        plan.fabric.round_trip = vec![vec![Span::ZERO]];
        let seen = with_seeds(&plan, 1, |outcome| {
            let latencies = values_of(outcome, Timer::Latency);
            let ends = [latencies.min(), latencies.max()].map(|end| count_to_f64(end.unwrap()));
            if ends[0] == ends[1] { ends[0] / 1e6 } else { f64::NAN }
        });
        let what = format!("{work} ms on {threads} threads at {limit}m, every 100 ms");
        Row::exact(what, "kernel sched-bwc", "ms", f64::from(takes), seen[0])
    };
    let cases =
        [(120, 10, 500, 202), (120, 1, 500, 220), (1_000, 10, 1_000, 910), (90, 10, 1_000, 9)];
    cases.into_iter().map(row).collect()
}

/// What a pod may use bounds its answers; calls that share processors are M/G/1-PS, at the speed that a
/// neighbour leaves.
fn processors() -> Vec<Row> {
    let law = r#"service = { law = "exponential", mean = "20ms" }"#;
    let keys = format!(
        "pods = 2\nslots = 16\nqueue = 20\n{law}\ncpu = {{ limit = 0.5, threads = 4, node = 8 }}"
    );
    let limited = region(&keys, 100, 510, &[]);
    let rates = with_seeds(&limited, SEEDS, |o| count_of(o, Counter::Served) / 500.0);
    let what = "two pods at half a core each, 20 ms a call, always busy: answers";
    let mut rows = vec![Row::runs(what, "1 core / 20 ms", "1/s", 50.0, rates, 0.005)];

    let keys =
        format!("pods = 1\nslots = 10000\n{law}\ncpu = {{ threads = 4, node = 4, request = 0.5 }}");
    let noise = "at = \"0s\"\nfault = { kind = \"noisy-neighbour\", region = \"here\", cores = 8, \
                 request = 1.5 }";
    let capped = noise.replace("request = 1.5", "request = 1.5, limit = 2");
    for (name, faults, cores) in [
        ("alone", vec![], 4.0),
        ("a neighbour of three times the weight", vec![noise], 1.0),
        ("the neighbour limited to two", vec![capped.as_str()], 2.0),
    ] {
        let plan = region(&keys, 35, 2_010, &faults);
        let sojourns = with_seeds(&plan, 12, |o| mean_of(o, Timer::Latency) * 1e3 - 1.0);
        let service = 0.020 / cores;
        let sojourn = service / (1.0 - 35.0 * service) * 1e3;
        let what = format!("calls on four threads and cores, {name}: mean sojourn, 12 seeds");
        rows.push(Row::runs(what, "M/M/1-PS", "ms", sojourn, sojourns, 0.015));
    }
    rows
}

/// A leak fills a pod in 12 s; it is started in 5 s, after 0, 10, 20, 40 and 80 s: it is killed at 12,
/// 29, 56, 93, 150 and 247 s.
fn memory() -> Vec<Row> {
    let leak = "at = \"0s\"\n\
                fault = { kind = \"leak\", region = \"here\", per-second = \"50MB\", pods = 1 }";
    let keys = "pods = 2\nmemory = { limit = \"1GB\", base = \"400MB\", request = \"0B\" }\n\
                service = { law = \"constant\", value = \"0s\" }";
    let kills = |seconds| {
        let plan = region(keys, 10, seconds, &[leak]);
        let plan = Plan { warmup: Span::ZERO, ..plan };
        with_seeds(&plan, 1, |o| count_to_f64(o.totals.count(Counter::OomKills, Scope::default())))
    };
    let row = |(seconds, times)| {
        let what = format!("600 MB of room, a leak of 50 MB/s: kills in {seconds} s");
        Row::exact(what, "Kubernetes' back-off", "", times, kills(seconds)[0])
    };
    [(12, 0.0), (13, 1.0), (29, 1.0), (30, 2.0), (57, 3.0), (94, 4.0), (247, 5.0), (248, 6.0)]
        .into_iter()
        .map(row)
        .collect()
}

/// Pods that are stopped lose their calls or finish them, and as many new ones are there when they have
/// got their image and started.
#[test]
fn stopped_pods_lose_their_calls_or_finish_them_and_new_ones_take_their_time() {
    let seen = |calls: &str, attempts: u32, pull: u32| {
        let keys = format!(
            "pods = 4\nslots = 100\nimage-pull = \"{pull}s\"\n\
             service = {{ law = \"constant\", value = \"4s\" }}\n\
             call = {{ attempts = {attempts} }}"
        );
        let fault = format!(
            "at = \"30s\"\nlasts = \"20s\"\nfault = {{ kind = \"stop-pods\", \
             region = \"here\", pods = 2, calls = \"{calls}\" }}"
        );
        let outcome = run(&region(&keys, 30, 90, &[&fault]), 1, false);
        let count = |counter| outcome.totals.count(counter, Scope::default());
        let ready = outcome.totals.peaks(|_| true, Scope::default(), Gauge::PodsReady);
        let missing = 4.0 - ready.mean().unwrap();
        // The peak of the second in which they are stopped, and of that in which they are back, is 4.
        let seconds = missing * count_to_f64(ready.count()) / 2.0;
        ([Counter::ManifestResets, Counter::Failed].map(count), libm::round(seconds * 1e6) / 1e6)
    };
    let ([resets, failed], seconds) = seen("reset", 1, 0);
    // 120 calls under way on four pods, 60 of them on two: a standard deviation of about 8.
    assert!((30..=90).contains(&resets) && failed == resets, "{resets} resets, {failed} failed");
    assert_eq!(seconds, 24.0, "31 s to 55 s");
    assert_eq!(seen("reset", 2, 10), ([resets, 0], 34.0));
    assert_eq!(seen("finish", 1, 0), ([0, 0], 24.0));
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = grey();
    rows.extend(stopped());
    rows.extend(quotas());
    rows.extend(processors());
    rows.extend(memory());
    rows
}
