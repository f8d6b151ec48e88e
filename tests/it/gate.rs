//! `squall gate` as it is called: what is the same, what is worse, what nobody can tell, and what is no
//! baseline at all.

use super::schema;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// A pool that is done in a moment. Six of eight servers are busy.
const POOL: &str = r#"title = "A pool"
question = "Is it as it was?"
[run]
seed = 1
length = "2m"
warmup = "10s"
[fabric]
preset = "single-pool"
[fabric.pool]
servers = 8
queue = "unbounded"
service-time = { distribution = "exponential", mean = "20ms" }
[load]
requests-per-second = 300
[invariants]
"the mean is short" = "mean(latency) < 60ms"
"most are served"   = "availability >= 99%"
[watch]
"99 % are done in" = "p99(latency)"
[control]
set = { "fabric.pool.servers" = 5 }
breaks = ["the mean is short"]
"#;

/// A folder with a scenario in it, and its baseline if it was recorded.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("pool.toml"), scenario).unwrap();
        Self { folder }
    }

    /// With a recorded baseline.
    fn recorded() -> Self {
        let bench = Self::new(POOL);
        let output = bench.gate(&["pool.toml", "--update"]);
        assert_eq!(code(&output), 0, "{}", text(&output));
        assert_eq!(text(&output), "recorded   pool.toml: 10 seeds\n");
        bench
    }

    fn gate(&self, words: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
        command.arg("gate").args(words).args(["--baseline", "base"]);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn baseline(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path("base/pool.json")).unwrap()).unwrap()
    }

    fn store(&self, baseline: &Value) {
        let text = serde_json::to_string_pretty(baseline).unwrap();
        fs::write(self.path("base/pool.json"), text).unwrap();
    }

    /// Makes the stored values of a quantity other than they were, as if the program had changed since.
    fn change(&self, name: &str, factor: impl Fn(u64) -> f64) {
        let mut baseline = self.baseline();
        let at = baseline["quantities"].as_array().unwrap().iter();
        let at = at.map(|quantity| quantity["name"].as_str().unwrap()).position(|n| n == name);
        for set in ["runs", "fresh"] {
            for run in baseline[set].as_array_mut().unwrap() {
                let factor = factor(run["seed"].as_u64().unwrap());
                run["digest"] = json!("0");
                let value = &mut run["values"][at.unwrap()];
                *value = json!(value.as_f64().unwrap() * factor);
            }
        }
        self.store(&baseline);
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    let told = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(told).unwrap()
}

