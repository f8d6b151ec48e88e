//! Two stored reports, said as a review would: what broke, what differs first, what it led to, and what it
//! costs. Markdown, because that is where it is read.

mod words;

pub use words::{marked, relative};

use super::model::{Invariant, Run};
use super::stored::Stored;
use super::value;
use crate::invariant::Verdict;
use crate::units::Unit;
use std::fmt::Write as _;
use words::change;

/// The comparison of two sets of reports.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What there is to say, ending in a line break.
    pub text: String,
    /// Whether something that held is broken now.
    pub broke: bool,
}

/// Lays the second set beside the first, scenario by scenario and seed by seed.
#[must_use]
pub fn diff(before: &[Stored], now: &[Stored]) -> Difference {
    let mut text = String::new();
    let (mut same, mut broke) = (Vec::new(), false);
    for new in now {
        match partner(before, now, new) {
            None => {
                let _ = writeln!(text, "### {}: only in the second\n", marked(&new.scenario.title));
            }
            Some(old) => match one(old, new) {
                None => same.push(marked(&new.scenario.title)),
                Some((part, worse)) => {
                    text.push_str(&part);
                    broke |= worse;
                }
            },
        }
    }
    for old in before.iter().filter(|old| partner(now, before, old).is_none()) {
        let _ = writeln!(text, "### {}: only in the first\n", marked(&old.scenario.title));
    }
    if !same.is_empty() {
        let _ = writeln!(text, "The same to the bit: {}.", same.join("; "));
    }
    Difference { text, broke }
}

/// The report of the same scenario in the other set: of the same path, or the only one there is.
fn partner<'a>(others: &'a [Stored], own: &[Stored], one: &Stored) -> Option<&'a Stored> {
    match others {
        [only] if own.len() == 1 => Some(only),
        _ => others.iter().find(|other| other.scenario.path == one.scenario.path),
    }
}

/// What differs in one scenario, and whether something that held is broken; `None` when nothing differs.
fn one(old: &Stored, new: &Stored) -> Option<(String, bool)> {
    let pairs: Vec<(&Run, &Run)> = new
        .runs
        .iter()
        .filter_map(|run| {
            let before = old.runs.iter().find(|before| before.seed == run.seed);
            before.map(|before| (before, run))
        })
        .collect();
    let differing = pairs.iter().filter(|(before, run)| differs(before, run)).count();
    let seeds = old.runs.len() == pairs.len() && new.runs.len() == pairs.len();
    if differing == 0 && seeds && old.scenario == new.scenario {
        return None;
    }
    let mut out = String::new();
    let lines = invariants(&pairs);
    let broke = lines.iter().any(|line| line.rank == 0);
    let verdict = headline(&lines, differing);
    let _ = writeln!(out, "### {}: {verdict}\n", marked(&new.scenario.title));
    let _ = writeln!(out, "`{}`, {}\n", new.scenario.path, basis(old, new, &pairs, differing));
    for line in lines.iter().filter(|line| line.rank < QUIET) {
        let _ = writeln!(out, "- {}", line.text);
    }
    for text in watches(&pairs).into_iter().chain(bill(&pairs)) {
        let _ = writeln!(out, "- {text}");
    }
    let first = pairs.iter().find(|(before, run)| before.course != run.course);
    if let Some((before, run)) = first {
        out.push_str(&chain(before, run));
    }
    if let Some((_, run)) = pairs.iter().find(|(before, run)| differs(before, run)) {
        let _ = writeln!(out, "\n`{}`", run.again);
    }
    out.push('\n');
    Some((out, broke))
}

/// Whether two runs are not the same run, or are judged or billed otherwise. Whether a control was run, and
/// what else was kept, makes no difference.
fn differs(before: &Run, now: &Run) -> bool {
    before.digest != now.digest
        || before.invariants != now.invariants
        || before.watch != now.watch
        || before.bill != now.bill
}

