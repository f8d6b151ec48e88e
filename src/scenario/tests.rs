use super::*;
use crate::cache::Policy;
use crate::change::{Change, Drain};
use crate::engine::Law;
use crate::fault::{
    CacheKind, DatabaseDown, Delay, DelayReplication, DownMode, Errors, EvictCache, Fault,
    LockTable, OutageScope, RegionDown, Routes, Service, Slow,
};
use crate::model::{Budget, Detect, Discipline, Entries, SharedErrors, WhenBehind};
use proptest::prelude::*;
use proptest::sample::Index;

const OUTAGE: &str = r#"# Drill 1 of the monthly runbook: a region loses its network.
title    = "Sao Paulo goes dark"
question = """
sa-east-1 is cut off for five minutes. Are its viewers served from us-east-1 within ten seconds,
can us-east-1 carry them, and does anybody else notice?"""

[run]
seed   = 7
length = "15m"
warmup = "2m"                  # not judged: caches fill and queues settle

[fabric]
preset = "five-regions"

[fabric.routing]
detect   = { by = "health-check", every = "300ms", failures = 3, timeout = "300ms" }
converge = [                   # how long a viewer's network takes to follow
  { share = "80%", law = "lognormal", median = "4s", p99 = "10s" },
  { share = "18%", law = "uniform", from = "10s", to = "60s" },
  { share = "2%",  law = "uniform", from = "60s", to = "180s" },
]

[load]
titles     = 200_000
popularity = { law = "zipf", exponent = 0.9 }

[load.manifests-per-second]
us-east-1      = 60_000
eu-central-1   = 50_000
ap-northeast-1 = 40_000
ap-southeast-1 = 30_000
sa-east-1      = 20_000

[[inject]]
label = "outage"
at    = "5m"
lasts = "5m"
fault = { kind = "region-down", region = "sa-east-1", routes = "withdrawn" }

[invariants]                   # from: where the viewer sits; in: where the work is done
"Sao Paulo is served again in ten seconds" = "share(failover_time < 10s) from sa-east-1 during outage >= 75%"
"its viewers land in us-east-1"            = "share(served) from sa-east-1 in us-east-1 during outage >= 90%"
"us-east-1 carries them"                   = "p99(latency) in us-east-1 during outage < 900ms"
"nobody else notices"                      = "availability from eu-central-1 during outage >= 99.99%"
"the month can afford the drill"           = "error_budget_spent <= 1%"
"the bill stays within the budget"         = "monthly_cost <= $47,000"

[watch]
"the slowest networks" = "p99(failover_time) from sa-east-1 during outage"

[control]                      # without the protection these must break, or they prove nothing
change = { "inject.outage.fault.routes" = "silent" }
breaks = ["Sao Paulo is served again in ten seconds"]
"#;

const POOL: &str = r#"title    = "Eight servers at nine tenths"
question = "What does M/M/8 at 0.9 do?"

[run]
seed   = 1
length = "2h"
warmup = "10m"

[fabric]
preset = "single-pool"

[fabric.pool]
servers    = 8
queue      = "unbounded"       # or a number; what does not fit is rejected
discipline = "fifo"
service    = { law = "exponential", mean = "20ms" }

[load]
requests-per-second = 360      # Poisson

[invariants]
"the queue is short" = "mean(wait) < 20ms"

[watch]
"mean wait"   = "mean(wait)"
"p99 sojourn" = "p99(latency)"
"rejected"    = "share(rejected)"
"#;

fn read(text: &str, edits: &[&str]) -> Result<Scenario, Problems> {
    let edits: Vec<Edit> = edits.iter().map(|edit| Edit::from_option(edit).unwrap()).collect();
    load(&Source::from_text("test.toml", text), &edits)
}

fn loaded(text: &str, edits: &[&str]) -> Scenario {
    read(text, edits).unwrap_or_else(|problems| panic!("{problems}"))
}

