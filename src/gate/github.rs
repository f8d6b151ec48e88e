//! GitHub's workflow commands: annotations that point into the scenario.

use super::compare::Verdict;
use super::run::{Compared, Gated};
use super::words;
use crate::invariant;
use crate::report::{self, value};
use crate::scenario::Place;

/// GitHub shows so many annotations of a step.
const MOST: usize = 10;

/// One annotation, before it is known whether it is among the worst.
struct Note {
    /// The smaller, the worse.
    rank: u8,
    path: String,
    place: Option<Place>,
    title: String,
    text: String,
}

/// The worst ten annotations, and a notice that says how many are left out.
pub(super) fn render(gated: &[Gated]) -> String {
    let mut notes: Vec<Note> = gated.iter().flat_map(notes).collect();
    notes.sort_by_key(|note| note.rank);
    let left = notes.len().saturating_sub(MOST);
    let mut out = String::new();
    // The notice takes a place, too.
    let shown = if left > 0 { MOST - 1 } else { MOST };
    for note in notes.iter().take(shown) {
        let level = if note.rank < 4 { "error" } else { "warning" };
        let place = note.place.map_or(String::new(), |place| {
            let Place { line, column, end } = place;
            format!(",line={line},col={column},endColumn={end}")
        });
        out.push_str(&format!(
            "::{level} file={}{place},title={}::{}\n",
            property(&note.path),
            property(&note.title),
            data(&note.text)
        ));
    }
    if left > 0 {
        let left = left + 1;
        out.push_str(&format!("::notice title=squall gate::{left} more are in the report\n"));
    }
    out
}

fn notes(gated: &Gated) -> Vec<Note> {
    let rehearsal = &gated.rehearsal;
    let path = &rehearsal.scenario.path;
    let place = |name: &str| {
        let named = gated.quantities.iter().find(|compared| compared.quantity.name == name);
        named.and_then(|compared| compared.place)
    };
    let mut notes = Vec::new();
    let first = rehearsal.runs.first().map_or(&[][..], |run| run.invariants.as_slice());
    for (index, judged) in first.iter().enumerate() {
        let all = report::across(rehearsal, index);
        let (rank, what) = match all.verdict {
            invariant::Verdict::Holds => continue,
            invariant::Verdict::Broken => (0, "broken"),
            invariant::Verdict::Unmeasured => (3, "unmeasured"),
        };
        notes.push(Note {
            rank,
            path: path.clone(),
            place: place(&judged.name),
            title: format!("{what}: {}", judged.name),
            text: seen(gated, index),
        });
    }
    let control = report::control_verdict(rehearsal).map(|all| all.verdict);
    if control.is_some_and(|verdict| verdict != invariant::Verdict::Holds) {
        let text = "without its protection the scenario did not break what it names".into();
        let title = "the control held".into();
        notes.push(Note { rank: 2, path: path.clone(), place: None, title, text });
    }
    notes.extend(gated.quantities.iter().filter_map(|compared| worse(path, compared)));
    notes
}

/// What was seen of an invariant, with which seed, and since when.
fn seen(gated: &Gated, index: usize) -> String {
    let broken = gated.rehearsal.runs.iter().find_map(|run| {
        let judged = run.invariants.get(index)?;
        (judged.judgement.verdict != invariant::Verdict::Holds).then_some((run, judged))
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
    let again = report::again(&gated.rehearsal, run.seed);
    format!("{}: {value}{since}, with seed {}\n{again}", judged.text, run.seed)
}

fn worse(path: &str, compared: &Compared) -> Option<Note> {
    let rank = match compared.verdict? {
        Verdict::Regressed => 1,
        Verdict::CannotTell => 4,
        Verdict::Same | Verdict::Better => return None,
    };
    let verdict = compared.verdict?.name();
    Some(Note {
        rank,
        path: path.to_owned(),
        place: compared.place,
        title: format!("{verdict}: {}", compared.quantity.name),
        text: format!(
            "{}; {}; {}",
            words::change(compared),
            words::allowed(compared),
            words::why(compared)
        ),
    })
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

    #[test]
    fn what_the_runner_would_read_is_escaped() {
        assert_eq!(data("5 %\nand"), "5 %25%0Aand");
        assert_eq!(property("a: b, c"), "a%3A b%2C c");
    }
}
