//! All sentences of a scenario, judged as the run goes on.

use super::tally::Tally;
use super::{Figures, Judgement, Seen, Statement, Term};
use crate::observe::{SliceView, Timeline, Totals};

/// Judges sentences slice by slice. Its memory depends on how many sentences there are and on the
/// range of the rates that they ask about, not on the length of the run.
#[derive(Clone, Debug)]
pub struct Judge {
    statements: Vec<Tally>,
    terms: Vec<Tally>,
}

impl Judge {
    /// A judge of these invariants and watches. The timeline must be cut at their
    /// [`Term::cuts`], and the run's layout must count their [`Statement::bounds`] and
    /// [`Term::bounds`]: what was not counted cannot be judged and is unmeasured.
    #[must_use]
    pub fn new(statements: &[Statement], terms: &[Term], timeline: &Timeline) -> Self {
        Self {
            statements: statements.iter().map(|s| Tally::judged(s, timeline)).collect(),
            terms: terms.iter().map(|term| Tally::watched(term, timeline)).collect(),
        }
    }

    /// Takes a complete slice in. Slices come in their order, each once.
    pub fn slice(&mut self, view: &SliceView<'_>) {
        for tally in self.statements.iter_mut().chain(&mut self.terms) {
            tally.slice(view);
        }
    }

    /// The judgements and what was seen of the watches, in the order of [`Self::new`]. The totals
    /// must have taken in the same slices, and the histograms of all regions.
    #[must_use]
    pub fn finish(self, totals: &Totals, figures: &Figures) -> (Vec<Judgement>, Vec<Seen>) {
        let judgements = self.statements.iter().map(|tally| tally.judgement(totals, figures));
        let seen = self.terms.iter().map(|tally| tally.seen(totals, figures));
        (judgements.collect(), seen.collect())
    }
}
