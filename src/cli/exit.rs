//! How the program ends.

use crate::invariant::Verdict;
use crate::rehearse::{Rehearsal, RehearsedRun};
use crate::report;

/// An end of the program. A contract: other programs rely on these numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Everything holds.
    Holds,
    /// An invariant is broken.
    Broken,
    /// The input or the command line has problems.
    Problems,
    /// Something was not measured.
    Unmeasured,
    /// A control did not break what it names.
    ControlHeld,
    /// A live fault was refused or was not injected.
    NotInjected,
    /// The gate found a regression.
    Regression,
    /// The gate cannot tell.
    CannotTell,
    /// An undo is not proven.
    NotUndone,
    /// A bug of ours.
    Bug,
    /// A file or network error.
    Error,
    /// Interrupted from the keyboard (SIGINT).
    Interrupted,
    /// Asked to end (SIGTERM).
    Terminated,
}

impl Exit {
    /// All of them, the most severe first. An interruption stands behind what cannot wait and before
    /// any verdict: a run that did not end says nothing.
    pub const ALL: [Self; 13] = [
        Self::NotUndone,
        Self::Bug,
        Self::Error,
        Self::Terminated,
        Self::Interrupted,
        Self::NotInjected,
        Self::Problems,
        Self::Broken,
        Self::Regression,
        Self::ControlHeld,
        Self::Unmeasured,
        Self::CannotTell,
        Self::Holds,
    ];

    /// The number that the shell sees.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Holds => 0,
            Self::Broken => 1,
            Self::Problems => 2,
            Self::Unmeasured => 3,
            Self::ControlHeld => 4,
            Self::NotInjected => 5,
            Self::Regression => 6,
            Self::CannotTell => 7,
            Self::NotUndone => 8,
            Self::Bug => 70,
            Self::Error => 74,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// What it means, in half a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Holds => "everything holds, and every control broke what it must",
            Self::Broken => "an invariant is broken",
            Self::Problems => "the input or the command line has problems",
            Self::Unmeasured => "something was not measured, so nobody knows whether it holds",
            Self::ControlHeld => {
                "a control did not break what it names, so the invariant proves nothing"
            }
            Self::NotInjected => "a live fault was refused or was not injected",
            Self::Regression => "the gate found a regression",
            Self::CannotTell => "the gate cannot tell",
            Self::NotUndone => "an undo is not proven",
            Self::Bug => "a bug of ours",
            Self::Error => "a file or network error",
            Self::Interrupted => "interrupted from the keyboard (SIGINT), after a proven undo",
            Self::Terminated => "asked to end (SIGTERM), after a proven undo",
        }
    }

    /// The more severe of two.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        Self::ALL.into_iter().find(|&exit| exit == self || exit == other).unwrap_or(self)
    }

    /// The most severe of several; `Holds` of none.
    #[must_use]
    pub fn worst(exits: impl IntoIterator<Item = Self>) -> Self {
        exits.into_iter().fold(Self::Holds, Self::worse)
    }
}

impl From<&Rehearsal> for Exit {
    /// A broken invariant is 1, an unmeasured one 3, a control that did not break what it names 4,
    /// a control in which that was not measured 3. Over several runs each of them counts in the share
    /// of runs that the scenario asks for (see [`report::overall`]). A run that lost requests is a
    /// bug of ours, whatever its verdicts.
    fn from(rehearsal: &Rehearsal) -> Self {
        let lost =
            |run: &RehearsedRun| !report::text::balanced(&run.simulated.conservation, run.requests);
        if rehearsal.runs.iter().any(lost) {
            return Self::Bug;
        }
        let invariants = match report::verdict(rehearsal) {
            Verdict::Holds => Self::Holds,
            Verdict::Broken => Self::Broken,
            Verdict::Unmeasured => Self::Unmeasured,
        };
        let unmeasured = (0..rehearsal.runs.first().map_or(0, |run| run.invariants.len()))
            .any(|index| report::across(rehearsal, index).verdict == Verdict::Unmeasured);
        let control = match report::control_verdict(rehearsal).map(|all| all.verdict) {
            None | Some(Verdict::Holds) => Self::Holds,
            Some(Verdict::Broken) => Self::ControlHeld,
            Some(Verdict::Unmeasured) => Self::Unmeasured,
        };
        let unmeasured = if unmeasured { Self::Unmeasured } else { Self::Holds };
        Self::worst([invariants, unmeasured, control])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_severity_is_the_contract() {
        let codes: Vec<_> = Exit::ALL.iter().map(|exit| exit.code()).collect();
        assert_eq!(codes, [8, 70, 74, 143, 130, 5, 2, 1, 6, 4, 3, 7, 0]);
    }

    #[test]
    fn the_worst_of_several_is_found_in_any_order() {
        use Exit::{Broken, ControlHeld, Error, Holds, Problems};
        assert_eq!(Exit::worst([Holds, Broken, ControlHeld]), Broken);
        assert_eq!(Exit::worst([ControlHeld, Problems, Broken]), Problems);
        assert_eq!(Exit::worst([Broken, Error]), Error);
        assert_eq!(Exit::worst([]), Holds);
    }
}
