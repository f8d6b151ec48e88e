//! The program as it is called: words, exit codes, and output that cannot be written.

mod input;
mod replay;

use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

const VERBS: [&str; 11] = [
    "run",
    "check",
    "gate",
    "diff",
    "runbook",
    "explain",
    "bill",
    "replay",
    "study",
    "completions",
    "report",
];

fn squall(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
    command.args(words).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn ran(words: &[&str]) -> Output {
    squall(words).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

/// The short scenarios of the repository, sorted.
fn smoke() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/smoke");
    let entries = fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()));
    let mut paths: Vec<_> = entries.into_iter().flatten().collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    paths.sort();
    paths
}

#[test]
fn without_words_the_help_is_printed_and_the_code_is_2() {
    let output = ran(&[]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("Usage: squall"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
}

#[test]
fn every_command_has_help_with_examples() {
    for words in VERBS.iter().map(|&verb| vec![verb, "--help"]).chain([vec!["--help"]]) {
        let output = ran(&words);
        let text = stdout(&output);
        assert_eq!(code(&output), 0, "{words:?}");
        assert!(text.contains("Examples:\n  squall "), "{words:?}: {text}");
        assert!(!text.contains('\u{1b}'), "{words:?} has colours without a terminal");
    }
    assert_eq!(stdout(&ran(&["--version"])), format!("squall {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn help_has_colours_when_they_are_forced() {
    let output = squall(&["run", "--help"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(stdout(&output).contains('\u{1b}'));
}

#[test]
fn a_wrong_command_line_is_2() {
    for words in [
        &["fly"][..],
        &["run"],
        &["check"],
        &["run", "a.toml", "--seed", "many"],
        &["run", "a.toml", "--seed", "9223372036854775808"],
        &["run", "a.toml", "--seeds", "5..1"],
        &["run", "a.toml", "--seeds", "1..5", "--seed", "1"],
        &["run", "a.toml", "--threads", "0"],
        &["run", "a.toml", "--format", "yaml"],
        &["run", "a.toml", "--set", "no-value"],
        &["bill", "--set", "a=b"],
        &["completions", "tcsh9"],
        &["explain", "metric", "latencyy"],
        &["explain", "nonsense-nonsense"],
    ] {
        let output = ran(words);
        assert_eq!(code(&output), 2, "{words:?}: {}", stderr(&output));
        assert!(!stderr(&output).is_empty() && output.stdout.is_empty(), "{words:?}");
    }
    assert!(stderr(&ran(&["explain", "metric", "latencyy"])).contains("did you mean `latency`?"));
}

#[test]
fn completions_are_scripts_of_their_shell() {
    for (shell, mark) in
        [("bash", "complete -F"), ("zsh", "#compdef squall"), ("fish", "complete -c squall")]
    {
        let output = ran(&["completions", shell]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).contains(mark), "{shell}");
        for verb in VERBS {
            assert!(stdout(&output).contains(verb), "{shell} does not know `{verb}`");
        }
    }
}

#[test]
fn every_metric_is_explained() {
    for row in squall::observe::METRICS {
        let output = ran(&["explain", "metric", row.name]);
        assert_eq!(code(&output), 0);
        assert!(stdout(&output).starts_with(&format!("metric {}\n", row.name)));
    }
    let all = stdout(&ran(&["explain"]));
    for topic in ["metric", "fault", "preset", "budget", "exit-code", "statistic", "key"] {
        assert!(all.contains(topic), "{topic}");
        assert_eq!(code(&ran(&["explain", topic])), 0, "{topic}");
    }
    assert!(stdout(&ran(&["explain", "exit-code", "4"])).contains("control did not break"));
}

#[test]
fn the_printed_bill_has_the_printed_figures() {
    let text = stdout(&ran(&["bill", "--as-printed"]));
    for figure in ["2,300.00", "1,600.00", "360.00", "979.20", "40,000.00", "45,239.20"] {
        assert!(text.contains(figure), "{figure}: {text}");
    }
    let exact = stdout(&ran(&["bill"]));
    assert!(exact.contains("printed") && exact.contains("Why a line differs"), "{exact}");
}

#[test]
fn what_cannot_be_opened_is_told_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(at("empty")).unwrap();
    fs::write(at("bad.toml"), "title = [\n").unwrap();
    for verb in ["run", "check"] {
        let output = ran(&[verb, &at("bad.toml"), &at("missing.toml"), &at("empty")]);
        assert_eq!(code(&output), 2);
        assert_eq!(stderr(&output).matches("problem: ").count(), 3, "{}", stderr(&output));
        for name in ["bad.toml", "missing.toml", "empty"] {
            assert!(stderr(&output).contains(&at(name)), "{name}: {}", stderr(&output));
        }
        assert_eq!(stdout(&output), "");
    }
}

/// A reader that has left: `squall ... | head -c 0`.
#[test]
fn a_closed_pipe_ends_quietly() {
    for words in [&["explain", "key"][..], &["completions", "bash"], &["bill"], &["--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = squall(words).stdout(writer).output().unwrap();
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""), "{words:?}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_74_and_is_told() {
    for words in [&["explain", "key"][..], &["completions", "bash"], &["bill"], &["--help"]] {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = squall(words).stdout(full).output().unwrap();
        assert_eq!(code(&output), 74, "{words:?}");
        assert!(stderr(&output).contains("standard output cannot be written"), "{words:?}");
    }
}

#[test]
fn closed_standard_streams_are_no_panic() {
    // A shell's `2>&-`: the system gives us /dev/null or an error, and neither may be a bug.
    let script = format!("'{}' explain metric >&- 2>&-", env!("CARGO_BIN_EXE_squall"));
    if cfg!(unix) {
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(matches!(status.code(), Some(0 | 74)), "{status}");
    }
}

// From here on scenarios are run. Without any in `scenarios/smoke` there is nothing to see.

#[test]
fn the_smoke_scenarios_have_no_problems_and_hold() {
    for path in smoke() {
        let name = path.display().to_string();
        let checked = ran(&["check", &name]);
        assert_eq!(code(&checked), 0, "{}", stderr(&checked));
        assert_eq!(stdout(&checked), format!("{name}: no problems\n"));
        let output = ran(&["run", &name]);
        assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
        assert_eq!(stderr(&output), "", "nothing is told to what is no terminal");
        assert!(stdout(&output).contains(": all accounted for"));
    }
}

#[test]
fn two_runs_give_the_same_bytes_in_every_format() {
    for path in smoke().iter().take(1) {
        let name = path.display().to_string();
        for format in ["text", "json", "junit"] {
            let one = ran(&["run", &name, "--format", format, "--threads", "1"]);
            let two = ran(&["run", &name, "--format", format, "--threads", "2"]);
            assert!(!one.stdout.is_empty());
            assert_eq!(stdout(&one), stdout(&two), "{format}");
        }
    }
}

#[test]
fn out_writes_one_file_a_scenario_and_prints_the_text() {
    for path in smoke().iter().take(1) {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("new/reports");
        let (name, out_name) = (path.display().to_string(), out.display().to_string());
        let output = ran(&["run", &name, &name, "--format", "json", "--out", &out_name]);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let mut files: Vec<_> = fs::read_dir(&out)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        files.sort();
        assert_eq!(files, [format!("{stem}-2.json"), format!("{stem}.json")]);
        let text = fs::read_to_string(out.join(&files[1])).unwrap();
        let report: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(report["schema"], "squall.report/1");
        assert!(stdout(&output).contains("invariants"), "{}", stdout(&output));
    }
}

#[test]
fn a_folder_that_takes_no_files_is_74_before_anything_runs() {
    for path in smoke().iter().take(1) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        File::create(&file).unwrap();
        let file = file.display().to_string();
        let output = ran(&["run", &path.display().to_string(), "--out", &file]);
        assert_eq!((code(&output), output.stdout.len()), (74, 0), "{}", stderr(&output));
        assert!(stderr(&output).contains("cannot be written to"), "{}", stderr(&output));
    }
}

#[test]
#[cfg(unix)]
fn a_run_into_a_closed_pipe_ends_with_its_verdict_and_into_a_full_disk_with_74() {
    for path in smoke().iter().take(1) {
        let name = path.display().to_string();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = squall(&["run", &name]).stdout(writer).output().unwrap();
        assert_eq!((code(&output), stderr(&output).as_str()), (0, ""));
        if let Ok(full) = OpenOptions::new().write(true).open("/dev/full") {
            let output = squall(&["run", &name, "--format", "json"]).stdout(full).output().unwrap();
            assert_eq!(code(&output), 74, "{}", stderr(&output));
        }
    }
}

/// Interrupts a run that would take hours.
#[test]
#[cfg(unix)]
fn an_interrupted_run_says_so_and_reports_nothing() {
    for path in smoke().iter().take(1) {
        for (signal, expected) in [("INT", 130), ("TERM", 143)] {
            let name = path.display().to_string();
            let words = ["run", &name, "--seeds", "1..90000", "--format", "json"];
            let mut child =
                squall(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(700));
            let kill = format!("kill -{signal} {}", child.id());
            assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
            let status = child.wait().unwrap();
            let (mut out, mut told) = (String::new(), String::new());
            child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
            child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
            assert_eq!(status.code(), Some(expected), "{told}");
            assert_eq!(out, "");
            assert!(told.contains("interrupted"), "{told}");
        }
    }
}

#[test]
fn annotations_point_at_the_sentence_that_is_broken() {
    let words = ["run", "scenarios/smoke/single-pool.toml", "--no-control", "--format", "github"];
    let output = ran(&words);
    assert_eq!((code(&output), stdout(&output)), (0, String::new()));
    let output = ran(&[&words[..], &["--set", "fabric.pool.servers=7"]].concat());
    assert_eq!(code(&output), 1);
    let told = stdout(&output);
    let text = fs::read_to_string(smoke().pop().unwrap()).unwrap();
    let line = 1 + text.lines().position(|line| line.contains("is Erlang's\" ")).unwrap();
    let head = format!("::error file=scenarios/smoke/single-pool.toml,line={line},col=32,");
    assert!(told.starts_with(&head), "{told}");
    assert!(
        told.contains("title=broken%3A the mean wait is Erlang's::mean(wait) < 31ms: seen "),
        "{told}"
    );
}
