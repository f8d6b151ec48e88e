//! What the control says: the same run with the protection taken away has to break what it names.

use super::Judged;
use crate::invariant::Verdict;

/// What the control did: the same run with the protection taken away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control {
    /// `Holds` when every expected invariant broke, `Broken` when one did not, `Unmeasured` when one
    /// was not measured.
    pub verdict: Verdict,
    /// The invariants that broke, in the file's order.
    pub broke: Vec<String>,
    /// The invariants that must break.
    pub expected: Vec<String>,
}

impl Control {
    /// Whether the run without the protection broke what it must break. An invariant that was not
    /// measured proves nothing.
    #[must_use]
    pub fn of(without: &[Judged], expected: &[String]) -> Self {
        let of = |name: &String| {
            without.iter().find(|judged| judged.name == *name).map(|one| one.judgement.verdict)
        };
        let mut verdict = Verdict::Holds;
        for name in expected {
            verdict = verdict.max(match of(name) {
                Some(Verdict::Broken) => Verdict::Holds,
                Some(Verdict::Holds) | None => Verdict::Broken,
                Some(Verdict::Unmeasured) => Verdict::Unmeasured,
            });
        }
        let broke = without
            .iter()
            .filter(|judged| judged.judgement.verdict == Verdict::Broken)
            .map(|judged| judged.name.clone())
            .collect();
        Self { verdict, broke, expected: expected.to_vec() }
    }
}