fn page(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

#[test]
fn the_same_program_is_the_same_with_any_number_of_threads() {
    let bench = Bench::recorded();
    let before = page(&bench.path("base/pool.json"));
    for words in [&["pool.toml"][..], &[], &["--threads", "1", "--no-control"]] {
        let output = bench.gate(words);
        assert_eq!(code(&output), 0, "{}", text(&output));
        assert!(text(&output).contains("pool.toml  5 runs, equal to the bit"), "{}", text(&output));
        assert!(text(&output).contains("gate     1 same"), "{}", text(&output));
    }
    let output = bench.gate(&["pool.toml", "--update", "--threads", "7"]);
    assert_eq!(text(&output), "unchanged  pool.toml: 10 seeds\n");
    assert_eq!(page(&bench.path("base/pool.json")), before);
}

#[test]
fn a_quantity_that_is_worse_with_every_seed_is_a_regression_and_is_named() {
    let bench = Bench::recorded();
    bench.change("the mean is short", |_| 0.97);
    let output = bench.gate(&["pool.toml", "--out", "out", "--html", "gate.html"]);
    assert_eq!(code(&output), 6, "{}", text(&output));
    for part in [
        "regressed     pool.toml",
        "\"the mean is short\"",
        "may rise by 1 %; confirmed on 5 fresh seeds",
        "gate     1 regressed",
        "again    squall gate pool.toml",
    ] {
        assert!(text(&output).contains(part), "{part} is missing in {}", text(&output));
    }
    assert!(!text(&output).contains("most are served"), "only what is worse is named");

    let json: Value = serde_json::from_str(&page(&bench.path("out/gate.json"))).unwrap();
    schema::assert_valid(squall::gate::SCHEMA, &json);
    let scenario = &json["scenarios"][0];
    assert_eq!(
        (&json["schema"], &scenario["verdict"]),
        (&json!("squall.gate/1"), &json!("regressed"))
    );
    let mean = &scenario["quantities"][0];
    assert_eq!(mean["verdict"], "regressed");
    let all = &mean["all"];
    assert_eq!((&all["pairs"], &mean["fresh"]["pairs"]), (&json!(10), &json!(5)));
    let ratio = all["now"].as_f64().unwrap() / all["before"].as_f64().unwrap();
    assert!((ratio - 1.0 / 0.97).abs() < 1e-9);

    let junit = page(&bench.path("out/gate.xml"));
    assert!(
        junit.contains("<testsuites name=\"squall gate\" tests=\"7\" failures=\"1\" errors=\"0\">")
    );
    for part in [
        "tests=\"7\" skipped=\"0\" errors=\"0\" failures=\"1\"",
        "name=\"the mean is short (against the baseline)\"",
        "type=\"regressed\"",
        "pool.toml:16",
    ] {
        assert!(junit.contains(part), "{part} is missing in {junit}");
    }
    let summary = page(&bench.path("out/gate.md"));
    assert!(summary.starts_with("## squall gate: 1 regressed\n"), "{summary}");
    assert!(summary.contains("- **regressed** the mean is short: "), "{summary}");

    let output = bench.gate(&["--format", "github"]);
    let told = text(&output);
    let head =
        "::error file=pool.toml,line=16,col=23,endColumn=45,title=regressed%3A the mean is short::";
    assert!(told.starts_with(head), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}

#[test]
fn what_is_better_passes_and_is_told() {
    let bench = Bench::recorded();
    bench.change("the mean is short", |_| 1.05);
    let output = bench.gate(&[]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("gate     1 better"), "{}", text(&output));
}

#[test]
fn noise_is_no_regression_and_no_pass_either() {
    let bench = Bench::recorded();
    bench.change("the mean is short", |seed| if seed % 2 == 0 { 0.7 } else { 1.3 });
    let output = bench.gate(&[]);
    assert_eq!(code(&output), 7, "{}", text(&output));
    assert!(text(&output).contains("not settled by 5 fresh seeds"), "{}", text(&output));
}

#[test]
fn one_seed_tells_nothing_of_a_change() {
    let bench = Bench::new(POOL);
    let output = bench.gate(&["pool.toml", "--update", "--seeds", "3..3"]);
    assert_eq!(text(&output), "recorded   pool.toml: 2 seeds\n");
    assert_eq!(code(&bench.gate(&[])), 0);
    bench.change("the mean is short", |_| 0.5);
    assert_eq!(code(&bench.gate(&[])), 7);
}

#[test]
fn a_tolerance_says_what_is_too_much() {
    let bench = Bench::recorded();
    bench.change("the mean is short", |_| 0.97);
    let with = |tolerance: &str| {
        fs::write(bench.path("t.toml"), tolerance).unwrap();
        bench.gate(&["--tolerance", "t.toml"])
    };
    assert_eq!(code(&with("[every]\nrelative = \"5%\"")), 0);
    let own = "[[quantity]]\nname = \"the mean is short\"\n";
    assert_eq!(code(&with(&format!("{own}absolute = \"2ms\""))), 0);
    assert_eq!(code(&with(&format!("{own}absolute = \"0.1ms\""))), 6);
    assert_eq!(code(&with(&format!("{own}worse = \"lower\""))), 0);
    assert_eq!(code(&with(&format!("{own}worse = \"neither\""))), 0);
    let output = with("[[quantity]]\nname = \"the men is short\"\nrelative = \"5%\"");
    assert_eq!(code(&output), 2);
    assert!(
        text(&output).contains("no scenario that is run here has a quantity"),
        "{}",
        text(&output)
    );
    let output = with(&format!("{own}absolute = \"5%\""));
    assert_eq!(code(&output), 2);
    assert!(text(&output).contains("is a time, and this is a share"), "{}", text(&output));
}

#[test]
fn a_watch_gates_when_a_tolerance_says_which_way_is_worse() {
    let bench = Bench::recorded();
    bench.change("99 % are done in", |_| 0.9);
    assert_eq!(code(&bench.gate(&[])), 0);
    let rule = "[[quantity]]\nname = \"99 % are done in\"\nworse = \"higher\"";
    fs::write(bench.path("t.toml"), rule).unwrap();
    assert_eq!(code(&bench.gate(&["--tolerance", "t.toml"])), 6);
}

#[test]
fn what_does_not_fit_is_refused_with_words() {
    let bench = Bench::recorded();
    let refused = |words: &[&str], part: &str| {
        let output = bench.gate(words);
        assert_eq!(code(&output), 2, "{}", text(&output));
        assert!(text(&output).contains(part), "{part} is missing in {}", text(&output));
    };
    let good = bench.baseline();
    let mut other = good.clone();
    other["streams"] = json!(99);
    bench.store(&other);
    refused(&[], "random streams of layout 99");
    other = good.clone();
    other["quantities"][0]["unit"] = json!("$");
    bench.store(&other);
    refused(&[], "the quantities are not those of its baseline");
    other = good.clone();
    other["surprise"] = json!(1);
    bench.store(&other);
    refused(&[], "this is no baseline: unknown field `surprise`");
    fs::write(bench.path("base/pool.json"), "{\"schema\": \"squall").unwrap();
    refused(&[], "this is no baseline");
    bench.store(&good);
    refused(&["--seeds", "4..6"], "the baseline has no seed 6");
    assert_eq!(code(&bench.gate(&["--seeds", "4..5"])), 0);
    fs::write(bench.path("pool.toml"), POOL.replace("20ms", "21ms")).unwrap();
    refused(&[], "the scenario is not the one of its baseline");
    fs::write(bench.path("other.toml"), POOL).unwrap();
    refused(&["other.toml"], "other.toml has no baseline");
}

#[test]
fn without_any_baseline_the_way_to_one_is_told() {
    let bench = Bench::new(POOL);
    let output = bench.gate(&[]);
    assert_eq!(code(&output), 2);
    assert!(text(&output).contains("squall gate scenarios --update"), "{}", text(&output));
    fs::create_dir(bench.path("base")).unwrap();
    assert_eq!(code(&bench.gate(&[])), 2);
}

#[test]
fn what_does_not_hold_cannot_become_a_baseline() {
    for (scenario, exit) in [
        (POOL.replace("< 60ms", "< 1ms"), 1),
        (POOL.replace("\"fabric.pool.servers\" = 5", "\"fabric.pool.servers\" = 9"), 4),
    ] {
        let bench = Bench::new(&scenario);
        let output = bench.gate(&["pool.toml", "--update"]);
        assert_eq!(code(&output), exit, "{}", text(&output));
        assert!(text(&output).contains("cannot become a baseline"), "{}", text(&output));
        assert_eq!(fs::read_dir(bench.path("base")).unwrap().count(), 0);
    }
}

#[test]
fn a_broken_invariant_is_worse_than_any_comparison() {
    let bench = Bench::recorded();
    // The same text, so the same hash; what is judged changes by the stored hash alone.
    fs::write(bench.path("pool.toml"), POOL.replace("< 60ms", "< 20ms")).unwrap();
    let mut baseline = bench.baseline();
    let output = bench.gate(&[]);
    let hash = text(&output);
    let hash = hash.split("its hash is ").nth(1).unwrap().split(',').next().unwrap();
    baseline["hash"] = json!(hash);
    bench.store(&baseline);
    let output = bench.gate(&["--format", "github"]);
    assert_eq!(code(&output), 1, "{}", text(&output));
    let told = text(&output);
    assert!(told.starts_with("::error file=pool.toml,line=16,col=23,"), "{told}");
    assert!(
        told.contains("title=broken%3A the mean is short::mean(latency) < 20ms: seen "),
        "{told}"
    );
    assert!(told.contains("squall run pool.toml --seed 1"), "{told}");
}
