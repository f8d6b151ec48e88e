//! One seed, one result: run again, on other threads, in another build.
//!
//! `SQUALL_BLESS=1 cargo test --test determinism` rewrites `tests/digests.txt` after the model, its
//! streams or a smoke scenario have changed on purpose.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

#[path = "common/files.rs"]
mod files;
#[path = "common/runs.rs"]
mod runs;

use squall::rehearse::{Rehearsal, RunRequest, rehearse};
use squall::report::{Shape, json};
use squall::scenario::{Source, load};
use std::fmt::Write;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn rehearsed(path: &Path, threads: usize, control: bool) -> Rehearsal {
    let source = Source::open(path).unwrap_or_else(|error| panic!("{error}"));
    let asked = RunRequest {
        edits: Vec::new(),
        seeds: Vec::new(),
        threads: NonZeroUsize::new(threads).unwrap(),
        control,
        stop: Arc::new(AtomicBool::new(false)),
    };
    rehearse(&source, &asked, &|_| {}).unwrap_or_else(|trouble| panic!("{trouble:?}"))
}

#[test]
fn every_smoke_scenario_reports_the_same_bytes_again_and_on_any_number_of_threads() {
    for path in files::below("scenarios/smoke", "toml") {
        let report = |threads| {
            let rehearsal = rehearsed(&path, threads, true);
            json::render(&[rehearsal], Shape::default()).unwrap()
        };
        let first = report(1);
        for threads in [1, 2, 5] {
            assert!(report(threads) == first, "{} on {threads} threads", path.display());
        }
    }
}

/// Threads are asked for where nothing decides that they are not worth it.
#[test]
fn every_smoke_plan_runs_the_same_on_any_number_of_threads() {
    for path in files::below("scenarios/smoke", "toml") {
        let source = Source::open(&path).unwrap_or_else(|error| panic!("{error}"));
        let plan = load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}")).plan;
        let alone = runs::run(&plan, 1, false).digest;
        for threads in [2, 5] {
            let together = runs::run(&plan, threads, false).digest;
            assert_eq!(together, alone, "{} on {threads} threads", path.display());
        }
    }
}

/// `tests/digests` prints the same lines for a program; here the library must agree with them.
#[test]
fn digests_are_those_of_every_other_build() {
    let mut lines = String::new();
    for path in files::below("scenarios/smoke", "toml") {
        let run = rehearsed(&path, 2, false).runs.remove(0);
        writeln!(lines, "{} {} {}", path.display(), run.simulated.seed, run.simulated.digest)
            .unwrap();
    }
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/digests.txt");
    if std::env::var_os("SQUALL_BLESS").is_some() {
        std::fs::write(&list, &lines).unwrap();
    }
    let listed = std::fs::read_to_string(&list).unwrap_or_default();
    assert_eq!(lines, listed, "tests/digests.txt is of another model");
}

/// What a seed changes is seen in the digest: two that are equal mean something.
#[test]
fn another_seed_gives_another_digest() {
    let path = &files::below("scenarios/smoke", "toml")[0];
    let source = Source::open(path).unwrap_or_else(|error| panic!("{error}"));
    let asked = RunRequest {
        edits: Vec::new(),
        seeds: (1..=5).collect(),
        threads: NonZeroUsize::MIN,
        control: false,
        stop: Arc::new(AtomicBool::new(false)),
    };
    let runs =
        rehearse(&source, &asked, &|_| {}).unwrap_or_else(|trouble| panic!("{trouble:?}")).runs;
    let mut digests: Vec<_> = runs.iter().map(|run| run.simulated.digest).collect();
    digests.sort();
    digests.dedup();
    assert_eq!(digests.len(), 5, "{}", path.display());
}
