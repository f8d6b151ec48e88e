//! Stored results and their pages: the same bytes each time, whichever way they are made, and results
//! that are as their published schema says.

use super::bless::bless;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const OUTAGE: &str = "scenarios/smoke/region-outage.toml";
const LOCK: &str = "scenarios/smoke/retry-lock.toml";

fn squall(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_squall"))
        .args(words)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap()
}

fn good(words: &[&str]) -> String {
    let output = squall(words);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Runs, stores the result with its seconds, and makes the page both ways.
fn both_ways(folder: &Path, words: &[&str]) -> (Value, String) {
    let at = |name: &str| folder.join(name).display().to_string();
    let (one, two, stored) = (at("one.html"), at("two.html"), at("result.json"));
    let asked = ["run", "--format", "json", "--series", "--html", &one];
    let asked: Vec<_> = asked.iter().chain(words).copied().collect();
    let json = good(&asked);
    fs::write(&stored, &json).unwrap();
    good(&["report", &stored, "--html", &two]);
    let (one, two) = (fs::read_to_string(one).unwrap(), fs::read_to_string(two).unwrap());
    assert!(one == two, "the run's own page and that of its stored result differ");
    (serde_json::from_str(&json).unwrap(), one)
}

/// What a result breaks of its schema.
fn breaches(result: &Value) -> Vec<String> {
    let schema: Value = serde_json::from_str(squall::report::SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    validator
        .iter_errors(result)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn sound(result: &Value) {
    assert_eq!(breaches(result), Vec::<String>::new());
}

#[test]
fn a_page_is_the_same_from_the_run_and_from_its_stored_result() {
    let folder = tempfile::tempdir().unwrap();
    let (result, page) = both_ways(folder.path(), &[OUTAGE]);
    sound(&result);
    assert_eq!(page.matches("</html>").count(), 1);
    for wanted in [
        "<h1 id=\"top\">Sao Paulo goes dark, small</h1>",
        "All 5 invariants hold.",
        "fault <code>outage</code> (region-down), until 2m40s",
        "<h4 id=\"plot\">Requests a second</h4>",
        "squall run scenarios/smoke/region-outage.toml --seed 7",
    ] {
        assert!(page.contains(wanted), "{wanted}");
    }
    // And from the same run again, on one thread.
    let (_, again) = both_ways(folder.path(), &[OUTAGE, "--threads", "1"]);
    assert!(page == again, "a second run gives another page");
}

/// Byte for byte, in every build: the stored seconds as they are, the page by its digest, without the
/// style and the scripts that it carries. `SQUALL_BLESS=1` rewrites both.
#[test]
fn the_seconds_and_the_page_of_a_small_run_are_golden() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().join("page.html");
    let json = good(&["run", LOCK, "--format", "json", "--series", "--html", at.to_str().unwrap()]);
    let page = fs::read_to_string(at).unwrap();
    let body = page.split_once("</style>").unwrap().1.split_once("<script>\n").unwrap().0;
    let mut digest = squall::engine::Digest::default();
    body.bytes().for_each(|byte| digest.word(byte.into()));
    bless("tests/golden/series.json", &json);
    bless("tests/golden/page.txt", &format!("{digest}\n"));
}

#[test]
fn several_seeds_and_several_scenarios_have_pages_that_keep_to_their_size() {
    let folder = tempfile::tempdir().unwrap();
    let (result, page) = both_ways(folder.path(), &[LOCK, "--seeds", "1..3"]);
    sound(&result);
    assert_eq!(result["runs"].as_array().unwrap().len(), 3);
    assert!(result["runs"].as_array().unwrap().iter().all(|run| run["series"].is_object()));
    assert!(page.contains("over all seeds.") && page.contains("Over time, seed 1"));
    let (result, page) = both_ways(folder.path(), &["scenarios/smoke"]);
    sound(&result);
    assert_eq!(result.as_array().unwrap().len(), fs::read_dir("scenarios/smoke").unwrap().count());
    assert!(page.len() < 2_000_000, "{}", page.len());
}

#[test]
fn what_is_kept_changes_no_digest_and_adds_up() {
    let plain: Value = serde_json::from_str(&good(&["run", OUTAGE, "--format", "json"])).unwrap();
    sound(&plain);
    let words = ["run", OUTAGE, "--format", "json", "--series"];
    let mut kept: Value = serde_json::from_str(&good(&words)).unwrap();
    let series = kept["series"].take();
    let timeline = kept["timeline"].take();
    for key in ["series", "timeline"] {
        kept.as_object_mut().unwrap().remove(key);
    }
    assert_eq!(kept, plain, "whatever else the run says is the same");

    // Requests of all seconds are those that were drawn, region by region.
    let sum =
        |list: &Value| list.as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).sum::<u64>();
    for (region, books) in plain["conservation"].as_array().unwrap().iter().enumerate() {
        for (column, key) in
            [("requests", "drawn"), ("served", "answered"), ("given_up", "given_up")]
        {
            let seen = series["from"].get(column).map_or(0, |lists| sum(&lists[region]));
            assert_eq!(seen, books[key].as_u64().unwrap(), "{column} of {}", books["region"]);
        }
    }
    let last = series["budget_spent"].as_array().unwrap().last().unwrap().as_f64().unwrap();
    let spent = plain["invariants"][4]["seen"].as_f64().unwrap();
    assert!((last / spent - 1.0).abs() < 1e-4, "{last} against {spent}");
    assert_eq!(timeline[0]["label"], "outage");
    assert_eq!(timeline[0]["regions"], serde_json::json!(["sa-east-1"]));
}

/// Percentiles that are kept lie at the ones that invariants judge by exact counts.
#[test]
fn the_percentiles_of_a_second_agree_with_the_judged_ones() {
    let words = ["run", OUTAGE, "--format", "json", "--series", "--no-control"];
    let result: Value = serde_json::from_str(&good(&words)).unwrap();
    let regions = result["series"]["regions"].as_array().unwrap();
    let tokyo = regions.iter().position(|name| name == "us-east-1").unwrap();
    let p95 = &result["series"]["latency"]["p95"][tokyo];
    let during = &p95.as_array().unwrap()[61..179];
    let mut seen: Vec<f64> = during.iter().map(|value| value.as_f64().unwrap()).collect();
    seen.sort_by(f64::total_cmp);
    // Own viewers of us-east-1 are served near by throughout: no second is out of the ordinary.
    assert!(seen[0] > 1.0 && seen[seen.len() - 1] < 1_000.0, "{seen:?}");
}

#[test]
fn a_result_without_seconds_has_a_page_that_says_how_to_get_plots() {
    let folder = tempfile::tempdir().unwrap();
    let stored = folder.path().join("plain.json");
    fs::write(&stored, good(&["run", OUTAGE, "--format", "json"])).unwrap();
    let page = folder.path().join("page.html");
    good(&["report", stored.to_str().unwrap(), "--html", page.to_str().unwrap()]);
    let page = fs::read_to_string(page).unwrap();
    assert!(page.contains("<code>squall run … --format json --series</code> stores them"));
    assert!(page.contains("All 5 invariants hold.") && !page.contains("<script"));
}

#[test]
fn what_is_no_result_is_told_and_leaves_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let whole = good(&["run", OUTAGE, "--format", "json"]);
    let page = folder.path().join("page.html");
    let refused = |name: &str, text: &str, told: &str| {
        let stored = folder.path().join(name);
        fs::write(&stored, text).unwrap();
        let words = ["report", stored.to_str().unwrap(), "--html", page.to_str().unwrap()];
        let output = squall(&words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(told) && said.contains(name) && said.contains("help: "), "{said}");
        assert!(!page.exists());
    };
    refused("half.json", &whole[..whole.len() / 2], "this is no JSON: EOF");
    refused("other.json", "{\"name\": \"x\"}", "there is no `schema`");
    refused("old.json", &whole.replace("squall.report/1", "squall.report/0"), "squall.report/0");
    refused("less.json", &whole.replace("\"course\"", "\"curse\""), "missing field `course`");
    refused("unit.json", &whole.replace("\"unit\": \"ms\"", "\"unit\": \"h\""), "`h` is no unit");
    let missing = squall(&["report", "no-such.json", "--html", page.to_str().unwrap()]);
    assert_eq!(missing.status.code(), Some(74));
    let words = ["run", OUTAGE, "--series", "--html", page.to_str().unwrap()];
    assert_eq!(squall(&words).status.code(), Some(2), "--series without --format json");
}