fn seconds(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

#[test]
fn the_outage_of_the_design_is_read() {
    let scenario = loaded(OUTAGE, &[]);
    let plan = &scenario.plan;
    assert_eq!(scenario.title, "Sao Paulo goes dark");
    assert!(scenario.question.starts_with("sa-east-1 is cut off"));
    assert_eq!(
        (plan.seed, plan.length, plan.warmup),
        (7, Span::from_secs(900), Span::from_secs(120))
    );
    assert_eq!(plan.load.rates, [60e3, 50e3, 40e3, 30e3, 20e3]);
    assert_eq!(plan.load.titles, 200_000);
    // What the file writes out is the preset's own law.
    assert_eq!(plan.fabric.routing.converge, crate::model::preset::five_regions().routing.converge);
    assert_eq!(plan.injections.len(), 1);
    let outage = &plan.injections[0];
    assert_eq!((outage.at, outage.until), (seconds(300), Some(seconds(600))));
    let fault = Fault::RegionDown(RegionDown {
        region: 4,
        routes: Routes::Withdrawn,
        scope: OutageScope::All,
    });
    assert_eq!(outage.fault, fault);
    // The warm-up, the outage's ends.
    assert_eq!(plan.cuts, [seconds(120), seconds(300), seconds(600)]);
    assert_eq!((scenario.invariants.len(), scenario.watch.len()), (6, 1));
    let control = scenario.control.unwrap();
    assert_eq!(control.breaks, ["Sao Paulo is served again in ten seconds"]);
    let without = load(&Source::from_text("test.toml", OUTAGE), &control.edits).unwrap();
    let Fault::RegionDown(RegionDown { routes, .. }) = without.plan.injections[0].fault else {
        panic!()
    };
    assert_eq!(routes, Routes::Silent);
    assert_ne!(without.hash, scenario.hash);
}

#[test]
fn the_pool_of_the_design_is_read() {
    let plan = loaded(POOL, &[]).plan;
    assert_eq!(plan.fabric.regions, ["pool"]);
    assert_eq!((plan.fabric.manifest.pods, plan.fabric.manifest.slots), (1, 8));
    assert_eq!(plan.fabric.manifest.queue, None);
    assert_eq!(plan.fabric.manifest.service, Law::exponential(Span::from_millis(20)).unwrap());
    assert_eq!(plan.load.rates, [360.0]);
    assert!(plan.fabric.metadata.is_none() && plan.fabric.database.is_none());
    let edits = ["fabric.pool.queue=5", "fabric.pool.discipline=lifo", "fabric.pool.timeout=2s"];
    let plan = loaded(POOL, &edits).plan;
    assert_eq!(plan.fabric.manifest.queue, Some(5));
    assert_eq!(plan.fabric.manifest.discipline, Discipline::Lifo);
    assert_eq!(plan.fabric.viewers.timeout, Span::from_secs(2));
}

#[test]
fn arrivals_may_follow_a_law() {
    let text = POOL
        .replace("requests-per-second = 360", "arrivals = { law = \"constant\", value = \"4ms\" }");
    let plan = loaded(&text, &[]).plan;
    assert_eq!(plan.load.interarrival, Some(Law::Constant(Span::from_millis(4))));
    assert_eq!(plan.load.rates, [250.0]);
    assert!(read(&text, &["load.arrivals.value=0s"]).is_err());
}

#[test]
fn edits_reach_every_element() {
    let edits = [
        "fabric.metadata.cache=off",
        "fabric.database={ use = \"off\" }",
        "fabric.viewers.budget={ kind = \"deposit-per-request\", ratio = \"10%\" }",
        "fabric.routing.detect={ by = \"hold-timer\" }",
        "fabric.round-trip.sa-east-1.us-east-1=120ms",
        "fabric.primary=eu-central-1",
        "load.manifests-per-second.sa-east-1=0",
        "inject.outage.fault.scope=data-plane",
        "run.holds-in=95%",
        "invariants.\"the bill stays within the budget\"=monthly_cost <= $50,000",
        "watch.\"a new one\"=p50(latency)",
    ];
    let scenario = loaded(OUTAGE, &edits);
    let fabric = &scenario.plan.fabric;
    assert!(fabric.metadata.is_none() && fabric.database.is_none());
    let budget =
        Budget::DepositPerRequest { ttl: Span::from_secs(10), min_per_second: 10, ratio: 0.1 };
    assert_eq!(fabric.viewers.retry.budget, budget);
    assert_eq!(fabric.routing.detect, Detect::HoldTimer { hold: Span::from_secs(90) });
    assert_eq!(fabric.round_trip[0][4], Span::from_millis(120));
    assert_eq!(fabric.round_trip[4][0], Span::from_millis(120));
    assert_eq!(fabric.primary, 1);
    assert_eq!(scenario.plan.load.rates[4], 0.0);
    assert_eq!(scenario.holds_in, 0.95);
    assert_eq!(scenario.invariants[5].text, "monthly_cost <= $50,000");
    assert_eq!(scenario.watch.len(), 2);
}

#[test]
fn off_switches_one_element_and_not_its_neighbours() {
    let fabric = loaded(OUTAGE, &["fabric.metadata.lock=off"]).plan.fabric;
    assert!(fabric.metadata.unwrap().lock.is_none());
    let edits = [
        "fabric.metadata.stale-if-error=5m",
        "fabric.metadata.lock-errors=alone",
        "fabric.database.wait=unbounded",
        "fabric.database.too-far-behind.then=primary",
    ];
    let fabric = loaded(OUTAGE, &edits).plan.fabric;
    let metadata = fabric.metadata.unwrap();
    assert_eq!(metadata.stale_if_error, Span::from_secs(300));
    assert_eq!(metadata.lock.unwrap().errors, SharedErrors::Alone);
    let database = fabric.database.unwrap();
    assert_eq!(database.wait, None);
    assert_eq!(database.behind.then, WhenBehind::Primary);
    assert_eq!(database.behind.after, Span::from_secs(5));
}

/// All kinds of harm and change, in place of the line that begins the invariants.
const HARM: &str = r#"
[[inject]]
label = "storm"
at    = "3m"
fault = { kind = "evict-cache", region = "us-east-1", share = "80%" }
[[inject]]
label = "lag"
at    = "3m"
fault = { kind = "delay-replication", region = "all", delay = "30s", by = "tcp-stall" }
[[inject]]
label = "slow"
at    = "3m"
lasts = "1m"
fault = { kind = "slow", region = "sa-east-1", service = "database", factor = 3, ramp = "20s" }
[[inject]]
label = "errors"
at    = "3m"
lasts = "1m"
fault = { kind = "errors", region = "all", service = "manifest", share = "10%" }
[[inject]]
label = "final"
at    = "3m"
lasts = "4m"
fault = { kind = "surge", region = "sa-east-1", factor = 3, ramp = "1m" }
[[inject]]
label = "growth"
at    = "10m"
fault = { kind = "surge", region = "all", factor = 2, ramp = "2m" }
[[inject]]
label = "failover"
at    = "5m"
lasts = "90s"
times = 3
every = "2m"
fault = { kind = "database-down", region = "us-east-1", answers = "silent" }
[[inject]]
label = "migration"
at    = "3m"
lasts = "10s"
fault = { kind = "lock-table", region = "all" }
[[change]]
label = "shift"
at    = "11m"
do    = { kind = "drain", region = "us-east-1" }
[invariants]"#;

#[test]
fn room_for_copies_and_what_is_paid_for_it_are_read() {
    let fabric = loaded(OUTAGE, &[]).plan.fabric;
    let cost = (fabric.cost.pods_per_node, fabric.cost.caches, fabric.cost.connections);
    assert_eq!((fabric.metadata.unwrap().entries, cost), (None, (None, false, None)));
    let edits = [
        "fabric.metadata.entries=20_000",
        "fabric.metadata.policy=sieve",
        "fabric.cost.pods-per-node=4",
        "fabric.cost.caches=on",
        "fabric.cost.connection-memory=8MB",
    ];
    let fabric = loaded(OUTAGE, &edits).plan.fabric;
    let entries = Some(Entries { policy: Policy::Sieve, most: 20_000 });
    let cost = (fabric.cost.pods_per_node, fabric.cost.caches, fabric.cost.connections);
    assert_eq!(
        (fabric.metadata.unwrap().entries, cost),
        (entries, (Some(4), true, Some(8_000_000)))
    );
    let edits = ["fabric.metadata.entries=7", "fabric.cost.connection-memory=off"];
    let fabric = loaded(OUTAGE, &edits).plan.fabric;
    let entries = fabric.metadata.unwrap().entries.unwrap();
    assert_eq!((entries.policy, entries.most, fabric.cost.connections), (Policy::Lru, 7, None));
}

#[test]
fn every_fault_and_change_is_read() {
    let plan = loaded(&OUTAGE.replace("[invariants]", HARM), &[]).plan;
    let faults: Vec<Fault> = plan.injections.iter().map(|injection| injection.fault).collect();
    assert_eq!(
        faults[1],
        Fault::EvictCache(EvictCache { region: 0, share: 0.8, cache: CacheKind::Metadata })
    );
    let delay = Span::from_secs(30);
    assert_eq!(
        faults[2],
        Fault::DelayReplication(DelayReplication { region: None, delay, by: Delay::TcpStall })
    );
    let (region, service, pods, ramp) = (Some(4), Service::Database, None, Span::from_secs(20));
    assert_eq!(faults[3], Fault::Slow(Slow { region, service, factor: 3.0, ramp, pods }));
    let (region, service, ramp) = (None, Service::Manifest, Span::ZERO);
    assert_eq!(faults[4], Fault::Errors(Errors { region, service, share: 0.1, ramp, pods }));
    let down = Fault::DatabaseDown(DatabaseDown { region: 0, answers: DownMode::Blackhole });
    assert_eq!(faults[7..], [down, down, down, Fault::LockTable(LockTable { region: None })]);
    let third = &plan.injections[9];
    assert_eq!((third.label.0.as_str(), third.at.to_string().as_str()), ("failover-3", "9m"));
    assert_eq!(third.until.unwrap().since(third.at), Span::from_secs(90));
    assert_eq!(plan.changes[0].change, Change::Drain(Drain { region: 0 }));
    let factor = |region: usize, at: u64| plan.load.profiles[region].factor(seconds(at));
    // The surge from Sao Paulo: up over a minute, three times, down over a minute.
    assert_eq!(
        [factor(4, 179), factor(4, 210), factor(4, 300), factor(4, 421)],
        [1.0, 2.0, 3.0, 1.0]
    );
    assert_eq!(factor(0, 300), 1.0);
    // The growth of all: up over two minutes, and it stays.
    assert_eq!([factor(0, 660), factor(0, 720), factor(4, 899)], [1.5, 2.0, 2.0]);
}

/// The outage under a trace of this text and layout instead of its own load.
fn replayed(folder: &std::path::Path, trace: &str, format: &str) -> std::path::PathBuf {
    std::fs::write(folder.join("a.csv"), trace).unwrap();
    let load = format!(
        "[load.trace]\nfile = \"a.csv\"\nformat = {format}\nregion = \"sa-east-1\"\nspeed = 2\n\n"
    );
    let start = OUTAGE.find("[load]").unwrap();
    let end = OUTAGE.find("[[inject]]").unwrap();
    let path = folder.join("replay.toml");
    std::fs::write(&path, format!("{}{load}{}", &OUTAGE[..start], &OUTAGE[end..])).unwrap();
    path
}

#[test]
fn a_trace_gives_titles_and_arrivals() {
    let folder = tempfile::tempdir().unwrap();
    let header = "relative_unix\thashed_host_path_query\tresponse_size\n";
    for (format, text) in [
        ("\"csv\"", "0,7,1\n1,8,1\n2,7,1\n".to_owned()),
        ("\"webcachesim\"", "0 7 1\n1 8 1\n2 7 1\n".into()),
        ("\"wikimedia\"", format!("{header}0\t7\t1\n1\t-8\t1\n2\t7\t1\n")),
    ] {
        let plan = load_path(&replayed(folder.path(), &text, format)).plan;
        assert_eq!(plan.load.titles, 2, "{format}");
        assert_eq!(plan.load.rates, [0.0; 5]);
        let trace = plan.load.trace.unwrap();
        assert_eq!((trace.region, trace.speed), (4, 2.0));
        assert_eq!(trace.spec.path, folder.path().join("a.csv"));
    }
}

#[test]
fn only_a_csv_is_told_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    for (format, message) in [
        ("oracle-general", "`oracle-general` is binary and has no columns"),
        ("webcachesim", "`webcachesim` has columns 1, 2 and 3 and no others"),
        ("wikimedia", "`wikimedia` finds its columns by their names"),
    ] {
        let format = format!("\"{format}\"\ncolumns = {{ time = 1, key = 2 }}");
        let path = replayed(folder.path(), "0 7 1\n", &format);
        let problems = load(&Source::open(&path).unwrap(), &[]).unwrap_err().0;
        let said = problems.iter().any(|problem| problem.message == message);
        assert!(said, "{format}: {problems:?}");
    }
}

