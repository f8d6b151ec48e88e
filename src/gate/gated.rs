//! A scenario beside its baseline, as every form of the report has it.

use super::compare::{Look, Rule, Verdict};
use super::quantity::Quantity;
use crate::invariant;
use crate::rehearse::Rehearsal;
use crate::report;
use crate::scenario::Place;

/// A scenario beside its baseline.
#[derive(Clone, Debug)]
pub struct Gated {
    /// Its runs: those of the first look, then the fresh ones if they were needed.
    pub rehearsal: Rehearsal,
    /// The version that made the baseline.
    pub before: String,
    /// How many runs are those of the baseline, to the bit.
    pub equal: usize,
    /// How many of the runs were of the first look.
    pub first: usize,
    /// What became of each quantity, in the order of the scenario.
    pub quantities: Vec<Compared>,
}

/// One quantity beside its baseline.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Which.
    pub quantity: Quantity,
    /// What it may do.
    pub rule: Rule,
    /// All pairs together; `None` when no run measured it both times.
    pub look: Option<Look>,
    /// What the fresh seeds say by themselves, where they were asked.
    pub fresh: Option<Look>,
    /// The verdict; `None` of a quantity that does not gate.
    pub verdict: Option<Verdict>,
    /// Where its sentence stands in the file.
    pub place: Option<Place>,
}

impl Gated {
    /// Whether nothing is to be said of it: every invariant and its control hold, and nothing differs by
    /// more than is allowed.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.summary() == Verdict::Same.name()
    }

    /// The worst verdict over its quantities; `Same` where none gates.
    fn worst(&self) -> Verdict {
        let verdicts = self.quantities.iter().filter_map(|compared| compared.verdict);
        let worse = verdicts.clone().filter(|verdict| *verdict >= Verdict::CannotTell).max();
        // Better counts only where nothing is worse.
        worse.unwrap_or_else(|| verdicts.min().unwrap_or(Verdict::Same))
    }

    /// What the scenario is called in one word: its own verdict before the comparison's.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        match report::verdict(&self.rehearsal) {
            invariant::Verdict::Broken => return "broken",
            invariant::Verdict::Unmeasured => return "unmeasured",
            invariant::Verdict::Holds => {}
        }
        let control = report::control_verdict(&self.rehearsal);
        if control.is_some_and(|all| all.verdict != invariant::Verdict::Holds) {
            return "control held";
        }
        self.worst().name()
    }
}
