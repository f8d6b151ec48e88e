//! What others see of a run: a real Prometheus over its seconds, promtool over its alerts.
//!
//! Needs `prometheus` and `promtool` (Debian: `prometheus`); `tests/all` installs them.

mod server;

use serde_json::Value;
use server::Prometheus;
use squall::engine::Seed;
use squall::slo::alert::rate;
use squall::units::{Instant, Span};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// 2020-01-01T00:00:00Z, when every run begins for a Prometheus.
const EPOCH: u64 = 1_577_836_800;
/// The length of the scenario below, in seconds.
const LENGTH: u64 = 720;
const WARMUP: u64 = 10;

/// Reads hang in one of two regions for eight minutes; its breaker opens, and some fallbacks fail.
const SCENARIO: &str = r#"
title    = "Reads hang for eight minutes"
question = "What does a Prometheus see of it, and whom would it page?"

[run]
seed   = 1
length = "12m"
warmup = "10s"

[fabric]
preset  = "five-regions"
regions = ["us-east-1", "eu-west-1"]
primary = "us-east-1"

[fabric.round-trip]
us-east-1 = { eu-west-1 = "76ms" }

[fabric.viewers]
timeout  = "2s"
attempts = 2

[fabric.metadata]
cache = "off"

[fabric.manifest]
pods  = 2
slots = 16
queue = 50

[fabric.database.call]
timeout  = "1s"
breaker  = { window = 20, minimum-calls = 20, open = "370s", trials = 3 }
fallback = { failing = "30%" }

[load]
objects    = 100
popularity = { distribution = "zipf", exponent = 0.9 }

[load.requests-per-second]
us-east-1 = 60
eu-west-1 = 20

[[inject]]
label    = "hang"
at       = "60s"
duration = "480s"
fault    = { kind = "slow", region = "us-east-1", service = "database", factor = 1000 }

[invariants]
"somebody is answered" = "availability >= 1%"

[watch]
"attempts"                     = "total(attempts)"
"failed fallbacks, us-east-1"  = "total(database_fallback_failures) in us-east-1"
"database calls from eu-west"  = "total(database_calls) from eu-west-1"
"mean latency"                 = "mean(latency)"
"most manifests waiting, east" = "max(manifest_queue) in us-east-1"
"#;

/// A run with these edits: its report, and its seconds as OpenMetrics in a folder of their own.
struct Seen {
    report: Value,
    metrics: PathBuf,
    folder: tempfile::TempDir,
}

fn run(edits: &[&str]) -> Seen {
    let folder = tempfile::tempdir().unwrap();
    let (scenario, metrics) = (folder.path().join("hang.toml"), folder.path().join("run.om"));
    fs::write(&scenario, SCENARIO).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    command.args(["run", "--format", "json", "--no-control"]);
    command.arg(&scenario).arg("--openmetrics").arg(&metrics);
    command.args(edits.iter().flat_map(|edit| ["--set", edit]));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Seen { report: serde_json::from_slice(&output.stdout).unwrap(), metrics, folder }
}

impl Seen {
    fn watched(&self, name: &str) -> f64 {
        let rows = self.report["watch"].as_array().unwrap();
        rows.iter().find(|row| row["name"] == name).unwrap()["seen"].as_f64().unwrap()
    }

    fn books(&self, what: &str) -> f64 {
        let rows = self.report["conservation"].as_array().unwrap();
        rows.iter().map(|row| row[what].as_f64().unwrap()).sum()
    }

    /// A series of the file by the second, of which there are all from the first on.
    fn series(&self, wanted: &str) -> Vec<f64> {
        let text = fs::read_to_string(&self.metrics).unwrap();
        let rows = text.lines().filter_map(|line| line.strip_prefix(wanted)?.strip_prefix(' '));
        let mut values = BTreeMap::new();
        for row in rows {
            let (value, at) = row.split_once(' ').unwrap();
            values.insert(at.parse::<u64>().unwrap() - EPOCH, value.parse().unwrap());
        }
        (1..=LENGTH).map(|second| values[&second]).collect()
    }
}