#[test]
fn nothing_of_this_machine_stands_in_a_page_and_no_title_is_markup() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(OUTAGE)).unwrap();
    let title = text.lines().find(|line| line.starts_with("title")).unwrap();
    let wild = "title = '</title></script><script>alert(1)</script><!-- \" & end'";
    let file = folder.path().join("wild.toml");
    fs::write(&file, text.replace(title, wild)).unwrap();
    let (result, page) = both_ways(folder.path(), &[file.to_str().unwrap(), "--no-control"]);
    sound(&result);
    assert!(!page.contains(folder.path().to_str().unwrap()), "the folder is told");
    assert!(page.contains("squall run wild.toml --seed 7"));
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert(1)"));
    assert_eq!(page.matches("</script>").count(), 3, "data, library and the page's own");
}

/// The numbers of a plot of a page.
fn plot_data(page: &str) -> Value {
    let data = page.split_once("id=\"plot-data\">").unwrap().1.split_once("</script>").unwrap().0;
    serde_json::from_str(data).unwrap()
}

#[test]
fn a_replay_draws_what_it_tells() {
    const TRACE: &str = "scenarios/real/twitter-cluster52-slice.csv.zst";
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    let words = ["replay", TRACE, "--policy", "lru,s3-fifo", "--format", "json", "--html"];
    let with = |more: &[&str]| -> (Value, String) {
        let [one, two] = [at("one.html"), at("two.html")];
        let [first, second] = [&one, &two].map(|page| {
            let asked: Vec<&str> =
                words.iter().copied().chain([page.as_str()]).chain(more.iter().copied()).collect();
            serde_json::from_str::<Value>(&good(&asked)).unwrap()
        });
        assert_eq!(first, second);
        let [one, two] = [one, two].map(|page| fs::read_to_string(page).unwrap());
        assert!(one == two, "a second replay gives another page");
        assert_eq!(one.matches("</script>").count(), 3, "data, library and the page's own");
        (first, one)
    };
    let (rows, page) = with(&["--slots", "8_000,500"]);
    assert!(page.contains(&format!("What caches miss of {TRACE}</h1>")));
    let data = plot_data(&page);
    assert_eq!(data["axes"], serde_json::json!([[500.0, 8000.0]]));
    let share = |row: &Value, of: &str, all: &str| {
        100.0 * row[of].as_f64().unwrap() / row[all].as_f64().unwrap()
    };
    for (plot, (of, all)) in [("misses", "requests"), ("bytes_missed", "bytes")].iter().enumerate()
    {
        assert_eq!(data["plots"][plot]["logarithmic"], true);
        for row in rows.as_array().unwrap() {
            let line = usize::from(row["policy"] == "s3-fifo");
            let place = usize::from(row["slots"] == 8_000);
            let drawn = data["plots"][plot]["lines"][line]["values"][place].as_f64().unwrap();
            // Four digits are drawn.
            assert!((drawn - share(row, of, all)).abs() < 0.006, "{row} {drawn}");
        }
    }
    // LRU's curve in objects is exact, the other's an estimate with a band.
    let (_, page) = with(&["--curve", "--points", "5"]);
    let data = plot_data(&page);
    let names: Vec<&str> = data["plots"][0]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["lru", "s3-fifo", "s3-fifo, low", "s3-fifo, high"]);
    assert_eq!(data["plots"][0]["bands"], serde_json::json!([[3, 2]]));
    assert!(page.contains("95 % interval"));
    // Where no page can be, nothing is printed.
    let folder = folder.path().display().to_string();
    let refused = squall(&["replay", TRACE, "--policy", "lru", "--slots", "5", "--html", &folder]);
    assert_eq!(refused.status.code(), Some(74));
    assert!(refused.stdout.is_empty());
}

