//! The gate's result for continuous integration: a suite for each scenario, a case for each invariant, for
//! its control, and for each quantity that gates.

use super::compare::Verdict;
use super::run::{Compared, Gated};
use super::words;
use crate::invariant;
use crate::report::junit::{add, failed, written};
use crate::report::{self, value};
use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCaseStatus, TestSuite};

/// What is worse than allowed, or broken, is a failure; what nobody can tell, or was not measured, an
/// error.
pub(super) fn render(gated: &[Gated]) -> Result<String, SerializeError> {
    let mut report = Report::new("squall gate");
    for one in gated {
        report.add_test_suite(suite(one));
    }
    written(&report)
}

fn suite(gated: &Gated) -> TestSuite {
    let rehearsal = &gated.rehearsal;
    let path = rehearsal.scenario.path.as_str();
    let mut suite = TestSuite::new(path);
    suite.add_property(Property::new("title", rehearsal.scenario.title.as_str()));
    suite.add_property(Property::new("hash", rehearsal.scenario.hash.to_string()));
    suite.add_property(Property::new("again", words::again(gated)));
    for (judged, all) in words::judged(gated) {
        let status = match all.verdict {
            invariant::Verdict::Holds => TestCaseStatus::success(),
            invariant::Verdict::Broken => {
                failed(NonSuccessKind::Failure, "broken", &since(gated, &judged.name), &judged.text)
            }
            invariant::Verdict::Unmeasured => {
                let message = "nothing was measured";
                failed(NonSuccessKind::Error, "unmeasured", message, &judged.text)
            }
        };
        add(&mut suite, path, &judged.name, status);
    }
    if let Some(all) = report::control_verdict(rehearsal) {
        let message = "without its protection the scenario did not break what it names";
        let status = match all.verdict {
            invariant::Verdict::Holds => TestCaseStatus::success(),
            _ => failed(NonSuccessKind::Failure, "control", message, message),
        };
        add(&mut suite, path, "control", status);
    }
    for compared in &gated.quantities {
        if let Some(verdict) = compared.verdict {
            let name = format!("{} (against the baseline)", compared.quantity.name);
            add(&mut suite, path, &name, status(compared, verdict, path));
        }
    }
    suite
}

fn status(compared: &Compared, verdict: Verdict, path: &str) -> TestCaseStatus {
    let kind = match verdict {
        Verdict::Same | Verdict::Better => return TestCaseStatus::success(),
        Verdict::Regressed => NonSuccessKind::Failure,
        Verdict::CannotTell => NonSuccessKind::Error,
    };
    let line = compared.place.map_or(String::new(), |place| format!(":{}", place.line));
    let text = format!("{path}{line}\n{}; {}", words::allowed(compared), words::why(compared));
    failed(kind, verdict.name(), &words::change(compared), &text)
}

/// What the first broken run saw, with which seed, and since when.
fn since(gated: &Gated, name: &str) -> String {
    let broken = gated.rehearsal.runs.iter().find_map(|run| {
        let judged = run.invariants.iter().find(|judged| judged.name == name)?;
        (judged.judgement.verdict == invariant::Verdict::Broken)
            .then_some((run.simulated.seed, judged))
    });
    let Some((seed, judged)) = broken else {
        return String::new();
    };
    let judgement = judged.judgement;
    let seen = judgement.seen.value.map_or_else(
        || "nothing seen".into(),
        |seen| format!("seen {}", value::beside(seen, judgement.bound, judgement.seen.unit)),
    );
    let since = judgement.first_broken_s.map(value::clock);
    let since = since.map_or_else(String::new, |since| format!(", first at {since}"));
    format!("{seen}{since}, with seed {seed}")
}
