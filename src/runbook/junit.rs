//! The month for continuous integration.

use super::changes::shown;
use super::record::{DrillRecord, Record};
use crate::report::junit::{add, failed, written};
use quick_junit::{NonSuccessKind, Property, Report, SerializeError, TestCaseStatus, TestSuite};

pub(super) fn render(record: &Record) -> Result<String, SerializeError> {
    let mut report = Report::new("squall runbook");
    for drill in &record.drills {
        report.add_test_suite(suite(drill));
    }
    report.add_test_suite(purse(record));
    written(&report)
}

fn suite(drill: &DrillRecord) -> TestSuite {
    let mut suite = TestSuite::new(drill.scenario.as_str());
    for (name, value) in [("title", &drill.title), ("hash", &drill.hash), ("again", &drill.again)] {
        suite.add_property(Property::new(name, value.as_str()));
    }
    if drill.verdict == "left out" {
        let mut status = TestCaseStatus::skipped();
        status.set_message("a drill before it stopped the month");
        add(&mut suite, &drill.scenario, "drill", status);
    }
    for one in &drill.invariants {
        let status = match one.verdict.as_str() {
            "holds" => TestCaseStatus::success(),
            verdict => {
                let seen = one.high.map_or_else(|| "nothing".into(), |high| shown(high, &one.unit));
                let since = one.first_broken_s.map(crate::report::value::clock);
                let since = since.map_or_else(String::new, |since| format!(", first at {since}"));
                let message = format!("seen {seen}{since}, held in {} of {}", one.held, one.runs);
                let text = std::slice::from_ref(&one.text);
                let text = [text, drill.happened.as_slice()].concat().join("\n");
                is_not(verdict, &message, &text)
            }
        };
        add(&mut suite, &drill.scenario, &one.name, status);
    }
    if let Some(control) = &drill.control {
        let status = match control.as_str() {
            "holds" => TestCaseStatus::success(),
            verdict => is_not(verdict, "the control did not break what it names", "control"),
        };
        add(&mut suite, &drill.scenario, "control", status);
    }
    suite
}

fn purse(record: &Record) -> TestSuite {
    let mut suite = TestSuite::new("purse");
    let purse = &record.purse;
    let cases = [
        ("error budget", purse.error_budget_spent, purse.error_budget, "%"),
        ("money", purse.usd_spent, purse.usd, "$"),
    ];
    for (name, spent, may, unit) in cases {
        let status = if spent <= may {
            TestCaseStatus::success()
        } else {
            let message = format!("{} of {}", shown(spent, unit), shown(may, unit));
            is_not("broken", &message, "the drills spend more than the purse holds")
        };
        add(&mut suite, &record.runbook, name, status);
    }
    suite
}

fn is_not(verdict: &str, message: &str, text: &str) -> TestCaseStatus {
    let kind = match verdict {
        "unmeasured" => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    failed(kind, verdict, message, text)
}
