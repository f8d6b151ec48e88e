//! A judged run as JUnit XML, for continuous integration: a suite for each scenario and seed, a case
//! for each invariant, one for the control. No times, no time stamps, no identifiers.

use super::{Across, Shape, across, control_verdict, value};
use crate::invariant::Verdict;
use crate::rehearse::{Control, Judged, JudgedRun, Rehearsal};
use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite,
};

/// The reports as one JUnit document, ending in a line break.
///
/// A broken invariant is a failure, an unmeasured one an error. What breaks with some seed and still
/// holds in as many runs as the file asks for is a success, and says so in its output.
///
/// # Errors
/// When a text cannot be written as XML.
pub fn render(rehearsals: &[Rehearsal], shape: Shape) -> Result<String, SerializeError> {
    let mut report = Report::new("squall");
    for rehearsal in rehearsals {
        let seeds = shape.seeds || rehearsal.runs.len() > 1;
        // Once for all suites: there may be many seeds.
        let count = rehearsal.runs.first().map_or(0, |run| run.invariants.len());
        let together = Together {
            invariants: (0..count).map(|index| across(rehearsal, index)).collect(),
            control: control_verdict(rehearsal),
        };
        for run in &rehearsal.runs {
            report.add_test_suite(suite(rehearsal, run, seeds, &together));
        }
    }
    written(&report)
}

/// A document as it is stored, ending in a line break. The root has no `skipped`, which Jenkins' schema
/// (junit-10.xsd of its xUnit plugin) does not know there.
///
/// # Errors
/// When a text cannot be written as XML.
pub fn written(report: &Report) -> Result<String, SerializeError> {
    const SKIPPED: &str = " skipped=\"";
    let mut text = report.to_string()?;
    let root = text.find("<testsuites").unwrap_or(0);
    let end = text[root..].find('>').map_or(text.len(), |end| root + end);
    if let Some(at) = text[root..end].find(SKIPPED).map(|at| root + at)
        && let Some(close) = text[at + SKIPPED.len()..end].find('"')
    {
        text.replace_range(at..=at + SKIPPED.len() + close, "");
    }
    if !text.ends_with('\n') {
        text.push('\n');
    }
    Ok(text)
}

/// What all runs of a scenario say.
struct Together {
    invariants: Vec<Across>,
    control: Option<Across>,
}

fn suite(rehearsal: &Rehearsal, run: &JudgedRun, seeds: bool, together: &Together) -> TestSuite {
    let path = &rehearsal.scenario.path;
    let name = if seeds { format!("{path} seed {}", run.seed) } else { path.clone() };
    let mut suite = TestSuite::new(name);
    suite.add_property(Property::new("title", rehearsal.scenario.title.as_str()));
    suite.add_property(Property::new("hash", rehearsal.scenario.hash.to_string()));
    suite.add_property(Property::new("seed", run.seed.to_string()));
    suite.add_property(Property::new("digest", run.digest.to_string()));
    suite.add_property(Property::new("again", super::replay_command::run(rehearsal, run.seed)));
    for (judged, all) in run.invariants.iter().zip(&together.invariants) {
        let mut case = TestCase::new(
            judged.name.as_str(),
            status(judged.judgement.verdict, all.verdict, &told(judged), &judged.text),
        );
        if judged.judgement.verdict != Verdict::Holds && all.verdict == Verdict::Holds {
            case.set_system_out(excuse(&told(judged), all.holds, all.runs));
        }
        case.set_classname(path.as_str());
        suite.add_test_case(case);
    }
    if let (Some(control), Some(all)) = (&run.control, &together.control) {
        let told = control_told(control);
        let mut case =
            TestCase::new("control", status(control.verdict, all.verdict, &told, "control"));
        if control.verdict != Verdict::Holds && all.verdict == Verdict::Holds {
            case.set_system_out(excuse(&told, all.holds, all.runs));
        }
        case.set_classname(path.as_str());
        suite.add_test_case(case);
    }
    suite
}

/// Puts a case of a class into a suite.
pub fn add(suite: &mut TestSuite, class: &str, name: &str, status: TestCaseStatus) {
    let mut case = TestCase::new(name, status);
    case.set_classname(class);
    suite.add_test_case(case);
}

/// The status of a case that is no success: of what type, in a line, and in full.
#[must_use]
pub fn failed(kind: NonSuccessKind, of: &str, message: &str, text: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_message(message).set_type(of).set_description(text);
    status
}

fn excuse(told: &str, holds: u64, runs: u64) -> String {
    format!("{told}; it holds in {holds} of {runs} runs, which is enough")
}

/// The status of one run's verdict, when all runs together have the verdict `all`.
fn status(verdict: Verdict, all: Verdict, message: &str, text: &str) -> TestCaseStatus {
    let kind = match (verdict, all) {
        (Verdict::Holds, _) | (_, Verdict::Holds) => return TestCaseStatus::success(),
        (Verdict::Broken, _) => NonSuccessKind::Failure,
        (Verdict::Unmeasured, _) => NonSuccessKind::Error,
    };
    failed(kind, super::verdict_name(verdict), message, text)
}

/// `seen 1.24 s, bound < 900 ms, first at 5m12s`.
fn told(judged: &Judged) -> String {
    let judgement = &judged.judgement;
    let seen = judgement.seen.value.map_or_else(
        || "nothing seen".into(),
        |seen| format!("seen {}", value::beside(seen, judgement.bound, judgement.seen.unit)),
    );
    let since = judgement.first_broken_s.map(value::clock);
    let since = since.map_or_else(String::new, |since| format!(", first at {since}"));
    format!("{seen}, bound {}{since}", super::phrases::wanted(judged).replace("  ", " "))
}

fn control_told(control: &Control) -> String {
    let held: Vec<_> = control
        .expected
        .iter()
        .filter(|name| !control.broke.contains(name))
        .map(|name| format!("\"{name}\""))
        .collect();
    match held.as_slice() {
        [] => "everything broke that must".into(),
        names => format!("did not break: {}", names.join(", ")),
    }
}
