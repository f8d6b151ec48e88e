//! Reports of a hand-made rehearsal, byte for byte. The numbers are made up: none is from a run.
//!
//! `SQUALL_BLESS=1 cargo test --test reports` rewrites `tests/golden/`; read the difference before
//! it is committed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)] // reason: a test fails by panicking

use serde_json::Value;
use squall::cli::Exit;
use squall::cost::{Mode, Usage, bill};
use squall::engine::Digest;
use squall::invariant::{Judgement, Seen, Verdict};
use squall::judge::{
    Alert, Attempts, ClientHop, Control, Episode, Hops, Judged, JudgedRun, Watched,
};
use squall::observe::Hop;
use squall::rehearse::{Conservation, Identity, Rehearsal, RehearsedRun, Simulated};
use squall::report::text::Look;
use squall::report::{self, Paint, Shape};
use squall::stats::clopper_pearson;
use squall::units::{Instant, Span, Unit};
use std::fs;
use std::path::Path;

const SERVED: &str = "Sao Paulo is served again in ten seconds";
const ONE: Shape = Shape { list: false, seeds: false };
const SEEDS: Shape = Shape { list: false, seeds: true };

fn digest(word: u64) -> Digest {
    let mut digest = Digest::default();
    digest.word(word);
    digest
}

fn judged(
    name: &str,
    text: &str,
    unit: Unit,
    seen: Option<f64>,
    bound: f64,
    verdict: Verdict,
) -> Judged {
    let first_broken_s = (verdict == Verdict::Broken).then_some(312.0);
    let seen = Seen { value: seen, unit, samples: if seen.is_some() { 12_345 } else { 0 } };
    let judgement = Judgement { verdict, seen, bound, first_broken_s };
    Judged { name: name.into(), text: text.into(), judgement }
}

fn invariants(p99: f64, waited: Option<f64>) -> Vec<Judged> {
    let slow = if p99 < 900.0 { Verdict::Holds } else { Verdict::Broken };
    let wait = if waited.is_some() { Verdict::Holds } else { Verdict::Unmeasured };
    let share = "share(failover_time < 10s) from sa-east-1 during outage >= 75%";
    let latency = "p99(latency) in us-east-1 during outage < 900ms";
    let lock = "max(lock_wait) in ap-northeast-1 < 1s";
    let cost = "monthly_cost <= $50,000";
    vec![
        judged(SERVED, share, Unit::Ratio, Some(78.345), 75.0, Verdict::Holds),
        judged("us-east-1 carries them", latency, Unit::Time, Some(p99), 900.0, slow),
        judged(
            "nobody waits long for a <lock> & a \"reader\"",
            lock,
            Unit::Time,
            waited,
            1e3,
            wait,
        ),
        judged(
            "the bill stays within the budget",
            cost,
            Unit::Money,
            Some(48_198.88),
            5e4,
            Verdict::Holds,
        ),
    ]
}

/// One run in which a slow region is broken (or not) and one invariant was not measured (or was).
fn run(seed: u64, p99: f64, waited: Option<f64>) -> RehearsedRun {
    let simulated = Simulated { seed, digest: digest(seed), conservation: books() };
    let run = JudgedRun {
        length: Span::from_secs(900),
        requests: 180_002_131,
        invariants: invariants(p99, waited),
        watch: vec![Watched {
            name: "the slowest networks".into(),
            text: "p99(failover_time) from sa-east-1 during outage".into(),
            seen: Seen { value: Some(172_400.0), unit: Unit::Time, samples: 200 },
        }],
        control: Some(Control {
            verdict: Verdict::Holds,
            broke: vec![SERVED.into(), "us-east-1 carries them".into()],
            expected: vec![SERVED.into()],
        }),
        bill: bill(&Usage::capstone(), Mode::Exact).unwrap(),
        error_budget_spent: Some(0.004),
        judged: Span::from_secs(780),
        timeline: timeline(),
        hops: hops(),
        alerts: alerts(),
    };
    RehearsedRun { simulated, run }
}

