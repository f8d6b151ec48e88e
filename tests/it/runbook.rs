//! `squall runbook` as it is called: what is recorded of a month, and what has changed since the last.

use super::schema;
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// Two regions, of which one is cut off for twenty seconds.
const OUTAGE: &str = r#"title = "An outage"
question = "What does it cost?"
[run]
seed = 3
length = "60s"
warmup = "10s"
[fabric]
preset = "five-regions"
regions = ["us-east-1", "eu-central-1"]
[fabric.round-trip]
us-east-1 = { eu-central-1 = "90ms" }
[fabric.viewers]
attempts = 1
[fabric.routing]
networks    = 4
convergence = { distribution = "constant", value = "2s" }
[load]
objects = 100
popularity = { distribution = "zipf", exponent = 0.9 }
[load.requests-per-second]
us-east-1 = 50
eu-central-1 = 50
[[inject]]
label = "outage"
at = "20s"
duration = "20s"
fault = { kind = "region-down", region = "eu-central-1", routes = "withdrawn" }
[invariants]
"most are served" = "availability during outage >= 80%"
[control]
set = { "inject.outage.fault.routes" = "silent" }
breaks = ["most are served"]
"#;

struct Month {
    folder: tempfile::TempDir,
}

impl Month {
    /// A runbook of two drills, the second of which holds, too.
    fn new(outage: &str, stop: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("books")).unwrap();
        fs::write(folder.path().join("outage.toml"), outage).unwrap();
        fs::write(folder.path().join("again.toml"), OUTAGE.replace("An outage", "Another"))
            .unwrap();
        let book = format!(
            "title = 'Drills'\napproval = 'the lead'\nstop = '{stop}'\n\
             [budget]\nerror-budget = '100%'\nmoney = '$25'\n\
             [[drill]]\nscenario = '../outage.toml'\nseeds = '1..3'\nwhen = 'Tuesday'\nowner = 'edge'\n\
             [[drill]]\nscenario = '../again.toml'\nwhen = 'Friday'\nowner = 'edge'\n"
        );
        fs::write(folder.path().join("books/month.toml"), book).unwrap();
        Self { folder }
    }

    fn rehearse(&self, month: &str, more: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
        command.args(["runbook", "books/month.toml", "--month", month, "--out", "records"]);
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
            command.env_remove(name);
        }
        let command = command.args(more).current_dir(self.folder.path()).stdin(Stdio::null());
        command.output().unwrap()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn record(&self, month: &str) -> Value {
        let path = self.path(&format!("records/{month}/runbook.json"));
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8([output.stdout.clone(), output.stderr.clone()].concat()).unwrap()
}

