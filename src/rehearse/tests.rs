use super::{Rehearsal, RunRequest, rehearse};
use crate::judge::{Alert, ClientHop, Episode};
use crate::scenario::{Edit, Source};
use crate::units::{Instant, Span};
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

fn rehearsed(path: &str, edits: &[&str]) -> Rehearsal {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(path);
    let asked = RunRequest {
        edits: edits.iter().map(|edit| Edit::from_option(edit).unwrap()).collect(),
        seeds: Vec::new(),
        threads: NonZeroUsize::MIN,
        control: false,
        stop: Arc::new(AtomicBool::new(false)),
    };
    rehearse(&Source::open(&path).unwrap(), &asked, &|_| {}).unwrap()
}

/// What went on in a scenario that ships, with an edit.
fn timeline(path: &str, edit: &str) -> Vec<Episode> {
    rehearsed(path, &[edit]).runs.remove(0).run.timeline
}

fn at(secs: u64) -> Instant {
    Instant::ZERO + Span::from_secs(secs)
}

fn one<'a>(timeline: &'a [Episode], what: &str) -> &'a Episode {
    timeline
        .iter()
        .find(|episode| episode.what == what)
        .unwrap_or_else(|| panic!("{what}: {timeline:#?}"))
}

#[test]
fn a_queue_that_is_too_long_is_told_from_its_cause_to_what_sustains_it() {
    let timeline = timeline("resilience/metastable-queue.toml", "fabric.manifest.queue=250");
    assert!(
        timeline.windows(2).all(|pair| pair[0].from <= pair[1].from || pair[1].what == "sustained")
    );
    let fault = one(&timeline, "fault");
    assert_eq!((fault.from, fault.until), (at(20), Some(at(30))));
    // 160 come and 50 go a second: 250 wait after 2.3 s, and the first of them left after one.
    let full = one(&timeline, "manifest-rejected");
    assert!(full.from >= at(21) && full.from <= at(23), "{full:?}");
    let vain = one(&timeline, "viewer-timeouts");
    assert!(vain.from >= at(20) && vain.from <= at(22) && vain.until.is_none(), "{vain:?}");
    let more = one(&timeline, "amplification");
    let (most, unit) = more.most.unwrap();
    assert!(
        more.until.is_none() && most > 3.0 && most < 8.0 && unit == "for each new request",
        "{more:?}"
    );
    assert!(one(&timeline, "failures").until.is_none());
    let last = timeline.last().unwrap();
    assert_eq!((last.what, last.from, last.until), ("sustained", at(30), None));
    assert!(last.text.contains("attempts that multiply"));
}

#[test]
fn what_recovers_is_not_called_sustained() {
    let timeline = timeline("resilience/metastable-queue.toml", "fabric.manifest.queue=150");
    let over = one(&timeline, "failures").until.unwrap();
    assert!(over > at(30) && over <= at(33), "{over:?}");
    assert!(timeline.iter().all(|episode| episode.what != "sustained"), "{timeline:#?}");
}

#[test]
fn a_locked_budget_is_called_by_its_name() {
    let timeline = timeline("smoke/retry-lock.toml", "fabric.viewers.budget.kind=decorator");
    let last = timeline.last().unwrap();
    assert_eq!((last.what, last.from, last.until), ("budget-locked", at(30), None));
    assert!(last.text.contains("decorator-repaired"), "{}", last.text);
}

#[test]
fn a_quiet_run_tells_of_its_plan_alone() {
    let timeline = timeline("resilience/retry-storm.toml", "inject.errors.fault.share=0%");
    let all: Vec<&str> = timeline.iter().map(|episode| episode.what).collect();
    assert_eq!(all, ["fault"]);
}

#[test]
fn failures_are_not_told_of_before_what_causes_them() {
    // The first of them were asked for in the second before the fault.
    let timeline =
        timeline("resilience/retry-storm-budgeted-limit.toml", "fabric.viewers.budget=none");
    let (fault, failures) = (one(&timeline, "fault"), one(&timeline, "failures"));
    assert!(failures.from >= fault.from, "{failures:?}");
}

/// No read works for 110 s, and neither does every other fallback of the viewers.
#[test]
fn a_breaker_of_viewers_is_told_of_and_pages_with_its_fallback() {
    let rehearsal = rehearsed(
        "resilience/breaker-fallback-fails.toml",
        &[
            "inject.errors.lasts=110s",
            "fabric.routing.networks=1",
            "fabric.database.call.fallback=none",
            "fabric.database.call.breaker=none",
            "fabric.viewers.breaker={ window = 20, open = \"10s\", trials = 3 }",
            "fabric.viewers.fallback={ failing = \"50%\" }",
        ],
    );
    let run = &rehearsal.runs[0];
    let pages = |alert: &&Alert| alert.firing.is_some();
    let paged: Vec<_> = run.alerts.iter().filter(pages).collect();
    let seen: Vec<_> = paged.iter().map(|alert| (alert.name, alert.hop)).collect();
    assert_eq!(seen, [("CircuitBreakerOpenFallbackFailing", ClientHop::Viewers)]);
    let told: Vec<&str> = run.timeline.iter().map(|episode| episode.what).collect();
    assert!(told.contains(&"viewer-breaker"), "{told:?}");
    assert!(!told.contains(&"database-breaker"), "{told:?}");
}