/// Something that is said of an invariant; the smaller its rank, the earlier.
struct Line {
    rank: u8,
    text: String,
}

/// From this rank on nothing is said.
const QUIET: u8 = 4;

fn headline(lines: &[Line], differing: usize) -> String {
    let count = |rank: u8| lines.iter().filter(|line| line.rank == rank).count();
    let of = |count: usize, what: &str| match count {
        0 => None,
        1 => Some(format!("1 invariant {what}")),
        count => Some(format!("{count} invariants {what}")),
    };
    let told = [of(count(0), "broke"), of(count(1), "no longer measured"), of(count(2), "mended")];
    let told: Vec<String> = told.into_iter().flatten().collect();
    match (told.is_empty(), differing) {
        (false, _) => told.join(", "),
        (true, 0) => "the same runs, told of otherwise".into(),
        (true, _) => "every verdict as before".into(),
    }
}

/// What is compared: how many seeds, and whether it is the same scenario and the same program.
fn basis(old: &Stored, new: &Stored, pairs: &[(&Run, &Run)], differing: usize) -> String {
    let seeds = match pairs {
        [] => "no seed in common".to_owned(),
        [(_, run)] => format!("seed {}", run.seed),
        all => format!("{} seeds in common, {differing} of which differ", all.len()),
    };
    let mut told = vec![seeds];
    if old.scenario.path != new.scenario.path {
        told.push(format!("against `{}`", old.scenario.path));
    }
    if old.scenario.hash != new.scenario.hash {
        told.push("the scenario itself has changed".into());
    }
    if old.version != new.version {
        told.push(format!("Squall {} against {}", new.version, old.version));
    }
    told.join("; ")
}

fn invariants(pairs: &[(&Run, &Run)]) -> Vec<Line> {
    let Some((_, first)) = pairs.first() else {
        return Vec::new();
    };
    let mut lines: Vec<Line> =
        first.invariants.iter().map(|one| invariant(&one.name, pairs)).collect();
    lines.sort_by_key(|line| line.rank);
    lines
}

fn invariant(name: &str, pairs: &[(&Run, &Run)]) -> Line {
    fn of<'a>(run: &'a Run, name: &str) -> Option<&'a Invariant> {
        run.invariants.iter().find(|one| one.name == name)
    }
    let both: Vec<(&Invariant, &Invariant)> =
        pairs.iter().filter_map(|(a, b)| Some((of(a, name)?, of(b, name)?))).collect();
    let turned = |was: Verdict, is: Verdict| {
        both.iter().filter(|(a, b)| a.verdict == was && b.verdict == is).count()
    };
    let became = |is: Verdict| both.iter().find(|(a, b)| a.verdict != is && b.verdict == is);
    let title = marked(name);
    let values: Vec<(f64, f64)> =
        both.iter().filter_map(|(a, b)| Some((a.seen?, b.seen?))).collect();
    let Some((old, new)) =
        became(Verdict::Broken).or_else(|| became(Verdict::Unmeasured)).or(both.first())
    else {
        return Line { rank: 3, text: format!("new: {title}") };
    };
    let moved = change(&values, new.unit);
    let bound = value::full(new.bound, new.unit);
    let since = new.first_broken_s.map(value::clock);
    let since = since.map_or_else(String::new, |since| format!(", first at {since}"));
    let in_runs = |count: usize| match both.len() {
        1 => String::new(),
        all => format!(" in {count} of {all} runs"),
    };
    let (broke, mended) =
        (turned(Verdict::Holds, Verdict::Broken), turned(Verdict::Broken, Verdict::Holds));
    if broke > 0 {
        let text =
            format!("**now broken** {title}{}: {moved}; bound {bound}{since}", in_runs(broke));
        return Line { rank: 0, text };
    }
    if new.verdict == Verdict::Unmeasured && old.verdict != Verdict::Unmeasured {
        return Line { rank: 1, text: format!("**no longer measured** {title}") };
    }
    if mended > 0 {
        let text = format!("**now holds** {title}{}: {moved}; bound {bound}", in_runs(mended));
        return Line { rank: 2, text };
    }
    let rank = if values.iter().any(|(a, b)| a.to_bits() != b.to_bits()) { 3 } else { QUIET };
    Line {
        rank,
        text: format!("{title}: {moved}; bound {bound}, {}", super::verdict_name(new.verdict)),
    }
}

