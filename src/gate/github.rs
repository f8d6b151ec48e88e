//! The gate's result as GitHub's annotations.

use super::compare::Verdict;
use super::gated::{Compared, Gated};
use super::words;
use crate::report::github::{Note, Rank, notes, render as told};

/// The worst ten.
pub(super) fn render(gated: &[Gated]) -> String {
    told(gated.iter().flat_map(of_scenario).collect())
}

fn of_scenario(gated: &Gated) -> Vec<Note> {
    let place = |name: &str| {
        let named = gated.quantities.iter().find(|compared| compared.quantity.name == name);
        named.and_then(|compared| compared.place)
    };
    let mut all = notes(&gated.rehearsal, place);
    let path = &gated.rehearsal.scenario.path;
    all.extend(gated.quantities.iter().filter_map(|compared| worse(path, compared)));
    all
}

fn worse(path: &str, compared: &Compared) -> Option<Note> {
    let verdict = compared.verdict?;
    let rank = match verdict {
        Verdict::Regressed => Rank::Regressed,
        Verdict::CannotTell => Rank::CannotTell,
        Verdict::Same | Verdict::Better => return None,
    };
    let (change, allowed) = (words::change(compared), words::allowed(compared));
    Some(Note {
        rank,
        path: path.to_owned(),
        place: compared.place,
        title: format!("{}: {}", verdict.name(), compared.quantity.name),
        text: format!("{change}; {allowed}; {}", words::why(compared)),
    })
}
