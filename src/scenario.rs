//! Scenario files: a file becomes a plan, or a list of problems.
//!
//! The format is TOML, strict: unknown keys, two ways to write a thing and silent defaults are
//! refused, and every problem is reported at once with its place and what to write instead.
//! [`KEYS`] lists all keys. This module knows files and the shapes of a plan; it runs nothing.

mod arguments;
mod autoscale;
mod budget;
mod call;
mod content;
mod cost;
mod database;
mod edit;
mod fabric;
mod inject;
mod invariants;
mod keys;
mod lanes;
mod law;
mod load;
mod manifest;
mod metadata;
mod near;
mod place;
mod pods;
mod problem;
mod reader;
mod replication;
mod routing;
mod run;
mod runbook;
mod schema;
mod section;
mod source;
mod study;
mod tolerance;
mod topology;
mod tree;
mod viewers;

pub use edit::{Edit, EditSource};
pub use keys::{KEYS, Key, STUDY_KEYS};
pub use place::{Place, place_of};
pub use problem::{Problem, render};
pub use runbook::{Drill, Runbook, runbook};
pub use schema::schema;
pub use source::{OpenError, Source};
pub use study::{Arm, Axis, AxisValue, Find, Named, Seeds, Study, StudyError, open_study};
pub use tolerance::{ToleranceRule, Worse, tolerances};

use crate::engine::Digest;
use crate::invariant::{Names, Statement, Term};
use crate::model::Plan;
use crate::units::{Instant, Span};
use edit::Part;
use inject::ReadContext;
use reader::Reader;
use run::{LONGEST, Run};
use section::Section;
use std::fmt;
use tree::Node;

/// A scenario that can be run.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What reports call it.
    pub title: String,
    /// What the run answers.
    pub question: String,
    /// The file, as it was named.
    pub source_name: String,
    /// The digest of the text and the edits.
    pub hash: Digest,
    /// The run.
    pub plan: Plan,
    /// What must hold, in the file's order; never empty.
    pub invariants: Vec<Invariant>,
    /// What is only watched, in the file's order.
    pub watch: Vec<Watch>,
    /// What is taken away, and what breaks then; `None` when the file has no control.
    pub control: Option<ControlPlan>,
    /// The share of runs in which an invariant must hold, above 0 and at most 1.
    pub holds_in: f64,
}

/// Something that must hold.
#[derive(Clone, PartialEq, Debug)]
pub struct Invariant {
    /// Its name in the file.
    pub name: String,
    /// The sentence, as it is written.
    pub text: String,
    /// What it says.
    pub statement: Statement,
}

/// Something that is only watched.
#[derive(Clone, PartialEq, Debug)]
pub struct Watch {
    /// Its name in the file.
    pub name: String,
    /// The term, as it is written.
    pub text: String,
    /// What it says.
    pub term: Term,
}

/// The same run with the protection taken away: load the source again with the file's edits and
/// these after them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ControlPlan {
    /// What is taken away; never empty.
    pub edits: Vec<Edit>,
    /// Names of the invariants that must break; never empty.
    pub breaks: Vec<String>,
}

/// Everything that is wrong with a file and its edits, in the order of the file; never empty.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| writeln!(f, "{problem}"))
    }
}

impl std::error::Error for Problems {}

/// More problems than this are counted and not shown.
const MOST_PROBLEMS: usize = 100;

/// Reads a scenario with edits. A file with a control is read a second time as the control makes
/// it, so that a control that cannot be run is a problem of the file; not when the edits are the
/// control's own ([`ControlPlan::edits`]).
///
/// # Errors
/// Every problem of the text and of the edits, in the order of the file, at most a hundred and one
/// that counts the rest.
pub fn load(source: &Source, edits: &[Edit]) -> Result<Scenario, Problems> {
    // With the control's own edits in place there is nothing more to take away.
    let is_control = edits.iter().any(|edit| edit.span().is_some());
    read(source, edits, !is_control)
}

