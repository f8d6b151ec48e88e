//! A study's variants are looked at before the first run, and problems are told where they stand.

use super::{Arm, Named, Placed, Study};
use crate::problem::{COMMAND_LINE, Problem};
use crate::scenario::{Edit, Scenario, Source, load_without_control};

/// So many variants are each looked at as a whole; of larger studies each value by itself, beside the
/// base's others.
const MOST_WHOLE: u64 = 500;

/// Loads the scenario with edits of a study.
pub(super) fn load(
    study: &Source,
    scenario: &Source,
    placed: &[Placed],
) -> Result<Scenario, Vec<Problem>> {
    let edits: Vec<Edit> = placed.iter().map(|placed| placed.edit.clone()).collect();
    load_without_control(scenario, &edits).map_err(|problems| {
        let moved = problems.0.into_iter().map(|problem| moved(problem, study, scenario, placed));
        moved.collect()
    })
}

/// A problem of an edit stands where the study has that edit; any other one in the scenario.
fn moved(mut problem: Problem, study: &Source, scenario: &Source, placed: &[Placed]) -> Problem {
    if problem.file != COMMAND_LINE {
        if problem.file == scenario.name() && problem.at.is_some() {
            problem.text = Some(scenario.text().to_owned());
        }
        return problem;
    }
    let shown = problem.text.take().unwrap_or_default();
    let option = |placed: &Placed| format!("--set {}={}", placed.edit.path, placed.edit.value);
    if let Some(found) = placed.iter().find(|placed| option(placed) == shown) {
        // An option's path begins behind `--set `.
        let of_path = problem.at.as_ref().is_some_and(|at| at.start == "--set ".len());
        problem.at = Some(if of_path { found.path.clone() } else { found.value.clone() });
        let part = format!("`{}`", crate::scenario::tree::short(&found.edit.value));
        // Of a range only one value may be wrong, and nobody sees which.
        let text = study.text().get(found.value.clone()).unwrap_or_default();
        if !of_path && text != found.edit.value {
            problem.message = format!("{part}: {}", problem.message);
        }
    }
    problem.file = study.name().to_owned();
    problem
}

impl Study {
    /// Everything that is wrong with the variants.
    pub(super) fn problems(&self, source: &Source) -> Vec<Problem> {
        let mut found = Vec::new();
        let mut look = |choice: &[usize], arm: Arm| {
            let placed = self.placed(choice, arm);
            let loaded = placed.and_then(|placed| load(source, &self.scenario, &placed));
            let names = |named: &[Named]| -> Vec<String> {
                named.iter().map(|named| named.name.clone()).collect()
            };
            match loaded {
                Err(problems) => found.extend(problems),
                Ok(scenario) if names(&invariants(&scenario)) != names(&self.invariants) => {
                    let message = "this variant promises something else than the others";
                    let help = "a study changes what is judged, never the judgement";
                    found.push(Problem::about(source.name(), message, help));
                }
                Ok(_) => {}
            }
        };
        if !self.without.is_empty() {
            look(&self.base, Arm::WithoutTrigger);
        }
        if self.variants() <= MOST_WHOLE {
            (0..self.variants()).for_each(|variant| look(&self.choice(variant), Arm::Whole));
        } else {
            for (axis, values) in self.axes.iter().enumerate() {
                for at in 0..values.values.len().min(1_000) {
                    let mut choice = self.base.clone();
                    choice[axis] = at;
                    look(&choice, Arm::Whole);
                }
            }
        }
        // The same value is wrong in many variants, and told of once.
        let mut once: Vec<Problem> = Vec::new();
        for problem in found {
            if once.len() < 100 && !once.contains(&problem) {
                once.push(problem);
            }
        }
        once
    }
}

/// What a scenario promises.
pub(super) fn invariants(scenario: &Scenario) -> Vec<Named> {
    let named = |one: &crate::scenario::Invariant| Named {
        name: one.name.clone(),
        text: one.text.clone(),
        unit: one.statement.term().unit(),
    };
    scenario.invariants.iter().map(named).collect()
}

/// What it watches.
pub(super) fn watches(scenario: &Scenario) -> Vec<Named> {
    let named = |one: &crate::scenario::Watch| Named {
        name: one.name.clone(),
        text: one.text.clone(),
        unit: one.term.unit(),
    };
    scenario.watch.iter().map(named).collect()
}
