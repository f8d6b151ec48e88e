//! Studies as they are called: tables, a kill, parts, searches.

use super::files;
use super::schema;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const POOL: &str = r#"
title    = "A pool"
question = "How long is its queue?"
[run]
seed   = 1
length = "1s"
[fabric]
preset = "single-pool"
[fabric.pool]
servers      = 2
queue        = 100
discipline   = "fifo"
service-time = { distribution = "exponential", mean = "20ms" }
[load]
requests-per-second = 60
[invariants]
"the queue is short" = "mean(wait) < 100ms"
"most are served"    = "availability >= 99%"
[watch]
"mean wait" = "mean(wait)"
"#;

/// A folder with the pool and a study of it.
fn folder(study: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("pool.toml"), POOL).unwrap();
    let head = "title = 'Pools'\nquestion = 'What is a server worth?'\nscenario = 'pool.toml'\n";
    fs::write(folder.path().join("a.study.toml"), format!("{head}{study}")).unwrap();
    folder
}

fn squall(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    command.arg("study").args(words).current_dir(folder).stdin(Stdio::null());
    command
}

fn ran(folder: &Path, words: &[&str]) -> Output {
    squall(folder, words).output().unwrap()
}

fn good(folder: &Path, words: &[&str]) -> String {
    let output = ran(folder, words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(0), "{words:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}

/// The files of a finished study, with their names.
fn bytes(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let names = [
        "runs.csv",
        "runs.jsonl",
        "runs.parquet",
        "study.json",
        "study.txt",
        "variants.csv",
        "variants.parquet",
    ];
    let mut there: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    there.sort();
    assert_eq!(there, names);
    names.map(|name| (name.to_owned(), fs::read(folder.join(name)).unwrap())).into()
}

fn same(one: &[(String, Vec<u8>)], two: &[(String, Vec<u8>)]) {
    for ((name, one), (_, two)) in one.iter().zip(two) {
        assert!(one == two, "{name} differs");
    }
}

const GRID: &str =
    "seeds = '1..5'\n[vary]\n'fabric.pool.servers' = '2..5 by 1'\nload-factor = [0.5, 1]\n";

#[test]
fn a_table_has_each_run_that_squall_run_makes() {
    let folder = folder(GRID);
    let text = good(folder.path(), &["a.study.toml", "--out", "out", "--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    schema::assert_valid(squall::study::SCHEMA, &json);
    assert_eq!(json["schema"], "squall.study/1");
    let variants = json["variants"].as_array().unwrap();
    assert_eq!(variants.len(), 8);
    assert_eq!(variants[5]["values"], serde_json::json!(["4", "1"]));
    // The mean of five runs made by hand, each with the edits of variant 5.
    let mut waits = Vec::new();
    for seed in 1..=5 {
        let output = Command::new(env!("CARGO_BIN_EXE_squall"))
            .args([
                "run",
                "pool.toml",
                "--format",
                "json",
                "--no-control",
                "--seed",
                &seed.to_string(),
            ])
            .args(["--set", "fabric.pool.servers=4", "--set", "load.requests-per-second=60"])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let run: Value = serde_json::from_slice(&output.stdout).unwrap();
        waits.push(run["watch"][0]["seen"].as_f64().unwrap());
    }
    let of = json["measures"].as_array().unwrap().iter().position(|one| one["name"] == "mean wait");
    let measured = &variants[5]["measures"][of.unwrap()];
    let mean = waits.iter().sum::<f64>() / 5.0;
    assert!((measured["mean"].as_f64().unwrap() - mean).abs() <= 1e-12 * mean, "{measured} {mean}");
    assert_eq!(measured["n"], 5);
    // Runs of a variant and of the base share their viewers.
    let contrast = &variants[1]["contrasts"][of.unwrap()];
    assert_eq!(contrast["n"], 5);
    assert!(variants[0]["contrasts"].is_null());
}

#[test]
fn a_page_shows_curves_maps_and_money() {
    let folder = folder(GRID);
    let page = |name: &str| {
        good(folder.path(), &["a.study.toml", "--html", name]);
        fs::read_to_string(folder.path().join(name)).unwrap()
    };
    let html = page("one.html");
    let wanted = [
        "<h1",
        ">Pools<",
        "Along",
        "Two changes at once",
        "Money against availability",
        "Differences to the base",
        "load-factor 0.5",
        "mean wait",
    ];
    for wanted in wanted {
        assert!(html.contains(wanted), "{wanted}");
    }
    assert_eq!(html, page("two.html"));
}

#[test]
fn tables_for_other_programs_begin_and_end_as_their_formats_say() {
    let folder = folder(GRID);
    good(folder.path(), &["a.study.toml", "--out", "out"]);
    let read = |name: &str| fs::read(folder.path().join("out").join(name)).unwrap();
    let csv = String::from_utf8(read("runs.csv")).unwrap();
    assert_eq!(csv.lines().count(), 1 + 40);
    assert!(csv.starts_with("variant,fabric.pool.servers,load-factor,trigger,seed,digest,"));
    for name in ["runs.parquet", "variants.parquet"] {
        let bytes = read(name);
        assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{name}");
        let size = &bytes[bytes.len() - 8..bytes.len() - 4];
        let size = u32::from_le_bytes(size.try_into().unwrap()) as usize;
        assert!(size > 100 && size < bytes.len() - 12, "{name}");
    }
}

#[test]
fn threads_and_a_second_call_change_no_byte() {
    let folder = folder(GRID);
    let one = good(folder.path(), &["a.study.toml", "--out", "one", "--threads", "1"]);
    let four = good(folder.path(), &["a.study.toml", "--out", "four", "--threads", "4"]);
    let none = good(folder.path(), &["a.study.toml"]);
    assert!(one == four && one == none);
    let first = bytes(&folder.path().join("one"));
    same(&first, &bytes(&folder.path().join("four")));
    good(folder.path(), &["a.study.toml", "--out", "one"]);
    same(&first, &bytes(&folder.path().join("one")));
}

#[test]
fn a_journal_that_is_cut_anywhere_goes_on_to_the_same_bytes() {
    let folder = folder(GRID);
    good(folder.path(), &["a.study.toml", "--out", "whole"]);
    let whole = bytes(&folder.path().join("whole"));
    let journal = fs::read(folder.path().join("whole/runs.jsonl")).unwrap();
    let header = journal.iter().position(|&byte| byte == b'\n').unwrap();
    for cut in [0, header / 2, header + 1, header + 10, journal.len() / 2, journal.len() - 1] {
        let cut_folder = folder.path().join(format!("cut-{cut}"));
        fs::create_dir(&cut_folder).unwrap();
        fs::write(cut_folder.join("runs.jsonl"), &journal[..cut]).unwrap();
        good(folder.path(), &["a.study.toml", "--out", &format!("cut-{cut}")]);
        same(&whole, &bytes(&cut_folder));
    }
}

#[test]
fn a_killed_study_resumes_and_ends_in_the_same_bytes() {
    let study =
        "seeds = '1..400'\nset = { 'run.length' = '5s' }\nchange = { load-factor = [0.5, 1] }\n";
    let folder = folder(study);
    good(folder.path(), &["a.study.toml", "--out", "whole"]);
    let mut kills = 0;
    let journal = folder.path().join("killed/runs.jsonl");
    let length = || fs::metadata(&journal).map_or(0, |there| there.len());
    let all = fs::metadata(folder.path().join("whole/runs.jsonl")).unwrap().len();
    loop {
        let before = length();
        let mut child = squall(folder.path(), &["a.study.toml", "--out", "killed"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        // Long enough for a few runs, so that each attempt comes further.
        while length() < before + all / 5 && began.elapsed() < Duration::from_secs(60) {
            if child.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            break;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
    }
    assert!(kills >= 2, "it was killed {kills} times: nothing was shown");
    same(&bytes(&folder.path().join("whole")), &bytes(&folder.path().join("killed")));
}

/// Cuts a study into parts, joins them, and compares with the whole.
fn parts(folder: &Path, counts: &[usize]) {
    good(folder, &["a.study.toml", "--out", "whole"]);
    let whole = bytes(&folder.join("whole"));
    for &count in counts {
        let mut words = vec!["merge".to_owned(), "--out".to_owned(), format!("joined-{count}")];
        // In any order.
        for part in (1..=count).rev() {
            let out = format!("part-{part}-of-{count}");
            good(folder, &["a.study.toml", "--out", &out, "--shard", &format!("{part}/{count}")]);
            words.push(out);
        }
        good(folder, &words.iter().map(String::as_str).collect::<Vec<_>>());
        same(&whole, &bytes(&folder.join(format!("joined-{count}"))));
    }
}

#[test]
fn parts_make_the_same_bytes_as_the_whole() {
    let study = "seeds = '1..10'\nchange = { 'fabric.pool.servers' = '1..20 by 1' }\n";
    parts(folder(study).path(), &[1, 7]);
}

#[test]
fn parts_of_a_study_with_a_precision_do_so_too() {
    let study = "seeds = '3..12'\nprecision = '30%'\nchange = { 'fabric.pool.servers' = '1..40 by 1' }\n\
                 measure = { wait = 'mean(wait)' }\n";
    parts(folder(study).path(), &[2, 5]);
}

/// As many searches as one block has, and more; more parts than searches.
#[test]
fn parts_of_a_search_do_so_too() {
    let study = "seeds = '1..2'\nholds = ['the queue is short']\nfind = 'largest load-factor that holds'\n\
                 [vary]\nload-factor = '0.5..6 by 0.1'\n'fabric.pool.servers' = '1..19 by 1'\n";
    parts(folder(study).path(), &[1, 4, 22]);
}

#[test]
fn parts_of_a_recovery_and_of_the_cheapest_do_so_too() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for name in ["recovery", "price-of-a-nine"] {
        let out = tempfile::tempdir().unwrap();
        let study = format!("scenarios/studies/{name}.study.toml");
        let at = |name: &str| out.path().join(name).display().to_string();
        good(root, &[&study, "--out", &at("whole")]);
        let mut words = vec!["merge".to_owned(), "--out".to_owned(), at("joined")];
        for part in 1..=4 {
            let folder = at(&format!("part-{part}"));
            good(root, &[&study, "--out", &folder, "--shard", &format!("{part}/4")]);
            let journal = fs::read_to_string(Path::new(&folder).join("runs.jsonl")).unwrap();
            assert!(journal.lines().count() > 1, "{name}: part {part} has no work");
            words.push(folder);
        }
        good(root, &words.iter().map(String::as_str).collect::<Vec<_>>());
        same(&bytes(&out.path().join("whole")), &bytes(&out.path().join("joined")));
    }
}

#[test]
fn a_part_of_a_search_that_was_killed_goes_on_and_a_part_without_work_says_so() {
    let study = "seeds = '1..3'\nchange = { load-factor = '0.5..3 by 0.05' }\n\
                 holds = ['the queue is short']\nfind = 'largest load-factor that holds'\n";
    let folder = folder(study);
    good(folder.path(), &["a.study.toml", "--out", "whole"]);
    let shard = |part: &str| {
        let words = ["a.study.toml", "--out", part, "--shard", &format!("{}/2", &part[5..])];
        good(folder.path(), &words)
    };
    // Halves of one thing: the first is nothing, the second all of it.
    let said = shard("part-1");
    assert!(said.contains("only 1 of 2 parts has work: the study is 1 search"), "{said}");
    shard("part-2");
    let journal = folder.path().join("part-2/runs.jsonl");
    let all = fs::read(&journal).unwrap();
    fs::write(&journal, &all[..all.len() * 2 / 3]).unwrap();
    let words = ["merge", "part-1", "part-2", "--out", "joined"];
    let output = ran(folder.path(), &words);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(!folder.path().join("joined/runs.jsonl").exists());
    shard("part-2");
    assert!(fs::read(&journal).unwrap() == all);
    good(folder.path(), &words);
    same(&bytes(&folder.path().join("whole")), &bytes(&folder.path().join("joined")));
}

#[test]
fn parts_that_do_not_fit_are_refused() {
    let folder = folder(GRID);
    for part in ["1/3", "2/3"] {
        let out = format!("part-{}", &part[..1]);
        good(folder.path(), &["a.study.toml", "--out", &out, "--shard", part]);
    }
    for (words, told) in [
        (vec!["part-1", "part-2"], "there are 2 parts of 3"),
        (vec!["part-1", "part-1", "part-2"], "named twice"),
        (vec!["part-2"], "part 1 is missing"),
        (vec!["nowhere"], "nowhere"),
    ] {
        let words: Vec<_> = ["merge", "--out", "joined"].into_iter().chain(words).collect();
        let output = ran(folder.path(), &words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(matches!(output.status.code(), Some(2 | 74)), "{said}");
        assert!(said.contains(told), "{told}: {said}");
        assert!(!folder.path().join("joined/study.json").exists());
    }
}

#[test]
fn a_folder_with_another_studys_runs_is_refused() {
    let folder = folder(GRID);
    good(folder.path(), &["a.study.toml", "--out", "out"]);
    let text = fs::read_to_string(folder.path().join("pool.toml")).unwrap();
    fs::write(folder.path().join("pool.toml"), text.replace("servers    = 2", "servers    = 3"))
        .unwrap();
    let output = ran(folder.path(), &["a.study.toml", "--out", "out"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("another study, another scenario or another version"), "{said}");
}

#[test]
fn seeds_are_added_until_the_means_are_precise() {
    let study = "seeds = '3..60'\nprecision = '20%'\nchange = { load-factor = [0.3, 1.4] }\n\
                 measure = { wait = 'mean(wait)' }\n";
    let folder = folder(study);
    let text = good(folder.path(), &["a.study.toml", "--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    schema::assert_valid(squall::study::SCHEMA, &json);
    let mut runs = Vec::new();
    for variant in json["variants"].as_array().unwrap() {
        let measured = &variant["measures"][0];
        let (mean, width) =
            (measured["mean"].as_f64().unwrap(), measured["half_width"].as_f64().unwrap());
        let n = variant["runs"].as_u64().unwrap();
        assert!(width <= 0.2 * mean || n == 60, "{variant}");
        assert!((3..=60).contains(&n));
        runs.push(n);
    }
    assert!(runs.iter().any(|&n| n > 3) && runs[0] != runs[1], "{runs:?}");
}

#[test]
fn the_largest_load_lies_where_the_queue_grows() {
    // Two servers of 20 ms do 100 a second: with 60 a second a factor of 1.67 is one erlang a server.
    let study = "seeds = '1..3'\nset = { 'run.length' = '200s', 'fabric.pool.queue' = 'unbounded' }\n\
                 vary = { load-factor = '0.5..3 by 0.05' }\nholds = ['the queue is short']\n\
                 find = 'largest load-factor that holds'\n";
    let folder = folder(study);
    let text = good(folder.path(), &["a.study.toml", "--format", "json", "--out", "out"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    schema::assert_valid(squall::study::SCHEMA, &json);
    let found = &json["found"][0];
    let number = |key: &str| found[key].as_str().unwrap().parse::<f64>().unwrap();
    let (holds, fails) = (number("holds"), number("fails"));
    // M/M/2 waits 100 ms at 91.3 % of its capacity (rho^2 / (1 - rho^2) x 20 ms = 100 ms).
    assert!((fails - holds - 0.05).abs() < 1e-9 && (1.3..1.7).contains(&holds), "{found}");
    assert_eq!(found["gave_way"]["invariant"], "the queue is short");
    // Halving looks at few of the 51 values.
    let journal = fs::read_to_string(folder.path().join("out/runs.jsonl")).unwrap();
    assert!(journal.lines().count() < 1 + 3 * 9, "{}", journal.lines().count());
}

#[test]
fn a_search_that_finds_nothing_ends_with_1() {
    let study = "seeds = '1..2'\nset = { 'run.length' = '60s' }\nchange = { load-factor = [3, 4] }\n\
                 find = 'largest load-factor that holds'\n";
    let output = ran(folder(study).path(), &["a.study.toml"]);
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("does not hold at 3, the first"), "{said}");
}

/// Two regions whose caches and connections are paid for.
const REGIONS: &str = r#"title = "Two regions"
question = "What do its knobs cost?"
[run]
seed = 1
length = "5s"
[fabric]
preset = "five-regions"
regions = ["us-east-1", "eu-central-1"]
[fabric.round-trip]
us-east-1 = { eu-central-1 = "90ms" }
[fabric.manifest]
pods = 3
[fabric.database]
connections = 2
[fabric.cost]
pods-per-node = 2
caches = "on"
connection-memory = "8MB"
[load]
objects = 1_000
popularity = { distribution = "zipf", exponent = 0.9 }
[load.requests-per-second]
us-east-1 = 50
eu-central-1 = 50
[invariants]
"most are served" = "availability >= 90%"
"#;

/// One knob after the other.
const KNOBS: &str = r#"title = 'Knobs'
question = 'What do they cost?'
scenario = 'two.toml'
seeds = '1..2'
find = 'cheapest that holds'
[vary.knob]
"as it is"         = { "fabric.manifest.pods" = 3 }
"a pod"            = { "fabric.manifest.pods" = 4 }
"two pods"         = { "fabric.manifest.pods" = 5 }
"a connection"     = { "fabric.database.connections" = 3 }
"fewer copies"      = { "fabric.metadata.entries" = 100 }
"room for more"    = { "fabric.metadata.entries" = 5_000 }
"a node of its own" = { "fabric.cost.pods-per-node" = "none", "fabric.cost.nodes-per-region" = 1 }
"for free"         = { "fabric.cost.caches" = "off", "fabric.cost.connection-memory" = "off" }
"a longer TTL"     = { "fabric.metadata.ttl" = "120s" }
"fewer retries"    = { "fabric.viewers.budget" = { kind = "adaptive-throttle", window = "30s" } }
[measure]
cost = "monthly_cost"
reads = "total(database_reads)"
"#;

/// Every knob of what is paid for, alone, and what it costs by hand: a node is 0.136 and 0.155 an hour, a GB
/// of the database's memory 0.055879, one of the cache's 0.125; a month has 730 hours, a bill whole cents.
#[test]
fn pods_connections_and_copies_have_their_price() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("two.toml"), REGIONS).unwrap();
    fs::write(folder.path().join("a.study.toml"), KNOBS).unwrap();
    let text = good(folder.path(), &["a.study.toml", "--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    let variants = json["variants"].as_array().unwrap();
    let seen = |at: usize, of: usize| variants[at]["measures"][of]["mean"].as_f64().unwrap();
    let cost = |at: usize| seen(at, 0);
    let node = 730.0 * (0.136 + 0.155);
    for (at, more) in [
        (1, 0.0), // the second node has room for it
        (2, node),
        (3, 0.65),  // 1.96 - 1.31
        (4, -0.66), // 0.07 - 0.73
        (5, 0.0),   // there are no more titles
        (6, -node),
        (7, -2.04), // 1.31 + 0.73
        (8, 0.0),
        (9, 0.0),
    ] {
        let differs = cost(at) - cost(0);
        assert!((differs - more).abs() < 1e-6, "{}: {differs}, not {more}", variants[at]["values"]);
    }
    assert!(seen(4, 1) > seen(0, 1), "a smaller cache misses more");
    assert_eq!(json["found"]["variant"], 6);
}

/// The knobs of a fabric against each other: the cheapest buys no pod, and neither the least nor the most of
/// cache and connections.
#[test]
fn the_cheapest_cache_is_neither_the_smallest_nor_the_largest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let study = "scenarios/studies/cache-size.study.toml";
    let json: Value = serde_json::from_str(&good(root, &[study, "--format", "json"])).unwrap();
    schema::assert_valid(squall::study::SCHEMA, &json);
    let variants = json["variants"].as_array().unwrap();
    let must = json["invariants"].as_array().unwrap().len() - 2;
    let holds = |one: &&Value| {
        [must, must + 1].iter().all(|&at| one["invariants"][at]["held"] == one["runs"])
    };
    let cost = |one: &Value| one["measures"][0]["mean"].as_f64().unwrap();
    let best = variants.iter().filter(holds).min_by(|a, b| cost(a).total_cmp(&cost(b))).unwrap();
    assert_eq!(json["found"]["variant"], best["variant"]);
    // With less cache or fewer connections and all else the same it does not hold, and costs less.
    for (axis, least) in [(1, "1"), (2, "250")] {
        assert_ne!(best["values"][axis], least, "{best}");
    }
    assert_ne!(best["values"][2], "1000", "{best}");
}

/// More nodes cost more, and are bought for nothing from some number on.
#[test]
fn the_cheapest_that_holds_is_neither_the_cheapest_nor_the_largest() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let study = "scenarios/studies/price-of-a-nine.study.toml";
    let json: Value = serde_json::from_str(&good(root, &[study, "--format", "json"])).unwrap();
    schema::assert_valid(squall::study::SCHEMA, &json);
    let variants = json["variants"].as_array().unwrap();
    let cost = |variant: &Value| variant["measures"][2]["mean"].as_f64().unwrap();
    let must = json["invariants"].as_array().unwrap().len() - 1;
    let holds = |variant: &Value| variant["invariants"][must]["held"] == variant["runs"];
    let best = variants.iter().filter(|one| holds(one)).min_by(|a, b| cost(a).total_cmp(&cost(b)));
    assert_eq!(json["found"]["variant"], best.unwrap()["variant"]);
    assert!(variants.iter().any(|one| !holds(one) && cost(one) < cost(best.unwrap())));
    assert!(variants.iter().any(|one| holds(one) && cost(one) > cost(best.unwrap())));
    // Of what broke in its first run no more are made.
    assert!(
        variants.iter().all(|one| one["runs"] == if holds(one) { 3 } else { 1 }
            || one["invariants"][must]["held"] != 0)
    );
}

#[test]
fn a_metastable_load_is_lost_once_it_is_pushed_and_a_budget_brings_it_back() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let study = "scenarios/studies/recovery.study.toml";
    let json: Value = serde_json::from_str(&good(root, &[study, "--format", "json"])).unwrap();
    schema::assert_valid(squall::study::SCHEMA, &json);
    let number =
        |found: &Value, side: &str| found[side]["holds"].as_str().unwrap().parse::<f64>().unwrap();
    let found = json["found"].as_array().unwrap();
    assert_eq!(found[0]["values"], serde_json::json!([null, "none"]));
    // 300 reads a second are 1.2 times the scenario's load; its noise over two seconds is 11 a second.
    for one in found {
        assert!((1.0..=1.15).contains(&number(one, "collapses")), "{one}");
    }
    assert!(number(&found[0], "recovers") <= number(&found[0], "collapses") - 0.1, "{found:?}");
    assert!(number(&found[2], "recovers") >= number(&found[2], "collapses") - 0.05, "{found:?}");
}

#[test]
fn every_study_that_ships_loads_and_asks() {
    for path in files::below("scenarios/studies", "study.toml") {
        let study = squall::scenario::open_study(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path));
        let study = study.unwrap_or_else(|error| panic!("{}: {error:?}", path.display()));
        assert!(study.question.trim().ends_with('?'), "{}", path.display());
    }
}
