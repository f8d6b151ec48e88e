//! A summary in Markdown: what is wrong first, then a table of all scenarios.

use super::compare::Verdict;
use super::gated::Gated;
use super::{text, words};
use crate::report::diff::marked;
use crate::report::{self, value};
use std::fmt::Write as _;

pub(super) fn render(gated: &[Gated]) -> String {
    let mut out = format!("## squall gate: {}\n", text::counted(gated));
    let bad: Vec<&Gated> = gated.iter().filter(|one| !matches!(one.summary(), "same")).collect();
    for one in bad {
        details(&mut out, one);
    }
    out.push_str(
        "\n| scenario | verdict | runs | equal to the bit |\n| --- | --- | ---: | ---: |\n",
    );
    for one in gated {
        let (path, verdict) = (marked(&one.rehearsal.scenario.path), one.summary());
        let (runs, equal) = (one.rehearsal.runs.len(), one.equal);
        let _ = writeln!(out, "| `{path}` | {verdict} | {runs} | {equal} |");
    }
    out
}

fn details(out: &mut String, gated: &Gated) {
    let scenario = &gated.rehearsal.scenario;
    let _ = writeln!(out, "\n### {}: {}\n", gated.summary(), marked(&scenario.title));
    let _ = writeln!(out, "`{}`\n", marked(&scenario.path));
    for (judged, all) in words::failing(gated) {
        let spread = all.spread.min.zip(all.spread.max).map_or_else(
            || "nothing measured".to_owned(),
            |(low, high)| {
                let (unit, bound) = (all.spread.unit, judged.judgement.bound);
                let told = |seen| value::beside(seen, bound, unit);
                if low == high {
                    format!("seen {}", told(low))
                } else {
                    format!("seen {} to {}", told(low), told(high))
                }
            },
        );
        let (name, verdict) = (marked(&judged.name), report::verdict_name(all.verdict));
        let (holds, runs) = (all.holds, all.runs);
        let _ = writeln!(out, "- **{verdict}** {name}: {spread}; held in {holds} of {runs} runs");
    }
    for compared in &gated.quantities {
        let Some(verdict) = compared.verdict.filter(|verdict| *verdict != Verdict::Same) else {
            continue;
        };
        let why = words::why(compared);
        let why = if why.is_empty() { why } else { format!("; {why}") };
        let name = marked(&compared.quantity.name);
        let (change, allowed) = (words::change(compared), words::allowed(compared));
        let _ = writeln!(out, "- **{}** {name}: {change}; {allowed}{why}", verdict.name());
    }
    let _ = writeln!(out, "\n```\n{}\n```", words::again(gated));
}
