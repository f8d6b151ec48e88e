//! What is compared of a run: what its invariants and watches saw, its bill, and how many requests were
//! answered.

use super::compare::Rule;
use crate::invariant::Compare;
use crate::rehearse::RehearsedRun;
use crate::scenario::{Scenario, ToleranceRule, Worse};
use crate::units::{Unit, count_to_f64};

/// Where a quantity comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An invariant of the scenario: its bound says which way is worse.
    Invariant,
    /// A watch: nobody has said which way is worse, so that it gates only if a tolerance says.
    Watch,
    /// A figure of every run.
    Figure,
}

/// Something with a value in each run.
#[derive(Clone, PartialEq, Debug)]
pub struct Quantity {
    /// Its name: that of the sentence.
    pub name: String,
    /// Where it comes from.
    pub kind: Kind,
    /// Its unit; values are in the unit's short name.
    pub unit: Unit,
    /// Which way is worse, unless a tolerance says otherwise.
    pub worse: Worse,
}

/// The bill of a month with the run's traffic, in dollars.
const COST: &str = "monthly cost";

/// The share of ended requests that were answered, warm-up included, in per cent.
const ANSWERED: &str = "requests answered";

/// What is allowed where nothing else is said: a hundredth of what it was.
const RELATIVE: f64 = 0.01;

/// And for a share a thousandth of a percentage point: a tenth of what 99.99 % leaves.
const POINTS: f64 = 0.001;

/// The quantities of a scenario, in the order of its file; then the figures of every run. A sentence that
/// has the name of an earlier one, or of a figure, takes its place.
#[must_use]
pub fn quantities(scenario: &Scenario) -> Vec<Quantity> {
    let invariants = scenario.invariants.iter().map(|invariant| Quantity {
        name: invariant.name.clone(),
        kind: Kind::Invariant,
        unit: invariant.statement.term().unit(),
        worse: match invariant.statement.compare() {
            Compare::Less | Compare::AtMost => Worse::Higher,
            Compare::AtLeast | Compare::Greater => Worse::Lower,
            Compare::Equal => Worse::Both,
        },
    });
    let watch = scenario.watch.iter().map(|watch| Quantity {
        name: watch.name.clone(),
        kind: Kind::Watch,
        unit: watch.term.unit(),
        worse: Worse::Neither,
    });
    let figures = [(COST, Unit::Money, Worse::Higher), (ANSWERED, Unit::Ratio, Worse::Lower)];
    let mut all: Vec<Quantity> = Vec::new();
    let figures = figures.map(|(name, unit, worse)| Quantity {
        name: name.into(),
        kind: Kind::Figure,
        unit,
        worse,
    });
    for quantity in invariants.chain(watch).chain(figures) {
        if !all.iter().any(|known| known.name == quantity.name) {
            all.push(quantity);
        }
    }
    all
}

impl Quantity {
    /// Its value in a run; `None` when nothing was measured.
    #[must_use]
    pub fn value(&self, run: &RehearsedRun) -> Option<f64> {
        match self.kind {
            Kind::Invariant => {
                let judged = run.invariants.iter().find(|judged| judged.name == self.name)?;
                judged.judgement.seen.value
            }
            Kind::Watch => run.watch.iter().find(|watched| watched.name == self.name)?.seen.value,
            Kind::Figure if self.name == COST => Some(run.bill.total().as_dollars()),
            Kind::Figure => answered(run),
        }
    }

    /// The rule that the tolerances give it, the later ones before the earlier ones. A tolerance in
    /// another unit than the quantity's is said to be wrong elsewhere and counts for nothing here.
    #[must_use]
    pub fn rule(&self, scenario: &str, tolerances: &[ToleranceRule]) -> Rule {
        let share = self.unit == Unit::Ratio;
        let absolute = if share { POINTS } else { 0.0 };
        let mut rule = Rule { relative: RELATIVE, absolute, worse: self.worse, share };
        for one in rules(self, scenario, tolerances) {
            // A tolerance for every quantity does not make a watch a gate.
            if let Some(worse) = one.worse {
                rule.worse = worse;
            }
            if let Some(relative) = one.relative {
                rule.relative = relative;
            }
            let own = one.absolute.filter(|absolute| absolute.unit() == self.unit);
            if let Some(absolute) = own {
                rule.absolute = absolute.in_short_unit();
                // What is allowed in its own unit replaces the share that holds for all.
                rule.relative = one.relative.unwrap_or(0.0);
            }
        }
        rule
    }
}

/// The tolerances that speak of a quantity of a scenario.
pub fn rules<'a>(
    quantity: &'a Quantity,
    scenario: &'a str,
    tolerances: &'a [ToleranceRule],
) -> impl Iterator<Item = &'a ToleranceRule> {
    tolerances.iter().filter(move |rule| {
        rule.name.as_ref().is_none_or(|name| *name == quantity.name)
            && rule.scenario.as_ref().is_none_or(|path| path == scenario)
    })
}

fn answered(run: &RehearsedRun) -> Option<f64> {
    let sum = |pick: fn(&crate::rehearse::Conservation) -> u64| -> u64 {
        run.simulated.conservation.iter().map(pick).sum()
    };
    let answered = sum(|row| row.answered);
    let ended = answered + sum(|row| row.failed) + sum(|row| row.given_up);
    (ended > 0).then(|| 100.0 * count_to_f64(answered) / count_to_f64(ended))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Source, tolerances};

    fn cost() -> Quantity {
        Quantity { name: COST.into(), kind: Kind::Figure, unit: Unit::Money, worse: Worse::Higher }
    }

    fn rule_of(text: &str) -> Rule {
        let rules = tolerances(&Source::from_text("t.toml", text)).unwrap();
        cost().rule("a.toml", &rules)
    }

    #[test]
    fn the_last_tolerance_that_speaks_of_it_counts() {
        let plain = Rule { relative: 0.01, absolute: 0.0, worse: Worse::Higher, share: false };
        assert_eq!(rule_of(""), plain);
        assert_eq!(rule_of("[every]\nrelative = '3%'").relative, 0.03);
        let own = "[[quantity]]\nname = 'monthly cost'\nabsolute = '$50'";
        assert_eq!(rule_of(own), Rule { relative: 0.0, absolute: 50.0, ..plain });
        let elsewhere = "[[quantity]]\nname = 'monthly cost'\nscenario = 'b.toml'\nworse = 'both'";
        assert_eq!(rule_of(elsewhere), plain);
        let other = "[[quantity]]\nname = 'monthly cost'\nabsolute = '5ms'\nworse = 'neither'";
        assert_eq!(rule_of(other), Rule { worse: Worse::Neither, ..plain });
    }
}
