//! `squall replay` as it is called.

use super::*;
use serde_json::Value;

const SLICE: &str = "scenarios/real/twitter-cluster52-slice.csv.zst";

fn json(words: &[&str]) -> Value {
    let output = ran(&[&["replay"], words, &["--format", "json"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    serde_json::from_str(&stdout(&output)).unwrap()
}

#[test]
fn one_cache_is_an_object_and_several_are_an_array() {
    let one = json(&[SLICE, "--policy", "lru", "--slots", "1_000"]);
    assert_eq!((&one["policy"], &one["slots"]), (&"lru".into(), &1_000.into()));
    assert_eq!((&one["requests"], &one["bytes"]), (&214_029.into(), &44_526_804.into()));
    let several = json(&[SLICE, "--policy", "lru,belady", "--slots", "1000", "--bytes", "1MB"]);
    let several = several.as_array().unwrap();
    assert_eq!(several.len(), 4);
    assert_eq!(several[0], one);
    assert_eq!(several[1]["capacity_bytes"], 1_000_000);
    assert!(several[1]["slots"].is_null());
    let misses = |at: usize| several[at]["misses"].as_u64().unwrap();
    assert!(misses(2) < misses(0), "hindsight misses less");
    assert!(several.iter().all(|row| row["bytes_missed"].as_u64() < row["bytes"].as_u64()));
}

#[test]
fn a_curve_ends_where_every_object_misses_once() {
    let curve = json(&[SLICE, "--policy", "lru", "--curve", "--points", "5"]);
    let points = curve["points"].as_array().unwrap();
    assert_eq!(points.len(), 5);
    assert_eq!(points[4]["slots"], 41_593);
    let ratio = |at: usize| points[at]["miss_ratio"].as_f64().unwrap();
    assert!((ratio(4) - 41_593.0 / 214_029.0).abs() < 1e-12);
    for point in points {
        let slots = point["slots"].to_string();
        let row = json(&[SLICE, "--policy", "lru", "--slots", &slots]);
        let share = row["misses"].as_f64().unwrap() / 214_029.0;
        let error = point["miss_ratio"].as_f64().unwrap() - share;
        assert!(error.abs() < 1e-12, "{slots} slots: off by {error}, where a miss is 5e-6");
        assert_eq!(point["error"], 0.0);
    }
    let sampled = json(&[SLICE, "--policy", "sieve", "--curve", "--points", "3"]);
    assert!(sampled["points"][2]["byte_miss_ratio"].as_f64().unwrap() > 0.0);
}

#[test]
fn every_layout_says_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let requests = [(0_u32, 7_u64, 10_u32), (0, 9, 20), (1, 7, 10), (2, 8, 5), (2, 7, 10)];
    let lines = |between: &str| {
        let line = |(time, key, size)| format!("{time}{between}{key}{between}{size}\n");
        requests.map(line).concat()
    };
    let wiki = requests.map(|(time, key, size)| format!("{time}\t{key}\tjpeg\t{size}\t0.1\n"));
    let heading = "relative_unix\thashed_path_query\timage_type\tresponse_size\ttime_firstbyte\n";
    let binary: Vec<u8> = requests
        .iter()
        .flat_map(|(time, key, size)| {
            let parts = [&time.to_le_bytes()[..], &key.to_le_bytes(), &size.to_le_bytes()];
            [parts.concat(), vec![0; 8]].concat()
        })
        .collect();
    let csv = format!("time,object,size\n{}", lines(","));
    for path in [
        file("a.csv", csv.as_bytes()),
        file("plain.csv", lines(",").as_bytes()),
        file("a.tr", lines(" ").as_bytes()),
        file("cache-u.tsv", format!("{heading}{}", wiki.concat()).as_bytes()),
        file("a.oracleGeneral", &binary),
    ] {
        let seen = json(&[&path, "--policy", "lru", "--slots", "2"]);
        let of = |key: &str| seen[key].as_u64().unwrap();
        // 7 and 9 are new, 7 is there, 8 drives 9 out, 7 is there.
        assert_eq!((of("requests"), of("misses")), (5, 3), "{path}");
        assert_eq!((of("bytes"), of("bytes_missed")), (55, 35), "{path}");
    }
}

#[test]
fn what_cannot_be_replayed_is_told_and_prints_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.csv");
    fs::write(&empty, "").unwrap();
    let empty = empty.to_str().unwrap();
    for (words, exit, told) in [
        (&["nowhere.csv", "--policy", "lru", "--slots", "1"][..], 74, "there is no such file"),
        (&["src", "--policy", "lru", "--slots", "1"], 2, "this is a directory"),
        (&[empty, "--policy", "lru", "--slots", "1"], 2, "there is no record"),
        (&[SLICE, "--policy", "lru", "--slots", "1", "--size-column", "weight"], 2, "weight"),
        (&[SLICE, "--policy", "mru", "--slots", "1"], 2, "s3-fifo"),
        (&[SLICE, "--policy", "lru"], 2, "--slots"),
        (&[SLICE, "--policy", "lru", "--slots", "-1"], 2, "whole number"),
        (&[SLICE, "--policy", "lru", "--bytes", "3s"], 2, "a size is bytes"),
        (&[SLICE, "--policy", "lru", "--slots", "1", "--curve"], 2, "cannot be used with"),
    ] {
        let output = ran(&[&["replay"], words].concat());
        assert_eq!(code(&output), exit, "{words:?}: {}", stderr(&output));
        assert!(stderr(&output).contains(told), "{words:?}: {}", stderr(&output));
        assert_eq!(stdout(&output), "");
    }
}

/// A pipe is read once: its columns have their usual names, or are named.
#[test]
#[cfg(unix)]
fn a_pipe_is_never_read_from_its_middle() {
    use std::io::Write;
    let piped = |text: &str, words: &[&str]| {
        let words = [&["replay", "/dev/stdin", "--policy", "lru", "--slots", "1"], words].concat();
        let mut child = squall(&words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Who refuses does not read to the end.
        let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
        child.wait_with_output().unwrap()
    };
    let usual = piped("time,object,size\n1,a,5\n2,a,5\n", &["--format", "json"]);
    assert_eq!(code(&usual), 0, "{}", stderr(&usual));
    assert!(stdout(&usual).contains("\"misses\": 1,"));
    let text = format!("time,lbn,size\n{}", "1,a,5\n".repeat(50_000));
    let unusual = piped(&text, &[]);
    assert_eq!((code(&unusual), stdout(&unusual)), (2, String::new()));
    assert!(stderr(&unusual).contains("`object`"), "{}", stderr(&unusual));
    assert_eq!(code(&piped(&text, &["--object-column", "lbn"])), 0);
}

#[test]
fn a_cache_without_room_misses_everything() {
    let none = json(&[SLICE, "--policy", "lru,s3-fifo,w-tinylfu,belady", "--slots", "0"]);
    assert!(none.as_array().unwrap().iter().all(|row| row["misses"] == 214_029));
}