/// What ships of the caches is what they are: the page beside the table says the same.
#[test]
fn the_page_of_the_caches_shows_the_table_beside_it() {
    let read = |name: &str| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(root.join("results/studies").join(name)).unwrap()
    };
    let (text, page) = (read("caches.md"), read("caches.html"));
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| ["lru ", "sieve ", "s3-fifo "].iter().any(|one| line.starts_with(one)))
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows.len(), 18);
    for row in rows {
        let cells: String =
            row[1..].iter().map(|cell| format!("<td class=\"n\">{cell}</td>")).collect();
        assert!(page.contains(&cells), "{row:?}");
    }
    assert_eq!(plot_data(&page)["plots"].as_array().unwrap().len(), 2);
}

#[test]
fn the_schema_can_refuse() {
    let text = good(&["run", OUTAGE, "--format", "json", "--series"]);
    let result: Value = serde_json::from_str(&text).unwrap();
    sound(&result);
    let broken = |change: &dyn Fn(&mut Value)| {
        let mut result = result.clone();
        change(&mut result);
        assert!(!breaches(&result).is_empty());
    };
    broken(&|result| result["schema"] = "squall.report/2".into());
    broken(&|result| result["series"]["from"]["requests"][0][0] = (-1).into());
    broken(&|result| result["more"] = 1.into());
    broken(&|result| result["invariants"][0]["verdict"] = "fine".into());
    broken(&|result| {
        result.as_object_mut().unwrap().remove("digest");
    });
}
