use super::*;
use crate::rehearse::{Asked, rehearse};
use crate::scenario::{Edit, Source};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What went on in a scenario that ships, with an edit.
fn course(path: &str, edit: &str) -> Vec<Spell> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(path);
    let source = Source::open(&path).unwrap();
    let asked = Asked {
        edits: vec![Edit::from_option(edit).unwrap()],
        seeds: Vec::new(),
        threads: NonZeroUsize::MIN,
        control: false,
        stop: Arc::new(AtomicBool::new(false)),
    };
    rehearse(&source, &asked, &|_| {}).unwrap().runs.remove(0).course
}

fn at(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

fn one<'a>(course: &'a [Spell], what: &str) -> &'a Spell {
    course.iter().find(|spell| spell.what == what).unwrap_or_else(|| panic!("{what}: {course:#?}"))
}

#[test]
fn a_queue_that_is_too_long_is_told_from_its_cause_to_what_sustains_it() {
    let course = course("resilience/metastable-queue.toml", "fabric.manifest.queue=250");
    assert!(
        course.windows(2).all(|pair| pair[0].from <= pair[1].from || pair[1].what == "sustained")
    );
    let fault = one(&course, "fault");
    assert_eq!((fault.from, fault.until), (at(20), Some(at(30))));
    // 160 come and 50 go a second: 250 wait after 2.3 s, and the first of them left after one.
    let full = one(&course, "manifest-rejected");
    assert!(full.from >= at(21) && full.from <= at(23), "{full:?}");
    let vain = one(&course, "viewer-timeouts");
    assert!(vain.from >= at(20) && vain.from <= at(22) && vain.until.is_none(), "{vain:?}");
    let more = one(&course, AMPLIFICATION);
    let (most, unit) = more.most.unwrap();
    assert!(
        more.until.is_none() && most > 3.0 && most < 8.0 && unit == "for each new request",
        "{more:?}"
    );
    assert!(one(&course, FAILURES).until.is_none());
    let last = course.last().unwrap();
    assert_eq!((last.what, last.from, last.until), ("sustained", at(30), None));
    assert!(last.text.contains("attempts that multiply"));
}

#[test]
fn what_recovers_is_not_called_sustained() {
    let course = course("resilience/metastable-queue.toml", "fabric.manifest.queue=150");
    let over = one(&course, FAILURES).until.unwrap();
    assert!(over > at(30) && over <= at(33), "{over:?}");
    assert!(course.iter().all(|spell| spell.what != "sustained"), "{course:#?}");
}

#[test]
fn a_locked_budget_is_called_by_its_name() {
    let course = course("smoke/retry-lock.toml", "fabric.viewers.budget.kind=decorator");
    let last = course.last().unwrap();
    assert_eq!((last.what, last.from, last.until), ("budget-locked", at(30), None));
    assert!(last.text.contains("decorator-repaired"), "{}", last.text);
}

#[test]
fn a_quiet_run_tells_of_its_plan_alone() {
    let course = course("resilience/retry-storm.toml", "inject.errors.fault.share=0%");
    let all: Vec<&str> = course.iter().map(|spell| spell.what).collect();
    assert_eq!(all, ["fault"]);
}

#[test]
fn failures_are_not_told_of_before_what_causes_them() {
    // The first of them were asked for in the second before the fault.
    let course = course("resilience/retry-storm-budgeted-limit.toml", "fabric.viewers.budget=none");
    let (fault, failures) = (one(&course, "fault"), one(&course, FAILURES));
    assert!(failures.from >= fault.from, "{failures:?}");
}