/// Reads a scenario whose control will not be run: an edit may make it moot.
///
/// # Errors
/// As [`load`].
pub fn load_without_control(source: &Source, edits: &[Edit]) -> Result<Scenario, Problems> {
    read(source, edits, false)
}

fn read(source: &Source, edits: &[Edit], with_control: bool) -> Result<Scenario, Problems> {
    let (tree, mut problems) = tree::parse(source);
    let Some(mut tree) = tree else {
        return Err(sorted(problems));
    };
    let original = tree.clone();
    edit::apply(&mut tree, edits, source, &mut problems);
    let mut reader = Reader::new(source, edits);
    let read = reader.scenario(&tree);
    problems.append(&mut reader.problems);
    let Some(mut scenario) = read.filter(|_| problems.is_empty()) else {
        return Err(sorted(problems));
    };
    if let Some(control) = scenario.control.as_ref().filter(|_| with_control) {
        let surveys = std::mem::take(&mut reader.surveys);
        let mut all = edits.to_vec();
        all.extend(control.edits.iter().cloned());
        let mut without = Reader::new(source, &all);
        without.surveys = surveys;
        problems = check_control(&mut without, original, &all, edits.len(), &scenario.plan);
        if !problems.is_empty() {
            return Err(sorted(problems));
        }
    }
    scenario.hash = hash(source, edits);
    Ok(scenario)
}

/// Reads the file as the control makes it, and says what is wrong with that.
fn check_control(
    reader: &mut Reader<'_>,
    mut tree: Node,
    all: &[Edit],
    own: usize,
    plan: &Plan,
) -> Vec<Problem> {
    let mut problems = Vec::new();
    edit::apply(&mut tree, all, reader.source(), &mut problems);
    if !problems.is_empty() {
        return problems;
    }
    let changed = reader.scenario(&tree);
    problems.append(&mut reader.problems);
    let Some(first) = all.get(own) else {
        return problems;
    };
    // The file by itself is sound, so whatever is wrong now is the control's doing.
    let spans: Vec<_> = all[own..].iter().filter_map(Edit::span).collect();
    for problem in &mut problems {
        let inside = |span: &std::ops::Range<usize>| {
            problem.at.as_ref().is_some_and(|at| span.start <= at.start && at.end <= span.end)
        };
        if problem.text.is_none() && !spans.iter().any(inside) {
            problem.at = first.span();
        }
        problem.message = format!("with what the control changes: {}", problem.message);
    }
    if let Some(changed) = changed.filter(|_| problems.is_empty())
        && format!("{:?}", changed.plan) == format!("{plan:?}")
    {
        let help = "name something that protects, and what stands there without it";
        let message = "this control changes nothing: the run is the same with it";
        problems.push(first.problem(reader.source(), Part::Path, message, help));
    }
    problems
}

fn hash(source: &Source, edits: &[Edit]) -> Digest {
    let mut digest = Digest::default();
    digest.bytes(source.text().as_bytes());
    for edit in edits {
        digest.bytes(edit.path.as_bytes());
        digest.bytes(edit.value.as_bytes());
    }
    digest
}

/// In the order of the file, each once; first what belongs to no place.
fn sorted(mut problems: Vec<Problem>) -> Problems {
    // Options stay in their order.
    let place = |problem: &Problem| match (&problem.text, &problem.at) {
        (None, Some(at)) => (false, at.start, at.end),
        (text, _) => (text.is_some(), 0, 0),
    };
    problems.sort_by_key(place);
    problems.dedup();
    if problems.len() > MOST_PROBLEMS {
        let more = problems.len() - MOST_PROBLEMS;
        problems.truncate(MOST_PROBLEMS);
        let file = problems.first().map_or(String::new(), |first| first.file.clone());
        let message = format!("there are {more} more problems");
        problems.push(Problem::about(&file, &message, "mend these first"));
    }
    Problems(problems)
}

