//! The gate's result for a terminal: a line a scenario, and below it what is not the same.

use super::compare::Verdict;
use super::gated::{Compared, Gated};
use super::words;
use crate::report::{self, Paint, tame, value};
use std::fmt::Write as _;

pub(super) fn render(gated: &[Gated], paint: Paint) -> String {
    let mut out = String::new();
    let widest = gated.iter().map(|one| tame(&one.rehearsal.scenario.path).chars().count()).max();
    for one in gated {
        scenario(&mut out, one, widest.unwrap_or(0), paint);
    }
    let _ = writeln!(out, "\ngate     {}", counted(gated));
    let versions: std::collections::BTreeSet<&str> =
        gated.iter().map(|one| one.before.as_str()).collect();
    let versions: Vec<&str> = versions.into_iter().collect();
    if !versions.is_empty() {
        let now = env!("CARGO_PKG_VERSION");
        let _ = writeln!(out, "version  {now}, baselines by {}", versions.join(", "));
    }
    let rest: Vec<_> = gated.iter().filter(|one| one.summary() != "same").collect();
    for one in rest {
        let _ = writeln!(out, "again    {}", words::again(one));
    }
    out
}

/// `38 same, 1 regressed`, the worst last.
pub(super) fn counted(gated: &[Gated]) -> String {
    const ORDER: [&str; 7] =
        ["same", "better", "cannot tell", "regressed", "control held", "unmeasured", "broken"];
    let told = ORDER.iter().filter_map(|name| {
        let count = gated.iter().filter(|one| one.summary() == *name).count();
        (count > 0).then(|| format!("{count} {name}"))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { "nothing to compare".into() } else { told.join(", ") }
}

fn scenario(out: &mut String, gated: &Gated, widest: usize, paint: Paint) {
    let name = gated.summary();
    let path = tame(&gated.rehearsal.scenario.path);
    let runs = gated.rehearsal.runs.len();
    let seeds = if runs == 1 { "1 run".to_owned() } else { format!("{runs} runs") };
    let equal = match gated.equal {
        equal if equal == runs => "equal to the bit".to_owned(),
        0 => "none equal".to_owned(),
        equal => format!("{equal} equal"),
    };
    let mark = paint.verdict(words::colour(name), &format!("{name:<12}"));
    let _ = writeln!(out, "{mark}  {path:<widest$}  {seeds}, {equal}");
    for (judged, all) in words::failing(gated) {
        let verdict = report::verdict_name(all.verdict);
        let seed = all.first_broken_seed.map_or(String::new(), |seed| format!(", seed {seed}"));
        let seen = judged.judgement;
        let text = seen.seen.value.map_or_else(
            || "nothing seen".into(),
            |value| format!("seen {}", value::beside(value, seen.bound, seen.seen.unit)),
        );
        let _ = writeln!(out, "  {verdict}  \"{}\": {text}{seed}", tame(&judged.name));
    }
    for compared in &gated.quantities {
        quantity(out, compared, paint);
    }
}

fn quantity(out: &mut String, compared: &Compared, paint: Paint) {
    let verdict = match compared.verdict {
        None | Some(Verdict::Same) => return,
        Some(verdict) => verdict,
    };
    let name = format!("{:<11}", verdict.name());
    let mark = paint.verdict(words::colour(verdict.name()), &name);
    let _ = writeln!(out, "  {mark}  \"{}\"", tame(&compared.quantity.name));
    let _ = writeln!(out, "  {:11}  {}", "", words::change(compared));
    let why = words::why(compared);
    let why = if why.is_empty() { why } else { format!("; {why}") };
    let _ = writeln!(out, "  {:11}  {}{why}", "", words::allowed(compared));
}