fn at(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

fn hops() -> Hops {
    let of = |mean, worst: Option<(f64, u64)>| Attempts {
        mean,
        worst: worst.map(|(worst, secs)| (worst, at(secs))),
    };
    Hops {
        hops: vec![
            ("viewers", of(Some(1.0412), Some((2.75, 331)))),
            ("manifest", of(Some(1.2), Some((3.0, 335)))),
            ("database", of(None, None)),
        ],
        product: of(Some(1.2494), Some((8.25, 335))),
    }
}

fn alerts() -> Vec<Alert> {
    let alert = |name, pending, firing: Option<u64>| Alert {
        name,
        region: "sa-east-1".into(),
        hop: ClientHop::Service(Hop::Database),
        pending: at(pending),
        firing: firing.map(at),
        resolved: Some(at(720)),
    };
    vec![
        alert("CircuitBreakerOpen", 105, Some(405)),
        alert("CircuitBreakerOpenFallbackFailing", 690, None),
    ]
}

fn timeline() -> Vec<Episode> {
    let episode = |what, text: &str, from, until: Option<u64>, most| Episode {
        what,
        text: text.into(),
        from: at(from),
        until: until.map(at),
        most,
    };
    vec![
        episode("fault", "fault `outage` (region-down)", 300, Some(600), None),
        episode("viewer-timeouts", "viewers wait in vain", 303, Some(335), Some((8_512.25, "/s"))),
        episode("amplification", "attempts multiply", 304, Some(334), Some((2.75, "a request"))),
        episode("failures", "requests fail", 303, None, Some((0.0412, "of 1"))),
        episode(
            "alert",
            "would page: CircuitBreakerOpen (database in sa-east-1)",
            405,
            Some(720),
            None,
        ),
        episode(
            "sustained",
            "all faults are over and it goes on, with attempts that multiply. What may end it: fewer \
             attempts, a retry budget, cancelled work, a shorter queue",
            600,
            None,
            None,
        ),
    ]
}

fn books() -> Vec<Conservation> {
    vec![
        Conservation {
            region: "us-east-1".into(),
            drawn: 162_001_000,
            answered: 162_000_900,
            failed: 40,
            given_up: 50,
            under_way: 10,
        },
        Conservation {
            region: "sa-east-1".into(),
            drawn: 18_001_131,
            answered: 17_001_131,
            failed: 400_000,
            given_up: 599_998,
            under_way: 2,
        },
    ]
}

fn rehearsal(runs: Vec<RehearsedRun>) -> Rehearsal {
    Rehearsal {
        scenario: Identity {
            path: "scenarios/monthly/region outage.toml".into(),
            title: "Sao Paulo goes dark".into(),
            hash: digest(99),
        },
        runs,
        holds_in: 1.0,
        options: vec!["--set".into(), "run.length=15m".into()],
    }
}

fn single() -> Rehearsal {
    rehearsal(vec![run(7, 1_240.0, None)])
}

/// Twenty seeds, of which 4 and 11 are too slow.
fn twenty() -> Rehearsal {
    let p99 = |seed| match seed {
        4 => 900.2,
        11 => 1_310.0,
        _ => 800.0 + 2.0 * f64::from(seed),
    };
    rehearsal((1..=20_u32).map(|seed| run(seed.into(), p99(seed), Some(300.0))).collect())
}

fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("SQUALL_BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{name} differs; SQUALL_BLESS=1 rewrites it");
}

fn json(rehearsals: &[Rehearsal], shape: Shape) -> String {
    report::json::render(rehearsals, shape).unwrap()
}

#[test]
fn text_is_golden_and_fits() {
    let verbose = Look { verbose: true, ..Look::default() };
    for (name, rehearsal, shape, look) in [
        ("single.txt", single(), ONE, Look::default()),
        ("verbose.txt", single(), ONE, verbose),
        ("seeds.txt", twenty(), SEEDS, Look::default()),
        ("seeds-verbose.txt", twenty(), SEEDS, verbose),
    ] {
        let text = report::text::render(&rehearsal, shape, look);
        golden(name, &text);
        for line in text.lines() {
            assert!(line.chars().count() <= 100 || line.starts_with("again"), "{line}");
            assert_eq!(line, line.trim_end(), "{name} has blanks at the end of a line");
        }
    }
}

#[test]
fn colours_change_nothing_but_colours() {
    for (rehearsal, shape) in [(single(), ONE), (twenty(), SEEDS)] {
        let plain = Look { verbose: true, ..Look::default() };
        let ansi = Look { paint: Paint::Ansi, ..plain };
        let coloured = report::text::render(&rehearsal, shape, ansi);
        assert_ne!(coloured, report::text::render(&rehearsal, shape, plain));
        let stripped = anstream::adapter::strip_str(&coloured).to_string();
        assert_eq!(stripped, report::text::render(&rehearsal, shape, plain));
    }
}

