//! GitHub's workflow commands: annotations that point into a scenario.

use super::value;
use crate::invariant::Verdict;
use crate::rehearse::Rehearsal;
use crate::scenario::Place;
use std::fmt::Write as _;

/// GitHub shows so many annotations of a step.
const MOST: usize = 10;

/// How bad something is, the worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Rank {
    /// An invariant is broken.
    Broken,
    /// Something has become worse than its tolerance allows.
    Regressed,
    /// A control did not break what it names.
    ControlHeld,
    /// Something was not measured.
    Unmeasured,
    /// Something may be worse, and nobody can tell: a warning.
    CannotTell,
}

/// One annotation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// How bad it is.
    pub rank: Rank,
    /// The file.
    pub path: String,
    /// Where in it; `None` is the file as a whole.
    pub place: Option<Place>,
    /// Its heading.
    pub title: String,
    /// Its text; may have several lines.
    pub text: String,
}

/// The worst ten annotations, the worst first, and instead of the last one a notice that says how many
/// more there are.
#[must_use]
pub fn render(mut notes: Vec<Note>) -> String {
    notes.sort_by_key(|note| note.rank);
    let shown = if notes.len() > MOST { MOST - 1 } else { MOST };
    let left = notes.len().saturating_sub(shown);
    let mut out = String::new();
    for note in notes.iter().take(shown) {
        let level = if note.rank == Rank::CannotTell { "warning" } else { "error" };
        let place = note.place.map_or(String::new(), |place| {
            let Place { line, column, end } = place;
            format!(",line={line},col={column},endColumn={end}")
        });
        let (path, title) = (property(&note.path), property(&note.title));
        let _ = writeln!(out, "::{level} file={path}{place},title={title}::{}", data(&note.text));
    }
    if left > 0 {
        let _ = writeln!(out, "::notice title=squall::{left} more are in the report");
    }
    out
}

/// What is to be annotated of a scenario's own verdicts. `place` says where a sentence stands.
pub fn notes(rehearsal: &Rehearsal, place: impl Fn(&str) -> Option<Place>) -> Vec<Note> {
    let path = &rehearsal.scenario.path;
    let mut notes = Vec::new();
    let first = rehearsal.runs.first().map_or(&[][..], |run| run.invariants.as_slice());
    for (index, judged) in first.iter().enumerate() {
        let (rank, what) = match super::across(rehearsal, index).verdict {
            Verdict::Holds => continue,
            Verdict::Broken => (Rank::Broken, "broken"),
            Verdict::Unmeasured => (Rank::Unmeasured, "unmeasured"),
        };
        notes.push(Note {
            rank,
            path: path.clone(),
            place: place(&judged.name),
            title: format!("{what}: {}", judged.name),
            text: seen(rehearsal, index),
        });
    }
    let control = super::control_verdict(rehearsal).map(|all| all.verdict);
    if control.is_some_and(|verdict| verdict != Verdict::Holds) {
        let text = "without its protection the scenario did not break what it names".into();
        let title = "the control held".into();
        let rank = Rank::ControlHeld;
        notes.push(Note { rank, path: path.clone(), place: None, title, text });
    }
    notes
}

/// What was seen of an invariant that does not hold, with which seed, and since when.
fn seen(rehearsal: &Rehearsal, index: usize) -> String {
    let broken = rehearsal.runs.iter().find_map(|run| {
        let judged = run.invariants.get(index)?;
        (judged.judgement.verdict != Verdict::Holds).then_some((run, judged))
    });
    let Some((run, judged)) = broken else {
        return String::new();
    };
    let judgement = judged.judgement;
    let value = judgement.seen.value.map_or_else(
        || "nothing was measured".into(),
        |seen| format!("seen {}", value::beside(seen, judgement.bound, judgement.seen.unit)),
    );
    let since = judgement.first_broken_s.map(value::clock);
    let since = since.map_or_else(String::new, |since| format!(", first at {since}"));
    let again = super::replay_command(rehearsal, run.seed);
    format!("{}: {value}{since}, with seed {}\n{again}", judged.text, run.seed)
}

/// What GitHub's runner wants escaped in the message of a command (`actions/toolkit`, command.ts).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same for a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn note(rank: Rank, title: &str) -> Note {
        let place = Some(Place { line: 3, column: 7, end: 9 });
        Note { rank, path: "a.toml".into(), place, title: title.into(), text: "5 %\nand".into() }
    }

    #[test]
    fn what_the_runner_would_read_is_escaped() {
        let told = render(vec![note(Rank::Broken, "a: b, c")]);
        let wanted =
            "::error file=a.toml,line=3,col=7,endColumn=9,title=a%3A b%2C c::5 %25%0Aand\n";
        assert_eq!(told, wanted);
    }

    #[test]
    fn the_worst_ten_are_shown_and_the_rest_is_counted() {
        let ranks = [Rank::CannotTell, Rank::Broken];
        let notes = |count: usize| (0..count).map(|n| note(ranks[n % 2], "x")).collect();
        let ten = render(notes(10));
        assert_eq!((ten.lines().count(), ten.matches("::notice").count()), (10, 0));
        assert!(ten.lines().take(5).all(|line| line.starts_with("::error")), "{ten}");
        let more = render(notes(25));
        assert_eq!(more.lines().count(), 10);
        assert!(more.ends_with("::notice title=squall::16 more are in the report\n"), "{more}");
        assert_eq!(render(Vec::new()), "");
    }
}