/// Runs a program that must be there and must be content.
fn tool(name: &str, words: &[&str], folder: &Path) -> String {
    let mut command = Command::new(name);
    command.args(words).current_dir(folder).stdin(Stdio::null());
    let output = command.output().unwrap_or_else(|error| {
        panic!("{name}: {error}. Install it: `apt-get install prometheus`; tests/all does")
    });
    let told = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{name} {words:?}: {}{}",
        told(&output.stdout),
        told(&output.stderr)
    );
    told(&output.stdout)
}

#[test]
fn a_prometheus_counts_what_the_report_counts() {
    let seen = run(&[]);
    let folder = seen.folder.path();
    let words = ["tsdb", "create-blocks-from", "openmetrics", "run.om", "data"];
    tool("promtool", &words, folder);
    let prometheus = Prometheus::over(folder);
    let end = EPOCH + LENGTH;
    let ask = |query: &str| prometheus.ask(query, end);
    let same = |query: &str, wanted: f64, tolerance: f64| {
        let value = ask(query);
        assert!((value - wanted).abs() <= tolerance, "{query}: {value}, and {wanted} is reported");
    };
    let requests = seen.report["requests"].as_f64().unwrap();
    assert!(requests > 50_000.0, "{requests}");
    same("sum(squall_requests_total)", requests, 0.0);
    same("sum(squall_served_total)", seen.books("answered"), 0.0);
    same("sum(squall_failures_total)", seen.books("failed"), 0.0);
    // What never happened has no series.
    same("sum(squall_given_up_total) or vector(0)", seen.books("given_up"), 0.0);
    // What is watched leaves the warm-up out.
    let since = |series: &str| {
        format!(
            "sum({series} @ {end}) - (sum({series} @ {warm}) or vector(0))",
            warm = EPOCH + WARMUP
        )
    };
    same(&since("squall_attempts_total"), seen.watched("attempts"), 0.0);
    let fallbacks = r#"http_fallback_failures_total{region="us-east-1",hop="database"}"#;
    let failed = seen.watched("failed fallbacks, us-east-1");
    assert!(failed > 1_000.0, "{failed}");
    same(&since(fallbacks), failed, 0.0);
    let calls = r#"squall_database_calls_total{from="eu-west-1"}"#;
    same(&since(calls), seen.watched("database calls from eu-west"), 0.0);
    let (sum, count) = (since("squall_latency_seconds_sum"), since("squall_latency_seconds_count"));
    let mean = seen.watched("mean latency") / 1e3;
    same(&format!("({sum}) / ({count})"), mean, 1e-9 * mean);
    let peak = r#"max_over_time(squall_manifest_queue_peak{region="us-east-1"}[709s] @ END)"#;
    let peak = peak.replace("END", &end.to_string());
    same(&peak, seen.watched("most manifests waiting, east"), 0.0);
}