fn load_path(path: &std::path::Path) -> Scenario {
    load(&Source::open(path).unwrap(), &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// A file in which one key stands where the reference says, with the reference's example.
fn with_key(key: &Key) -> Option<(String, Vec<String>)> {
    let (section, name) = key.path.rsplit_once('.')?;
    // Renditions stand in a list.
    if section == "fabric.content.ladder" {
        return None;
    }
    if section.starts_with("fabric") && !section.contains('[') && name != "*" {
        let base = if section == "fabric.pool" { POOL } else { OUTAGE };
        return Some((base.into(), vec![format!("{}={}", key.path, key.example)]));
    }
    let kind = |of: &str| section.strip_prefix(of)?.strip_suffix(']').map(str::to_owned);
    if let Some(kind) = kind("inject.fault[") {
        let edit = format!("inject.outage.fault={{ kind = \"{kind}\", {name} = {} }}", key.example);
        return Some((OUTAGE.into(), vec![edit]));
    }
    if let Some(kind) = kind("law[") {
        let edit =
            format!("fabric.manifest.service={{ law = \"{kind}\", {name} = {} }}", key.example);
        return Some((OUTAGE.into(), vec![edit]));
    }
    if let Some(kind) = kind("fabric.routing.detect[") {
        let edit = format!("fabric.routing.detect={{ by = \"{kind}\", {name} = {} }}", key.example);
        return Some((OUTAGE.into(), vec![edit]));
    }
    if let Some(kind) = kind("fabric.viewers.budget[") {
        let edit =
            format!("fabric.viewers.budget={{ kind = \"{kind}\", {name} = {} }}", key.example);
        return Some((OUTAGE.into(), vec![edit]));
    }
    matches!(section, "run" | "load" | "load.trace" | "load.trace.columns" | "load.popularity")
        .then(|| (OUTAGE.into(), vec![format!("{}={}", key.path, key.example)]))
}

#[test]
fn every_key_of_the_reference_is_read_and_its_example_is_of_its_kind() {
    let mut tried = 0;
    for key in KEYS.iter() {
        let Some((text, edits)) = with_key(key) else {
            continue;
        };
        tried += 1;
        let edits: Vec<&str> = edits.iter().map(String::as_str).collect();
        let Err(problems) = read(&text, &edits) else {
            continue;
        };
        for problem in problems.0 {
            let message = &problem.message;
            // Another kind of fault has no such key as the control of this file takes away.
            let control = message.starts_with("with what the control changes");
            let unknown = !control && (message.contains("no key") || message.contains("expected"));
            assert!(!unknown, "{}: {message}", key.path);
        }
    }
    assert!(tried > 90, "{tried}");
}

#[test]
fn the_hash_depends_on_text_and_edits() {
    let hash = |text: &str, edits: &[&str]| loaded(text, edits).hash;
    assert_eq!(hash(OUTAGE, &[]), hash(OUTAGE, &[]));
    assert_ne!(hash(OUTAGE, &[]), hash(OUTAGE, &["run.seed=7"]));
    assert_ne!(hash(OUTAGE, &[]), hash(&format!("{OUTAGE}\n"), &[]));
}

#[test]
fn many_problems_are_told_at_once_and_the_rest_is_counted() {
    let keys: String = (0..130).map(|at| format!("key-{at} = 1\n")).collect();
    let text = OUTAGE.replace("[fabric.routing]\n", &format!("[fabric.routing]\n{keys}"));
    let Problems(problems) = read(&text, &[]).unwrap_err();
    assert_eq!(problems.len(), 101);
    assert_eq!(problems[100].message, "there are 30 more problems");
}

/// Loading and rendering must come back whatever the text is.
fn survives(text: &str) {
    let source = Source::from_text("fuzz.toml", text);
    match load(&source, &[]) {
        Ok(scenario) => assert!(!scenario.invariants.is_empty() && !scenario.plan.cuts.is_empty()),
        Err(Problems(problems)) => {
            assert!(!problems.is_empty());
            assert!(render(&problems, &source, true).contains("help"));
        }
    }
}

/// A cut between two characters.
fn cut(text: &str, at: prop::sample::Index) -> usize {
    let mut at = at.index(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn no_bytes_make_it_fall(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        if let Ok(source) = Source::from_bytes("fuzz.toml", bytes) {
            survives(source.text());
        }
    }

    #[test]
    fn no_toml_like_text_makes_it_fall(text in "[\\[\\]{}=.,\"'a-c0-9 \n#-]{0,200}") {
        survives(&text);
    }

    #[test]
    fn no_mutation_of_a_good_file_makes_it_fall(
        pool in any::<bool>(),
        edits in prop::collection::vec(
            (0..4_u8, any::<Index>(), any::<Index>(), any::<Index>(), "[ -~]{0,6}"),
            1..6,
        ),
    ) {
        let mut text = if pool { POOL } else { OUTAGE }.to_owned();
        for (kind, one, two, three, new) in edits {
            let (a, b) = (cut(&text, one), cut(&text, two));
            let (from, to) = (a.min(b), a.max(b));
            // Half of the slices are short, so that what is left is still a file.
            let to = if kind % 2 == 0 { to.min(from + 12) } else { to };
            let to = (from..=to).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(from);
            let slice = text[from..to].to_owned();
            match kind {
                0 => text.replace_range(from..to, ""),
                1 => { let at = cut(&text, three); text.insert_str(at, &slice); }
                2 => text.replace_range(from..to, &new),
                _ => text.insert_str(from, &new),
            }
        }
        survives(&text);
    }

    #[test]
    fn no_edit_makes_it_fall(path in "[a-z.\"-]{0,30}", key in any::<Index>(), value in "[ -~]{0,20}") {
        let known = KEYS[key.index(KEYS.len())].path.replace("inject.", "inject.outage.");
        let source = Source::from_text("fuzz.toml", OUTAGE);
        for path in [path, known] {
            let edit = Edit { path, value: value.clone(), from: EditSource::CommandLine };
            if let Err(Problems(problems)) = load(&source, &[edit]) {
                prop_assert!(render(&problems, &source, false).contains("help: "));
            }
        }
    }
}