#[test]
fn a_hostile_title_reaches_no_terminal() {
    let mut hostile = single();
    hostile.scenario.title = "\u{1b}]0;owned\u{7}\u{9b}2J\ntitle".into();
    hostile.runs[0].run.invariants[0].name = "\u{1b}[31mred\r".into();
    let text = report::text::render(&hostile, ONE, Look { verbose: true, ..Look::default() });
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#[test]
fn books_that_do_not_balance_are_shown() {
    let mut wrong = single();
    wrong.runs[0].simulated.conservation[1].under_way = 3;
    let text = report::text::render(&wrong, ONE, Look::default());
    assert!(text.contains("NOT all accounted for"), "{text}");
    assert_eq!(Exit::from(&wrong), Exit::Bug, "lost requests are never a verdict");
    assert!(text.contains("    sa-east-1   18,001,131   17,001,131  400,000"), "{text}");
}

#[test]
fn a_missing_control_says_why() {
    for (shape, mut without) in [(ONE, single()), (SEEDS, twenty())] {
        without.runs.iter_mut().for_each(|run| run.run.control = None);
        let text = report::text::render(&without, shape, Look::default());
        assert!(text.contains("\ncontrol\n  the scenario has none"), "{text}");
        without.options.push("--no-control".into());
        let text = report::text::render(&without, shape, Look::default());
        assert!(text.contains("\ncontrol\n  not run (--no-control)\n"), "{text}");
    }
}

#[test]
fn json_is_golden() {
    golden("single.json", &json(&[single()], ONE));
    golden("seeds.json", &json(&[twenty()], SEEDS));
}

#[test]
fn json_is_an_array_for_a_list_and_an_object_for_one() {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let list = Shape { list: true, ..ONE };
    assert_eq!(parsed(&json(&[single()], list)).as_array().unwrap().len(), 1);
    assert_eq!(parsed(&json(&[], list)), Value::Array(Vec::new()));
    assert!(parsed(&json(&[single()], ONE)).is_object());
    // One seed of `--seeds` still has runs: what was asked for decides, not what came of it.
    assert!(parsed(&json(&[single()], SEEDS))["runs"].is_array());
    let mut without = single();
    without.runs[0].run.control = None;
    assert!(parsed(&json(&[without], ONE))["control"].is_null());
}

#[test]
fn json_has_the_order_of_the_contract() {
    let text = json(&[single()], ONE);
    let wanted = [
        "schema",
        "scenario",
        "path",
        "title",
        "hash",
        "seed",
        "version",
        "digest",
        "simulated_s",
        "requests",
        "invariants",
        "name",
        "text",
        "verdict",
        "seen",
        "bound",
        "unit",
        "first_broken_s",
        "watch",
        "control",
        "verdict",
        "broke",
        "expected",
        "bill",
        "lines",
        "usd",
        "monthly_usd",
        "conservation",
        "region",
        "drawn",
        "answered",
        "failed",
        "given_up",
        "under_way",
        "course",
        "hops",
        "alerts",
        "again",
    ];
    let mut from = 0;
    for key in wanted {
        let found = text[from..].find(&format!("\"{key}\":"));
        from += found.unwrap_or_else(|| panic!("`{key}` does not follow in its place"));
    }
}

#[test]
fn json_follows_the_published_schema() {
    let schema: Value = serde_json::from_str(report::SCHEMA).unwrap();
    let list = Shape { list: true, ..ONE };
    for text in [
        json(&[single()], ONE),
        json(&[twenty()], SEEDS),
        json(&[single(), twenty()], list),
        json(&[], list),
    ] {
        let value = serde_json::from_str(&text).unwrap();
        assert_eq!(complaint(&value, &schema, &schema), None);
    }
    // The check itself can fail: a key too many, one too few, a wrong type.
    let mut value: Value = serde_json::from_str(&json(&[single()], ONE)).unwrap();
    value["extra"] = Value::Null;
    assert!(complaint(&value, &schema, &schema).is_some());
    value.as_object_mut().unwrap().remove("extra");
    assert!(complaint(&value, &schema, &schema).is_none());
    value["invariants"][0]["verdict"] = "fine".into();
    assert!(complaint(&value, &schema, &schema).is_some());
    value.as_object_mut().unwrap().remove("invariants");
    assert!(complaint(&value, &schema, &schema).is_some());
}

/// Whether a value is of the type and in the range that a rule asks for.
fn fits(value: &Value, rule: &Value) -> bool {
    let has_type = |name: &str| match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.is_u64(),
        "null" => value.is_null(),
        other => panic!("{other} is not checked here"),
    };
    let types: Vec<&str> = match &rule["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let allowed = rule["enum"].as_array().is_none_or(|list| list.contains(value));
    let constant = rule.get("const").is_none_or(|wanted| wanted == value);
    let hex = rule.get("pattern").is_none_or(|_| {
        value.as_str().is_some_and(|s| s.len() == 16 && s.bytes().all(|b| b.is_ascii_hexdigit()))
    });
    let least = rule["minimum"].as_f64().zip(value.as_f64()).is_none_or(|(least, v)| v >= least);
    let most = rule["maximum"].as_f64().zip(value.as_f64()).is_none_or(|(most, v)| v <= most);
    let typed = types.is_empty() || types.iter().any(|name| has_type(name));
    allowed && constant && hex && least && most && typed
}

/// What is wrong with a value, for the part of JSON Schema that the report's schema uses.
fn complaint(value: &Value, rule: &Value, root: &Value) -> Option<String> {
    if let Some(name) = rule["$ref"].as_str() {
        let rule = root.pointer(name.trim_start_matches('#')).expect("a definition");
        return complaint(value, rule, root);
    }
    if let Some(any) = rule["anyOf"].as_array() {
        let complaints: Vec<_> = any.iter().map(|rule| complaint(value, rule, root)).collect();
        let fits = complaints.iter().any(Option::is_none);
        return (!fits).then(|| format!("fits none of: {complaints:?}"));
    }
    if !fits(value, rule) {
        return Some(format!("{value} breaks {rule}"));
    }
    if let Some(items) = value.as_array() {
        return items.iter().find_map(|item| complaint(item, &rule["items"], root));
    }
    let fields = value.as_object()?;
    let required = rule["required"].as_array().expect("objects say what they need");
    if let Some(missing) = required.iter().find(|key| !fields.contains_key(key.as_str().unwrap())) {
        return Some(format!("{missing} is missing"));
    }
    fields.iter().find_map(|(key, field)| match rule["properties"].get(key) {
        Some(rule) => complaint(field, rule, root).map(|what| format!("{key}: {what}")),
        None => Some(format!("{key} is not known")),
    })
}

#[test]
fn junit_is_golden_and_has_no_times() {
    let seeds = report::junit::render(&[rehearsal(twenty().runs[2..4].to_vec())], SEEDS).unwrap();
    let one = report::junit::render(&[single()], ONE).unwrap();
    golden("single.xml", &one);
    golden("seeds.xml", &seeds);
    for text in [&one, &seeds] {
        assert!(!text.contains("time=") && !text.contains("timestamp") && !text.contains("uuid"));
    }
}

#[test]
fn junit_fails_only_what_makes_the_command_fail() {
    let mut tolerant = twenty();
    tolerant.holds_in = 0.9;
    let text = report::junit::render(&[tolerant.clone()], SEEDS).unwrap();
    assert_eq!(Exit::from(&tolerant), Exit::Holds);
    assert!(!text.contains("<failure") && text.contains("it holds in 18 of 20 runs"), "{text}");
    tolerant.holds_in = 0.95;
    let text = report::junit::render(&[tolerant.clone()], SEEDS).unwrap();
    assert_eq!(Exit::from(&tolerant), Exit::Broken);
    assert_eq!(text.matches("<failure").count(), 2);
}

#[test]
fn verdicts_become_exit_codes() {
    let with = |p99, waited, control| {
        let mut one = run(7, p99, waited);
        one.run.control = control;
        Exit::from(&rehearsal(vec![one]))
    };
    let control = |verdict| Some(Control { verdict, broke: vec![], expected: vec![SERVED.into()] });
    assert_eq!(with(800.0, Some(1.0), control(Verdict::Holds)), Exit::Holds);
    assert_eq!(with(800.0, Some(1.0), None), Exit::Holds);
    assert_eq!(with(901.0, None, control(Verdict::Broken)), Exit::Broken);
    assert_eq!(with(800.0, None, None), Exit::Unmeasured);
    assert_eq!(with(800.0, None, control(Verdict::Broken)), Exit::ControlHeld);
    assert_eq!(with(800.0, Some(1.0), control(Verdict::Unmeasured)), Exit::Unmeasured);
    assert_eq!(Exit::from(&rehearsal(Vec::new())), Exit::Unmeasured);
}

#[test]
fn the_interval_is_that_of_clopper_and_pearson() {
    let (low, high) = clopper_pearson(20, 20, 0.95);
    assert!((low - 0.832).abs() < 5e-4 && (high - 1.0).abs() < 1e-12, "{low} {high}");
    let (low, high) = clopper_pearson(0, 20, 0.95);
    assert!(low.abs() < 1e-12 && (high - 0.168).abs() < 5e-4, "{low} {high}");
    let text = report::text::render(&twenty(), SEEDS, Look::default());
    assert!(text.contains("held in 20 of 20 runs (95 % interval 83.2 % to 100 %)"), "{text}");
}

/// A page without its style, so that a golden one can be read.
#[test]
fn pages_are_golden() {
    for (name, rehearsal, shape) in
        [("single.html", single(), ONE), ("seeds.html", twenty(), SEEDS)]
    {
        let stored = report::read(&json(&[rehearsal], shape)).unwrap();
        let page = report::html::run::page(&stored);
        let (head, body) = page.split_once("<style>").unwrap();
        let (_, body) = body.split_once("</style>").unwrap();
        golden(name, &format!("{head}{body}"));
    }
}