#[test]
fn a_breaker_is_in_one_state_at_a_time_and_rates_add_up() {
    let seen = run(&["fabric.database.call.breaker.open=20s"]);
    let folder = seen.folder.path();
    tool("promtool", &["tsdb", "create-blocks-from", "openmetrics", "run.om", "data"], folder);
    let prometheus = Prometheus::over(folder);
    let end = EPOCH + LENGTH;
    let all = "sum by (hop, region) (mpc_circuit_breaker_state)";
    for most in ["min", "max"] {
        let query = format!("{most}({most}_over_time(({all})[719s:1s]))");
        assert!((prometheus.ask(&query, end) - 1.0).abs() < 1e-9, "{query}");
    }
    for state in ["open", "half_open", "closed"] {
        let labels = format!(r#"{{state="{state}",hop="database",region="us-east-1"}}"#);
        let series = seen.series(&format!("mpc_circuit_breaker_state{labels}"));
        let seconds: f64 = series.iter().sum();
        assert!(seconds > 2.0, "{state} for {seconds} s");
        let query = format!("sum_over_time(mpc_circuit_breaker_state{labels}[720s])");
        assert!((prometheus.ask(&query, end) - seconds).abs() < 1e-9, "{query}");
    }
    // Failed fallbacks a second over whole minutes with a sample each second, by the series itself.
    let labels = r#"{hop="database",region="us-east-1"}"#;
    let counted = seen.series(&format!("http_fallback_failures_total{labels}"));
    for minute in [3, 6, 9] {
        let query = format!("rate(http_fallback_failures_total{labels}[1m])");
        let rate = prometheus.ask(&query, EPOCH + minute * 60);
        let at = |second: u64| counted[usize::try_from(second).unwrap() - 1];
        let exact = (at(minute * 60) - at((minute - 1) * 60)) / 60.0;
        assert!((rate - exact).abs() < 0.05 * exact + 0.05, "{minute}: {rate}, not {exact}");
    }
}

/// The rules of the brief. The last one is as it is printed there: `state` stands on one side only, so
/// that no two series match.
const RULES: &str = r#"
groups:
- name: breakers
  interval: 15s
  rules:
  - alert: CircuitBreakerOpen
    expr: mpc_circuit_breaker_state{state="open"} == 1
    for: 5m
  - alert: CircuitBreakerOpenFallbackFailing
    expr: |
      mpc_circuit_breaker_state{state="open"} == 1
      and on (hop, region) rate(http_fallback_failures_total[1m]) > 0.05
    for: 1m
  - alert: AsPrinted
    expr: |
      mpc_circuit_breaker_state{state="open"} == 1
      and rate(http_fallback_failures_total[1m]) > 0.05
    for: 1m
"#;
const NAMES: [&str; 3] = ["CircuitBreakerOpen", "CircuitBreakerOpenFallbackFailing", "AsPrinted"];
const REGIONS: [&str; 2] = ["us-east-1", "eu-west-1"];

/// What promtool is asked: the run's own seconds, scraped every 15 s from 10 s on, and for each alert
/// at each evaluation whether it fires.
fn questions(seen: &Seen) -> String {
    let mut text =
        "rule_files: [rules.yml]\nevaluation_interval: 15s\ntests:\n- interval: 5s\n".to_owned();
    text += "  input_series:\n";
    for region in REGIONS {
        let labels = format!(r#"hop="database",region="{region}""#);
        for series in [
            format!(r#"mpc_circuit_breaker_state{{state="open",{labels}}}"#),
            format!("http_fallback_failures_total{{{labels}}}"),
        ] {
            let values = seen.series(&series);
            let scraped = (10..=values.len()).step_by(15).map(|second| values[second - 1]);
            let mut row = "_ _".to_owned();
            scraped.for_each(|value| row += &format!(" {value} _ _"));
            let _ = writeln!(text, "  - series: '{series}'\n    values: '{row}'");
        }
    }
    text += "  alert_rule_test:\n";
    let alerts = seen.report["alerts"].as_array().unwrap();
    for now in (15..=LENGTH).step_by(15) {
        for name in NAMES {
            let _ = writeln!(text, "  - eval_time: {now}s\n    alertname: {name}\n    exp_alerts:");
            let at = |alert: &Value, what: &str| alert[what].as_f64().unwrap_or(f64::INFINITY);
            #[allow(clippy::cast_precision_loss)] // reason: seconds of a short run
            let now = now as f64;
            let firing = |alert: &&Value| {
                alert["name"] == name
                    && at(alert, "firing_s") <= now
                    && now < at(alert, "resolved_s")
            };
            for alert in alerts.iter().filter(firing) {
                let (hop, region) = (&alert["hop"], &alert["region"]);
                let labels = format!("{{state: open, hop: {hop}, region: {region}}}");
                let _ = writeln!(text, "    - exp_labels: {labels}");
            }
        }
    }
    text
}

/// Lets promtool confirm every alert of a run at every evaluation; gives the alerts.
fn confirmed(edits: &[&str]) -> Vec<Value> {
    let seen = run(edits);
    let folder = seen.folder.path();
    fs::write(folder.join("rules.yml"), RULES).unwrap();
    fs::write(folder.join("questions.yml"), questions(&seen)).unwrap();
    tool("promtool", &["test", "rules", "questions.yml"], folder);
    seen.report["alerts"].as_array().unwrap().clone()
}

#[test]
fn alerts_fire_at_the_evaluation_at_which_prometheus_fires_them() {
    let alerts = confirmed(&[]);
    let firing = |name: &str| {
        let fired = alerts.iter().find(|alert| alert["name"] == name).unwrap();
        assert_eq!(fired["region"], "us-east-1");
        (fired["pending_s"].as_f64().unwrap(), fired["firing_s"].as_f64().unwrap())
    };
    // Twenty time-outs of a second and it opens, soon after 60 s: scraped at 70 s, evaluated at 75 s.
    assert_eq!(firing(NAMES[0]), (75.0, 375.0));
    let (pending, fired) = firing(NAMES[1]);
    assert!((75.0..=90.0).contains(&pending) && fired - pending >= 60.0, "{pending} {fired}");
}

#[test]
fn a_rate_near_its_bound_is_extrapolated_as_prometheus_does() {
    // Sixty attempts and retries a second of which one in some thousand fails: about three a minute,
    // which is the bound. Each run must have alerts that came and went.
    let mut spells = 0;
    for seed in 1..=3 {
        let seed = format!("run.seed={seed}");
        let edits = ["fabric.database.call.fallback.failing=0.08%", &seed];
        let alerts = confirmed(&edits);
        spells += alerts.iter().filter(|alert| alert["name"] == NAMES[1]).count();
    }
    assert!(spells >= 6, "{spells} spells of a rate above its bound");
}

/// Counters that start late, at zero or not, and whose scrapes are missing now and then: their rates
/// are those that promtool computes.
#[test]
fn rates_are_those_of_prometheus() {
    let folder = tempfile::tempdir().unwrap();
    let mut stream = Seed(3).stream("counters");
    let at = |second| Instant::ZERO + Span::from_secs(second);
    let mut text = "evaluation_interval: 15s\ntests:\n".to_owned();
    let mut edges = 0;
    for _ in 0..40 {
        let (mut value, begins) = (stream.below(4), stream.below(300));
        let (mut row, mut scraped) = ("_ _".to_owned(), Vec::new());
        for second in (10..600).step_by(15) {
            if second < begins || stream.chance(0.2) {
                row += " _ _ _";
                continue;
            }
            value += stream.below(3);
            scraped.push((at(second), value));
            row += &format!(" {value} _ _");
        }
        let _ =
            writeln!(text, "- interval: 5s\n  input_series:\n  - series: x\n    values: '{row}'");
        text += "  promql_expr_test:\n";
        for now in (15..600_u64).step_by(15) {
            let until = scraped.partition_point(|&(then, _)| then <= at(now));
            let rate = rate(&scraped[..until], at(now), Span::from_secs(60));
            let is = rate.map_or(-1.0, |rate| rate);
            let expr = format!("abs((rate(x[1m]) or vector(-1)) - {is:?}) < bool 1e-12");
            let _ = writeln!(text, "  - expr: {expr}\n    eval_time: {now}s");
            text += "    exp_samples: [{value: 1, labels: '{}'}]\n";
            edges += u64::from(rate.is_some());
        }
    }
    assert!(edges > 500, "{edges} rates");
    fs::write(folder.path().join("rates.yml"), text).unwrap();
    tool("promtool", &["test", "rules", "rates.yml"], folder.path());
}

#[test]
fn a_breaker_that_tries_again_every_few_seconds_is_no_five_minutes_open() {
    let alerts = confirmed(&["fabric.database.call.breaker.open=20s"]);
    let five: Vec<_> = alerts.iter().filter(|alert| alert["name"] == NAMES[0]).collect();
    assert!(!five.is_empty() && five.iter().all(|alert| alert["firing_s"].is_null()), "{five:?}");
}

#[test]
fn only_one_run_of_one_scenario_has_seconds() {
    let squall = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(words);
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("run.om");
    let file = file.to_str().unwrap();
    let (code, told) = squall(&["run", "scenarios/smoke", "--openmetrics", file]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("--openmetrics takes the run of one scenario"), "{told}");
    let one = "scenarios/smoke/single-pool.toml";
    let (code, told) = squall(&["run", one, "--openmetrics", file, "--seeds", "1..2"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("cannot be used with"), "{told}");
    let (code, told) = squall(&["run", one, "--openmetrics", "/dev/null"]);
    assert_eq!(code, Some(74), "{told}");
    assert!(told.contains("no ordinary file"), "{told}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
