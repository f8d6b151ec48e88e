//! Every scenario that ships: it loads, it says why its bounds are what they are, and the short ones
//! hold while their controls break.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

#[path = "common/files.rs"]
mod files;

use serde_json::Value;
use squall::invariant::Verdict;
use squall::rehearse::{Rehearsal, RunRequest, rehearse};
use squall::report::{Shape, json, overall};
use squall::scenario::{Scenario, Source, load};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn scenario(path: &Path) -> (Source, Scenario) {
    let source = Source::open(path).unwrap_or_else(|error| panic!("{error}"));
    let loaded = load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}"));
    (source, loaded)
}

/// Every scenario; a trace beside them is none.
fn all() -> Vec<PathBuf> {
    files::below("scenarios", "toml")
}

#[test]
fn every_scenario_loads_asks_and_has_a_control() {
    for path in all() {
        let (_, scenario) = scenario(&path);
        let name = path.display();
        assert!(scenario.question.trim().ends_with('?'), "{name}: its question asks nothing");
        assert!(scenario.control.is_some(), "{name}: nothing shows that its invariants can break");
    }
}

/// The lines of `[invariants]`, and the comment that stands before it.
fn promises(text: &str) -> Vec<&str> {
    let lines: Vec<&str> = text.lines().collect();
    let begin = lines.iter().position(|line| line.trim_end() == "[invariants]").unwrap();
    let comments = lines[..begin].iter().rev().take_while(|line| line.starts_with('#')).count();
    let rest = lines[begin + 1..].iter();
    let inside = rest.take_while(|line| !line.starts_with('[')).count();
    lines[begin - comments..=begin + inside].to_vec()
}

/// A bound without a derivation is a wish: each sentence has a comment above it or beside it, or
/// there are as many lines of comment around `[invariants]` as there are sentences.
#[test]
fn every_bound_is_explained() {
    for path in all() {
        let (source, scenario) = scenario(&path);
        let lines = promises(source.text());
        let comments = lines.iter().filter(|line| line.contains('#')).count();
        let sentences = scenario.invariants.len();
        let name = path.display();
        assert!(comments >= sentences, "{name}: {comments} comments on {sentences} bounds");
        for invariant in &scenario.invariants {
            let written = lines.iter().any(|line| line.contains(&invariant.name));
            assert!(written, "{name}: `{}` stands elsewhere", invariant.name);
        }
    }
}

/// A drill of the month has a short twin of the same name.
#[test]
fn every_monthly_drill_has_a_smoke_twin() {
    let smoke = files::below("scenarios/smoke", "toml");
    for path in files::below("scenarios/monthly", "toml") {
        let twin = Path::new("scenarios/smoke").join(path.file_name().unwrap());
        assert!(smoke.contains(&twin), "{} is missing", twin.display());
    }
}

fn rehearsed(source: &Source) -> Rehearsal {
    let asked = RunRequest {
        edits: Vec::new(),
        seeds: Vec::new(),
        threads: NonZeroUsize::new(2).unwrap(),
        control: true,
        stop: Arc::new(AtomicBool::new(false)),
    };
    rehearse(source, &asked, &|_| {}).unwrap_or_else(|trouble| panic!("{trouble:?}"))
}

#[test]
fn every_short_scenario_holds_and_its_control_breaks() {
    let short = ["scenarios/smoke", "scenarios/resilience"];
    for path in short.into_iter().flat_map(|folder| files::below(folder, "toml")) {
        let (source, scenario) = scenario(&path);
        let rehearsal = rehearsed(&source);
        let name = path.display();
        let run = &rehearsal.runs[0];
        for judged in &run.invariants {
            let verdict = judged.judgement.verdict;
            assert_eq!(verdict, Verdict::Holds, "{name}: {}: {:?}", judged.name, judged.judgement);
        }
        let verdicts = run.invariants.iter().map(|judged| judged.judgement.verdict);
        assert_eq!(overall(verdicts, rehearsal.holds_in), Verdict::Holds, "{name}");
        let control = run.control.as_ref().unwrap();
        assert_eq!(control.verdict, Verdict::Holds, "{name}: {control:?}");
        assert!(
            !control.expected.is_empty() && control.expected == scenario.control.unwrap().breaks
        );
        for region in &run.simulated.conservation {
            let ended = region.answered + region.failed + region.given_up;
            assert_eq!(region.drawn, ended + region.under_way, "{name}: {region:?}");
        }
        let drawn: u64 = run.simulated.conservation.iter().map(|region| region.drawn).sum();
        assert_eq!(drawn, run.requests, "{name}");
        assert!(drawn > 1_000, "{name}: {drawn} requests show nothing");
        let report = json::render(&[rehearsal], Shape::default()).unwrap();
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["schema"], "squall.report/1", "{name}");
        assert_eq!(report["control"]["verdict"], "holds", "{name}");
    }
}
