//! What the program makes of files, folders and words that are not as they should be, and of runs
//! that are cut short.

use super::*;

/// A pool with a control, which breaks nothing unless it is changed.
fn pool(length: &str) -> String {
    format!(
        r#"title    = "A pool"
question = "Is the queue short?"
[run]
seed   = 1
length = "{length}"
[fabric]
preset = "single-pool"
[fabric.pool]
servers      = 8
service-time = {{ distribution = "exponential", mean = "20ms" }}
[load]
requests-per-second = 200
[invariants]
"the queue is short" = "mean(wait) < 20ms"
[control]
set = {{ "fabric.pool.servers" = 4 }}
breaks = ["the queue is short"]
"#
    )
}

/// Runs with a folder as the working directory, so that names are short.
fn ran_in(folder: &Path, words: &[&str]) -> Output {
    squall(words).current_dir(folder).output().unwrap()
}

#[test]
#[cfg(unix)]
fn what_is_called_a_scenario_in_a_folder_is_never_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::create_dir(at("d")).unwrap();
    fs::write(at("d/a.toml"), pool("10s")).unwrap();
    std::os::unix::fs::symlink("nowhere.toml", at("d/b.toml")).unwrap();
    let pipe = Command::new("mkfifo").arg(at("d/c.toml")).status().unwrap();
    assert!(pipe.success());
    for verb in ["run", "check"] {
        let output = ran_in(folder.path(), &[verb, "d"]);
        assert_eq!(code(&output), 2);
        assert_eq!(
            stderr(&output),
            "problem: this link leads nowhere\n--> d/b.toml\nhelp: it points to `nowhere.toml`\n\n\
             problem: this is a device or a pipe\n--> d/c.toml\nhelp: a scenario is a regular \
             file\n\n"
        );
    }
    std::os::unix::fs::symlink("b.toml", at("d/b2.toml")).unwrap();
    fs::remove_file(at("d/b.toml")).unwrap();
    fs::remove_file(at("d/c.toml")).unwrap();
    std::os::unix::fs::symlink("circle.toml", at("d/circle.toml")).unwrap();
    let output = ran_in(folder.path(), &["run", "d"]);
    assert_eq!(code(&output), 74, "{}", stderr(&output));
    assert!(stderr(&output).contains("d/circle.toml cannot be read"));
}

#[test]
fn folders_are_looked_into_to_a_depth_that_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let deep = |levels: usize| ["x"; 10][..levels].join("/");
    fs::create_dir_all(folder.path().join(deep(9))).unwrap();
    let good = format!("{}/a.toml", deep(9));
    fs::write(folder.path().join(&good), pool("10s")).unwrap();
    let output = ran_in(folder.path(), &["check", "x"]);
    assert_eq!(
        (code(&output), stdout(&output)),
        (0, format!("{good}: no problems\n")),
        "{}",
        stderr(&output)
    );
    let output = ran_in(folder.path(), &["check", "."]);
    assert_eq!((code(&output), stdout(&output).as_str()), (2, ""));
    let told = format!("this folder lies too deep and is not looked into\n--> ./{}\n", deep(9));
    assert!(stderr(&output).contains(&told), "{}", stderr(&output));
}

/// Interrupts a run of one short scenario and two that take hours, when the first is done.
#[test]
#[cfg(unix)]
fn an_interrupted_run_reports_what_is_finished_and_names_what_is_lost() {
    let folder = tempfile::tempdir().unwrap();
    for (name, length) in [("a.toml", "10s"), ("b.toml", "700h"), ("c.toml", "700h")] {
        fs::write(folder.path().join(name), pool(length)).unwrap();
    }
    let lost = "interrupted: b.toml is not reported\ninterrupted: c.toml is not reported\n";
    for format in ["json", "junit"] {
        // How long the first takes depends on the machine: one that was too slow is asked again.
        let (out, told) = [500, 2_000, 8_000, 32_000]
            .map(std::time::Duration::from_millis)
            .into_iter()
            .map(|wait| interrupted(folder.path(), format, wait))
            .find(|(_, told)| !told.contains("a.toml"))
            .expect("the first scenario takes a moment");
        assert_eq!(told, lost);
        if format == "json" {
            let reports: serde_json::Value = serde_json::from_str(&out).unwrap();
            assert_eq!(reports.as_array().unwrap().len(), 1);
            assert_eq!(reports[0]["scenario"]["path"], "a.toml");
        } else {
            assert_eq!(out.matches("<testsuite ").count(), 1, "{out}");
            assert!(out.ends_with("</testsuites>\n"), "{out}");
        }
    }
}