impl Reader<'_> {
    /// The whole file. `None` only when there are problems; there may be problems beside a scenario
    /// too, and then it means nothing.
    fn scenario(&mut self, tree: &Node) -> Option<Scenario> {
        let mut root = self.section(tree, "")?;
        let title = root.need(self, "title", Self::line);
        let question = root.need(self, "question", Self::words);
        let before = self.problems.len();
        let run = self.top(&mut root, "run").map(|section| self.run(section));
        let section = self.top(&mut root, "fabric");
        let (fabric, preset) = self.fabric(section);
        // What is said of regions and of times is only judged when these are sound.
        let sound = self.problems.len() == before && run.is_some();
        let run =
            run.unwrap_or(Run { seed: 0, length: LONGEST, warmup: Span::ZERO, holds_in: 1.0 });
        let section = self.top(&mut root, "load");
        let load = self.load(section, preset, &fabric.regions);
        self.segments_fit(root.node("load"), &fabric, &load);
        let plan = Plan {
            seed: run.seed,
            length: run.length,
            warmup: run.warmup,
            cuts: vec![Instant::ZERO + run.warmup],
            fabric,
            load,
            injections: Vec::new(),
            changes: Vec::new(),
        };
        let scenario = self.happenings(&mut root, plan, sound);
        root.finish(self);
        Some(Scenario { title: title?, question: question?, holds_in: run.holds_in, ..scenario })
    }

    /// What happens to a plan, and what is said of it. `sound` when regions and times are known.
    fn happenings(&mut self, root: &mut Section<'_>, mut plan: Plan, sound: bool) -> Scenario {
        let fabric = &plan.fabric;
        let (regions, manifest) = (&fabric.regions, &fabric.manifest);
        let (origin, end) = (fabric.origin_region(), Instant::ZERO + plan.length);
        let segments = plan.load.has_segments();
        let context = ReadContext { regions, manifest, origin, segments, end };
        let (inject, change) = (root.node("inject"), root.node("change"));
        let injected = self.injections(inject, change, context);
        self.fold_surges(&injected, &mut plan.load.profiles);
        let labels = invariants::labels(&injected);
        let names = Names {
            regions: &plan.fabric.regions,
            labels: &labels,
            warmup: Instant::ZERO + plan.warmup,
            length: plan.length,
        };
        let names = sound.then_some(&names);
        let section = self.top(root, "invariants");
        let (invariants, promised) = self.invariants(section, names, &injected.broken);
        let section = root.node("watch").and_then(|node| self.section(node, "watch"));
        let watch = self.watch(section, names, &injected.broken);
        let control = self.control(root.node("control"), &promised);
        plan.cuts.extend(invariants.iter().flat_map(|invariant| invariant.statement.cuts()));
        plan.cuts.extend(watch.iter().flat_map(|watch| watch.term.cuts()));
        plan.cuts.sort_unstable();
        plan.cuts.dedup();
        plan.injections = injected.injections;
        plan.changes = injected.changes;
        Scenario {
            title: String::new(),
            question: String::new(),
            source_name: self.source().name().into(),
            hash: Digest::default(),
            plan,
            invariants,
            watch,
            control,
            holds_in: 1.0,
        }
    }

    /// A section of the file that must be there.
    fn top<'t>(&mut self, root: &mut Section<'t>, key: &str) -> Option<Section<'t>> {
        let node = root.require(self, key)?;
        self.section(node, key)
    }
}

impl Edit {
    /// The bytes of the file that a control's edit covers.
    fn span(&self) -> Option<std::ops::Range<usize>> {
        match &self.from {
            EditSource::Control { path, value } => Some(path.start..value.end),
            EditSource::CommandLine => None,
        }
    }
}

#[cfg(test)]
mod reference_tests;
#[cfg(test)]
mod tests;