fn watches(pairs: &[(&Run, &Run)]) -> Vec<String> {
    let Some((_, first)) = pairs.first() else {
        return Vec::new();
    };
    let told = first.watch.iter().filter_map(|watch| {
        let of = |run: &Run| run.watch.iter().find(|one| one.name == watch.name)?.seen;
        let values: Vec<(f64, f64)> =
            pairs.iter().filter_map(|(a, b)| Some((of(a)?, of(b)?))).collect();
        let differs = values.iter().any(|(a, b)| a.to_bits() != b.to_bits());
        differs
            .then(|| format!("{} (watched): {}", marked(&watch.name), change(&values, watch.unit)))
    });
    told.collect()
}

/// The bill, and its line that has moved most.
fn bill(pairs: &[(&Run, &Run)]) -> Option<String> {
    let totals: Vec<(f64, f64)> =
        pairs.iter().map(|(a, b)| (a.bill.monthly_usd, b.bill.monthly_usd)).collect();
    if totals.iter().all(|(a, b)| a.to_bits() == b.to_bits()) {
        return None;
    }
    let (old, new) = pairs.first()?;
    let of = |run: &Run, name: &str| {
        run.bill.lines.iter().find(|line| line.name == name).map_or(0.0, |line| line.usd)
    };
    let moved = |name: &str| of(new, name) - of(old, name);
    let most = new
        .bill
        .lines
        .iter()
        .max_by(|a, b| moved(&a.name).abs().total_cmp(&moved(&b.name).abs()))?;
    let more = moved(&most.name);
    let sign = if more < 0.0 { "-" } else { "+" };
    let line = format!("{sign}{} {}", value::short(more.abs(), Unit::Money), marked(&most.name));
    Some(format!("the month's bill: {}; most of it {line}", change(&totals, Unit::Money)))
}

/// What differs first in what happened, and what it led to. The first time that something happens stands
/// beside the first time that it happened before, the second beside the second.
fn chain(before: &Run, now: &Run) -> String {
    const MOST: usize = 6;
    let mut out = format!("\nWhat happened differently, with seed {}:\n\n", now.seed);
    let pairs = now.course.iter().enumerate().map(|(at, spell)| {
        let times = now.course[..at].iter().filter(|earlier| earlier.text == spell.text).count();
        (spell, before.course.iter().filter(|old| old.text == spell.text).nth(times))
    });
    let new: Vec<_> = pairs.filter(|(spell, old)| *old != Some(*spell)).collect();
    for (spell, old) in new.iter().take(MOST) {
        let was = match old {
            Some(old) if old.from_s.to_bits() != spell.from_s.to_bits() => {
                format!("{} {}", value::clock(old.from_s), words::until(old))
            }
            Some(old) => words::until(old),
            None => "never".into(),
        };
        let _ = writeln!(out, "- {} (before: {was})", words::spell(spell));
    }
    if let Some(left) = new.len().checked_sub(MOST + 1) {
        let _ = writeln!(out, "- and {} more", left + 1);
    }
    let count = |run: &Run, text: &str| run.course.iter().filter(|one| one.text == text).count();
    let gone = before.course.iter().enumerate().filter(|(at, old)| {
        let times = before.course[..*at].iter().filter(|earlier| earlier.text == old.text).count();
        times >= count(now, &old.text)
    });
    for (_, old) in gone.take(MOST) {
        let _ = writeln!(out, "- no longer: {}", words::spell(old));
    }
    out
}

#[cfg(test)]
mod tests;