#[test]
fn a_month_is_recorded_with_what_it_spends() {
    let month = Month::new(OUTAGE, "first-broken");
    let output = month.rehearse("2026-10", &[]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    assert!(text(&output).contains("no earlier month is on record"), "{}", text(&output));
    let record = month.record("2026-10");
    schema::assert_valid(squall::runbook::SCHEMA, &record);
    assert_eq!(record["verdict"], "holds");
    let drill = &record["drills"][0];
    assert_eq!(drill["scenario"], "outage.toml");
    assert_eq!(drill["seeds"], json!([1, 2, 3]));
    assert_eq!(drill["digests"].as_array().unwrap().len(), 3);
    assert_eq!(drill["control"], "holds");
    assert_eq!(drill["fired"], Value::Null);
    assert_eq!(drill["again"], "squall run outage.toml --seeds 1..3");
    // Failed requests of some seconds among 50 s: a month's budget at 99.99 % is 259 s of them all.
    let spent = &drill["spent"];
    let (budget, anyway) = (&spent["error_budget"], &spent["error_budget_anyway"]);
    assert!((0.01..3.0).contains(&budget.as_f64().unwrap()), "{budget}");
    assert_eq!(anyway, &json!(0.0), "without the fault nobody fails");
    let both: f64 =
        (0..2).map(|at| record["drills"][at]["spent"]["error_budget"].as_f64().unwrap()).sum();
    assert_eq!(record["purse"]["error_budget_spent"].as_f64().unwrap(), both);
    let junit = fs::read_to_string(month.path("records/2026-10/runbook.xml")).unwrap();
    assert!(junit.contains("<testsuite name=\"purse\" tests=\"2\""), "{junit}");

    let page = fs::read_to_string(month.path("records/2026-10/runbook.html")).unwrap();
    for part in ["<h1 id=\"top\">Drills, 2026-10</h1>", "Every drill holds", "id=\"plot-data\""] {
        assert!(page.contains(part), "{part} is missing in the page");
    }

    // The same month again is the same to the byte, at any number of threads.
    let before = fs::read(month.path("records/2026-10/runbook.json")).unwrap();
    month.rehearse("2026-10", &["--threads", "5"]);
    assert_eq!(fs::read(month.path("records/2026-10/runbook.json")).unwrap(), before);
}

#[test]
fn the_months_page_can_have_a_file_of_its_own() {
    let month = Month::new(OUTAGE, "first-broken");
    let output = month.rehearse("2026-10", &["--html", "pages/month.html"]);
    assert_eq!(code(&output), 0, "{}", text(&output));
    let read = |name: &str| fs::read(month.path(name)).unwrap();
    assert!(read("pages/month.html") == read("records/2026-10/runbook.html"), "two pages");
    assert_eq!(fs::read_dir(month.path("pages")).unwrap().count(), 1, "something is left behind");
    // Where no page can be, nothing is run and nothing recorded.
    let output = month.rehearse("2026-11", &["--html", "pages"]);
    assert_eq!(code(&output), 74, "{}", text(&output));
    assert!(text(&output).contains("pages cannot be written"), "{}", text(&output));
    assert!(!month.path("records/2026-11/runbook.json").exists());
}

#[test]
fn the_next_month_says_what_has_changed() {
    let month = Month::new(OUTAGE, "first-broken");
    month.rehearse("2026-10", &[]);
    let output = month.rehearse("2026-11", &[]);
    assert!(text(&output).contains("since    2026-10: nothing has changed"), "{}", text(&output));
    let longer = OUTAGE.replace("2s\"", "4s\"");
    fs::write(month.path("outage.toml"), longer).unwrap();
    let output = month.rehearse("2026-12", &[]);
    let record = month.record("2026-12");
    assert_eq!(record["since"]["month"], "2026-11");
    let lines: Vec<&str> =
        record["since"]["lines"].as_array().unwrap().iter().map(|l| l.as_str().unwrap()).collect();
    assert_eq!(lines[0], "An outage: the scenario has changed", "{}", text(&output));
    assert!(lines.iter().any(|line| line.contains("of the error budget, and spent")), "{lines:?}");
    assert!(lines.iter().all(|line| !line.starts_with("Another")), "{lines:?}");
}

#[test]
fn a_broken_drill_stops_the_month_unless_the_file_says_otherwise() {
    let broken = OUTAGE.replace(">= 80%", ">= 99.999%");
    for (stop, second) in [("first-broken", "left out"), ("never", "holds")] {
        let month = Month::new(&broken, stop);
        let output = month.rehearse("2026-10", &[]);
        assert_eq!(code(&output), 1, "{}", text(&output));
        let record = month.record("2026-10");
        assert_eq!(record["drills"][0]["verdict"], "broken");
        assert_eq!(record["drills"][1]["verdict"], second);
        let happened = record["drills"][0]["happened"].as_array().unwrap();
        assert!(happened[0].as_str().unwrap().starts_with("20s "), "{happened:?}");
    }
}

#[test]
fn a_purse_that_is_too_small_is_broken() {
    let month = Month::new(OUTAGE, "never");
    let path = month.path("books/month.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("'100%'", "'0.001%'")).unwrap();
    assert_eq!(code(&month.rehearse("2026-10", &[])), 1);
    let record = month.record("2026-10");
    assert_eq!(
        (&record["verdict"], &record["purse"]["verdict"]),
        (&json!("broken"), &json!("broken"))
    );
    assert_eq!(record["drills"][0]["verdict"], "holds");
}

#[test]
fn what_is_wrong_is_said_before_anything_runs() {
    let month = Month::new(OUTAGE, "never");
    let refused = |part: &str| {
        let output = month.rehearse("2026-10", &[]);
        assert_eq!(code(&output), 2, "{}", text(&output));
        assert!(text(&output).contains(part), "{part} is missing in {}", text(&output));
        assert!(!month.path("records/2026-10/runbook.json").exists());
    };
    fs::rename(month.path("again.toml"), month.path("gone.toml")).unwrap();
    refused("books/month.toml:13:12");
    fs::write(month.path("again.toml"), OUTAGE.replace("length", "lenght")).unwrap();
    refused("lenght");
    fs::write(month.path("again.toml"), OUTAGE).unwrap();
    fs::create_dir_all(month.path("records/2026-09")).unwrap();
    fs::write(month.path("records/2026-09/runbook.json"), "{").unwrap();
    refused("no record of a month");
    let output = month.rehearse("2026-1", &[]);
    assert_eq!(code(&output), 2);
    assert!(text(&output).contains("a month is a year"), "{}", text(&output));
}

#[test]
fn a_runbook_is_checked_with_its_drills() {
    let month = Month::new(OUTAGE, "never");
    let check = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
        let command = command.args(["check", "books"]).current_dir(month.folder.path());
        command.stdin(Stdio::null()).output().unwrap()
    };
    let output = check();
    assert_eq!((code(&output), text(&output)), (0, "books/month.toml: no problems\n".into()));
    fs::write(month.path("again.toml"), OUTAGE.replace("length", "lenght")).unwrap();
    let output = check();
    assert_eq!(code(&output), 2);
    assert!(text(&output).contains("lenght"), "{}", text(&output));
}