/// What is printed and told by a run that is interrupted after a while.
#[cfg(unix)]
fn interrupted(folder: &Path, format: &str, wait: std::time::Duration) -> (String, String) {
    let child = squall(&["run", "a.toml", "b.toml", "c.toml", "--format", format])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(wait);
    let kill = format!("kill -INT {}", child.id());
    let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 130, "{}", stderr(&output));
    (stdout(&output), stderr(&output))
}

#[test]
fn a_control_that_is_not_run_may_be_moot() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), pool("10s")).unwrap();
    // What the control would set.
    let set = ["--set", "fabric.pool.servers=4"];
    let output = ran_in(folder.path(), &[&["run", "a.toml"], &set[..]].concat());
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("this control changes nothing"));
    let output = ran_in(folder.path(), &[&["run", "a.toml", "--no-control"], &set[..]].concat());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let output = ran_in(folder.path(), &[&["bill", "a.toml"], &set[..]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).starts_with("A pool"), "{}", stdout(&output));
}

#[test]
fn wrong_numbers_are_told_in_words() {
    let seed = "a seed is a whole number from 0 to 9223372036854775807";
    let threads = "threads are a whole number, and at least 1";
    for (option, value, told) in [
        ("--seed", "-1", seed),
        ("--seed", "9223372036854775808", seed),
        ("--seed", "1.5", seed),
        ("--seeds", "-1..3", "a range is A..B with both ends included"),
        ("--threads", "0", threads),
        ("--threads", "-2", threads),
        ("--threads", "99999999999999999999", threads),
    ] {
        let output = ran(&["run", "a.toml", option, value]);
        assert_eq!(code(&output), 2);
        let text = stderr(&output);
        let named = format!("invalid value '{value}' for '{option} <");
        assert!(text.contains(&named) && text.contains(told), "{text}");
    }
}

#[test]
#[cfg(unix)]
fn an_argument_that_is_not_utf8_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let word = std::ffi::OsStr::from_bytes(b"run.length=\xff5m");
    for verb in ["run", "bill"] {
        let output = squall(&[verb, "a.toml", "--set"]).arg(word).output().unwrap();
        assert_eq!(code(&output), 2);
        let told =
            "invalid value 'run.length=\u{fffd}5m' for '--set <PATH=VALUE>': it is not UTF-8";
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}

#[test]
fn a_long_word_is_not_echoed_whole() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.toml"), pool("10s")).unwrap();
    let long = "x".repeat(100_000);
    let set = |path: &str| format!("{path}={long}");
    for words in [
        ["--set", &set("run.length")],
        ["--set", &set("run.lengthy")],
        ["--set", &set("invariants.\"the queue is short\"")],
        ["--set", &set("fabric.pool.service-time.distribution")],
        ["--set", &set("fabric.preset")],
        ["--set", &format!("run.{long}=1")],
        ["--set", &format!("invariants={{{long} = \"a\"}}")],
        ["--set", &long],
        ["--seed", &long],
        ["--format", &long],
        ["--seeds", &long],
    ] {
        let output = ran_in(folder.path(), &[&["run", "a.toml"], &words[..]].concat());
        let told = stderr(&output);
        assert_eq!(code(&output), 2, "{}", &words[1][..40]);
        let (option, start) = (words[0], &words[1][..40]);
        assert!(told.len() < 2_000, "{option} {start}: {} bytes", told.len());
        let hint = if words[1].ends_with("=1") { "help: " } else { "xxx..." };
        assert!(told.contains(hint), "{option} {start}: {told}");
    }
    for verb in [&["explain", &long][..], &[&long]] {
        let output = ran(verb);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).len() < 2_000, "{} bytes", stderr(&output).len());
    }
}

/// `again` in a report is what a user pastes into a shell.
#[test]
#[cfg(unix)]
fn the_command_that_is_printed_repeats_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let name = "it's a $HOME `drill`\u{1b}[2J 100%\n\u{e9}.toml";
    fs::write(folder.path().join(name), pool("10s")).unwrap();
    let short = "invariants.\"the queue is short\" = mean(wait) < 1us";
    let program = Path::new(env!("CARGO_BIN_EXE_squall")).parent().unwrap();
    let paths = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    for more in [
        &[][..],
        &["--no-control"],
        &["--seed", "9", "--threads", "1"],
        &["--seeds", "3..5"],
        &["--set", "load.requests-per-second=390", "--set", "title=\"it's 390\""],
    ] {
        let output = ran_in(folder.path(), &[&["run", name, "--set", short], more].concat());
        let text = stdout(&output);
        assert_eq!(code(&output), 1, "{}{text}", stderr(&output));
        assert!(!text.contains('\u{1b}'), "{text}");
        let again = text.lines().find_map(|line| line.strip_prefix("again    "));
        let repeated = Command::new("sh")
            .args(["-c", again.unwrap()])
            .env("PATH", &paths)
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(code(&repeated), 1, "{}", stderr(&repeated));
        assert_eq!(stdout(&repeated), text);
    }
}
